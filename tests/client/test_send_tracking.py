"""A broken TLS stream looks the same before and after a request; the connections know better."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_imagen.client.http_request import HttpRequest
from airflow_provider_imagen.client.transport import Transport
from airflow_provider_imagen.errors import InvalidConnectionError, ResponseLostError


class NoToken:
    def headers_for(self, url: str) -> dict[str, str]:
        return {}


class TlsServer:
    """Reads one whole request over TLS, answers with ordered bytes, then writes rubbish below TLS."""

    def __init__(self, certificate: Path) -> None:
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"https://127.0.0.1:{self._socket.getsockname()[1]}/"
        self.answer = b""
        self.requests = 0
        self.has_read = threading.Event()
        self.hang: threading.Event | None = None
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                raw, _ = self._socket.accept()
            except OSError:
                return
            with raw:
                self._answer(raw)

    def _answer(self, raw: socket.socket) -> None:
        try:
            with self._context.wrap_socket(raw, server_side=True, suppress_ragged_eofs=True) as wrapped:
                received = b""
                while not received.endswith(b"{}"):
                    received += wrapped.recv(65536)
                self.requests += 1
                wrapped.sendall(self.answer)
                self.has_read.set()
                if self.hang:
                    self.hang.wait(60)
                    return
                with socket.socket(fileno=wrapped.detach()) as below:
                    below.sendall(b"this is no TLS record at all, and long enough to be read as one")
        except (ssl.SSLError, OSError):
            return

    def stop(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()


@pytest.fixture
def tls_server(certificate: Path) -> Iterator[TlsServer]:
    server = TlsServer(certificate)
    yield server
    server.stop()


@pytest.fixture
def transport() -> Iterator[Transport]:
    made = Transport(NoToken(), timeout_seconds=5)
    yield made
    made.close()


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"], ids=["before", "within"])
def test_tls_that_breaks_after_the_request_is_a_lost_answer(
    transport: Transport, tls_server: TlsServer, certificate: Path, monkeypatch: pytest.MonkeyPatch, answer: bytes
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    tls_server.answer = answer

    with pytest.raises(ResponseLostError, match="may have made and billed"):
        transport.send(HttpRequest("POST", tls_server.url, json={}))
    assert tls_server.requests == 1


def test_a_certificate_that_nobody_vouches_for_ends_before_the_request(
    transport: Transport, tls_server: TlsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    monkeypatch.delenv("CURL_CA_BUNDLE", raising=False)

    with pytest.raises(InvalidConnectionError, match="Nothing was sent.*self-signed certificate.*REQUESTS_CA_BUNDLE"):
        transport.send(HttpRequest("POST", tls_server.url, json={}))
    assert tls_server.requests == 0


@pytest.mark.parametrize("url", ["http://127.0.0.1:99999/", "http://a..b:1/"])
def test_an_endpoint_that_is_no_address_is_named_as_that(transport: Transport, url: str) -> None:
    with pytest.raises(InvalidConnectionError, match="cannot be asked.*Correct the endpoint"):
        transport.send(HttpRequest("POST", url, json={}))


def test_a_missing_certificate_file_is_a_fault_of_this_machine(
    transport: Transport, tls_server: TlsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere.pem")

    with pytest.raises(InvalidConnectionError, match="certificates and proxy of this machine"):
        transport.send(HttpRequest("POST", tls_server.url, json={}))


def test_an_error_that_is_shown_whole_holds_no_token(script: Any) -> None:
    class Token:
        def headers_for(self, url: str) -> dict[str, str]:
            return {"Authorization": "Bearer planted"}

    script.order(b"reset")
    with pytest.raises(ResponseLostError) as caught:
        Transport(Token(), timeout_seconds=5).send(HttpRequest("POST", script.url, json={}))

    cause = caught.value.__cause__
    assert "planted" not in str(getattr(cause, "request", None) and vars(cause.request))  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "begun", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", b"HTTP/1.0 200 OK\r\n\r\n{"]
)
def test_a_response_that_is_read_over_tls_ends_when_the_transport_is_aborted(
    transport: Transport, tls_server: TlsServer, certificate: Path, monkeypatch: pytest.MonkeyPatch, begun: bytes
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    tls_server.answer, tls_server.hang = begun, threading.Event()
    outcome: list[BaseException] = []

    def send() -> None:
        try:
            transport.send(HttpRequest("POST", tls_server.url, json={}))
        except ResponseLostError as failure:
            outcome.append(failure)

    reading = threading.Thread(target=send, daemon=True)
    reading.start()
    assert tls_server.has_read.wait(30)
    transport.abort()
    reading.join(3)
    tls_server.hang.set()

    assert len(outcome) == 1
