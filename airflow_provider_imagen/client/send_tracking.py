"""Watches the connections of one request, to know whether any of it was sent before it failed.

An exception does not tell: a broken TLS stream looks the same before and after the request. So the connections
themselves say when they begin to send.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection


@dataclass(slots=True)
class SendProgress:
    """How far the request of this thread came."""

    was_sent: bool = False


class _Current(threading.local):
    progress = SendProgress()


_current = _Current()


@contextmanager
def track_sending() -> Iterator[SendProgress]:
    """Watch the request that is sent inside this block."""
    _current.progress = SendProgress()
    yield _current.progress


class _PlainConnection(HTTPConnection):
    def connect(self) -> None:
        _current.progress.was_sent = False
        super().connect()
        _current.progress.was_sent = True

    def putrequest(self, *args: Any, **options: Any) -> None:
        _current.progress.was_sent = True
        super().putrequest(*args, **options)


class _TlsConnection(HTTPSConnection):
    def connect(self) -> None:
        _current.progress.was_sent = False
        super().connect()

    def putrequest(self, *args: Any, **options: Any) -> None:
        _current.progress.was_sent = True
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
