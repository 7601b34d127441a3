"""The connections of waits: read once for all of them, again after five minutes or a refusal, and never on the loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowNotFoundException

from airflow_provider_imagen.client.imagen import ImagenClient
from airflow_provider_imagen.errors import (
    CredentialsError,
    InvalidConnectionError,
    NotSentError,
    OutputError,
    PermissionDeniedError,
)
from airflow_provider_imagen.hooks import shared_connections
from airflow_provider_imagen.hooks.imagen import ImagenHook
from airflow_provider_imagen.hooks.shared_connections import (
    NOT_THERE_SECONDS,
    READ_AGAIN_SECONDS,
    READ_EVERY_SECONDS,
    SharedConnection,
    is_refusal,
    shared_connection,
)


class Clock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


class Reads:
    """Counts how often a connection is read, and in which threads; fails as often as ordered."""

    def __init__(self) -> None:
        self.threads: list[int] = []
        self.failures: list[Exception] = []
        self.gate = threading.Event()
        self.gate.set()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch, set_connection: Callable[..., None]) -> Reads:
    set_connection(project="first", is_anonymous=True)
    counted, read = Reads(), ImagenHook._extras

    def counting(hook: ImagenHook) -> dict[str, Any]:
        counted.threads.append(threading.get_ident())
        assert counted.gate.wait(60)
        if counted.failures:
            raise counted.failures.pop(0)
        return read(hook)

    monkeypatch.setattr(ImagenHook, "_extras", counting)
    return counted


async def until_read(reads: Reads, times: int, connection: SharedConnection) -> None:
    """Wait until so many reads are over."""
    while len(reads.threads) < times or connection._reading is not None:  # noqa: ASYNC110  # another thread reads
        await asyncio.sleep(0)


def test_a_thousand_waits_that_begin_at_once_read_the_connection_once_and_not_on_the_loop(
    reads: Reads, clock: Clock
) -> None:
    connection = SharedConnection("imagen_default", now=clock)

    async def begin() -> set[ImagenClient]:
        return set(await asyncio.gather(*[connection.client() for _ in range(1000)]))

    assert len(asyncio.run(begin())) == 1
    assert len(reads.threads) == 1
    assert threading.get_ident() not in reads.threads


def test_after_five_minutes_the_old_settings_serve_until_the_new_ones_are_there(
    reads: Reads, clock: Clock, set_connection: Callable[..., None]
) -> None:
    connection = SharedConnection("imagen_default", now=clock)

    async def projects() -> list[str | None]:
        seen = [(await connection.client()).settings.project]
        set_connection(project="second", is_anonymous=True)
        clock.seconds = READ_EVERY_SECONDS - 1
        seen.append((await connection.client()).settings.project)
        clock.seconds = READ_EVERY_SECONDS
        reads.gate.clear()
        seen += [(await connection.client()).settings.project for _ in range(3)]
        reads.gate.set()
        await until_read(reads, 2, connection)
        seen.append((await connection.client()).settings.project)
        return seen

    assert asyncio.run(projects()) == ["first"] * 5 + ["second"]
    assert len(reads.threads) == 2


def test_settings_that_cannot_be_read_again_stay(reads: Reads, clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    connection = SharedConnection("imagen_default", now=clock)

    async def read_twice() -> bool:
        before = await connection.client()
        reads.failures.append(RuntimeError("the database is restarting: planted"))
        clock.seconds = READ_EVERY_SECONDS
        await connection.client()
        await until_read(reads, 2, connection)
        return await connection.client() is before

    assert asyncio.run(read_twice())
    assert "imagen_default could not be read again; its old settings stay" in caplog.text
    assert "planted" not in caplog.text


def test_a_connection_that_could_not_be_read_is_not_asked_for_by_every_wait(reads: Reads, clock: Clock) -> None:
    connection = SharedConnection("imagen_default", now=clock)
    reads.failures.append(RuntimeError("the database is restarting"))

    async def begin() -> list[Any]:
        first = await asyncio.gather(*[connection.client() for _ in range(100)], return_exceptions=True)
        clock.seconds = READ_AGAIN_SECONDS - 0.1
        soon = await asyncio.gather(*[connection.client() for _ in range(100)], return_exceptions=True)
        assert len(reads.threads) == 1
        clock.seconds = READ_AGAIN_SECONDS
        return [*first, *soon, await connection.client()]

    *failures, client = asyncio.run(begin())
    assert {type(failure) for failure in failures} == {NotSentError}
    assert "Airflow could not read the connection 'imagen_default' (RuntimeError)" in str(failures[-1])
    assert client.settings.project == "first"


def test_what_is_wrong_with_a_connection_is_said_in_our_own_words(reads: Reads, clock: Clock) -> None:
    reads.failures.append(InvalidConnectionError("broken"))

    with pytest.raises(InvalidConnectionError, match="broken"):
        asyncio.run(SharedConnection("imagen_default", now=clock).client())


def test_a_connection_that_is_not_there_is_looked_for_a_while(reads: Reads, clock: Clock) -> None:
    connection = SharedConnection("imagen_default", now=clock)

    def not_there() -> InvalidConnectionError:
        failure = InvalidConnectionError("The Airflow connection 'imagen_default' could not be read.")
        failure.__cause__ = AirflowNotFoundException("The conn_id `imagen_default` isn't defined")
        return failure

    for seconds in (0.0, NOT_THERE_SECONDS - 1):
        clock.seconds = seconds
        reads.failures.append(not_there())
        with pytest.raises(NotSentError, match="could not be read"):
            asyncio.run(connection.client())
    clock.seconds = NOT_THERE_SECONDS + READ_AGAIN_SECONDS
    reads.failures.append(not_there())
    with pytest.raises(InvalidConnectionError, match="could not be read"):
        asyncio.run(connection.client())


def test_after_a_refusal_all_waits_share_one_new_read(
    reads: Reads, clock: Clock, set_connection: Callable[..., None]
) -> None:
    connection = SharedConnection("imagen_default", now=clock)

    async def refused() -> list[str | None]:
        await connection.client()
        clock.seconds = 10.0
        set_connection(project="second", is_anonymous=True)
        assert connection.was_read_before(10.0)
        clock.seconds = 11.0
        clients = await asyncio.gather(*[connection.client_read_after(10.0) for _ in range(100)])
        assert not connection.was_read_before(10.0)
        return [client.settings.project for client in clients]

    assert asyncio.run(refused()) == ["second"] * 100
    assert len(reads.threads) == 2


def test_a_sensor_in_a_worker_reads_in_its_own_thread_and_as_seldom(reads: Reads, clock: Clock) -> None:
    connection = SharedConnection("imagen_default", now=clock)

    clients = {connection.client_in_this_thread() for _ in range(3)}
    clock.seconds = 1.0
    clients.add(connection.client_in_this_thread(read_after=0.5))
    clock.seconds = 2.0
    clients.add(connection.client_in_this_thread(read_after=0.5))

    assert len(clients) == 1
    assert reads.threads == [threading.get_ident()] * 2


def test_settings_that_a_sensor_in_a_worker_cannot_read_again_stay(
    reads: Reads, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    connection = SharedConnection("imagen_default", now=clock)
    before = connection.client_in_this_thread()

    # A secrets backend that does not answer is to Airflow a connection that is not there.
    reads.failures.append(InvalidConnectionError("The Airflow connection 'imagen_default' could not be read."))
    clock.seconds = READ_EVERY_SECONDS
    assert [connection.client_in_this_thread() for _ in range(2)] == [before] * 2
    assert "imagen_default could not be read again; its old settings stay" in caplog.text

    assert len(reads.threads) == 2
    clock.seconds = 2 * READ_EVERY_SECONDS
    connection.client_in_this_thread()
    assert len(reads.threads) == 3


def test_settings_that_google_refused_do_not_stay(reads: Reads, clock: Clock) -> None:
    connection = SharedConnection("imagen_default", now=clock)
    connection.client_in_this_thread()

    reads.failures.append(InvalidConnectionError("broken"))
    with pytest.raises(InvalidConnectionError, match="broken"):
        connection.client_in_this_thread(read_after=clock.seconds)


def test_a_wait_that_is_cancelled_takes_the_read_from_none_of_the_others(reads: Reads, clock: Clock) -> None:
    connection = SharedConnection("imagen_default", now=clock)

    async def cancel_one() -> str | None:
        reads.gate.clear()
        one, other = (asyncio.ensure_future(connection.client()) for _ in range(2))
        await asyncio.sleep(0)
        one.cancel()
        reads.gate.set()
        with pytest.raises(asyncio.CancelledError):
            await one
        return (await other).settings.project

    assert asyncio.run(cancel_one()) == "first"


def test_waits_on_the_same_connection_share_it_and_the_last_one_drops_it() -> None:
    with shared_connection("one", ["a@x.iam", "b@x.iam"]) as held:
        with shared_connection("one", ("a@x.iam", "b@x.iam")) as same, shared_connection("one") as other:
            assert same is held
            assert other is not held
        assert list(shared_connections._in_use) == [("one", ("a@x.iam", "b@x.iam"))]
    assert shared_connections._in_use == {}
    with shared_connection("one", "a@x.iam") as chained, shared_connection("one") as plain:
        assert chained is not plain


@pytest.mark.parametrize(
    ("failure", "refused"),
    [(PermissionDeniedError("x"), True), (CredentialsError("x"), True), (OutputError("x"), False), (None, False)],
)
def test_only_a_refusal_of_the_caller_makes_a_new_read(failure: Exception | None, refused: bool) -> None:
    assert is_refusal(failure) is refused
