"""A token is shown to nobody: not by a redirect, not by a repr, not by an error, whatever the server sends back."""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Callable, Mapping
from typing import Any

import google.auth
import pytest
from google.auth.credentials import CredentialsWithQuotaProject
from google.auth.exceptions import RefreshError
from support.plans import generate_plan

from airflow_provider_imagen.client import auth
from airflow_provider_imagen.client.auth import GoogleToken
from airflow_provider_imagen.client.connection_pools import ConnectionPools
from airflow_provider_imagen.client.http_request import HttpRequest
from airflow_provider_imagen.client.imagen import ImagenClient
from airflow_provider_imagen.client.metadata_token_request import MetadataTokenRequest
from airflow_provider_imagen.client.shared_clients import ONE_TRY
from airflow_provider_imagen.client.stop_signal import StopSignal
from airflow_provider_imagen.client.token_request import TokenRequest
from airflow_provider_imagen.client.transport import Transport
from airflow_provider_imagen.core.connection import ConnectionSettings
from airflow_provider_imagen.core.protocols.http_errors import HttpResponse
from airflow_provider_imagen.core.storage.locations import CloudFolder
from airflow_provider_imagen.errors import (
    CredentialsError,
    ImagenError,
    PermissionDeniedError,
    RequestRejectedError,
    ResponseLostError,
    UnexpectedResponseError,
)

TOKEN = "ya29.planted-and-long-enough"
GENERATE = generate_plan("imagen-3.0-generate-002")
CALLS: dict[str, Callable[[ImagenClient], Any]] = {
    "generate": lambda client: client.vertex.send(GENERATE),
    "look up": lambda client: client.vertex.describe_model("imagen-3.0-generate-002"),
    "list": lambda client: list(client.storage.list(CloudFolder("bucket", "x/"))),
    "upload": lambda client: client.storage.upload("gs://bucket/x.png", b"pixels", "image/png"),
}


class PlantedCredentials(CredentialsWithQuotaProject):
    def __init__(self, token: str = TOKEN) -> None:
        super().__init__()
        self.token = token

    def refresh(self, request: Any) -> None:
        """Keep the token."""


class FixedToken:
    def __init__(self, token: str = TOKEN) -> None:
        self.token = token

    def headers_for(self, url: str) -> Mapping[str, str]:
        return {"authorization": f"Bearer {self.token}"}


@pytest.fixture(autouse=True)
def login(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(google.auth, "default", lambda scopes: (PlantedCredentials(), "p"))


def client_of(script: Any, **extra: Any) -> ImagenClient:
    settings = ConnectionSettings(
        project="p", endpoint=script.url, storage_endpoint=script.url, send_credentials_to_endpoint=True, **extra
    )
    return ImagenClient(settings, retry_rules=ONE_TRY)


def shown_by(failure: BaseException) -> str:
    chain = "".join(traceback.format_exception(failure))
    return f"{failure} {failure!r} {failure.args!r} {vars(failure)!r} {chain}"


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_refused_and_the_token_stays(
    script: Any, answer_with: Callable[..., bytes], unused_url: str, call: str, status: int
) -> None:
    script.order(answer_with(status, Location=f"{script.url}/elsewhere"))

    with pytest.raises(RequestRejectedError, match="no answer of Google's API"):
        CALLS[call](client_of(script))
    assert len(script.received) == 1
    assert script.received[0].headers["authorization"] == f"Bearer {TOKEN}"


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"])
def test_no_verb_follows_a_redirect(script: Any, answer_with: Callable[..., bytes], method: str) -> None:
    script.order(answer_with(307, b"", Location=f"{script.url}/elsewhere"))

    assert Transport(FixedToken(), 5).send(HttpRequest(method, f"{script.url}/here")).status == 307
    assert [each.path for each in script.received] == ["/here"]


@pytest.mark.parametrize(
    "request_of", [TokenRequest(ConnectionPools(), 5, StopSignal()), MetadataTokenRequest(5)], ids=["", "metadata"]
)
def test_what_asks_for_a_token_follows_no_redirect(
    script: Any, answer_with: Callable[..., bytes], request_of: Any
) -> None:
    script.order(answer_with(307, Location=f"{script.url}/elsewhere"))

    assert request_of(f"{script.url}/token", method="POST", body=b"assertion").status == 307
    assert [each.path for each in script.received] == ["/token"]


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500, 503])
def test_a_token_that_the_server_sends_back_is_not_shown(
    script: Any, answer_with: Callable[..., bytes], call: str, status: int
) -> None:
    escaped = TOKEN.replace("-", "\\u002d")
    body = f'{{"error": {{"message": "Bearer {TOKEN} and {escaped}", "status": "{TOKEN}"}}}}'
    script.order(answer_with(status, body.encode()))

    with pytest.raises(ImagenError, match=r"\*\*\* and \*\*\*") as caught:
        CALLS[call](client_of(script))
    assert "planted" not in shown_by(caught.value)


