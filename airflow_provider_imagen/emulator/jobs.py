"""One batch prediction job: where it stands by the looks at it or by the clock, and its resource."""

from __future__ import annotations

import threading
from array import array
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from tempfile import TemporaryFile
from typing import IO, Any, Literal

from airflow_provider_imagen.emulator.job_import import Column
from airflow_provider_imagen.emulator.job_orders import JobOrder
from airflow_provider_imagen.emulator.ordered_clock import OrderedClock, timestamp

WAITING_LOOKS, RUNNING_LOOKS, CANCELLING_LOOKS = 1, 1, 1
Phase = Literal["waiting", "running", "ended"]


@dataclass(slots=True)
class Counts:
    """How many lines came to what; ``failures`` has the first twenty."""

    successful: int = 0
    failed: int = 0
    incomplete: int = 0
    failures: list[dict[str, Any]] = field(default_factory=list)

    @property
    def stats(self) -> dict[str, str]:
        """The ``completionStats``: numbers as text, and zero left out, as proto3 JSON has it."""
        counts = {
            "successfulCount": self.successful,
            "failedCount": self.failed,
            "incompleteCount": self.incomplete,
        }
        return {name: str(count) for name, count in counts.items() if count}


class Job:
    """A job and what is known of it. Whoever changes it holds its lock.

    :param name: the resource name.
    :param body: the job as it was created.
    :param model: the row of its model.
    :param order: what becomes of it.

    ``lines`` are its imported lines, which begin at ``offsets``.
    """

    def __init__(
        self, name: str, body: dict[str, Any], model: dict[str, Any], order: JobOrder, clock: OrderedClock
    ) -> None:
        self.name: str = name
        self.body: dict[str, Any] = body
        self.model: dict[str, Any] = model
        self.order: JobOrder = order
        self.lock: threading.Lock = threading.Lock()
        self.schema: Column = Column()
        self.lines: IO[bytes] = TemporaryFile()  # noqa: SIM115  # kept until the job has ended
        self.offsets: array[int] = array("Q")
        self.counts: Counts | None = None
        self.error: tuple[int, str] | None = None
        self.created: datetime = clock.now()
        self.updated: datetime = self.created
        self.started: datetime | None = None
        self.ended: datetime | None = None
        self.end_state: str = ""
        self.progress_at_cancel: float | None = None
        self._clock = clock
        self._looks = 0
        self._looks_at_cancel = 0

    def look(self) -> None:
        """Count a look at the job."""
        self._looks += 1

    def cancel(self) -> None:
        """Cancel the job, unless that was done before."""
        if self.progress_at_cancel is None:
            self.progress_at_cancel = self.progress
            self._looks_at_cancel = self._looks
            self.updated = self._clock.now()

    def start(self) -> None:
        """Note that the job runs."""
        self.started = self.updated = self._moment(self._pending)

    def end(self, state: str, error: tuple[int, str] | None = None) -> None:
        """Note that the job has ended."""
        self.end_state, self.error = state, error
        at_end = self._moment(self._pending + self._running) if self.started and not self.is_cancelled else None
        self.ended = self.updated = at_end or self._clock.now()
        self.lines.close()

    @property
    def total(self) -> int:
        """How many lines were imported."""
        return len(self.offsets)

    @property
    def is_cancelled(self) -> bool:
        """Whether the job was cancelled."""
        return self.progress_at_cancel is not None

    @property
    def never_runs(self) -> bool:
        """Whether the job expires in the queue."""
        return self.order.end_state == "JOB_STATE_EXPIRED" and not self.order.finished_lines

    @property
    def phase(self) -> Phase:
        """Where the job stands, whether or not that was acted upon."""
        if self.is_cancelled:
            is_over = self._looks - self._looks_at_cancel > CANCELLING_LOOKS
            return "ended" if is_over else "running" if self.started else "waiting"
        passed, waits, runs = float(self._looks), float(WAITING_LOOKS), float(RUNNING_LOOKS)
        if self.order.has_times:
            passed, waits, runs = self._age, self._pending, self._running
            return "waiting" if passed < waits else "running" if passed < waits + runs else "ended"
        if passed > waits + runs:
            return "ended"
        return "waiting" if passed <= waits else "running"

    @property
    def progress(self) -> float:
        """How much of its running time has passed, from 0 to 1."""
        if self.phase == "waiting" or not self.order.has_times:
            return 0.0 if self.phase == "waiting" else 0.5
        return min(1.0, (self._age - self._pending) / self._running) if self._running else 1.0

    @property
    def is_hidden(self) -> bool:
        """Whether no list shows the job yet."""
        return self._age < self.order.hidden_seconds

    @property
    def state(self) -> str:
        """The state that the resource shows."""
        if self.ended:
            return self.end_state
        if self.is_cancelled:
            return "JOB_STATE_CANCELLING"
        return self.order.running_state if self.started else self.order.waiting_state

    @property
    def directory(self) -> str:
        """The folder of the results."""
        prefix = self.body["outputConfig"]["gcsDestination"]["outputUriPrefix"].rstrip("/")
        return f"{prefix}/prediction-model-{timestamp(self.created)}"

    @property
    def resource(self) -> dict[str, Any]:
        """The ``BatchPredictionJob``."""
        times = {"createTime": self.created, "startTime": self.started, "endTime": self.ended}
        resource: dict[str, Any] = {
            **self.body,
            "name": self.name,
            "modelVersionId": "1",
            "state": self.state,
            **{name: timestamp(moment) for name, moment in times.items() if moment},
            "updateTime": timestamp(self.updated),
        }
        if self.started:
            resource["outputInfo"] = {"gcsOutputDirectory": self.directory}
        if self.started or self.counts:
            resource["completionStats"] = (self.counts or self._running_counts).stats
        if self.error:
            resource["error"] = {"code": self.error[0], "message": self.error[1]}
        if self.counts and self.counts.failures:
            resource["partialFailures"] = self.counts.failures
        return resource

    @property
    def _running_counts(self) -> Counts:
        done = int(self.total * self.progress)
        return Counts(successful=done, incomplete=self.total - done)

    @property
    def _age(self) -> float:
        return (self._clock.now() - self.created).total_seconds()

    @property
    def _pending(self) -> float:
        return self.order.pending_seconds or 0.0

    @property
    def _running(self) -> float:
        return self.order.running_seconds or 0.0

    def _moment(self, seconds: float) -> datetime:
        """Return when a change was due by the clock; without times, now."""
        return self.created + timedelta(seconds=seconds) if self.order.has_times else self._clock.now()
