"""The life of a batch prediction job over several tries as one table: facts in, the next step out.

A job is created once for its intent: what says so in Google's list is a label that the intent had before. The runner
performs the steps and knows no policy. Each table is read from top to bottom: the first row whose condition holds names
the step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, NamedTuple

from airflow_provider_imagen.core.protocols.batch_job import END_STATES, GOOD_ENDS, BatchJob

RecordState = Literal["none", "intended", "lost", "submitted", "read"]
Creation = Literal["", "refused", "not_sent", "lost"]
RecordFate = Literal["keep", "lost", "withdraw"]
Reason = Literal["refused", "not_sent", "response_lost", "timeout", "stopped"]

LOOKS_SECONDS = (5, 30, 60, 120, 300)
"""When Google's list is looked at for a job whose create was not answered, counted from the loss. Google does not say
how soon a new job is listed."""

MOST_CREATIONS = 2
GONE = "GONE"
"""The state of a job that Google does not know any more (404)."""
MISSING_SECONDS = 600
"""How long a job may be unknown to Google before it counts as gone."""


@dataclass(frozen=True, slots=True)
class JobFacts:
    """What is known of one job when the next step is chosen.

    :param record: what is recorded: nothing, an intent without an answer, an intent whose answer was lost, a job that
        was accepted, or one whose results were read.
    :param found: how many jobs the list shows with the label of the intent.
    :param looks: how often this try has looked at the list since the loss.
    :param creation: what the last create of this try came to, empty when it sent none.
    :param creations: how often this try has sent a create.
    :param on_lost: ``fail`` or ``resend``.
    :param cleared: the task was cleared, or runs in another run, since the record was written.
    :param state: Google's state of a submitted job, empty before it was looked at; ``GONE`` for one it does not know.
    :param missing_seconds: for how long Google has not known it.
    :param late: the wait is over.
    :param cancel_on_timeout: a job that is not done in time is cancelled.
    :param cancel_on_kill: a job is cancelled when its task is stopped.
    :param cancelled: this try has cancelled it.
    :param stopped: a stop was asked for.
    """

    record: RecordState = "none"
    found: int = 0
    looks: int = 0
    creation: Creation = ""
    creations: int = 0
    on_lost: str = "fail"
    cleared: bool = False
    state: str = ""
    missing_seconds: float = 0.0
    late: bool = False
    cancel_on_timeout: bool = False
    cancel_on_kill: bool = False
    cancelled: bool = False
    stopped: bool = False


class Create(NamedTuple):
    """Record the intent, then create the job."""


class LookUp(NamedTuple):
    """Look at Google's list for a job with the label.

    :param at_seconds: when, counted from the loss.
    """

    at_seconds: int


class Attach(NamedTuple):
    """Take the job that was found for the one of the intent; cancel the others."""


class Wait(NamedTuple):
    """Look at the job again after a poll interval."""


class Cancel(NamedTuple):
    """Ask Google to cancel the job."""


class Read(NamedTuple):
    """Read whatever results there are, and store their images."""


class Close(NamedTuple):
    """Finish: remove the files of the job where every image is stored."""


class Stop(NamedTuple):
    """End with an error.

    :param reason: which one.
    :param record: what becomes of the record: it stays, is marked as lost, or is withdrawn.
    """

    reason: Reason
    record: RecordFate


Step = Create | LookUp | Attach | Wait | Cancel | Read | Close | Stop


class Rule(NamedTuple):
    """One row of a table."""

    known: str
    applies: Callable[[JobFacts], bool]
    step: Callable[[JobFacts], Step]


def next_step(facts: JobFacts) -> Step:
    """Return the step that follows from the facts."""
    return rule_for(facts).step(facts)


def rule_for(facts: JobFacts) -> Rule:
    """Return the row that applies."""
    return next(rule for rule in table_for(facts) if rule.applies(facts))


def table_for(facts: JobFacts) -> tuple[Rule, ...]:
    """Return the table of the phase that a job is in."""
    if facts.stopped:
        return STOPPED
    return SUBMITTED if facts.record in {"submitted", "read"} else NOT_SUBMITTED


def choose(jobs: Iterable[BatchJob]) -> tuple[BatchJob, list[BatchJob]]:
    """Return the job of an intent among those with its label, and the others.

    One that runs or succeeded is preferred to one that ended otherwise; of two, the older one.
    """
    newest = datetime.max.replace(tzinfo=UTC)
    lost = END_STATES - GOOD_ENDS
    ordered = sorted(jobs, key=lambda job: (job.state in lost, job.created or newest, job.name))
    return ordered[0], ordered[1:]


STOPPED = (
    Rule(
        "a stop was asked for, the job may be running, and cancel_on_kill is set",
        lambda f: f.record == "submitted" and f.cancel_on_kill and not f.cancelled and f.state not in END_STATES,
        lambda _: Cancel(),
    ),
    Rule("a stop was asked for", lambda _: True, lambda _: Stop("stopped", "keep")),
)

NOT_SUBMITTED = (
    Rule("the list shows a job with the label of the intent", lambda f: f.found > 0, lambda _: Attach()),
    Rule(
        "lost, and refused when it was created once more: the first one may be there",
        lambda f: f.creation in {"refused", "not_sent"} and f.creations > 1,
        lambda f: Stop("refused" if f.creation == "refused" else "not_sent", "lost"),
    ),
    Rule("Google refused to create it", lambda f: f.creation == "refused", lambda _: Stop("refused", "withdraw")),
    Rule("the create was never accepted", lambda f: f.creation == "not_sent", lambda _: Stop("not_sent", "withdraw")),
    Rule("no intent", lambda f: f.record == "none", lambda _: Create()),
    Rule(
        "lost in an earlier try, and not looked for in this one",
        lambda f: f.record == "lost" and not f.creation and f.looks == 0,
        lambda _: LookUp(0),
    ),
    Rule(
        "lost in an earlier try, not found, this is a retry, and on_lost is fail",
        lambda f: f.record == "lost" and not f.creation and not f.cleared and f.on_lost == "fail",
        lambda _: Stop("response_lost", "keep"),
    ),
    Rule(
        "lost in an earlier try, not found, and may be created again",
        lambda f: f.record == "lost" and not f.creation,
        lambda _: Create(),
    ),
    Rule(
        "the answer to the create is missing, and the job may be listed later",
        lambda f: f.looks < len(LOOKS_SECONDS),
        lambda f: LookUp(LOOKS_SECONDS[f.looks]),
    ),
    Rule("its worker died before there was an answer", lambda f: not f.creation, lambda _: Create()),
    Rule(
        "the answer is lost, and it may be created once more",
        lambda f: f.on_lost == "resend" and f.creations < MOST_CREATIONS,
        lambda _: Create(),
    ),
    Rule("the answer is lost", lambda _: True, lambda _: Stop("response_lost", "lost")),
)

SUBMITTED = (
    Rule("its results were read", lambda f: f.record == "read", lambda _: Close()),
    Rule("it has ended", lambda f: f.state in END_STATES, lambda _: Read()),
    Rule(
        "Google does not know it any more",
        lambda f: f.state == GONE and f.missing_seconds >= MISSING_SECONDS,
        lambda _: Read(),
    ),
    Rule(
        "the wait is over, and cancel_on_timeout is set",
        lambda f: f.late and f.cancel_on_timeout and not f.cancelled,
        lambda _: Cancel(),
    ),
    Rule("the wait is over", lambda f: f.late, lambda _: Stop("timeout", "keep")),
    Rule("it goes on", lambda _: True, lambda _: Wait()),
)
