"""The wait for batch prediction jobs: one look at each in, an event or a pause out. The trigger and the worker use it.

An event is small, whatever the size of the jobs: what became of them is read again by the task.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple

from airflow_provider_imagen.core.batch.job_decision import GONE, MISSING_SECONDS
from airflow_provider_imagen.core.protocols.batch_job import BatchJob
from airflow_provider_imagen.core.text import quoted, shortened
from airflow_provider_imagen.errors import (
    ImagenError,
    InvalidInputError,
    JobNotFoundError,
    PermanentError,
    UnexpectedResponseError,
)

EventStatus = Literal["done", "timeout", "failed"]
STATUSES = ("done", "timeout", "failed")
LONGEST_MESSAGE = 1000
MOST_NAMED = 20
"""How many jobs a trigger carries; the task looks at all of them before it goes on."""


class JobLook(NamedTuple):
    """One look at one job.

    :param name: its resource name.
    :param job: what Google says of it, None after an error.
    :param failure: why it could not be looked at.
    :param missing_seconds: for how long Google has not known it.
    """

    name: str
    job: BatchJob | None = None
    failure: ImagenError | None = None
    missing_seconds: float = 0.0

    @property
    def state(self) -> str:
        """Its state, ``GONE`` for a job that Google does not know, empty when it could not be looked at."""
        if self.job is not None:
            return self.job.state
        return GONE if isinstance(self.failure, JobNotFoundError) else ""

    @property
    def is_over(self) -> bool:
        """Whether there is nothing more to wait for."""
        if self.job is not None:
            return self.job.is_ended
        return self.state == GONE and self.missing_seconds >= MISSING_SECONDS

    def in_words(self) -> str:
        """Return one sentence for the log."""
        return self.job.in_words() if self.job is not None else f"{self.name}: {self.failure}"


class PollOutcome(NamedTuple):
    """What follows from one look at all jobs.

    :param text: what was seen, for the log.
    :param event: what the wait ends with, None while it goes on.
    :param pause_seconds: when to look again.
    :param failure: the error that ends the wait.
    """

    text: str
    event: dict[str, str] | None = None
    pause_seconds: float = 0.0
    failure: ImagenError | None = None


class JobEvent(NamedTuple):
    """A trigger's event, read.

    :param deadline: Unix time in seconds at which the wait was to be over.
    """

    status: EventStatus
    message: str
    deadline: float = 0.0


def outcome_of(looks: Sequence[JobLook], *, now: float, deadline: float, poll_interval: float) -> PollOutcome:
    """Return what follows from one look at each job. A passing error of one look counts for nothing.

    :param looks: the jobs.
    :param now: Unix time in seconds.
    :param deadline: Unix time at which the wait is over.
    :param poll_interval: seconds between two looks.
    """
    text = "; ".join(look.in_words() for look in looks[:MOST_NAMED])
    if all(look.is_over for look in looks):
        return PollOutcome(text, _event("done", text))
    if fatal := next((look for look in looks if _is_fatal(look)), None):
        return PollOutcome(text, _event("failed", str(fatal.failure)), failure=fatal.failure)
    if now >= deadline:
        return PollOutcome(text, _event("timeout", f"{late(deadline)} {text}"))
    return PollOutcome(text, None, max(0.0, min(poll_interval, deadline - now)))


def unanswered(deadline: float) -> PollOutcome:
    """Return what follows when a look at the deadline did not come back."""
    text = f"{late(deadline)} The last look at them was not answered."
    return PollOutcome(text, _event("timeout", text))


def late(deadline: float) -> str:
    """Say that the time of a wait is over."""
    moment = datetime.fromtimestamp(deadline, UTC).isoformat(timespec="seconds")
    return f"The jobs were not done at {moment}."


def read_event(event: Mapping[str, Any] | None) -> JobEvent:
    """Read what a trigger reported.

    :raises InvalidInputError: it is no event of this package.
    """
    status = event.get("status") if isinstance(event, Mapping) else None
    if status not in STATUSES or not isinstance(event, Mapping):
        raise InvalidInputError(
            (
                f"The triggerer reported {quoted(event)}, which is no event of this wait. Clear the task: its jobs go "
                "on and are found again.",
            )
        )
    deadline = event.get("deadline")
    return JobEvent(
        status, str(event.get("message") or ""), float(deadline) if isinstance(deadline, int | float) else 0.0
    )


def _is_fatal(look: JobLook) -> bool:
    """Say whether the wait must end: what Google refuses for good stays refused."""
    passing = JobNotFoundError | UnexpectedResponseError
    return isinstance(look.failure, PermanentError) and not isinstance(look.failure, passing)


def _event(status: EventStatus, message: str) -> dict[str, str]:
    return {"status": status, "message": shortened(message, LONGEST_MESSAGE)}
