"""The transport over real sockets: what counts as never sent, what as lost, and where a token goes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from airflow_provider_imagen.client.transport import HttpRequest, Transport
from airflow_provider_imagen.errors import AnswerLostError, NotSentError

RESET = b"reset"


class FixedToken:
    def headers_for(self, url: str) -> Mapping[str, str]:
        return {"Authorization": "Bearer planted"}


@pytest.fixture
def transport() -> Any:
    made = Transport(FixedToken(), timeout_seconds=5)
    yield made
    made.close()


def test_hands_over_status_headers_and_body(
    transport: Transport, script: Any, answer_with: Callable[..., bytes]
) -> None:
    script.order(answer_with(418, b"short and stout", Retry_After="7"))

    answer = transport.send(HttpRequest("POST", f"{script.url}/pot", query={"a": "1"}, json={"tea": True}))

    assert (answer.status, answer.headers["retry-after"], answer.body) == (418, "7", b"short and stout")
    (received,) = script.received
    assert (received.method, received.path, received.body) == ("POST", "/pot?a=1", b'{"tea": true}')
    assert received.headers["authorization"] == "Bearer planted"


def test_a_netrc_file_does_not_replace_the_token(
    transport: Transport, script: Any, answer_with: Callable[..., bytes], tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login somebody password else")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    script.order(answer_with(200))

    transport.send(HttpRequest("GET", script.url))

    assert script.received[0].headers["authorization"] == "Bearer planted"


def test_does_not_follow_a_redirect(transport: Transport, script: Any, answer_with: Callable[..., bytes]) -> None:
    script.order(answer_with(307, Location=f"{script.url}/elsewhere"))

    assert transport.send(HttpRequest("GET", f"{script.url}/here")).status == 307
    assert [each.path for each in script.received] == ["/here"]


def test_keeps_one_connection_open_for_several_requests(
    transport: Transport, script: Any, answer_with: Callable[..., bytes]
) -> None:
    script.order(answer_with(200))
    transport.send(HttpRequest("GET", script.url))
    transport.send(HttpRequest("GET", script.url))

    assert (script.connections, len(script.received)) == (1, 2)


@pytest.mark.parametrize("url", ["http://nobody.invalid", None])
def test_a_connection_that_was_never_made_is_told_apart(transport: Transport, unused_url: str, url: str | None) -> None:
    with pytest.raises(NotSentError, match="Nothing was sent"):
        transport.send(HttpRequest("POST", url or unused_url, json={}))


def test_a_server_that_speaks_no_tls_was_never_asked(transport: Transport, script: Any) -> None:
    with pytest.raises(NotSentError):
        transport.send(HttpRequest("POST", script.url.replace("http:", "https:"), json={}))


@pytest.mark.parametrize(
    "answer",
    [
        RESET,
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\nConnection: close\r\n\r\n{",
        b"nonsense\r\nConnection: close\r\n\r\n",
    ],
    ids=["reset", "cut short", "no http"],
)
def test_an_answer_that_did_not_arrive_whole_is_lost(transport: Transport, script: Any, answer: bytes) -> None:
    script.order(answer)

    with pytest.raises(AnswerLostError, match="billed"):
        transport.send(HttpRequest("POST", script.url, json={}))
    assert len(script.received) == 1


def test_a_lost_answer_that_cost_nothing_says_so(transport: Transport, script: Any) -> None:
    script.order(RESET)

    with pytest.raises(AnswerLostError, match="free of charge"):
        transport.send(HttpRequest("GET", script.url, free_of_charge=True))


def test_a_server_that_never_answers_counts_as_lost(script: Any) -> None:
    script.order(b"")

    with pytest.raises(AnswerLostError, match="ReadTimeout"):
        Transport(FixedToken(), timeout_seconds=0.05).send(HttpRequest("POST", script.url, json={}))


def test_neither_url_query_nor_token_stands_in_the_error(transport: Transport, unused_url: str) -> None:
    with pytest.raises(NotSentError) as caught:
        transport.send(HttpRequest("GET", unused_url, query={"secret": "planted"}))

    assert "planted" not in repr(caught.value)