LINES = ["planted0planted0planted0", "planted1planted1planted1"]
KEY = {"private_key": "\n".join(["-----BEGIN PRIVATE KEY-----", *LINES, "-----END PRIVATE KEY-----", ""])}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500, 503])
@pytest.mark.parametrize("echo", [KEY["private_key"], LINES[1], json.dumps(KEY)])
def test_a_key_that_the_server_sends_back_is_not_shown(
    script: Any,
    answer_with: Callable[..., bytes],
    monkeypatch: pytest.MonkeyPatch,
    call: str,
    status: int,
    echo: str,
) -> None:
    """Logs mask it anyway; lineage events and error trackers get the text as it is."""
    monkeypatch.setattr(auth, "_source_credentials", lambda *_: (PlantedCredentials(), "p"))
    script.order(answer_with(status, json.dumps({"error": {"message": f"the key {echo} is unknown"}}).encode()))

    with pytest.raises(ImagenError, match=r"\*\*\*") as caught:
        CALLS[call](client_of(script, keyfile_dict=KEY))
    assert "planted" not in shown_by(caught.value)


@pytest.mark.parametrize("step", ["load", "use"])
def test_a_key_that_the_token_server_sends_back_is_not_shown(
    script: Any, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    class Refused(PlantedCredentials):
        def before_request(self, *args: Any) -> None:
            raise RefreshError(f"invalid_grant: {LINES[1]}", {"error": KEY["private_key"]})

    def source(*args: Any) -> tuple[Any, str]:
        if step == "load":
            raise ValueError(f"cannot read {KEY['private_key']}")
        return Refused(), "p"

    monkeypatch.setattr(auth, "_source_credentials", source)

    with pytest.raises(CredentialsError) as caught:
        client_of(script, keyfile_dict=KEY).session.check_token()
    assert "planted" not in shown_by(caught.value)


@pytest.mark.parametrize("token", ["ya29.planted\nX-Evil: 1", "ya29.planted\r\n\r\n", "ya29.planted\u20ac"])
def test_a_token_that_fits_no_header_is_not_shown_by_the_library(script: Any, token: str) -> None:
    with pytest.raises(CredentialsError, match="no HTTP header can hold") as caught:
        Transport(FixedToken(token), 5).send(HttpRequest("GET", script.url))

    assert "planted" not in shown_by(caught.value)
    assert script.received == []


def test_a_token_in_what_is_no_http_is_not_shown_by_the_library(script: Any) -> None:
    script.order(f"Bearer {TOKEN}\r\nConnection: close\r\n\r\n".encode())

    with pytest.raises(ResponseLostError, match="no whole answer came") as caught:
        Transport(FixedToken(), 5).send(HttpRequest("GET", script.url))

    assert "planted" not in shown_by(caught.value)


def test_nothing_logs_a_token(script: Any, answer_with: Callable[..., bytes], caplog: pytest.LogCaptureFixture) -> None:
    script.order(answer_with(403))
    caplog.set_level(logging.DEBUG)

    with pytest.raises(PermissionDeniedError):
        client_of(script).vertex.send(GENERATE)

    assert "urllib3" in {record.name.partition(".")[0] for record in caplog.records}
    assert "planted" not in caplog.text


def test_no_repr_shows_a_secret(script: Any) -> None:
    key = {"type": "service_account", "private_key": "planted"}
    settings = ConnectionSettings(keyfile_dict=key, credential_config_file='{"client_secret": "planted"}')
    client = ImagenClient(settings)
    answer = HttpResponse(401, {"x-echo": "planted"}, b"planted", ("planted",))
    things = [settings, client, GoogleToken(settings), client.session.transport, answer, HttpRequest("GET", "http://x")]

    assert "planted" not in f"{things!r} {[str(each) for each in things]}"


def test_every_token_is_named_once_and_before_it_is_used() -> None:
    named: list[str] = []
    token = GoogleToken(ConnectionSettings(), named.append)

    first = token.headers_for("https://aiplatform.googleapis.com/")
    token.headers_for("https://aiplatform.googleapis.com/")

    assert (named, first["authorization"]) == ([TOKEN], f"Bearer {TOKEN}")


def test_the_token_behind_an_impersonated_one_is_named_too() -> None:
    named: list[str] = []
    outer = PlantedCredentials("outer-planted")
    outer._source_credentials = PlantedCredentials("inner-planted")  # type: ignore[attr-defined]
    token = GoogleToken(ConnectionSettings(), named.append)
    token._credentials = outer

    token.headers_for("https://aiplatform.googleapis.com/")

    assert sorted(named) == ["inner-planted", "outer-planted"]


def test_a_listing_that_leads_in_a_circle_ends(script: Any, answer_with: Callable[..., bytes]) -> None:
    script.order(answer_with(200, b'{"nextPageToken": "again"}'))

    with pytest.raises(UnexpectedResponseError, match="leads back to a page"):
        CALLS["list"](client_of(script))
    assert len(script.received) == 2


@pytest.mark.parametrize("body", [b"[]", b"[1, 2]", b"5", b"null", b'"x"', b"[" * 100_000, b"\xff"])
def test_a_look_up_that_is_no_description_is_refused(
    script: Any, answer_with: Callable[..., bytes], body: bytes
) -> None:
    script.order(answer_with(200, body))

    with pytest.raises(UnexpectedResponseError, match="no answer of Google's API"):
        CALLS["look up"](client_of(script))
