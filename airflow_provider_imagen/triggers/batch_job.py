"""The deferred wait for batch prediction jobs: looks in threads, sleeps on the event loop, reports once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from airflow_provider_imagen.errors import ImagenError
from airflow_provider_imagen.hooks.shared_connections import SharedConnection, is_refusal, shared_connection
from airflow_provider_imagen.triggers.poll_threads import PollThreads, poll_threads

if TYPE_CHECKING:
    from airflow_provider_imagen.client.imagen import ImagenClient
    from airflow_provider_imagen.core.batch.job_waiting import PollOutcome
    from airflow_provider_imagen.runner.job_looks import JobLooks

LAST_LOOK_SECONDS = 120
"""How long after its deadline a wait still waits for its last look; less than the grace that the task gives it."""


class ImagenJobTrigger(BaseTrigger):
    """Waits until batch prediction jobs have ended, or a moment has passed.

    It creates none, and cancels none unless ``cancel_on_kill`` says so.

    Jobs are found again by what the task stored below its ``output_uri``, so a lost event, a restarted triggerer or two
    triggerers that run the same wait lose and buy nothing. A look that fails for a passing reason counts for nothing.

    :param jobs: resource names of the jobs.
    :param place: the ``output_uri`` of the task.
    :param deadline: Unix time in seconds at which the wait is over. A restarted triggerer keeps it.
    :param poll_interval: seconds between two looks.
    :param imagen_conn_id: the Airflow connection.
    :param impersonation_chain: service account to act as, or a chain that ends with it.
    :param cancel_on_kill: cancel the jobs when the task is marked as failed or successful, or cleared, while it waits.
        Airflow says so from 3.3.
    """

    def __init__(
        self,
        *,
        jobs: Sequence[str],
        place: str,
        deadline: float,
        poll_interval: float,
        imagen_conn_id: str,
        impersonation_chain: str | list[str] | None = None,
        cancel_on_kill: bool = False,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Airflow 3.3 left it without types
        self.jobs: list[str] = list(jobs)
        self.place = place
        self.deadline = deadline
        self.poll_interval = poll_interval
        self.imagen_conn_id = imagen_conn_id
        self.impersonation_chain = impersonation_chain
        self.cancel_on_kill = cancel_on_kill
        self._looks: JobLooks | None = None

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return class path and arguments, from which Airflow makes this trigger anew."""
        names = ("jobs", "place", "deadline", "poll_interval", "imagen_conn_id", "impersonation_chain")
        arguments = {name: getattr(self, name) for name in (*names, "cancel_on_kill")}
        return f"{type(self).__module__}.{type(self).__qualname__}", arguments

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Yield one event: ``done``, ``timeout`` or ``failed``, with a message."""
        threads, logged = poll_threads(self.imagen_conn_id), ""
        with shared_connection(self.imagen_conn_id, self.impersonation_chain) as connection:
            while (outcome := await self._outcome(threads, connection)).event is None:
                if outcome.text != logged:
                    logged = outcome.text
                    self.log.info("%s", logged)
                await asyncio.sleep(outcome.pause_seconds)
        self.log.info("%s", outcome.text)
        yield TriggerEvent({**outcome.event, "deadline": self.deadline})

    async def on_kill(self) -> None:
        """Cancel the jobs if the task wants that. Airflow calls this from 3.3, for what a user does to the task."""
        if not self.cancel_on_kill:
            return
        with shared_connection(self.imagen_conn_id, self.impersonation_chain) as connection:
            client = await connection.client()
            await poll_threads(self.imagen_conn_id).run(partial(self._cancel, client))

    async def _outcome(self, threads: PollThreads, connection: SharedConnection) -> PollOutcome:
        """Look, and again with a connection that is read again if Google refused the caller."""
        patience_seconds = max(self.deadline - time.time(), 0.0) + LAST_LOOK_SECONDS
        try:
            async with asyncio.timeout(patience_seconds) as patience:
                begun = connection.now()
                outcome = await self._look_with(connection.client(), threads)
                if is_refusal(outcome.failure) and connection.was_read_before(begun):
                    outcome = await self._look_with(connection.client_read_after(begun), threads)
                return outcome
        except TimeoutError:
            if not patience.expired():
                raise
        # Loaded long since, by the look that hangs.
        from airflow_provider_imagen.core.batch.job_waiting import unanswered

        return unanswered(self.deadline)

    async def _look_with(self, reading: Awaitable[ImagenClient], threads: PollThreads) -> PollOutcome:
        client: ImagenClient | ImagenError
        try:
            client = await reading
        except ImagenError as failure:
            client = failure
        look: Callable[[], PollOutcome] = partial(self._look, client)
        return await threads.run(look)

    def _look(self, client: ImagenClient | ImagenError) -> PollOutcome:
        """Look once at each job. Runs in a thread.

        :param client: asks Google; or why there is none.
        """
        from airflow_provider_imagen.runner.job_looks import JobLooks

        if self._looks is None:
            self._looks = JobLooks(self.jobs, self.deadline, self.poll_interval)
        return self._looks.look(client, time.time())

    def _cancel(self, client: ImagenClient) -> None:
        """Cancel every job that has not ended. Runs in a thread."""
        for name in self.jobs:
            try:
                client.batch_jobs.cancel(name)
            except ImagenError as failure:
                self.log.warning("The job could not be cancelled, and may be billed: %s", failure)
            else:
                self.log.info("The job is cancelled: %s", name)
