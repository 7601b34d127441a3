"""Credentials from google-auth, and the decision which requests carry their token.

Of google-auth only what these credentials need is loaded, and nothing for an anonymous connection.
"""

from __future__ import annotations

import re
import sys
import threading
import warnings
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from airflow_provider_imagen.client.connection_pools import ConnectionPools
from airflow_provider_imagen.client.stop_signal import StopSignal
from airflow_provider_imagen.client.transport_errors import chain_of, lasting_cause, raise_without_secrets
from airflow_provider_imagen.core.connection import ConnectionSettings
from airflow_provider_imagen.core.connection_secrets import secret_parts
from airflow_provider_imagen.core.protocols.endpoints import is_google
from airflow_provider_imagen.errors import CredentialsError, ImagenError, InvalidConnectionError, NotSentError

GOOGLE_UNIVERSE = "googleapis.com"
PASSING = frozenset({408, 429, 500, 502, 503, 504})
"""HTTP statuses of a token server after which another try may bring a token."""
ODD_ANSWERS = (AttributeError, LookupError, TypeError, ValueError)
"""What google-auth raises over a file or an answer whose JSON has another form than it expects."""

if TYPE_CHECKING:
    from google.auth.credentials import Credentials


def ignore_secret(_secret: str) -> None:
    """Do nothing with a secret."""


class GoogleToken:
    """One cached token for one connection, renewed when it runs out. Safe to share between threads.

    Credentials are taken in this order: key in the connection, key file, credential config file (workload identity
    federation), Application Default Credentials. Then the impersonation chain is followed.

    :param settings: the connection.
    :param on_secret: receives every new token before it is used, so that logs can mask it.
    :param pools: the connections over which tokens come. None: new ones.
    :param signal: whether requests may still be sent.
    """

    def __init__(
        self,
        settings: ConnectionSettings,
        on_secret: Callable[[str], None] = ignore_secret,
        pools: ConnectionPools | None = None,
        signal: StopSignal | None = None,
    ) -> None:
        self._settings = settings
        self._on_secret = on_secret
        self._pools = pools or ConnectionPools()
        self._signal = signal or StopSignal()
        self._masked: set[str] = set()
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
        :raises NotSentError: the token server could not be reached.
        :raises InvalidConnectionError: it can never be reached from here, or the token belongs to another universe.
        """
        if self._settings.is_anonymous or not (is_google(url) or self._settings.send_credentials_to_endpoint):
            return {}
        from google.auth import exceptions

        credentials = self._load()
        headers: dict[str, str] = {}
        request = self._token_request()
        try:
            with self._lock:
                self._check_universe(credentials, url)
                credentials.before_request(request, "POST", url, headers)
                self._mask(credentials)
        except (exceptions.GoogleAuthError, *ODD_ANSWERS) as failure:
            error = _unreachable(failure, request.last_status)
            if error is None and not isinstance(failure, exceptions.GoogleAuthError):
                raise
            if error is None:
                self.renew()  # a key file that was exchanged meanwhile is read anew
                error = CredentialsError(
                    f"Google gave no token ({_first_line(failure)}). Renew the key or the login, and check that a "
                    "chain of impersonation may be followed (roles/iam.serviceAccountTokenCreator)."
                )
            raise_without_secrets(error, failure, secret_parts(self._settings))
        return headers

    def _check_universe(self, credentials: Credentials, url: str) -> None:
        """Refuse to send the token of another universe, such as a sovereign cloud of Google's, to googleapis.com."""
        universe = getattr(credentials, "universe_domain", None) or GOOGLE_UNIVERSE
        if universe != GOOGLE_UNIVERSE and is_google(url):
            raise InvalidConnectionError(
                f"The credentials of the connection belong to {universe}, not to {GOOGLE_UNIVERSE}, so their token was "
                f"not sent there. Set endpoint and storage_endpoint of the connection to hosts of {universe}, and "
                "send_credentials_to_endpoint to true."
            )

    def _mask(self, credentials: Any) -> None:
        """Report the tokens that credentials hold now, also the one with which they got an impersonated one."""
        held = (
            getattr(each, "token", None) for each in (credentials, getattr(credentials, "_source_credentials", None))
        )
        for token in {token for token in held if isinstance(token, str) and token} - self._masked:
            self._on_secret(token)
            self._masked.add(token)

    def renew(self) -> None:
        """Forget credentials and token, so that a key that was exchanged for another is read anew."""
        with self._lock:
            self._credentials = None

    def _token_request(self) -> Any:
        """Return what google-auth asks for tokens with.

        On Google's own machines it loads ``requests`` to find the metadata server, and needs it to speak TLS with that
        server.
        """
        if "google.auth.compute_engine" in sys.modules:
            from airflow_provider_imagen.client.metadata_token_request import MetadataTokenRequest

            return MetadataTokenRequest(self._settings.timeout_seconds)
        from airflow_provider_imagen.client.token_request import TokenRequest

        return TokenRequest(self._pools, self._settings.timeout_seconds, self._signal)

    def _load(self) -> Credentials:
        from google.auth import exceptions

        with self._lock:
            if self._credentials is None:
                request = self._token_request()
                try:
                    self._credentials, self._project = _credentials_of(self._settings, request)
                except (exceptions.GoogleAuthError, OSError, *ODD_ANSWERS) as failure:
                    error = _unreachable(failure, request.last_status) or CredentialsError(
                        f"The credentials of the connection could not be loaded ({_first_line(failure)}). Set one of "
                        "keyfile_dict, key_path or credential_config_file, or log in with "
                        "'gcloud auth application-default login'."
                    )
                    raise_without_secrets(error, failure, secret_parts(self._settings))
            return self._credentials


