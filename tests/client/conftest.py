"""A server that plays ordered answers over a real socket and remembers what it was asked."""

from __future__ import annotations

import socket
import socketserver
import struct
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

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

    def __init__(self, script: Script) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.script = script


@pytest.fixture
def script() -> Iterator[Script]:
    script = Script()
    with _Server(script) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        script.url = f"http://127.0.0.1:{server.server_address[1]}"
        yield script
        server.shutdown()
        thread.join()


@pytest.fixture
def unused_url() -> str:
    """An address on this machine where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return f"http://127.0.0.1:{taken.getsockname()[1]}"


@pytest.fixture
def answer_with() -> object:
    return http
