"""The connections themselves: what the system does with one that stays silent."""

from __future__ import annotations

import socket
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from urllib3 import HTTPConnectionPool

from airflow_provider_imagen.client.connection_pools import KEEP_ALIVE_SECONDS, ConnectionPools
from airflow_provider_imagen.client.send_tracking import SendProgress

IDLE = getattr(socket, "TCP_KEEPIDLE", None) or getattr(socket, "TCP_KEEPALIVE", None)


@pytest.mark.parametrize("is_proxied", [False, True])
def test_a_silent_connection_is_kept_alive(
    script: Any, answer_with: Callable[..., bytes], monkeypatch: pytest.MonkeyPatch, is_proxied: bool
) -> None:
    script.order(answer_with(200))
    if is_proxied:
        monkeypatch.setenv("HTTP_PROXY", script.url)
    pools = ConnectionPools()
    url = "http://elsewhere.example/" if is_proxied else script.url

    response = pools.open("GET", url, body=None, headers={}, read_seconds=5, progress=SendProgress())

    held = response.connection.sock  # type: ignore[union-attr]
    assert held.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) != 0
    assert held.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0
    if IDLE is not None:
        assert held.getsockopt(socket.IPPROTO_TCP, IDLE) == KEEP_ALIVE_SECONDS
    response.close()
    pools.close()


def test_a_response_that_is_cut_short_is_told_by_its_length_whatever_urllib3_does_by_itself(
    script: Any, answer_with: Callable[..., bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    script.order(answer_with(200))
    asked: list[object] = []
    urlopen = HTTPConnectionPool.urlopen

    def noted(pool: HTTPConnectionPool, *arguments: Any, **options: Any) -> Any:
        asked.append(options.get("enforce_content_length"))  # urllib3 1.26 does so only where it is asked to
        return urlopen(pool, *arguments, **options)

    monkeypatch.setattr(HTTPConnectionPool, "urlopen", noted)
    pools = ConnectionPools()

    pools.open("GET", script.url, body=None, headers={}, read_seconds=5, progress=SendProgress()).close()

    assert asked == [True]
    pools.close()


def test_a_connection_that_is_opened_meanwhile_does_not_keep_the_others_from_being_closed() -> None:
    ours, theirs = socket.socketpair()

    class Growing(weakref.WeakSet[socket.socket]):
        looks = 0

        def __iter__(self) -> Iterator[socket.socket]:
            self.looks += 1
            for each in super().__iter__():
                if self.looks == 1:
                    self.add(theirs)
                yield each

    pools = ConnectionPools()
    pools._sockets = Growing([ours])
    pools.abort()

    assert theirs.recv(1) == b""
    ours.close()
    theirs.close()
