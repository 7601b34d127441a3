"""Waits for the items of a batch while its threads run them: progress, manifest, lease, and the stop."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from airflow_provider_imagen.client.session import Session
from airflow_provider_imagen.core.text import counted
from airflow_provider_imagen.errors import ImagenError, RequestStoppedError
from airflow_provider_imagen.runner.batch_pace import PaceControl
from airflow_provider_imagen.runner.batch_table import BatchTable
from airflow_provider_imagen.runner.batch_workers import Finished, ItemWorkers
from airflow_provider_imagen.runner.progress_bar import ProgressBar
from airflow_provider_imagen.runner.sending import GRACE_SECONDS, StopSwitch

log: logging.Logger = logging.getLogger("airflow.task")
TICK_SECONDS = 1.0
PROGRESS_SECONDS = 10.0
SAVE_SECONDS = 60.0
MANIFEST_SECONDS = 1.0
"""How long a stop leaves for the manifest once the wait for responses is over. Airflow kills a worker after 5 s."""


@dataclass(frozen=True, slots=True)
class BatchConnection:
    """What a stop of the batch acts on."""

    session: Session
    control: PaceControl

    def stop(self) -> None:
        """Send nothing more that may be billed."""
        self.control.stop()
        self.session.stop()

    def abort(self) -> None:
        """End what is under way, after a moment for the manifest."""
        threading.Event().wait(MANIFEST_SECONDS)
        self.session.abort()


@dataclass(slots=True)
class BatchSending:
    """Sends the open items of a table.

    :param table: the items; gets their outcomes.
    :param workers: run them.
    :param control: the pace and the budget.
    :param session: the connection of all.
    :param stop: ends the batch from outside.
    :param save: keeps manifest and state. Called each minute.
    :param save_spent: keeps what was spent. Called when responses are lost: their money leaves no image.
    :param clock: returns seconds of a clock that only goes forward.
    :param bar: shows progress in a terminal.
    """

    table: BatchTable
    workers: ItemWorkers
    control: PaceControl
    session: Session
    stop: StopSwitch
    save: Callable[[], None]
    save_spent: Callable[[], None]
    clock: Callable[[], float]
    bar: ProgressBar = field(default_factory=ProgressBar)
    _done: int = 0
    ended_by: ImagenError | None = None
    """What ended the batch before its last item, because all items would fail with it."""

    def run(self, items: int) -> None:
        """Return when every item has its outcome, or all that are left would fail.

        :param items: how many items are open.
        :raises BaseException: what ended the wait. What came in time is in the table.
        """
        started = self.clock()
        said, saved, drawn = started, started, started
        try:
            self.workers.start()
            while self._done < items and not (self.ended_by and not self.workers.running):
                finished = self.workers.next(TICK_SECONDS)
                if self.stop.is_on:
                    self._take(finished)
                    raise RequestStoppedError("The task was stopped while it waited for responses.")  # noqa: TRY301
                self._take(finished)
                if self.control.has_lost:
                    self.control.has_lost = False
                    self.save_spent()
                now = self.clock()
                if now - drawn >= TICK_SECONDS or self._done == items:
                    drawn = now
                    self.bar.show(self._done, items, self._progress(items, max(now - started, TICK_SECONDS)))
                if now - said >= PROGRESS_SECONDS:
                    said = now
                    log.info("%s", self._progress(items, now - started))
                if now - saved >= SAVE_SECONDS:
                    saved = now
                    self.save()
        except BaseException:
            self._end_at_once()
            raise
        finally:
            self.bar.end()

    def _take(self, finished: Finished | None) -> None:
        if finished is None:
            return
        number, result = finished
        if isinstance(result, BaseException):
            raise result
        outcome, _ = result
        self._done += 1
        self.table.end(number, outcome)
        self.workers.forget(number)
        if self.ended_by is None and self.workers.ended_by is not None:
            self.ended_by = self.workers.ended_by
            log.error("Nothing more is sent, because every other item would fail with this too: %s", self.ended_by)
            self.control.stop()
            self.control.wake()

    def _end_at_once(self) -> None:
        """Send nothing more, and wait for what is under way, all together for a moment."""
        self.workers.close()
        self.control.stop()
        self.session.stop()
        self.control.wake()
        ends = threading.Timer(GRACE_SECONDS, self.workers.results.put, ["over"])
        ends.daemon = True
        ends.start()
        self._keep_ended()
        while self.workers.running and self.workers.results.get() != "over":
            self._keep_ended()
        ends.cancel()
        self._keep_ended()
        for number in self.workers.running:
            self.table.end_under_way(number)

    def _keep_ended(self) -> None:
        """Note what became of the items that ended, also of one whose noting the stop interrupted."""
        for number, result in self.workers.ended:
            if not isinstance(result, BaseException):
                self.table.end(number, result[0])
            self.workers.forget(number)

    def _progress(self, items: int, seconds: float) -> str:
        """Return how far the batch is."""
        counts, control = self.table.counts, self.control
        left = items - self._done
        minutes = f", about {left * seconds / self._done / 60:.0f} min left" if self._done else ""
        of_all, per_minute = counted(counts.items, "item"), counted(round(control.requests * 60 / seconds), "request")
        return (
            f"{counts.done} of {of_all}: {counts.in_words()}; {len(self.workers.running)} under way, "
            f"{per_minute} a minute, {control.budget.spent:.4g} USD{minutes}."
        )
