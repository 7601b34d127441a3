"""Plain headers are read without the parser for email, and come to the same; all others are left to it."""

from __future__ import annotations

import http.client
import io
import socket
from typing import Any

import pytest

from airflow_provider_imagen.client.response_headers import MOST_HEADERS, Response, plain_headers, with_quick_headers

REST = b'{"kind": "storage#objects"}'
GOOGLES = (
    b"X-GUploader-UploadID: ABPtcPq_4-Xz\r\n"
    b"Expires: Sat, 26 Sep 2026 08:17:27 GMT\r\n"
    b"Cache-Control: private, max-age=0, must-revalidate, no-transform\r\n"
    b"Vary: Origin\r\n"
    b"Vary: X-Origin\r\n"
    b"Content-Type: application/json; charset=UTF-8\r\n"
    b"Content-Length: 27\r\n"
    b'Alt-Svc: h3=":443"; ma=2592000,h3-29=":443"; ma=2592000\r\n\r\n'
)
PLAIN = {
    "Google's": GOOGLES,
    "without a value": b"X-Empty:\r\nContent-Length: 27\r\n\r\n",
    "with blanks around a value": b"A: \t b \t \r\nContent-Length:27\r\n\r\n",
    "with colons in a value": b"Location: https://example.com:443/a:b\r\nContent-Length: 27\r\n\r\n",
    "with a length twice": b"Content-Length: 27\r\nContent-Length: 27\r\n\r\n",
    "with a length that is none": b"Content-Length: many\r\n\r\n",
    "with a length below zero": b"Content-Length: -1\r\n\r\n",
    "of a connection that ends": b"CONNECTION: Close\r\n\r\n",
    "of chunks": b"Transfer-Encoding: chunked\r\n\r\n",
    "of two encodings": b"Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\nContent-Length: 27\r\n\r\n",
    "as many as may be": b"A: b\r\n" * (MOST_HEADERS - 1) + b"\r\n",
}
OTHER = {
    "none": b"\r\n",
    "none before a body like headers": b"\r\nA: b\r\n\r\n",
    "too many": b"A: b\r\n" * MOST_HEADERS + b"\r\n",
    "too long": b"A: " + b"b" * 70_000 + b"\r\n\r\n",
    "on two lines": b"A: b\r\n c\r\nContent-Length: 27\r\n\r\n",
    "that begin with a blank": b" A: b\r\nContent-Length: 27\r\n\r\n",
    "without a colon": b"A\r\nContent-Length: 27\r\n\r\n",
    "without a name": b": b\r\nContent-Length: 27\r\n\r\n",
    "with a blank in a name": b"A : b\r\nContent-Length: 27\r\n\r\n",
    "like a letter's": b"From me\r\nContent-Length: 27\r\n\r\n",
    "with line feeds alone": b"A: b\nContent-Length: 27\n\n",
    "with a carriage return in a value": b"A: b\rC: d\r\nContent-Length: 27\r\n\r\n",
    "with a zero in a value": b"A: b\x00c\r\nContent-Length: 27\r\n\r\n",
    "in Latin": b"A: \xe4\r\nContent-Length: 27\r\n\r\n",
    "of several parts": b"Content-Type: Multipart/mixed; boundary=x\r\nContent-Length: 27\r\n\r\n",
    "of a message": b"Content-Type: message/http\r\nContent-Length: 27\r\n\r\n",
    "cut off": b"A: b\r\nContent-Le",
    "many that are almost plain": b"A: b\r\n" * 90 + b"A: \x7f\r\n\r\n",
}


class Played(socket.socket):
    """A socket from which ordered bytes are read."""

    def __init__(self, received: bytes) -> None:
        self._received = received

    def makefile(self, *_args: Any, **_options: Any) -> Any:
        return io.BufferedReader(io.BytesIO(self._received))  # type: ignore[arg-type]


def all_that_was_read(response: http.client.HTTPResponse) -> dict[str, Any]:
    """Return what a response came to: its parts, how its body is framed, and its body; or why there is none."""
    try:
        response.begin()
    except http.client.HTTPException as failure:
        return {"failure": repr(failure)}
    names = ("status", "reason", "version", "length", "chunked", "will_close")
    parts = [(part.items(), [*map(repr, part.defects)], part.is_multipart()) for part in response.msg.walk()]
    text = None if response.msg.is_multipart() else response.msg.get_payload()
    read = {name: getattr(response, name) for name in names}
    return read | {"parts": parts, "text": text, "rest": response.fp.read()}


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("status", [b"200 OK", b"204 No Content", b"503 Sorry", b"100 Continue\r\n\r\nHTTP/1.1 200 OK"])
@pytest.mark.parametrize("headers", [*PLAIN.values(), *OTHER.values()], ids=[*PLAIN, *OTHER])
def test_a_response_comes_to_the_same_as_one_of_the_standard_library(
    headers: bytes, status: bytes, method: str
) -> None:
    received = b"HTTP/1.1 " + status + b"\r\n" + headers + REST

    ours, theirs = (kind(Played(received), method=method) for kind in (Response, http.client.HTTPResponse))

    assert all_that_was_read(ours) == all_that_was_read(theirs)


@pytest.mark.parametrize("headers", PLAIN.values(), ids=PLAIN)
def test_plain_headers_are_read_to_their_end_and_no_further(headers: bytes) -> None:
    reader = io.BufferedReader(io.BytesIO(headers + REST))  # type: ignore[arg-type]

    message = plain_headers(reader)

    assert message is not None
    assert message.items() == http.client.parse_headers(io.BytesIO(headers)).items()
    assert reader.read() == REST


@pytest.mark.parametrize("headers", OTHER.values(), ids=OTHER)
def test_of_other_headers_nothing_is_read(headers: bytes) -> None:
    reader = io.BufferedReader(io.BytesIO(headers + REST))  # type: ignore[arg-type]

    assert plain_headers(reader) is None
    assert reader.read() == headers + REST


def test_the_standard_library_reads_headers_through_the_function_that_is_replaced() -> None:
    assert "parse_headers" in http.client.HTTPResponse.begin.__code__.co_names


def test_a_function_that_another_library_put_there_is_left_as_it_is() -> None:
    replaced = http.client.HTTPResponse.begin

    def traced(response: http.client.HTTPResponse) -> None:
        replaced(response)

    for other in (traced, lambda response: None, print):
        assert with_quick_headers(other) is other
