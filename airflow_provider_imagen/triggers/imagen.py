"""The deferred wait: asks in a thread, sleeps on the event loop, reports once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

if TYPE_CHECKING:
    from airflow_provider_imagen.client.imagen import ImagenClient
    from airflow_provider_imagen.client.poll_threads import PollThreads
    from airflow_provider_imagen.core.waiting.decision import Verdict
    from airflow_provider_imagen.hooks.imagen import ImagenHook

LAST_LOOK_SECONDS = 120
"""How long after its deadline a wait still waits for its last look; less than the grace that the sensor gives it."""


class ImagenOutputTrigger(BaseTrigger):
    """Waits until enough images are in a Cloud Storage folder, or a moment has passed.

    All arguments are plain values, because Airflow stores them in its database. Waits on the same connection share
    one client (one connection pool, one token) and the threads in which they look. A cancelled wait ends with the
    look that is under way; two triggerers that run the same wait report the same and disturb nobody.

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
        self._shared_client: ImagenClient | None = None

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return class path and arguments, from which Airflow makes this trigger anew."""
        arguments = ("wait", "deadline", "poll_interval", "imagen_conn_id", "impersonation_chain")
        return f"{type(self).__module__}.{type(self).__qualname__}", {name: getattr(self, name) for name in arguments}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Yield one event: ``done`` with the URIs, ``timeout``, or ``failed`` with the reason."""
        from airflow_provider_imagen.client.poll_threads import (
            poll_threads,  # loads nothing that would hold up the loop
        )

        threads = poll_threads(self.imagen_conn_id)
        while True:
            verdict = await self._verdict(threads)
            if verdict.event is not None:
                yield TriggerEvent(verdict.event)
                return
            self.log.info("%s", verdict.text)
            await asyncio.sleep(verdict.pause_seconds)

    async def _verdict(self, threads: PollThreads) -> Verdict:
        patience_seconds = max(self.deadline - time.time(), 0.0) + LAST_LOOK_SECONDS
        try:
            async with asyncio.timeout(patience_seconds) as patience:
                return await threads.run(self._look)
        except TimeoutError:
            if not patience.expired():
                raise
        from airflow_provider_imagen.core.waiting.decision import (
            unanswered,  # loaded long since, by the look that hangs
        )

        return unanswered(self.wait.get("output_uri"))

    def _look(self) -> Verdict:
        from airflow_provider_imagen.core.waiting.condition import check_wait
        from airflow_provider_imagen.core.waiting.decision import ended_by, look
        from airflow_provider_imagen.errors import PermanentError

        try:
            wait = check_wait(**self.wait)
        except PermanentError as failure:
            return ended_by(failure)
        return look(
            wait,
            lambda: self._client().storage.list(wait.folder),
            seconds_left=self.deadline - time.time(),
            poll_interval=self.poll_interval,
        )

    def _client(self) -> ImagenClient:
        """Return the shared client. The connection is read once: a later hiccup in reading it must not end the wait."""
        if self._shared_client is None:
            from airflow_provider_imagen.hooks.imagen import ImagenHook

            hook = ImagenHook(self.imagen_conn_id, impersonation_chain=self.impersonation_chain)
            self._shared_client = self._first_read(hook)
        return self._shared_client

    def _first_read(self, hook: ImagenHook) -> ImagenClient:
        """Read the connection. All waits do so at once when a triggerer restarts, when Airflow itself is busiest."""
        from airflow_provider_imagen.errors import ImagenError, NotSentError

        try:
            return hook.waiting_client()
        except (ImagenError, AttributeError, ImportError, TypeError):
            raise  # said in our own words, or a fault in the code, which no look mends
        except Exception as failure:
            kind = type(failure).__name__
            raise NotSentError(f"Airflow could not read the connection {self.imagen_conn_id!r} ({kind}).") from failure
