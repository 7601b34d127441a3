"""Connections that say when they begin to send.

An exception does not tell whether any of a request was sent before it failed: a broken TLS stream looks the same before
and after the request.
"""

from __future__ import annotations

import socket
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

from airflow_provider_imagen.client.response_headers import Response

Sockets = weakref.WeakSet[socket.socket]


def _allow() -> None:
    """Let a request pass."""


@dataclass(slots=True)
class SendProgress:
    """How far one request came.

    :param before_send: runs when a connection stands, before the first byte of the request; what it raises is raised.
    :param was_sent: something of the request may have been sent.
    """

    before_send: Callable[[], None] = _allow
    was_sent: bool = False

    def begin(self) -> None:
        """Note that the request is sent from now on."""
        self.before_send()
        self.was_sent = True


_NOTHING, _NO_SOCKETS = SendProgress(), Sockets()


class _Current(threading.local):
    progress = _NOTHING
    sockets = _NO_SOCKETS


_current = _Current()


@contextmanager
def track_sending(progress: SendProgress, sockets: Sockets) -> Iterator[None]:
    """Follow the request that this thread sends inside the block.

    :param progress: is kept up to date.
    :param sockets: takes up every socket that is opened.
    """
    _current.progress, _current.sockets = progress, sockets
    try:
        yield
    finally:
        _current.progress, _current.sockets = _NOTHING, _NO_SOCKETS  # keeps nothing of the request alive


class _PlainConnection(HTTPConnection):
    response_class = Response

    def connect(self) -> None:
        # A plain connection is made after putrequest, or before it when it leads to a proxy.
        _current.progress.was_sent = False
        super().connect()
        _take_up(self)
        _current.progress.begin()

    def putrequest(self, *args: Any, **options: Any) -> None:
        _current.progress.begin()
        super().putrequest(*args, **options)


class _TlsConnection(HTTPSConnection):
    response_class = Response

    def connect(self) -> None:
        _current.progress.was_sent = False
        super().connect()
        _take_up(self)

    def putrequest(self, *args: Any, **options: Any) -> None:
        _current.progress.begin()
        super().putrequest(*args, **options)


def _take_up(connection: HTTPConnection) -> None:
    if isinstance(connection.sock, socket.socket):
        _current.sockets.add(connection.sock)


class PlainPool(HTTPConnectionPool):
    """Connections without TLS."""

    ConnectionCls = _PlainConnection


class TlsPool(HTTPSConnectionPool):
    """Connections over TLS."""

    ConnectionCls = _TlsConnection
