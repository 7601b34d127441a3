"""Watches the connections of one request, to know whether any of it was sent before it failed.

An exception does not tell: a broken TLS stream looks the same before and after the request. So the connections
themselves say when they begin to send.
"""

from __future__ import annotations

import socket
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection


@dataclass(slots=True)
class SendProgress:
    """How far the request of this thread came.

    :param sockets: takes up every socket that is opened.
    :param before_send: runs before the first byte of the request is sent.
    """

    was_sent: bool = False
    sockets: weakref.WeakSet[socket.socket] = field(default_factory=weakref.WeakSet)
    before_send: Callable[[], None] = lambda: None

    def connected(self, connection: HTTPConnection | HTTPSConnection) -> None:
        """Take up the socket of a connection that stands."""
        if isinstance(connection.sock, socket.socket):
            self.sockets.add(connection.sock)

    def sends(self) -> None:
        """Note that the request is sent from now on."""
        self.before_send()
        self.was_sent = True


class _Current(threading.local):
    progress = SendProgress()


_current = _Current()


@contextmanager
def track_sending(sockets: weakref.WeakSet[socket.socket], before_send: Callable[[], None]) -> Iterator[SendProgress]:
    """Watch the request that is sent inside this block."""
    progress = _current.progress = SendProgress(sockets=sockets, before_send=before_send)
    try:
        yield progress
    finally:
        _current.progress = SendProgress()


class _PlainConnection(HTTPConnection):
    def connect(self) -> None:
        # A plain connection is made while the request is sent, or before it through a proxy.
        _current.progress.was_sent = False
        super().connect()
        _current.progress.connected(self)
        _current.progress.sends()

    def putrequest(self, *args: Any, **options: Any) -> None:
        _current.progress.sends()
        super().putrequest(*args, **options)


class _TlsConnection(HTTPSConnection):
    def connect(self) -> None:
        _current.progress.was_sent = False
        super().connect()
        _current.progress.connected(self)

    def putrequest(self, *args: Any, **options: Any) -> None:
        _current.progress.sends()
        super().putrequest(*args, **options)


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _PlainConnection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


_POOLS = {"http": _PlainPool, "https": _TlsPool}


class TrackingAdapter(HTTPAdapter):
    """The adapter of ``requests``, with connections that are watched; also through a proxy."""

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        """Make the pool manager."""
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        """Return the pool manager for a proxy."""
        manager = super().proxy_manager_for(proxy, **options)
        manager.pool_classes_by_scheme = _POOLS
        return manager
