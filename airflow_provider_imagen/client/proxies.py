"""Which proxy leads to a host, by the variables that curl and ``requests`` read.

``HTTP_PROXY``, ``HTTPS_PROXY``, ``ALL_PROXY`` and ``NO_PROXY``, lower case before upper case; where none is set, what
the operating system says on macOS and Windows.
"""

from __future__ import annotations

import ipaddress
import os
import socket
import urllib.request
from urllib.parse import SplitResult

VARIABLES = tuple(
    name for each in ("http_proxy", "https_proxy", "all_proxy", "no_proxy") for name in (each, each.upper())
)


def proxy_settings() -> tuple[str | None, ...]:
    """Return the variables as they are set now, to notice when they change."""
    return tuple(os.environ.get(name) for name in (*VARIABLES, "REQUEST_METHOD"))


def proxy_for(url: SplitResult) -> str | None:
    """Return the URL of the proxy that leads to a host, None when the host is reached directly.

    :param url: any URL of that host.
    """
    host = url.hostname
    if not host or _is_excepted(host, url.port):
        return None
    proxies = urllib.request.getproxies()
    proxy = proxies.get(url.scheme, proxies.get("all")) or None
    return f"http://{proxy}" if proxy and "://" not in proxy else proxy


def _is_excepted(host: str, port: int | None) -> bool:
    """Say whether ``NO_PROXY`` names a host: itself, with its port, a domain above it, or a network around it."""
    named = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
    entries = [entry for entry in named.replace(" ", "").split(",") if entry]
    if (address := _address(host)) is not None:
        if any(_contains(entry, address) for entry in entries):
            return True
    elif any(_names(entry.lstrip("."), host, port) for entry in entries):
        return True
    try:
        return bool(urllib.request.proxy_bypass(host))
    except (TypeError, socket.gaierror):
        return False


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _contains(entry: str, address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    try:
        return address in ipaddress.ip_network(entry, strict=False)
    except (ValueError, TypeError):
        return False


def _names(entry: str, host: str, port: int | None) -> bool:
    return any(each == entry or each.endswith(f".{entry}") for each in (host, f"{host}:{port or ''}"))
