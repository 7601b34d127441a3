"""The transport over real sockets: what counts as never sent, what as lost, and where a token goes."""

from __future__ import annotations

import gzip
import tracemalloc
from collections.abc import Callable, Iterator, Mapping
from itertools import count
from typing import Any

import pytest

from airflow_provider_imagen.client.http_request import HttpRequest
from airflow_provider_imagen.client.limits import TransportLimits
from airflow_provider_imagen.client.transport import Transport
from airflow_provider_imagen.errors import NotSentError, OutputError, ResponseLostError, UnexpectedResponseError

RESET = b"reset"


class FixedToken:
    def headers_for(self, url: str) -> Mapping[str, str]:
        return {"Authorization": "Bearer planted"}


@pytest.fixture
def transport() -> Any:
    made = Transport(FixedToken(), timeout_seconds=5)
    yield made
    made.close()


@pytest.fixture
def limited() -> Iterator[Callable[..., Transport]]:
    """Return a function that makes a transport with other limits."""
    made: list[Transport] = []

    def make(**limits: int) -> Transport:
        made.append(Transport(FixedToken(), timeout_seconds=5, limits=TransportLimits(**limits)))
        return made[-1]

    yield make
    for each in made:
        each.close()


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
        b"HTTP/1.1 200 OK\r\nContent-Length: 900000\r\nConnection: close\r\n\r\n" + b"x" * 800_000,
        b"HTTP/1.1 200 OK\r\nContent-Length: 3000000\r\nConnection: close\r\n\r\n" + b"x" * 2_000_000,
        b"nonsense\r\nConnection: close\r\n\r\n",
    ],
    ids=["reset", "cut short", "an image cut short", "a large image cut short", "no http"],
)
def test_an_answer_that_did_not_arrive_whole_is_lost(transport: Transport, script: Any, answer: bytes) -> None:
    script.order(answer)

    with pytest.raises(ResponseLostError, match="billed"):
        transport.send(HttpRequest("POST", script.url, json={}))
    assert len(script.received) == 1


def test_a_lost_answer_that_cost_nothing_says_so(transport: Transport, script: Any) -> None:
    script.order(RESET)

    with pytest.raises(ResponseLostError, match="free of charge"):
        transport.send(HttpRequest("GET", script.url, free_of_charge=True))


def test_a_server_that_never_answers_counts_as_lost(script: Any) -> None:
    script.order(b"")

    with pytest.raises(ResponseLostError, match="ReadTimeout"):
        Transport(FixedToken(), timeout_seconds=0.05).send(HttpRequest("POST", script.url, json={}))


def test_a_small_answer_that_drips_has_no_more_time_than_any_other(script: Any) -> None:
    script.order(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{")
    clock = count(step=11.0)
    transport = Transport(FixedToken(), timeout_seconds=5, clock=lambda: next(clock))

    with pytest.raises(ResponseLostError, match=r"no whole answer came \(TimeoutError\)"):
        transport.send(HttpRequest("POST", script.url, json={}))


@pytest.mark.parametrize("size", [0, 1, 300_000])
def test_a_small_answer_in_several_parts_is_read_to_its_end(transport: Transport, script: Any, size: int) -> None:
    script.order(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + b"x" * size)

    for _ in range(2):
        assert transport.send(HttpRequest("POST", script.url, json={})).body == b"x" * size
    assert script.connections == 1


def test_an_answer_in_chunks_is_read_to_its_end_whatever_length_it_names(transport: Transport, script: Any) -> None:
    script.order(
        b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n8\r\naaaabbbb\r\n0\r\n\r\n"
    )

    assert transport.send(HttpRequest("POST", script.url, json={})).body == b"aaaabbbb"


def test_neither_url_query_nor_token_stands_in_the_error(transport: Transport, unused_url: str) -> None:
    with pytest.raises(NotSentError) as caught:
        transport.send(HttpRequest("GET", unused_url, query={"secret": "planted"}))

    assert "planted" not in repr(caught.value)


def test_a_compressed_answer_is_unpacked(transport: Transport, script: Any, answer_with: Callable[..., bytes]) -> None:
    script.order(answer_with(200, gzip.compress(b'{"predictions": []}'), Content_Encoding="gzip"))

    assert transport.send(HttpRequest("POST", script.url, json={})).body == b'{"predictions": []}'


def test_an_answer_that_only_claims_to_be_compressed_is_lost(
    transport: Transport, script: Any, answer_with: Callable[..., bytes]
) -> None:
    script.order(answer_with(200, b'{"predictions": []}', Content_Encoding="gzip"))

    with pytest.raises(ResponseLostError, match="billed"):
        transport.send(HttpRequest("POST", script.url, json={}))


@pytest.mark.parametrize(
    ("free_of_charge", "text"), [(False, "larger than 9 bytes.*billed"), (True, "larger than 5 bytes.*free of charge")]
)
def test_an_answer_larger_than_any_of_google_is_not_read_to_its_end(
    limited: Callable[..., Transport],
    script: Any,
    answer_with: Callable[..., bytes],
    free_of_charge: bool,
    text: str,
) -> None:
    transport = limited(image_bytes=9, other_bytes=5)
    most = 5 if free_of_charge else 9
    script.order(answer_with(200, b"x" * most), answer_with(200, b"x" * (most + 1)))
    request = HttpRequest("POST", script.url, json={}, free_of_charge=free_of_charge)

    assert len(transport.send(request).body) == most
    with pytest.raises(UnexpectedResponseError, match=text):
        transport.send(request)


def test_a_refusal_is_told_by_its_status_however_long_it_is(
    limited: Callable[..., Transport], script: Any, answer_with: Callable[..., bytes]
) -> None:
    script.order(answer_with(503, b"x" * 100_000))

    assert limited(image_bytes=9).send(HttpRequest("POST", script.url, json={})).status == 503


def test_a_small_answer_that_unpacks_to_a_huge_one_fills_no_memory(
    limited: Callable[..., Transport], script: Any, answer_with: Callable[..., bytes]
) -> None:
    transport = limited(image_bytes=8 << 20)
    script.order(answer_with(200, gzip.compress(bytes(200 << 20), 1), Content_Encoding="gzip"))

    tracemalloc.start()
    with pytest.raises(UnexpectedResponseError, match="larger than 8388608 bytes"):
        transport.send(HttpRequest("POST", script.url, json={}))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < 40 << 20


def test_the_rest_of_an_answer_that_was_longer_than_it_said_is_not_the_next_answer(
    transport: Transport, script: Any, answer_with: Callable[..., bytes]
) -> None:
    script.order(answer_with(200, b"{}") + answer_with(200, b'{"old": true}'), answer_with(200, b'{"new": true}'))

    assert transport.send(HttpRequest("GET", script.url)).body == b"{}"
    assert transport.send(HttpRequest("GET", script.url)).body == b'{"new": true}'


def test_an_answer_that_is_too_large_is_not_read_to_its_end(transport: Transport, script: Any) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\nConnection: close\r\n\r\n"
    script.order(head + b"x" * (3 << 20))

    with pytest.raises(OutputError, match="more than 1000 bytes"):
        transport.send(HttpRequest("GET", script.url, free_of_charge=True, at_most_bytes=1000))
