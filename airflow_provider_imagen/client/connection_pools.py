"""The pooled connections of one client: to each host directly, or through the proxy that the environment names."""

from __future__ import annotations

import contextlib
import os
import socket
import ssl
import threading
import time
import weakref
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit

import certifi
from urllib3 import HTTPConnectionPool, ProxyManager, Timeout
from urllib3.connection import HTTPConnection
from urllib3.util import Retry, make_headers
from urllib3.util.ssl_ import create_urllib3_context

from airflow_provider_imagen.client.proxies import proxy_for, proxy_settings
from airflow_provider_imagen.client.send_tracking import PlainPool, SendProgress, Sockets, TlsPool, track_sending

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse

CONNECT_SECONDS = 10.0
BUNDLE_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")
"""What may name other certificates to trust than certifi's, in this order: a file, or a folder."""
KEEP_ALIVE_SECONDS = 45
"""How long a connection is silent before the system asks whether the other end is there.

A flex request waits up to 30 minutes for the first byte of its response; NAT gateways and firewalls forget a silent
connection after 4 minutes (Azure), 350 s (AWS) or 20 minutes (Google), and the response is lost.
"""
_KEEP_ALIVE = (("TCP_KEEPIDLE", KEEP_ALIVE_SECONDS), ("TCP_KEEPALIVE", KEEP_ALIVE_SECONDS), ("TCP_KEEPINTVL", 30))
SOCKET_OPTIONS: list[tuple[int, int, int | bytes]] = [
    *HTTPConnection.default_socket_options,
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    *((socket.IPPROTO_TCP, getattr(socket, name), value) for name, value in _KEEP_ALIVE if hasattr(socket, name)),
]
"""Linux and macOS call the same option by different names."""
ONCE = Retry(total=False, redirect=False)
PROXIED_HOSTS = 4
CHECK_SECONDS = 10.0
"""How long the environment is not looked at again: that takes a tenth of a small request."""


class _Environment(NamedTuple):
    """What decides how a host is reached; a change takes effect after ``CHECK_SECONDS``."""

    proxies: tuple[str | None, ...]
    bundle: str = ""
    changed: int = 0


class _Route(NamedTuple):
    """How one host is reached."""

    environment: _Environment
    pool: HTTPConnectionPool | ProxyManager
    checked_at: float


