"""Credentials from google-auth, and the decision which requests carry their token."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import google.auth
import google.auth.exceptions
from google.auth import impersonated_credentials
from google.auth.credentials import Credentials
from google.auth.transport.requests import Request as TokenRequest
from google.oauth2 import service_account

from airflow_provider_imagen.core.connection import ConnectionSettings
from airflow_provider_imagen.core.protocols.endpoints import is_google
from airflow_provider_imagen.errors import CredentialsError, NotSentError

LONGEST_TOKEN_REQUEST_SECONDS = 120.0
"""How long google-auth itself waits for a token server."""


class _TokenRequest(TokenRequest):
    """Waits no longer for a token than for an answer, because other threads wait for the same token meanwhile.

    It follows no redirect: what proves an identity must not travel elsewhere.
    """

    def __init__(self, timeout_seconds: float) -> None:
        super().__init__()
        self._timeout_seconds = min(timeout_seconds, LONGEST_TOKEN_REQUEST_SECONDS)

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        return super().__call__(*arguments, **{"timeout": self._timeout_seconds, "allow_redirects": False, **options})  # type: ignore[no-untyped-call]


def ignore_secret(_secret: str) -> None:
    """Tell nobody."""


class GoogleToken:
    """One cached token for one connection, renewed when it runs out. Safe to share between threads.

    Credentials are taken in this order: key in the connection, key file, credential config file (workload identity
    federation), Application Default Credentials. Then the impersonation chain is followed.

    :param settings: the connection.
    :param on_secret: is told every new token before it is used, so that logs can mask it.
    """

    def __init__(self, settings: ConnectionSettings, on_secret: Callable[[str], None] = ignore_secret) -> None:
        self._settings = settings
        self._on_secret = on_secret
        self._told: set[str] = set()
        self._lock = threading.Lock()
        self._credentials: Credentials | None = None
        self._project: str | None = None

    @property
    def project(self) -> str | None:
        """The project that the credentials name, None when they name none."""
        if not self._settings.is_anonymous:
            self._load()
        return self._project

    def headers_for(self, url: str) -> Mapping[str, str]:
        """Return the headers that authenticate a request to ``url``.

        They are empty for an anonymous connection, and for a host other than Google's over TLS unless the connection
        says ``send_credentials_to_endpoint``.

        :raises CredentialsError: no credentials were found, or Google gave no token for them.
        """
        if self._settings.is_anonymous or not (is_google(url) or self._settings.send_credentials_to_endpoint):
            return {}
        credentials = self._load()
        headers: dict[str, str] = {}
        try:
            with self._lock:
                credentials.before_request(_TokenRequest(self._settings.timeout_seconds), "POST", url, headers)
                self._tell_of(credentials)
        except google.auth.exceptions.GoogleAuthError as failure:
            if failure.retryable or isinstance(failure, google.auth.exceptions.TransportError):
                raise NotSentError(
                    f"No token came ({_first_line(failure)}). Nothing was sent. Check the way to the token server."
                ) from failure
            raise CredentialsError(
                f"Google gave no token ({_first_line(failure)}). Renew the key or the login, and check that a chain of "
                "impersonation may be followed (roles/iam.serviceAccountTokenCreator)."
            ) from failure
        return headers

    def _tell_of(self, credentials: Any) -> None:
        """Name the tokens these credentials hold now, also the one with which they got an impersonated one."""
        held = (
            getattr(each, "token", None) for each in (credentials, getattr(credentials, "_source_credentials", None))
        )
        for token in {token for token in held if isinstance(token, str) and token} - self._told:
            self._on_secret(token)
            self._told.add(token)

    def renew(self) -> None:
        """Forget credentials and token, so that a key that was exchanged for another is read anew."""
        with self._lock:
            self._credentials = None

    def _load(self) -> Credentials:
        with self._lock:
            if self._credentials is None:
                try:
                    self._credentials, self._project = _credentials_of(self._settings)
                except (google.auth.exceptions.GoogleAuthError, OSError, ValueError) as failure:
                    raise CredentialsError(
                        f"The credentials of the connection could not be loaded ({_first_line(failure)}). Set one of "
                        "keyfile_dict, key_path or credential_config_file, or log in with "
                        "'gcloud auth application-default login'."
                    ) from failure
            return self._credentials


def _credentials_of(settings: ConnectionSettings) -> tuple[Credentials, str | None]:
    credentials, project = _source_credentials(settings)
    if settings.quota_project_id:
        credentials = credentials.with_quota_project(settings.quota_project_id)
    if settings.impersonation_chain:
        credentials = _impersonated(credentials, settings)
    return credentials, project


def _source_credentials(settings: ConnectionSettings) -> tuple[Any, str | None]:
    scopes = list(settings.scope)
    if settings.keyfile_dict:
        key = service_account.Credentials.from_service_account_info(settings.keyfile_dict, scopes=scopes)
        return key, key.project_id
    if settings.key_path:
        key = service_account.Credentials.from_service_account_file(settings.key_path, scopes=scopes)
        return key, key.project_id
    if settings.credential_config_file:
        return _configured(settings.credential_config_file, scopes)
    credentials, project = google.auth.default(scopes=scopes)
    return credentials, project


def _configured(config: str | dict[str, Any], scopes: list[str]) -> tuple[Any, str | None]:
    """Load a credential configuration of any type.

    google-auth warns of files from strangers here. This one was named by whoever may edit Airflow connections, and
    loading by type would shut out the types that Google's own provider reads from the same field.
    """
    load: Callable[..., tuple[Any, str | None]] = google.auth.load_credentials_from_file
    if isinstance(config, dict):
        load = google.auth.load_credentials_from_dict
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return load(config, scopes=scopes)


def _impersonated(source: Any, settings: ConnectionSettings) -> Any:
    *delegates, target = settings.impersonation_chain
    return impersonated_credentials.Credentials(
        source_credentials=source,
        target_principal=target,
        delegates=delegates,
        target_scopes=list(settings.scope),
        quota_project_id=settings.quota_project_id,
    )


def _first_line(failure: BaseException) -> str:
    return f"{type(failure).__name__}: {str(failure).splitlines()[0] if str(failure) else ''}".rstrip(": ")
