"""Which credentials are taken, and which hosts see a token. No key here works anywhere; they are made on the spot."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path
from typing import Any

import google.auth
import pytest
from google.auth import impersonated_credentials
from google.auth.credentials import CredentialsWithQuotaProject
from google.auth.exceptions import RefreshError, TransportError
from google.oauth2 import service_account
from urllib3 import HTTPResponse

from airflow_provider_imagen.client.auth import GoogleToken
from airflow_provider_imagen.client.connection_pools import ConnectionPools
from airflow_provider_imagen.client.metadata_token_request import MetadataTokenRequest
from airflow_provider_imagen.core.connection import ConnectionSettings
from airflow_provider_imagen.errors import CredentialsError, InvalidConnectionError, NotSentError

GOOGLE = "https://us-central1-aiplatform.googleapis.com/v1/x"


class StillToken(CredentialsWithQuotaProject):
    """Credentials that always have the same token."""

    def __init__(self) -> None:
        super().__init__()
        self.token = "planted"
        self.renewals = 0
        self.failure: RefreshError | None = None

    def before_request(self, *args: Any, **options: Any) -> None:
        if self.failure:
            raise self.failure
        super().before_request(*args, **options)

    def refresh(self, request: Any) -> None:
        self.renewals += 1

    def with_quota_project(self, quota_project_id: str) -> StillToken:
        return self


@pytest.fixture
def default_login(monkeypatch: pytest.MonkeyPatch) -> StillToken:
    credentials = StillToken()
    monkeypatch.setattr(google.auth, "default", lambda scopes: (credentials, "project-of-the-login"))
    return credentials


def loaded(**settings: Any) -> Any:
    return GoogleToken(ConnectionSettings(**settings))._load()


def test_the_key_in_the_connection_comes_first(key: dict[str, str], tmp_path: Path, default_login: StillToken) -> None:
    (tmp_path / "key.json").write_text(json.dumps(key | {"client_email": "other@x.iam.gserviceaccount.com"}))

    credentials = loaded(keyfile_dict=key, key_path=str(tmp_path / "key.json"))

    assert isinstance(credentials, service_account.Credentials)
    assert credentials.service_account_email == key["client_email"]
    assert GoogleToken(ConnectionSettings(keyfile_dict=key)).project == "project-of-the-key"


def test_the_key_file_comes_second(key: dict[str, str], tmp_path: Path, default_login: StillToken) -> None:
    (tmp_path / "key.json").write_text(json.dumps(key))

    credentials = loaded(key_path=str(tmp_path / "key.json"), credential_config_file="/nowhere")

    assert credentials.service_account_email == key["client_email"]


@pytest.mark.parametrize("as_file", [True, False])
def test_the_credential_config_comes_third(tmp_path: Path, default_login: StillToken, as_file: bool) -> None:
    config = {
        "type": "external_account",
        "audience": "//iam.googleapis.com/locations/global/workforcePools/p/providers/x",
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "token_url": "https://sts.googleapis.com/v1/token",
        "credential_source": {"file": str(tmp_path / "token")},
    }
    (tmp_path / "config.json").write_text(json.dumps(config))

    credentials = loaded(credential_config_file=str(tmp_path / "config.json") if as_file else config)

    assert type(credentials).__module__ == "google.auth.identity_pool"


def test_the_default_login_comes_last(default_login: StillToken) -> None:
    assert loaded() is default_login
    assert GoogleToken(ConnectionSettings()).project == "project-of-the-login"


def test_the_impersonation_chain_ends_with_its_target(default_login: StillToken) -> None:
    credentials = loaded(impersonation_chain="first@x.iam, target@x.iam", quota_project_id="payer")

    assert isinstance(credentials, impersonated_credentials.Credentials)
    assert credentials.service_account_email == "target@x.iam"
    assert credentials._delegates == ["first@x.iam"]
    assert credentials.quota_project_id == "payer"


@pytest.mark.parametrize(
    ("target", "project"),
    [
        ("painter@project-of-the-target.iam.gserviceaccount.com", "project-of-the-target"),
        ("123456-compute@developer.gserviceaccount.com", "project-of-the-login"),
        ("painter@x.iam", "project-of-the-login"),
    ],
)
def test_the_project_of_an_impersonated_account_is_its_own(
    default_login: StillToken, target: str, project: str
) -> None:
    token = GoogleToken(ConnectionSettings(impersonation_chain=f"first@x.iam, {target}"))

    assert token.project == project


def test_a_token_of_another_universe_is_not_sent_to_google_s_public_cloud(key: dict[str, str]) -> None:
    foreign = {**key, "universe_domain": "sovereign.example"}
    token = GoogleToken(ConnectionSettings(keyfile_dict=foreign))

    with pytest.raises(InvalidConnectionError, match="belong to sovereign.example.*Set endpoint and storage_endpoint"):
        token.headers_for(GOOGLE)


def test_a_token_of_another_universe_goes_to_endpoints_of_that_universe(default_login: StillToken) -> None:
    default_login._universe_domain = "sovereign.example"
    token = GoogleToken(ConnectionSettings(send_credentials_to_endpoint=True))

    assert token.headers_for("https://us-aiplatform.sovereign.example/")["authorization"] == "Bearer planted"


@pytest.mark.parametrize("kind", [TransportError, RefreshError])
def test_credentials_that_need_the_network_to_be_loaded_may_be_loaded_again(
    monkeypatch: pytest.MonkeyPatch, kind: type[Exception]
) -> None:
    def out_of_reach(scopes: Any) -> Any:
        raise kind("out of reach", retryable=True) if kind is RefreshError else kind("out of reach")

    monkeypatch.setattr(google.auth, "default", out_of_reach)

    with pytest.raises(NotSentError, match="No token came"):
        GoogleToken(ConnectionSettings()).headers_for(GOOGLE)


def test_the_quota_project_is_sent_along(key: dict[str, str]) -> None:
    assert loaded(keyfile_dict=key, quota_project_id="payer").quota_project_id == "payer"


def test_a_token_goes_to_google_and_is_fetched_once(default_login: StillToken) -> None:
    token = GoogleToken(ConnectionSettings())

    assert token.headers_for(GOOGLE)["authorization"] == "Bearer planted"
    assert token.headers_for(GOOGLE)["authorization"] == "Bearer planted"
    assert default_login.renewals == 0


@pytest.mark.parametrize(
    "url",
    [
        "http://us-central1-aiplatform.googleapis.com/",
        "https://googleapis.com.example.org/",
        "https://example.org/.googleapis.com",
        "http://127.0.0.1:8080/",
    ],
)
def test_no_token_goes_anywhere_else(default_login: StillToken, url: str) -> None:
    assert GoogleToken(ConnectionSettings()).headers_for(url) == {}


def test_a_token_goes_to_another_endpoint_when_the_connection_says_so(default_login: StillToken) -> None:
    token = GoogleToken(ConnectionSettings(send_credentials_to_endpoint=True))

    assert token.headers_for("https://proxy.example.org/")["authorization"] == "Bearer planted"


def test_an_anonymous_connection_sends_no_token_and_looks_for_no_login(default_login: StillToken) -> None:
    token = GoogleToken(ConnectionSettings(is_anonymous=True))

    assert token.headers_for(GOOGLE) == {}
    assert token.project is None


@pytest.mark.parametrize(
    "settings", [{"key_path": "/nowhere.json"}, {"keyfile_dict": {"type": "service_account", "private_key": "planted"}}]
)
def test_unusable_credentials_are_reported_with_the_next_step_and_without_the_key(settings: dict[str, Any]) -> None:
    with pytest.raises(CredentialsError, match="Set one of keyfile_dict, key_path") as caught:
        GoogleToken(ConnectionSettings(**settings)).headers_for(GOOGLE)

    assert "planted" not in str(caught.value)


def test_a_refused_token_is_reported_with_the_next_step(default_login: StillToken) -> None:
    default_login.failure = RefreshError("invalid_grant")

    with pytest.raises(CredentialsError, match="Google gave no token.*Renew the key"):
        GoogleToken(ConnectionSettings()).headers_for(GOOGLE)


def test_a_token_server_that_is_out_of_reach_may_be_asked_again(key: dict[str, str]) -> None:
    with pytest.raises(NotSentError, match="No token came.*token server"):
        GoogleToken(ConnectionSettings(keyfile_dict=key)).headers_for(GOOGLE)


class AnsweringPools(ConnectionPools):
    """Connections over which every request gets the same answer."""

    def __init__(self, status: int, body: bytes) -> None:
        super().__init__()
        self._answer = status, body

    def open(self, method: str, url: str, **options: Any) -> Any:
        status, body = self._answer
        return HTTPResponse(BytesIO(body), status=status, preload_content=False)


FEDERATION = {
    "type": "external_account",
    "audience": "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/x",
    "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
    "token_url": "https://sts.googleapis.com/v1/token",
}


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_an_impersonation_that_fails_for_a_moment_may_be_tried_again(default_login: StillToken, status: int) -> None:
    settings = ConnectionSettings(impersonation_chain="target@x.iam")

    with pytest.raises(NotSentError, match="No token came"):
        GoogleToken(settings, pools=AnsweringPools(status, b'{"error": {}}')).headers_for(GOOGLE)


def test_an_impersonation_that_is_forbidden_is_not(default_login: StillToken) -> None:
    settings = ConnectionSettings(impersonation_chain="target@x.iam")

    with pytest.raises(CredentialsError, match="roles/iam.serviceAccountTokenCreator"):
        GoogleToken(settings, pools=AnsweringPools(403, b'{"error": {}}')).headers_for(GOOGLE)


@pytest.mark.parametrize(("status", "kind"), [(503, NotSentError), (400, CredentialsError)])
def test_so_may_a_login_of_another_cloud(tmp_path: Path, status: int, kind: type[Exception]) -> None:
    (tmp_path / "token").write_text("planted")
    settings = ConnectionSettings(
        credential_config_file=FEDERATION | {"credential_source": {"file": str(tmp_path / "token")}}
    )

    with pytest.raises(kind):
        GoogleToken(settings, pools=AnsweringPools(status, b"upstream connect error")).headers_for(GOOGLE)


def test_a_metadata_server_that_does_not_answer_may_be_asked_again(default_login: StillToken) -> None:
    default_login.failure = RefreshError(TransportError("Compute Engine Metadata server unavailable"))

    with pytest.raises(NotSentError, match="No token came"):
        GoogleToken(ConnectionSettings()).headers_for(GOOGLE)


def test_the_metadata_server_says_with_which_status_it_refused(script: Any) -> None:
    request = MetadataTokenRequest(5)
    script.order(b"HTTP/1.1 404 Said\r\nContent-Length: 0\r\n\r\n")

    request(script.url)

    assert request.last_status == 404


@pytest.mark.parametrize("body", [b"<html>Log in to the network</html>", b"[]", b'"text"'])
def test_an_answer_that_is_no_token_is_none_of_google(key: dict[str, str], body: bytes) -> None:
    token = GoogleToken(ConnectionSettings(keyfile_dict=key), pools=AnsweringPools(200, body))

    with pytest.raises(NotSentError, match="It answered 200 with something else.*Check the way to the token server"):
        token.headers_for(GOOGLE)


@pytest.mark.parametrize("body", [b"<html>Log in to the network</html>", b"{}", b'{"accessToken": "planted"}'])
def test_nor_is_one_to_an_impersonation(default_login: StillToken, body: bytes) -> None:
    settings = ConnectionSettings(impersonation_chain="target@x.iam")

    with pytest.raises(NotSentError, match="It answered 200 with something else.*Check the way to the token server"):
        GoogleToken(settings, pools=AnsweringPools(200, body)).headers_for(GOOGLE)


@pytest.mark.parametrize("name", ["key_path", "credential_config_file"])
@pytest.mark.parametrize(
    "text", ["[]", '"{\\"type\\": \\"service_account\\"}"', '{"type": "impersonated_service_account"}']
)
def test_a_key_file_of_another_form_is_reported_with_the_next_step(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / "key.json").write_text(text)

    with pytest.raises(CredentialsError, match="Set one of keyfile_dict, key_path"):
        GoogleToken(ConnectionSettings(**{name: str(tmp_path / "key.json")})).headers_for(GOOGLE)


def test_a_renewed_token_comes_from_credentials_that_are_read_anew(default_login: StillToken) -> None:
    token = GoogleToken(ConnectionSettings())
    token.headers_for(GOOGLE)
    token.renew()

    assert token._credentials is None
    assert token.headers_for(GOOGLE)["authorization"] == "Bearer planted"


@pytest.mark.parametrize(("seconds", "waited"), [(5.0, 5.0), (300.0, 120.0)])
def test_nobody_waits_longer_for_a_token_than_for_an_answer(key: dict[str, str], seconds: float, waited: float) -> None:
    patience: list[float] = []

    class Pools(ConnectionPools):
        def open(self, method: str, url: str, *, read_seconds: float, **options: Any) -> Any:
            patience.append(read_seconds)
            raise OSError("planted")

    settings = ConnectionSettings(keyfile_dict=key, timeout_seconds=seconds, scope=())
    with pytest.raises(NotSentError):
        GoogleToken(settings, pools=Pools()).headers_for(GOOGLE)

    assert set(patience) == {waited}
