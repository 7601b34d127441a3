"""What a test can order of a batch prediction job."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

END_STATES = (
    "JOB_STATE_SUCCEEDED",
    "JOB_STATE_PARTIALLY_SUCCEEDED",
    "JOB_STATE_FAILED",
    "JOB_STATE_CANCELLED",
    "JOB_STATE_EXPIRED",
)
WAITING_STATES = ("JOB_STATE_PENDING", "JOB_STATE_QUEUED")
RUNNING_STATES = ("JOB_STATE_RUNNING", "JOB_STATE_PAUSED", "JOB_STATE_UPDATING")
IMPORT_FAILURE = 3, "Failed to import data. Error while reading the input file. Ordered by a test."
EXPORT_FAILURE = (
    7,
    "The Vertex AI service agent does not have storage.objects.create access to the Google Cloud Storage object.",
)
SYSTEM_FAILURE = 13, "System error. Please try this operation again"
CANCELLED = 1, "CANCELED"
EXPIRED = 4, "The job was not started within 72 hours."
FAILURES = {"import": IMPORT_FAILURE, "export": EXPORT_FAILURE}


@dataclass(frozen=True, slots=True)
class JobOrder:
    """What becomes of batch prediction jobs that are created from now on.

    Without times a job waits for one look (a ``get``), runs for one, and has ended at the third. With times it follows
    the emulator's clock, which a test puts forward.

    :param times: how many jobs it applies to. None: all, until the emulator is reset.
    :param skip: how many jobs pass before the first.
    :param pending_seconds: how long the job waits, by the emulator's clock.
    :param running_seconds: how long it runs.
    :param waiting_state: the state while it waits, ``JOB_STATE_PENDING`` or ``JOB_STATE_QUEUED``.
    :param running_state: the state while it runs; with ``JOB_STATE_PAUSED`` and ``JOB_STATE_UPDATING`` it goes on too.
    :param end_state: the state it ends in.
    :param finished_lines: how many lines are answered at the end. None: all in a succeeded job, half in one that
        succeeded partially or was cancelled, none in others.
    :param fails_at: "import": it fails before it runs. "export": it runs to its end, and no result is written.
    :param error: code and message of its ``error`` in place of the usual ones.
    :param failed_lines: how many lines get no answer, but a status. These are not charged.
    :param missing_lines: how many lines are left out of the results.
    :param duplicated_lines: how many lines are answered more than once, each time with another image, each charged.
    :param copies: how many answers each of those gets.
    :param keeps_keys: whether what stands beside ``request`` in a line is in the result too.
    :param incremental: write ``incremental_predictions`` "beside" the whole results, or "instead" of them.
    :param hidden_seconds: how long no list shows the job, by the emulator's clock.
    :param after_cancel: the state that a cancelled job ends in.
    :raises ValueError: a state or a place to fail that does not exist.
    """

    times: int | None = 1
    skip: int = 0
    pending_seconds: float | None = None
    running_seconds: float | None = None
    waiting_state: str = "JOB_STATE_PENDING"
    running_state: str = "JOB_STATE_RUNNING"
    end_state: str = "JOB_STATE_SUCCEEDED"
    finished_lines: int | None = None
    fails_at: Literal["import", "export"] | None = None
    error: tuple[int, str] | None = None
    failed_lines: int = 0
    missing_lines: int = 0
    duplicated_lines: int = 0
    copies: int = 2
    keeps_keys: bool = True
    incremental: Literal["beside", "instead"] | None = None
    hidden_seconds: float = 0.0
    after_cancel: str = "JOB_STATE_CANCELLED"

    def __post_init__(self) -> None:
        """Check the words."""
        for name, value, allowed in (
            ("waiting_state", self.waiting_state, WAITING_STATES),
            ("running_state", self.running_state, RUNNING_STATES),
            ("end_state", self.end_state, END_STATES),
            ("after_cancel", self.after_cancel, END_STATES),
            ("fails_at", self.fails_at, (None, *FAILURES)),
            ("incremental", self.incremental, (None, "beside", "instead")),
        ):
            if value not in allowed:
                raise ValueError(f"{name} must be one of {', '.join(str(each) for each in allowed)}.")

    @property
    def has_times(self) -> bool:
        """Whether the job follows the clock, not the looks at it."""
        return self.pending_seconds is not None or self.running_seconds is not None
