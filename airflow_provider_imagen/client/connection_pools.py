"""The pooled connections of one client: to each host directly, or through the proxy that the environment names."""

from __future__ import annotations

import contextlib
import os
import socket
import ssl
import threading
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit

import certifi
from urllib3 import BaseHTTPResponse, HTTPConnectionPool, ProxyManager, Timeout
from urllib3.util import make_headers
from urllib3.util.ssl_ import create_urllib3_context

from airflow_provider_imagen.client.proxies import proxy_for, proxy_settings
from airflow_provider_imagen.client.send_tracking import PlainPool, SendProgress, Sockets, TlsPool, track_sending

CONNECT_SECONDS = 10.0
BUNDLE_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")
"""What may name other certificates to trust than certifi's, in this order: a file, or a folder."""
PROXIED_HOSTS = 4


class _Environment(NamedTuple):
    """What decides how a host is reached; a change takes effect with the next request."""

    proxies: tuple[str | None, ...]
    bundle: str = ""
    changed: int = 0


class ConnectionPools:
    """Opens requests over connections that stay open between them. Safe to share between threads.

    Redirects are not followed, cookies are not kept, ``.netrc`` is not read.

    :param pool_size: how many connections to one host are kept open.
    :param connect_seconds: how long one address may take to accept a connection.
    """

    def __init__(self, pool_size: int = 10, connect_seconds: float = CONNECT_SECONDS) -> None:
        self._pool_size = pool_size
        self._connect_seconds = connect_seconds
        self._sockets: Sockets = weakref.WeakSet()
        self._pools: dict[str, tuple[_Environment, HTTPConnectionPool | ProxyManager]] = {}
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
        parts = urlsplit(url)
        pool = self._pool(parts)
        target = url if isinstance(pool, ProxyManager) else _target(parts)
        with track_sending(progress, self._sockets):
            return pool.urlopen(
                method,
                target,
                body=body,
                headers=headers,
                timeout=Timeout(connect=self._connect_seconds, read=read_seconds),
                retries=False,
                redirect=False,
                preload_content=False,
                decode_content=False,
            )

    def close(self) -> None:
        """Close the connections that are not in use. The next request opens new ones."""
        with self._lock:
            pools = [pool for _, pool in self._pools.values()]
            self._pools.clear()
        for pool in pools:
            pool.clear() if isinstance(pool, ProxyManager) else pool.close()

    def abort(self) -> None:
        """Close all connections, and end every response that a thread reads."""
        self.close()
        for each in list(self._sockets):
            with contextlib.suppress(OSError):
                # Not SSLSocket.shutdown, which takes the TLS state away from the thread that reads.
                socket.socket.shutdown(each, socket.SHUT_RDWR)

    def _pool(self, url: SplitResult) -> HTTPConnectionPool | ProxyManager:
        origin = f"{url.scheme}://{url.netloc}"
        environment = _environment(is_tls=url.scheme == "https")
        known = self._pools.get(origin)
        if known is not None and known[0] == environment:
            return known[1]
        with self._lock:
            known = self._pools.get(origin)
            if known is None or known[0] != environment:
                known = self._pools[origin] = environment, self._new_pool(url, environment)
            return known[1]

    def _new_pool(self, url: SplitResult, environment: _Environment) -> HTTPConnectionPool | ProxyManager:
        options: dict[str, Any] = {"maxsize": self._pool_size}
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
