"""The life of a request over several tries as one table: facts in, the next step out.

The runner performs the steps and knows no policy; nothing here sends, reads or writes. Each table is read from top to
bottom: the first row whose condition holds names the step.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple

RecordState = Literal["none", "unreadable", "finished", "in_flight", "lost"]
Writer = Literal["this_task", "same_run", "other_run", "expired"]
RecordFate = Literal["keep", "lost", "remove"]
Reason = Literal[
    "record_unreadable",
    "images_exist",
    "two_writers",
    "other_host",
    "response_lost",
    "no_image",
    "filtered",
    "failed",
    "not_recorded",
    "stopped",
]

MOST_SENDINGS = 2
"""A request is sent once, and at most once more."""
MOST_SENDINGS_AFTER_SERVER_ERRORS = 10
"""A request that Google did not charge is sent as often as ten minutes allow, with a look of a minute between."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known when the next step is chosen.

    :param requested: how many images the task asks for.
    :param images: images of this request in its place. With a finished record: those it names that are still there.
    :param present: images in the place that are not of this request.
    :param if_exists: ``generate``, ``reuse`` or ``fail``.
    :param on_lost: ``fail`` or ``resend``.
    :param stores_output: Google writes the images into the place itself.
    :param one_image_per_request: the model makes one image a request, so a part of the images can be asked for.
    :param record: what was left under this name before this try.
    :param same_fingerprint: that record is about the same request.
    :param writer: the task instance that wrote a record in flight; ``expired``: another one, whose time is over.
    :param cleared: the task was cleared, or runs in another run, since the record was written.
    :param other_host: an earlier try ran on another machine, and this machine does not see its place.
    :param sendings: how often this try has sent.
    :param looked: the place was watched since the last sending, or since the try began.
    :param new: images that the sendings of this try brought.
    :param lost: responses of the last sending that were lost.
    :param server_errors: responses of the last sending that were errors in Google's own words, which are not charged.
    :param empty: responses of the last sending with neither an image nor a reason.
    :param filtered: images of the last sending that Google held back.
    :param failed: requests of the last sending that failed otherwise.
    :param unrecorded: the intent to send once more could not be recorded, so it was not sent.
    :param stopped: a stop was asked for.
    """

    requested: int = 1
    images: int = 0
    present: int = 0
    if_exists: str = "generate"
    on_lost: str = "fail"
    stores_output: bool = False
    one_image_per_request: bool = False
    record: RecordState = "none"
    same_fingerprint: bool = True
    writer: Writer = "this_task"
    cleared: bool = False
    other_host: bool = False
    sendings: int = 0
    looked: bool = False
    new: int = 0
    lost: int = 0
    server_errors: int = 0
    empty: int = 0
    filtered: int = 0
    failed: int = 0
    unrecorded: bool = False
    stopped: bool = False


class Send(NamedTuple):
    """Send requests for this many images."""

    images: int


class Look(NamedTuple):
    """Watch the place for images, for at most a minute."""


class WaitForWriter(NamedTuple):
    """Wait until the other run's request is finished or its time is over."""


class Return(NamedTuple):
    """Return the images that are there.

    :param reused: an earlier try or run made them; nothing was sent.
    """

    reused: bool = False


class Stop(NamedTuple):
    """End with an error.

    :param reason: which one.
    :param record: what becomes of the record: it stays as it is, is marked as lost, or is removed.
    """

    reason: Reason
    record: RecordFate


Step = Send | Look | WaitForWriter | Return | Stop


class Rule(NamedTuple):
    """One row of a table."""

    known: str
    applies: Callable[[Facts], bool]
    step: Callable[[Facts], Step]


def next_step(facts: Facts) -> Step:
    """Return the step that follows from the facts."""
    return rule_for(facts).step(facts)


def rule_for(facts: Facts) -> Rule:
    """Return the row that applies."""
    return next(rule for rule in table_for(facts) if rule.applies(facts))


def table_for(facts: Facts) -> tuple[Rule, ...]:
    """Return the table of the phase that a try is in."""
    if facts.stopped:
        return STOPPED
    return AFTER_SENDING if facts.sendings else BEFORE_SENDING


def _may_be_sent_again(facts: Facts) -> int:
    """Return how many requests of the last sending may be sent once more."""
    # Where Google stores the images, a look has shown that there are none.
    if facts.unrecorded or (facts.stores_output and facts.images):
        return 0
    free = facts.server_errors if facts.stores_output else 0
    if free and not facts.lost and facts.sendings < MOST_SENDINGS_AFTER_SERVER_ERRORS:
        return free
    if facts.sendings >= MOST_SENDINGS:
        return 0
    return free + facts.empty + (facts.lost if facts.stores_output or facts.on_lost == "resend" else 0)


