"""A server that plays ordered answers over a real socket and remembers what it was asked."""

from __future__ import annotations

import datetime as dt
import ipaddress
import socket
import socketserver
import ssl
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from airflow_provider_imagen.client import proxies
from airflow_provider_imagen.client.connection_pools import BUNDLE_VARIABLES


@pytest.fixture(autouse=True)
def machine_without_proxy_and_certificates(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine that the tests run on may have some of its own."""
    for name in (*proxies.VARIABLES, *BUNDLE_VARIABLES):
        monkeypatch.delenv(name, raising=False)


RESET = b"reset"
"""An ordered answer that breaks the connection after the request was read."""


@dataclass
class Received:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Script:
    """Ordered raw answers; the last one is repeated."""

    answers: list[bytes] = field(default_factory=list)
    received: list[Received] = field(default_factory=list)
    url: str = ""
    connections: int = 0
    has_read: threading.Event = field(default_factory=threading.Event)

    def order(self, *answers: bytes) -> None:
        self.answers = list(answers)

    def next_answer(self) -> bytes:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def http(status: int, body: bytes = b"{}", **headers: str) -> bytes:
    """Return a raw HTTP answer."""
    lines = [f"HTTP/1.1 {status} Said", f"Content-Length: {len(body)}", "Content-Type: application/json"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


class _Handler(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        self.server.script.connections += 1
        while request := self._read():
            self.server.script.received.append(request)
            self.server.script.has_read.set()
            answer = self.server.script.next_answer()
            if answer == RESET:
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return
            self.wfile.write(answer)
            if b"Connection: close" in answer:
                return

    def _read(self) -> Received | None:
        start = self.rfile.readline().decode().split()
        if not start:
            return None
        headers: dict[str, str] = {}
        while line := self.rfile.readline().decode().strip():
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        return Received(start[0], start[1], headers, self.rfile.read(int(headers.get("content-length", 0))))


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self, script: Script, context: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.script = script
        self._context = context

    def get_request(self) -> Any:
        taken, address = super().get_request()
        if self._context is None:
            return taken, address
        return self._context.wrap_socket(taken, server_side=True, do_handshake_on_connect=False), address


@contextmanager
def serving(script: Script, scheme: str, context: ssl.SSLContext | None = None) -> Iterator[Script]:
    with _Server(script, context) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        script.url = f"{scheme}://127.0.0.1:{server.server_address[1]}"
        yield script
        server.shutdown()
        thread.join()


@pytest.fixture
def script() -> Iterator[Script]:
    with serving(Script(), "http") as running:
        yield running


@pytest.fixture
def tls_script(certificate: Path) -> Iterator[Script]:
    """The same over TLS, with a certificate that only the fixture ``certificate`` vouches for."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with serving(Script(), "https", context) as running:
        yield running


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1 with its key, made on the spot."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    today = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(today - dt.timedelta(days=1))
        .not_valid_after(today + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    encoding = serialization.Encoding.PEM
    pem = key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(made.public_bytes(encoding) + pem)
    return path


@pytest.fixture
def unused_url() -> str:
    """An address on this machine where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return f"http://127.0.0.1:{taken.getsockname()[1]}"


@pytest.fixture
def answer_with() -> object:
    return http


@pytest.fixture(scope="session")
def key() -> dict[str, str]:
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    return {
        "type": "service_account",
        "project_id": "project-of-the-key",
        "private_key": pem,
        "client_email": "painter@project-of-the-key.iam.gserviceaccount.com",
        "token_uri": "http://127.0.0.1:9/token",
    }
