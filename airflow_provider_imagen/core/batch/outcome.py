"""What became of the items of a batch: counts, the document about them, and whether the task failed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from airflow_provider_imagen.core.batch.manifest import STATUSES, Status
from airflow_provider_imagen.core.batch.rows import row_in_words
from airflow_provider_imagen.core.batch.settings import BatchSettings
from airflow_provider_imagen.core.text import counted, shortened
from airflow_provider_imagen.errors import (
    CredentialsError,
    ImagenError,
    ImagesExistError,
    ImagesFilteredError,
    InvalidConnectionError,
    ModelNotFoundError,
    NotSentError,
    OutputError,
    OverBudgetError,
    PermissionDeniedError,
    QuotaExceededError,
    RequestRejectedError,
    RequestStoppedError,
    ResponseLostError,
    ServerError,
    ServiceUnavailableError,
    StorageNotFoundError,
    TokenLimitError,
    UnexpectedResponseError,
)

MOST_FAILURES = 20
LONGEST_REASON = 300
LONGEST_PLACES = 2000
"""Characters of a reason that names where images were kept that are paid for: it stands in the manifest only."""
MOST_IN_ERROR = 5
ASKS_FOR_THE_REST = "Another try asks only for what is missing."
NO_RETRY_HELPS = "A retry would not change that: see the reasons, then clear the task."


class ItemOutcome(NamedTuple):
    """What became of one item.

    :param status: in a word.
    :param uris: its images.
    :param reason: why there is no image, or fewer than asked for.
    :param model: the model that was asked.
    :param cost_usd: by list price, None where no price is known.
    :param seconds: how long its requests took.
    :param is_final: another try of this task cannot help.
    :param by_policy: only because of an argument of the task that says what not to do; a run with another may ask.
    """

    status: Status
    uris: tuple[str, ...] = ()
    reason: str | None = None
    model: str | None = None
    cost_usd: float | None = None
    seconds: float | None = None
    is_final: bool = False
    by_policy: bool = False


def failed_outcome(failure: ImagenError, *, model: str | None, was_sent: bool, cost_usd: float | None) -> ItemOutcome:
    """Return what became of an item that ended with an error.

    :param failure: the error.
    :param model: the model that was asked.
    :param was_sent: a request of the item was sent and its response did not come.
    :param cost_usd: what its lost responses may cost.
    """
    reason = shortened(str(failure), LONGEST_PLACES if isinstance(failure, OutputError) else LONGEST_REASON)
    if isinstance(failure, ResponseLostError | UnexpectedResponseError) or was_sent:
        return ItemOutcome("lost", (), reason, model, cost_usd)
    if isinstance(failure, RequestStoppedError | OverBudgetError):
        return ItemOutcome("not_sent", (), reason, model, cost_usd, is_final=isinstance(failure, OverBudgetError))
    if isinstance(failure, ImagesFilteredError):
        return ItemOutcome("filtered", (), reason, model, cost_usd, is_final=True)
    is_final = isinstance(failure, RequestRejectedError | TokenLimitError | ImagesExistError)
    if isinstance(failure, RequestRejectedError) and failure.is_foreign:
        is_final = False  # Google has not judged the words
    by_policy = isinstance(failure, ImagesExistError)
    return ItemOutcome("failed", (), reason, model, cost_usd, is_final=is_final, by_policy=by_policy)


class Failure(NamedTuple):
    """One item without its images, for the document."""

    row: int
    key: str
    status: str
    reason: str


@dataclass(slots=True)
class Counts:
    """How many items have which status, what they cost, and the first failures."""

    items: int
    on_filtered: str = "fail"
    on_lost: str = "fail"
    by_status: dict[str, int] = field(default_factory=lambda: dict.fromkeys(STATUSES, 0))
    images: int = 0
    cost_usd: float = 0.0
    models: dict[str, int] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)
    may_succeed: int = 0
    """Items that failed and may succeed next time."""

    def add(self, row: int, key: str, outcome: ItemOutcome) -> None:
        """Count one item."""
        self.by_status[outcome.status] += 1
        self.images += len(outcome.uris)
        self.cost_usd += outcome.cost_usd or 0.0
        if outcome.status == "made" and outcome.model:
            self.models[outcome.model] = self.models.get(outcome.model, 0) + 1
        if outcome.status in {"made", "reused"}:
            return
        if self._counts_as_failed(outcome.status):
            lost_for_good = outcome.status == "lost" and self.on_lost == "fail"
            self.may_succeed += not (outcome.is_final or lost_for_good)
        if len(self.failures) < MOST_FAILURES:
            self.failures.append(Failure(row, key, outcome.status, shortened(outcome.reason or "", LONGEST_REASON)))

    def _counts_as_failed(self, status: str) -> bool:
        return status in {"failed", "lost", "not_sent"} or (status == "filtered" and self.on_filtered == "fail")

    @property
    def failed(self) -> int:
        """How many items count against ``max_failed_items``."""
        return sum(number for status, number in self.by_status.items() if self._counts_as_failed(status))

    @property
    def done(self) -> int:
        """How many items have an outcome."""
        return sum(self.by_status.values())

    def in_words(self) -> str:
        """Return the counts as a phrase: those that are not 0."""
        known = [f"{number} {status.replace('_', ' ')}" for status, number in self.by_status.items() if number]
        return ", ".join(known) or "none done"

    def document(self, manifest: str, **notes: Any) -> dict[str, Any]:
        """Return the ``result`` document: a few kB for any number of items.

        :param manifest: the URI of the manifest.
        :param notes: other fields.
        """
        return {
            "manifest": manifest,
            "items": self.items,
            "counts": dict(self.by_status),
            "images": self.images,
            "estimated_cost_usd": round(self.cost_usd, 6),
            "models": dict(self.models),
            "failures": [each._asdict() for each in self.failures],
            **notes,
        }


def failure_text(counts: Counts, settings: BatchSettings, manifest: str) -> str | None:
    """Return why a batch failed, None when it did not.

    :param counts: what became of its items.
    :param settings: how many may fail.
    :param manifest: the URI of the manifest.
    """
    allowed = settings.may_fail(counts.items)
    if counts.failed <= allowed:
        return None
    items = f"{counted(counts.items, 'item')} {'has' if counts.failed == 1 else 'have'}"
    first = "".join(
        f"\n  - row {row_in_words(each.row, each.key)}, {each.status.replace('_', ' ')}: {each.reason}"
        for each in _counting(counts)[:MOST_IN_ERROR]
    )
    rest = ASKS_FOR_THE_REST if counts.may_succeed else NO_RETRY_HELPS
    return (
        f"{counts.failed} of {items} no images, max_failed_items allows {allowed} "
        f"({counts.in_words()}). What became of each is in {manifest}. {rest}{first}"
    )


def _counting(counts: Counts) -> Sequence[Failure]:
    return [each for each in counts.failures if each.status != "filtered" or counts.on_filtered == "fail"]


ENDS_A_BATCH = (
    CredentialsError,
    InvalidConnectionError,
    StorageNotFoundError,
    OutputError,
    QuotaExceededError,
    ServiceUnavailableError,
    NotSentError,
)
"""What every other item would fail with too: the caller, the place, or a service that has accepted nothing for long."""
MAY_END_A_BATCH = (PermissionDeniedError, ModelNotFoundError, ServerError)
MOST_IN_A_ROW = 10


@dataclass(slots=True)
class Trouble:
    """Tells the trouble of one item from that of all."""

    _in_a_row: int = 0

    def ends_batch(self, failure: ImagenError | None) -> bool:
        """Say whether nothing more is to be sent.

        :param failure: the error of the item that has just ended, None where it has images.
        """
        self._in_a_row = self._in_a_row + 1 if isinstance(failure, MAY_END_A_BATCH) else 0
        if isinstance(failure, OverBudgetError):
            return True
        return isinstance(failure, ENDS_A_BATCH) or self._in_a_row >= MOST_IN_A_ROW