def _some(facts: Facts, images: int) -> Send:
    """Send so many requests where each brings one image, else one request for all that is missing."""
    return Send(images if facts.one_image_per_request else facts.requested - facts.images)


def _would_pay_for_a_lost_one(facts: Facts) -> bool:
    """Say whether the next try, which sees only an intent and images, would ask again for what ``on_lost`` forbids."""
    return facts.lost > 0 and facts.on_lost == "fail" and not facts.stores_output


def _kept_if_images(facts: Facts) -> RecordFate:
    return "keep" if facts.images else "remove"


STOPPED = (Rule("a stop was asked for", lambda _: True, lambda _: Stop("stopped", "keep")),)

BEFORE_SENDING = (
    Rule("the record cannot be read", lambda f: f.record == "unreadable", lambda _: Stop("record_unreadable", "keep")),
    Rule(
        "in flight, by another task of the same run",
        lambda f: f.record == "in_flight" and f.writer == "same_run",
        lambda _: Stop("two_writers", "keep"),
    ),
    Rule(
        "in flight, by another run",
        lambda f: f.record == "in_flight" and f.writer == "other_run",
        lambda _: WaitForWriter(),
    ),
    Rule(
        "an earlier try on another machine, and nothing of it is here",
        lambda f: f.other_host and f.record == "none" and f.present == 0 and f.on_lost == "fail",
        lambda _: Stop("other_host", "keep"),
    ),
    Rule(
        "no record, images are there, and if_exists is fail",
        lambda f: f.record == "none" and f.present > 0 and f.if_exists == "fail",
        lambda _: Stop("images_exist", "keep"),
    ),
    Rule("no record", lambda f: f.record == "none", lambda f: Send(f.requested)),
    Rule(
        "finished, and none of its images is left",
        lambda f: f.record == "finished" and f.images == 0,
        lambda f: Send(f.requested),
    ),
    Rule(
        "finished, and if_exists is fail",
        lambda f: f.record == "finished" and f.if_exists == "fail",
        lambda _: Stop("images_exist", "keep"),
    ),
    Rule(
        "finished, the same request, and if_exists is reuse",
        lambda f: f.record == "finished" and f.same_fingerprint and f.if_exists == "reuse",
        lambda _: Return(reused=True),
    ),
    Rule("finished, and new images are wanted", lambda f: f.record == "finished", lambda f: Send(f.requested)),
    Rule("in flight, another request", lambda f: not f.same_fingerprint, lambda f: Send(f.requested)),
    Rule(
        "in flight, images are missing, and Google may still store them",
        lambda f: f.stores_output and f.images < f.requested and not f.looked,
        lambda _: Look(),
    ),
    Rule(
        "in flight, images are there, and if_exists is fail",
        lambda f: f.images > 0 and f.if_exists == "fail",
        lambda _: Stop("images_exist", "keep"),
    ),
    Rule("in flight, every image is there", lambda f: f.images >= f.requested, lambda _: Return(reused=True)),
    Rule(
        "in flight, some images are there that Google stored",
        lambda f: f.images > 0 and f.stores_output,
        lambda _: Return(reused=True),
    ),
    Rule("in flight, some images are there", lambda f: f.images > 0, lambda f: Send(f.requested - f.images)),
    Rule(
        "lost before, nothing is there, this is a retry, and on_lost is fail",
        lambda f: f.record == "lost" and not f.cleared and f.on_lost == "fail",
        lambda _: Stop("response_lost", "keep"),
    ),
    Rule("in flight, and nothing is there", lambda _: True, lambda f: Send(f.requested)),
)

AFTER_SENDING = (
    Rule(
        "a response is lost or an error, and Google may have stored its images",
        lambda f: (f.lost > 0 or f.server_errors > 0) and f.stores_output and not f.looked,
        lambda _: Look(),
    ),
    Rule(
        "responses are lost, errors or empty, and may be asked for once more",
        lambda f: f.images < f.requested and _may_be_sent_again(f) > 0,
        lambda f: _some(f, _may_be_sent_again(f)),
    ),
    Rule(
        "asking once more cannot be recorded, and the next try may ask for all that is missing",
        lambda f: f.unrecorded and not _would_pay_for_a_lost_one(f),
        lambda _: Stop("not_recorded", "keep"),
    ),
    Rule("new images are there", lambda f: f.new > 0, lambda _: Return()),
    Rule("a response is lost", lambda f: f.lost > 0, lambda _: Stop("response_lost", "lost")),
    Rule("a request failed", lambda f: f.failed + f.server_errors > 0, lambda f: Stop("failed", _kept_if_images(f))),
    Rule("a response was empty", lambda f: f.empty > 0, lambda f: Stop("no_image", _kept_if_images(f))),
    Rule("filtered, and an earlier try left images", lambda f: f.images > 0, lambda _: Return()),
    Rule("filtered, and nothing is there", lambda _: True, lambda _: Stop("filtered", "remove")),
)
