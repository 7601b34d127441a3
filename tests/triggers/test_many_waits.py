"""Two hundred waits on one event loop: one client, one token, few connections, and never a call on the loop itself."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import google.auth
import pytest
from google.auth.credentials import Credentials

from airflow_provider_imagen.client.connection_pools import ConnectionPools
from airflow_provider_imagen.client.imagen import ImagenClient
from airflow_provider_imagen.client.storage import CloudStorage
from airflow_provider_imagen.hooks.imagen import ImagenHook
from airflow_provider_imagen.triggers.imagen import ImagenOutputTrigger
from airflow_provider_imagen.triggers.poll_queue import CONCURRENT_POLLS

pytestmark = pytest.mark.usefixtures("no_thread_stays")
WAITS = 200


class CountedToken(Credentials):
    """Credentials that count how often a token was fetched."""

    def __init__(self) -> None:
        super().__init__()
        self.fetched = 0

    def refresh(self, request: Any) -> None:
        self.fetched += 1
        self.token = "planted"


@pytest.fixture
def token(set_connection: Callable[..., None], emulator: Any, monkeypatch: pytest.MonkeyPatch) -> CountedToken:
    set_connection(**emulator.connection["extra"], send_credentials_to_endpoint=True)
    token = CountedToken()
    monkeypatch.setattr(google.auth, "default", lambda scopes: (token, "emulator-project"))
    return token


@pytest.fixture
def threads_used(monkeypatch: pytest.MonkeyPatch) -> dict[str, set[int]]:
    """Which threads did what may block."""
    used: dict[str, set[int]] = {}

    def watch(owner: type, name: str) -> None:
        real = getattr(owner, name)

        def noted(*arguments: Any, **options: Any) -> Any:
            used.setdefault(name, set()).add(threading.get_ident())
            return real(*arguments, **options)

        monkeypatch.setattr(owner, name, noted)

    watch(ImagenHook, "_extras")  # reads the connection
    watch(CloudStorage, "list")
    watch(ConnectionPools, "open")
    watch(CountedToken, "refresh")
    return used


def connections_of(client: ImagenClient) -> int:
    return sum(route.pool.num_connections for route in client.session.transport._pools._pools.values())


@pytest.mark.usefixtures("threads_used")
def test_two_hundred_waits_share_connections_and_token_and_never_block_the_loop(
    emulator: Any, token: CountedToken, threads_used: dict[str, set[int]], wait_for: Callable[..., ImagenOutputTrigger]
) -> None:
    triggers = [wait_for("gs://bucket/many/") for _ in range(WAITS)]

    async def run_all() -> list[Any]:
        # The image comes when every wait has looked once.
        waits = [asyncio.ensure_future(anext(trigger.run())) for trigger in triggers]
        await asyncio.to_thread(until_all_looked)
        return await asyncio.gather(*waits)

    looked, clients = threading.Event(), set[ImagenClient]()
    for trigger in triggers:
        trigger._look = noting(trigger, looked, triggers, clients)  # type: ignore[method-assign]

    def until_all_looked() -> None:
        assert looked.wait(timeout=120)
        emulator.put_object("bucket", "many/a.png", b"x", "image/png")

    events = asyncio.run(run_all())

    assert [event.payload["status"] for event in events] == ["done"] * WAITS
    (client,) = clients
    assert 1 <= connections_of(client) <= CONCURRENT_POLLS
    assert token.fetched == 1
    assert sorted(threads_used) == ["_extras", "list", "open", "refresh"]
    assert threading.get_ident() not in set().union(*threads_used.values())
    assert len(threads_used["open"]) <= CONCURRENT_POLLS


def noting(
    trigger: ImagenOutputTrigger,
    looked: threading.Event,
    all_of: list[ImagenOutputTrigger],
    clients: set[ImagenClient],
) -> Any:
    look = trigger._look

    def noted(client: Any) -> Any:
        clients.add(client)
        verdict = look(client)
        trigger.has_looked = True  # type: ignore[attr-defined]
        if all(hasattr(each, "has_looked") for each in all_of):
            looked.set()
        return verdict

    return noted