def _credentials_of(settings: ConnectionSettings, request: Any) -> tuple[Credentials, str | None]:
    credentials, project = _source_credentials(settings, request)
    if settings.quota_project_id:
        credentials = credentials.with_quota_project(settings.quota_project_id)
    if settings.impersonation_chain:
        credentials = _impersonated(credentials, settings)
        project = _project_of(settings.impersonation_chain[-1]) or project
    return credentials, project


def _project_of(account: str) -> str | None:
    """Return the project that a service account belongs to, which Google's own provider bills for it; None if unknown.

    Accounts that Google makes for a project name its number or nothing at all.
    """
    found = re.fullmatch(r"[^@]+@([a-z][a-z0-9-]+)\.iam\.gserviceaccount\.com", account.strip())
    return found[1] if found else None


def _source_credentials(settings: ConnectionSettings, request: Any) -> tuple[Any, str | None]:
    scopes = list(settings.scope)
    if settings.keyfile_dict is not None or settings.key_path:
        from google.oauth2 import service_account

        kind = service_account.Credentials
        if settings.keyfile_dict is not None:
            key = kind.from_service_account_info(settings.keyfile_dict, scopes=scopes)
        else:
            key = kind.from_service_account_file(settings.key_path, scopes=scopes)
        return key, key.project_id
    if settings.credential_config_file:
        return _configured(settings.credential_config_file, scopes, request)
    import google.auth

    credentials, project = google.auth.default(scopes=scopes)
    return credentials, project


def _configured(config: str | dict[str, Any], scopes: list[str], request: Any) -> tuple[Any, str | None]:
    """Load a credential configuration of any type.

    google-auth warns of files from strangers here. This one was named by a person who may edit Airflow connections,
    and loading by type would shut out the types that Google's own provider reads from the same field.
    """
    import google.auth

    load: Callable[..., tuple[Any, str | None]] = google.auth.load_credentials_from_file
    if isinstance(config, dict):
        load = google.auth.load_credentials_from_dict
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return load(config, scopes=scopes, request=request)


def _impersonated(source: Any, settings: ConnectionSettings) -> Any:
    from google.auth import impersonated_credentials

    *delegates, target = settings.impersonation_chain
    return impersonated_credentials.Credentials(
        source_credentials=source,
        target_principal=target,
        delegates=delegates,
        target_scopes=list(settings.scope),
        quota_project_id=settings.quota_project_id,
    )


def _unreachable(failure: BaseException, status: int) -> ImagenError | None:
    """Return what it means that no token server could give a token just now; None where another try cannot help.

    :param failure: what google-auth raised.
    :param status: the HTTP status of the last answer of a token server, 0 where none came.
    """
    from google.auth import exceptions

    is_odd = any(
        isinstance(each, ODD_ANSWERS) and not isinstance(each, exceptions.GoogleAuthError) for each in chain_of(failure)
    )
    if is_odd and status == HTTPStatus.OK:
        return _no_token(failure, "It answered 200 with something else. ")
    if not isinstance(failure, exceptions.GoogleAuthError):
        return None
    if lasting := lasting_cause(failure):
        return InvalidConnectionError(f"Nothing was sent, not even to the token server: {lasting}")
    # Only for keys and logins google-auth says itself that an answer passes; that of the metadata server is a cause.
    has_no_answer = not status and any(isinstance(each, exceptions.TransportError) for each in chain_of(failure))
    if failure.retryable or isinstance(failure, exceptions.TransportError) or has_no_answer or status in PASSING:
        return _no_token(failure)
    return None


def _no_token(failure: BaseException, why: str = "") -> NotSentError:
    return NotSentError(
        f"No token came ({_first_line(failure)}). {why}Nothing was sent. Check the way to the token server."
    )


def _first_line(failure: BaseException) -> str:
    return f"{type(failure).__name__}: {str(failure).splitlines()[0] if str(failure) else ''}".rstrip(": ")
