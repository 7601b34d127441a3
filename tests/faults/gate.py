"""Broken servers on loopback, for what happens before a request is read."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from urllib3.util.connection import create_connection

KINDS = ("dns", "refused", "refused-once", "blackhole", "no-tls", "tls-reset", "reset")
LOOPBACK = "127.0.0.1"
UNKNOWN = "no-such-host.invalid"


class Gate:
    """Stands before the emulator and breaks connections in one way; what it does not break goes through.

    :param kind: how.
    :param emulator_url: where the rest goes.
    """

    def __init__(self, kind: str, emulator_url: str) -> None:
        self.kind = kind
        self.fired = 0
        self.requests = 0
        self._behind = urlsplit(emulator_url)
        self._socket = socket.socket()
        self._socket.bind((LOOPBACK, 0))
        self._lock = threading.Lock()
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []

    @property
    def url(self) -> str:
        """What the connection names."""
        if self.kind == "dns":
            return f"http://{UNKNOWN}"
        scheme = "https" if "tls" in self.kind else "http"
        return f"{scheme}://{LOOPBACK}:{self._socket.getsockname()[1]}"

    def start(self) -> None:
        """Begin to be broken."""
        if self.kind == "blackhole":
            self._fill_backlog()
        elif self.kind in {"no-tls", "tls-reset", "reset"}:
            self._listen()

    def connect(self, address: tuple[str, int], *arguments: Any, **options: Any) -> socket.socket:
        """Connect as urllib3 does, and count what fails: no server sees that. No name server is asked."""
        if address[0] == UNKNOWN:
            self.fired += 1
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        try:
            return create_connection(address, *arguments, **options)
        except OSError:
            self.fired += 1
            raise

    def paused(self) -> None:
        """Take note that the client pauses before another try."""
        with self._lock:
            if self.kind == "refused-once" and not self._threads:
                self._listen()

    def stop(self) -> None:
        """Close everything."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        for each in [self._socket, *self._open]:
            _break(each, politely=True)
        for thread in self._threads:
            thread.join(5)

    def _fill_backlog(self) -> None:
        """Take so many connections that the kernel answers no other."""
        self._socket.listen(0)
        for _ in range(4):
            waiting = socket.socket()
            waiting.setblocking(False)
            waiting.connect_ex(self._socket.getsockname())
            self._open.append(waiting)

    def _listen(self) -> None:
        self._socket.listen()
        self._in_thread(self._serve)

    def _serve(self) -> None:
        while True:
            try:
                taken, _ = self._socket.accept()
            except OSError:
                return
            self._take(taken)

    def _take(self, taken: socket.socket) -> None:
        if self.kind == "reset" and not self.fired:
            self.fired, self.requests = 1, 1
            taken.recv(1, socket.MSG_PEEK)  # the request is here, and stays unread
            _break(taken)
        elif self.kind == "tls-reset":
            self.fired += 1
            taken.recv(1)
            _break(taken)
        elif self.kind == "no-tls":
            self.fired += 1
            with taken:
                taken.recv(65536)
                taken.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
        else:
            self._pass_on(taken)

    def _pass_on(self, taken: socket.socket) -> None:
        behind = socket.create_connection((self._behind.hostname or "", self._behind.port or 0))
        self._open += [taken, behind]
        self._in_thread(_pump, taken, behind)
        self._in_thread(_pump, behind, taken)

    def _in_thread(self, action: Any, *arguments: Any) -> None:
        thread = threading.Thread(target=action, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()


def _pump(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(1 << 16):
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)


def _break(connection: socket.socket, *, politely: bool = False) -> None:
    if not politely:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    else:
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)
    connection.close()


@contextlib.contextmanager
def gate(kind: str, emulator_url: str) -> Iterator[Gate]:
    """Run a gate."""
    made = Gate(kind, emulator_url)
    made.start()
    try:
        yield made
    finally:
        made.stop()
