"""The deferred wait: asks in a thread, sleeps on the event loop, reports once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from airflow_provider_imagen.errors import ImagenError, PermanentError
from airflow_provider_imagen.hooks.shared_connections import SharedConnection, is_refusal, shared_connection
from airflow_provider_imagen.triggers.poll_threads import PollThreads, poll_threads

if TYPE_CHECKING:
    from airflow_provider_imagen.client.imagen import ImagenClient
    from airflow_provider_imagen.core.storage.listing import StoredObject
    from airflow_provider_imagen.core.storage.locations import CloudFolder
    from airflow_provider_imagen.core.waiting.condition import ImageWait
    from airflow_provider_imagen.core.waiting.decision import Verdict

LAST_LOOK_SECONDS = 120
"""How long after its deadline a wait still waits for its last look; less than the grace that the sensor gives it."""


class ImagenOutputTrigger(BaseTrigger):
    """Waits until enough images are in a Cloud Storage folder, or a moment has passed.

    All arguments are plain values, because Airflow stores them in its database. Waits on the same connection share
    one client (one connection pool, one token) and the threads in which they look. A cancelled wait ends with the
    look that is under way; two triggerers that run the same wait report the same.

    :param wait: what to wait for, as :class:`airflow_provider_imagen.core.waiting.condition.ImageWait` dumps itself.
    :param deadline: Unix time in seconds at which the wait is over. A restarted triggerer keeps it.
    :param poll_interval: seconds between two looks.
    :param imagen_conn_id: the Airflow connection.
    :param impersonation_chain: service account to act as, or a chain that ends with it.
    """

    def __init__(
        self,
        wait: dict[str, Any],
        deadline: float,
        poll_interval: float,
        imagen_conn_id: str,
        impersonation_chain: str | list[str] | None = None,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Airflow 3.3 left it without types
        self.wait = wait
        self.deadline = deadline
        self.poll_interval = poll_interval
        self.imagen_conn_id = imagen_conn_id
        self.impersonation_chain = impersonation_chain
        self._checked_wait: ImageWait | None = None

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return class path and arguments, from which Airflow makes this trigger anew."""
        arguments = ("wait", "deadline", "poll_interval", "imagen_conn_id", "impersonation_chain")
        return f"{type(self).__module__}.{type(self).__qualname__}", {name: getattr(self, name) for name in arguments}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Yield one event: ``done`` with the URIs, ``timeout``, or ``failed`` with the reason."""
        threads, logged = poll_threads(self.imagen_conn_id), ""
        with shared_connection(self.imagen_conn_id, self.impersonation_chain) as connection:
            while (verdict := await self._verdict(threads, connection, logged)).event is None:
                if verdict.text != logged:
                    logged = verdict.text
                    self.log.info("%s", logged)
                await asyncio.sleep(verdict.pause_seconds)
        yield TriggerEvent(verdict.event)

    async def _verdict(self, threads: PollThreads, connection: SharedConnection, logged: str) -> Verdict:
        """Look until there is something new, in the threads alone.

        :param logged: how far the wait was.
        """
        patience_seconds = max(self.deadline - time.time(), 0.0) + LAST_LOOK_SECONDS
        try:
            async with asyncio.timeout(patience_seconds) as patience:
                return await self._news(threads, connection, logged)
        except TimeoutError:
            if not patience.expired():
                raise
        # Loaded long since, by the look that hangs.
        from airflow_provider_imagen.core.waiting.decision import unanswered

        return unanswered(self.wait.get("output_uri"))

    async def _news(self, threads: PollThreads, connection: SharedConnection, logged: str) -> Verdict:
        """Look with the connection as it is at each look, and again with one that is read again if Google refuses."""
        first, begun = await _result_of(connection.client()), 0.0

        def look() -> Verdict:
            nonlocal begun
            begun = connection.now()
            return self._look(connection.client_so_far() or first)

        def pause_after(verdict: Verdict) -> float | None:
            is_news = verdict.event is not None or verdict.text != logged or isinstance(first, Exception)
            return None if is_news else verdict.pause_seconds

        verdict = await threads.run(look, pause_after)
        if is_refusal(verdict.failure) and connection.was_read_before(begun):
            client = await _result_of(connection.client_read_after(begun))
            verdict = await threads.run(partial(self._look, client))
        return verdict

    def _look(self, client: ImagenClient | ImagenError) -> Verdict:
        """Look once. Runs in a thread.

        :param client: lists the folder; or why there is none.
        """
        from airflow_provider_imagen.core.waiting.condition import check_wait
        from airflow_provider_imagen.core.waiting.decision import ended_by, look

        if self._checked_wait is None:
            try:
                self._checked_wait = check_wait(**self.wait)
            except PermanentError as failure:
                return ended_by(failure)
        return look(
            self._checked_wait,
            partial(_listing, client, self._checked_wait.folder),
            seconds_left=self.deadline - time.time(),
            poll_interval=self.poll_interval,
        )


async def _result_of(reading: Awaitable[ImagenClient]) -> ImagenClient | ImagenError:
    try:
        return await reading
    except ImagenError as failure:
        return failure


def _listing(client: ImagenClient | ImagenError, folder: CloudFolder) -> Iterable[StoredObject]:
    if isinstance(client, Exception):
        raise client
    return client.storage.list(folder)
