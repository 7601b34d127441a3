"""Clients of waits: shared while anybody waits, bounded, and closed when nobody does."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from airflow_provider_imagen.client import shared_clients as shared
from airflow_provider_imagen.client.shared_clients import (
    KEPT_CLIENTS,
    POLL_CONNECTIONS,
    POLL_TIMEOUT_SECONDS,
    waiting_client,
)
from airflow_provider_imagen.core.connection import ConnectionSettings
from airflow_provider_imagen.core.storage.locations import CloudFolder


@pytest.fixture(autouse=True)
def nobody_waits() -> Iterator[None]:
    shared._recent.clear()
    yield
    shared._recent.clear()


def settings_of(project: str, **others: Any) -> ConnectionSettings:
    return ConnectionSettings(project=project, is_anonymous=True, **others)


def ask_for_others() -> None:
    for number in range(KEPT_CLIENTS):
        waiting_client(settings_of(f"other-{number}"))
    gc.collect()


def test_a_client_that_somebody_holds_stays_the_shared_one_however_many_others_are_asked_for() -> None:
    held = waiting_client(settings_of("held"))

    ask_for_others()

    assert waiting_client(settings_of("held")) is held


def test_a_client_that_nobody_holds_is_kept_for_the_next_look_and_then_let_go() -> None:
    first = id(waiting_client(settings_of("one")))
    assert id(waiting_client(settings_of("one"))) == first
    name = next(iter(shared._recent))

    ask_for_others()

    assert name not in shared._in_use
    assert len(shared._recent) == KEPT_CLIENTS


def test_the_connections_of_a_client_that_is_let_go_are_closed(script: Any, answer_with: Callable[..., bytes]) -> None:
    script.order(answer_with(200))
    client = waiting_client(settings_of("one", storage_endpoint=script.url))
    assert list(client.storage.list(CloudFolder("bucket", "a/"))) == []
    (pool,) = [route.pool for route in client.session.transport._pools._pools.values()]
    (connection,) = [each for each in pool.pool.queue if each]
    assert connection.sock is not None

    del client, pool
    ask_for_others()

    assert connection.sock is None


def test_no_key_stays_in_memory_as_a_name() -> None:
    waiting_client(settings_of("one", keyfile_dict={"private_key": "planted"}))

    assert "planted" not in repr(list(shared._recent))


def test_a_look_does_not_wait_as_long_as_an_image_and_its_pool_is_as_large_as_its_threads() -> None:
    patient, hasty = (
        waiting_client(settings_of("one", timeout_seconds=seconds)).session.transport for seconds in (300, 5)
    )

    assert (patient._timeout_seconds, hasty._timeout_seconds) == (POLL_TIMEOUT_SECONDS, 5)
    assert patient._pools._pool(urlsplit("https://x.example")).pool.maxsize == POLL_CONNECTIONS