class ConnectionPools:
    """Opens requests over connections that stay open between them. Safe to share between threads.

    Redirects are not followed, cookies are not kept, ``.netrc`` is not read.

    :param pool_size: how many connections to one host are kept open.
    :param connect_seconds: how long one address may take to accept a connection.
    :param clock: returns seconds of a clock that only goes forward.
    """

    def __init__(
        self,
        pool_size: int = 10,
        connect_seconds: float = CONNECT_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        self._pool_size = pool_size
        self._connect_seconds = connect_seconds
        self._sockets: Sockets = weakref.WeakSet()
        self._pools: dict[str, _Route] = {}
        self._lock = threading.Lock()

    def open(
        self,
        method: str,
        url: str,
        *,
        body: bytes | str | None,
        headers: Mapping[str, str],
        read_seconds: float,
        progress: SendProgress,
    ) -> BaseHTTPResponse:
        """Send a request and return its response, with the body still to be read.

        :param read_seconds: how long each part of the response may take.
        :param progress: is kept up to date.
        :raises urllib3.exceptions.HTTPError: no connection, or no response.
        :raises OSError: the certificates to trust cannot be read.
        :raises ValueError: the URL or that of the proxy is none.
        """
        parts = _parts(url)
        pool = self._pool(parts)
        target = url if isinstance(pool, ProxyManager) else _target(parts)
        with track_sending(progress, self._sockets):
            return pool.urlopen(
                method,
                target,
                body=body,
                headers=headers,
                timeout=_timeout(self._connect_seconds, read_seconds),
                retries=ONCE,
                redirect=False,
                preload_content=False,
                decode_content=False,
                enforce_content_length=True,  # urllib3 2 does by itself
            )

    def close(self) -> None:
        """Close the connections that are not in use. The next request opens new ones."""
        with self._lock:
            pools = [route.pool for route in self._pools.values()]
            self._pools.clear()
        for pool in pools:
            pool.clear() if isinstance(pool, ProxyManager) else pool.close()

    def abort(self) -> None:
        """Close all connections, and end every response that a thread reads."""
        self.close()
        for each in self._open_sockets():
            with contextlib.suppress(OSError):
                # Not SSLSocket.shutdown, which takes the TLS state away from the thread that reads.
                socket.socket.shutdown(each, socket.SHUT_RDWR)

    def _open_sockets(self) -> list[socket.socket]:
        while True:
            with contextlib.suppress(RuntimeError):  # another thread has opened one meanwhile
                return list(self._sockets)

    def _pool(self, url: SplitResult) -> HTTPConnectionPool | ProxyManager:
        origin, now = f"{url.scheme}://{url.netloc}", self._clock()
        route = self._pools.get(origin)
        if route is None or now - route.checked_at >= CHECK_SECONDS:
            environment = _environment(is_tls=url.scheme == "https")
            with self._lock:
                route = self._pools.get(origin)
                if route is None or route.environment != environment:
                    route = _Route(environment, self._new_pool(url, environment), now)
                self._pools[origin] = route._replace(checked_at=now)
        return route.pool

    def _new_pool(self, url: SplitResult, environment: _Environment) -> HTTPConnectionPool | ProxyManager:
        options: dict[str, Any] = {"maxsize": self._pool_size, "socket_options": SOCKET_OPTIONS}
        if environment.bundle:
            options["ssl_context"] = _tls_context(environment.bundle)
        proxy = proxy_for(url)
        if proxy is not None:
            return _proxy_manager(proxy, options)
        kind = TlsPool if url.scheme == "https" else PlainPool
        return kind(url.hostname or "", url.port, **options)


def _proxy_manager(proxy: str, options: dict[str, Any]) -> ProxyManager:
    parts = urlsplit(proxy)
    headers = {}
    if parts.username is not None:
        headers = make_headers(proxy_basic_auth=f"{unquote(parts.username)}:{unquote(parts.password or '')}")
    if parts.scheme == "https":
        options["proxy_ssl_context"] = options.get("ssl_context") or _tls_context(_bundle())
    manager = ProxyManager(proxy, num_pools=PROXIED_HOSTS, proxy_headers=headers, **options)
    manager.pool_classes_by_scheme = {"http": PlainPool, "https": TlsPool}
    return manager


@lru_cache(maxsize=16)
def _timeout(connect_seconds: float, read_seconds: float) -> Timeout:
    """Return a timeout, which urllib3 copies for each request."""
    return Timeout(connect=connect_seconds, read=read_seconds)


@lru_cache(maxsize=1024)
def _parts(url: str) -> SplitResult:
    """Split a URL; waits ask for the same ones again and again, more of them than ``urlsplit`` keeps."""
    return urlsplit(url)


def _target(url: SplitResult) -> str:
    path = url.path or "/"
    return f"{path}?{url.query}" if url.query else path


def _environment(*, is_tls: bool) -> _Environment:
    if not is_tls:
        return _Environment(proxy_settings())
    bundle = _bundle()
    return _Environment(proxy_settings(), bundle, Path(bundle).stat().st_mtime_ns)


def _bundle() -> str:
    named = (os.environ.get(name) for name in BUNDLE_VARIABLES)
    return next((path for path in named if path), None) or certifi.where()


def _tls_context(bundle: str) -> ssl.SSLContext:
    """Read the certificates to trust, once for all connections of a pool: it takes longer than a request."""
    context = create_urllib3_context()
    is_folder = Path(bundle).is_dir()
    context.load_verify_locations(cafile=None if is_folder else bundle, capath=bundle if is_folder else None)
    return context
