"""The connections of waits: each is read once for all waits in this process that use it, and again every five minutes.

Reading one asks Airflow's API server or a secrets backend, and a thousand waits begin at the same moment when a
triggerer starts. So the first wait reads it, in a thread of its own, and the others wait for that; later the old
settings serve until the new ones are there.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from airflow.providers.common.compat.sdk import AirflowNotFoundException

from airflow_provider_imagen.errors import CredentialsError, ImagenError, NotSentError, PermissionDeniedError

if TYPE_CHECKING:
    from airflow_provider_imagen.client.imagen import ImagenClient

log: logging.Logger = logging.getLogger(__name__)

READ_EVERY_SECONDS = 300.0
"""How long the settings of a connection are used before it is read again."""
READ_AGAIN_SECONDS = 5.0
"""How soon a connection is read again that could not be read."""
NOT_THERE_SECONDS = 300.0
"""How long a wait in the triggerer looks for a connection that is not there.

It was there when the task was deferred, and Airflow says the same while its API server or a secrets backend does not
answer.
"""
FIRST_READ_SECONDS = 0.1
"""How long the first read waits: it loads much, and would hold up an event loop that begins many waits."""


class SharedConnection:
    """One connection, as waits use it. Safe to share between threads and event loops.

    :param conn_id: the Airflow connection.
    :param impersonation_chain: service account to act as, or a chain that ends with it.
    :param now: returns seconds of a clock that only goes forward.
    """

    def __init__(
        self,
        conn_id: str,
        impersonation_chain: str | Sequence[str] | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._conn_id = conn_id
        self._impersonation_chain = impersonation_chain
        self._now = now
        self._lock = threading.Lock()
        self._client: ImagenClient | None = None
        self._failure: tuple[type[Exception], tuple[object, ...]] | None = None
        self._reading: Future[ImagenClient] | None = None
        self._begun_at = self._read_at = self._due_at = float("-inf")
        self._made_at = now()

    def now(self) -> float:
        """Return the time of the clock by which the connection is read."""
        return self._now()

    def was_read_before(self, moment: float) -> bool:
        """Say whether the client is of a connection that was read before a moment, so that it may have changed."""
        return self._read_at < moment

    def client_so_far(self) -> ImagenClient | None:
        """Return the client at once, None before the connection was read. Another read begins when it is due."""
        if self._client is not None and self._now() >= self._due_at:
            self._begin()
        return self._client

    async def client(self) -> ImagenClient:
        """Return the client of the connection. Only the first read is waited for.

        :raises ImagenError: the connection could not be read, now or less than ``READ_AGAIN_SECONDS`` ago.
        """
        if (client := self.client_so_far()) is not None:
            return client
        if self._failure is not None and self._now() < self._due_at:
            kind, arguments = self._failure
            raise kind(*arguments)
        return await _result_of(self._begin())

    async def client_read_after(self, moment: float) -> ImagenClient:
        """Return the client of a connection that was read after a moment, because Google refused what was there then.

        :raises ImagenError: the connection could not be read.
        """
        while self._client is None or self._read_at <= moment:
            await _result_of(self._begin())
        return self._client

    def client_in_this_thread(self, read_after: float = float("-inf")) -> ImagenClient:
        """Return the client, and read the connection in this thread where it has to be read.

        :param read_after: a moment at which Google refused what was there.
        :raises ImagenError: the connection could not be read, and there is no client of which Google takes anything.
        """
        client, begun_at = self._client, self._now()
        if client is not None and self._read_at > read_after and begun_at < self._due_at:
            return client
        try:
            read = self._read()
        except Exception as failure:
            self._note(failure)
            if client is None or self._read_at <= read_after:
                raise
            return client
        self._keep(read, begun_at)
        return read

    def _begin(self) -> Future[ImagenClient]:
        """Begin to read in a thread of its own, unless that is under way."""
        with self._lock:
            reading = self._reading
            if reading is None:
                reading = self._reading = Future()
                self._begun_at = self._now()
                run = partial(contextvars.copy_context().run, self._finish, reading)
                thread = threading.Timer(FIRST_READ_SECONDS if self._read_at == float("-inf") else 0.0, run)
                thread.name, thread.daemon = "imagen-connection", True
                thread.start()
            return reading

    def _finish(self, reading: Future[ImagenClient]) -> None:
        try:
            client = self._read()
        except Exception as raised:  # noqa: BLE001  # whatever it is, it belongs to those who wait for the result
            failure = self._passing(raised)
            self._note(failure)
            self._reading = None
            reading.set_exception(failure)
        else:
            self._keep(client, self._begun_at)
            self._reading = None
            reading.set_result(client)

    def _passing(self, failure: Exception) -> Exception:
        """Return a failure; one that a wait outlasts where the connection may only seem not to be there."""
        is_not_there = isinstance(failure.__cause__, AirflowNotFoundException)
        is_new = self._now() < self._made_at + NOT_THERE_SECONDS
        return NotSentError(*failure.args) if is_not_there and is_new else failure

    def _note(self, failure: Exception) -> None:
        """Note why the connection could not be read, and when it is read again."""
        every = READ_AGAIN_SECONDS if self._client is None else READ_EVERY_SECONDS
        self._failure, self._due_at = (type(failure), failure.args), self._now() + every
        if self._client is not None:
            log.warning("The connection %s could not be read again; its old settings stay.", self._conn_id)

    def _keep(self, client: ImagenClient, begun_at: float) -> None:
        self._client, self._failure, self._read_at = client, None, begun_at
        self._due_at = self._now() + READ_EVERY_SECONDS

    def _read(self) -> ImagenClient:
        from airflow_provider_imagen.hooks.imagen import ImagenHook

        try:
            return ImagenHook(self._conn_id, impersonation_chain=self._impersonation_chain).waiting_client()
        except (ImagenError, AttributeError, ImportError, PermissionError, TypeError):
            raise  # said in our own words, or denied by Airflow, or a fault in the code, which no other read mends
        except Exception as failure:
            kind = type(failure).__name__
            raise NotSentError(f"Airflow could not read the connection {self._conn_id!r} ({kind}).") from failure


def is_refusal(failure: Exception | None) -> bool:
    """Say whether Google refused the caller, so that another look needs a connection that is read again."""
    return isinstance(failure, PermissionDeniedError | CredentialsError)


@dataclass(slots=True)
class _Use:
    """A connection, and how many waits use it."""

    connection: SharedConnection
    waits: int = 0


_in_use: dict[tuple[str, tuple[str, ...]], _Use] = {}
_lock = threading.Lock()


@contextlib.contextmanager
def shared_connection(
    conn_id: str, impersonation_chain: str | Sequence[str] | None = None
) -> Iterator[SharedConnection]:
    """Share a connection with all waits in this process that use it at the same time.

    :param conn_id: the Airflow connection.
    :param impersonation_chain: service account to act as, or a chain that ends with it.
    """
    chain = (impersonation_chain,) if isinstance(impersonation_chain, str) else tuple(impersonation_chain or ())
    key = conn_id, chain
    with _lock:
        use = _in_use.setdefault(key, _Use(SharedConnection(conn_id, impersonation_chain)))
        use.waits += 1
    try:
        yield use.connection
    finally:
        with _lock:
            use.waits -= 1
            if not use.waits:
                del _in_use[key]


async def _result_of(reading: Future[ImagenClient]) -> ImagenClient:
    """Return what another thread reads. A wait that is cancelled meanwhile cancels nothing for the others."""
    loop = asyncio.get_running_loop()
    done = loop.create_future()

    def wake(_reading: Future[ImagenClient]) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is gone, and the wait with it
            loop.call_soon_threadsafe(lambda: None if done.done() else done.set_result(None))

    reading.add_done_callback(wake)
    await done
    return reading.result()
