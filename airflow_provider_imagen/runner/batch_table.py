"""The items of a batch while it runs, and what became of each. Of an item only a few values stay in memory."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import NamedTuple

from airflow_provider_imagen.core.batch.manifest import ManifestLine
from airflow_provider_imagen.core.batch.outcome import Counts, ItemOutcome
from airflow_provider_imagen.core.batch.plan import PlannedItem
from airflow_provider_imagen.core.batch.reuse import Listed, own_files
from airflow_provider_imagen.core.batch.rows import Item, RowProblem
from airflow_provider_imagen.core.batch.table_check import PlannedTable
from airflow_provider_imagen.runner.batch_files import PlanSpool

UNDER_WAY = "The batch was stopped while the response was under way. Google may bill it."
NOT_RUN = ItemOutcome("not_sent", (), "The batch ended before this item was asked for.", cost_usd=0.0)


class Entry(NamedTuple):
    """What stays in memory of one item.

    :param most_usd: the most that it may cost, None where no price is known.
    :param same_as: the number of an equal item before it.
    """

    row: int
    key: str
    fingerprint: str
    model: str
    most_usd: float | None
    same_as: int | None


class BatchTable:
    """The items of a batch, by number in their order, and their outcomes.

    :param on_filtered: the task's policy: whether filtered items count as failed.
    :param on_lost: the task's policy: whether a retry asks again for items whose response was lost.
    """

    def __init__(self, on_filtered: str, on_lost: str) -> None:
        self._on_filtered = on_filtered
        self._on_lost = on_lost
        self._spool = PlanSpool()
        self._entries: list[Entry] = []
        self._outcomes: list[ItemOutcome | None] = []
        self.counts: Counts = Counts(0, on_filtered, on_lost)
        """What became of the items so far, in the order in which they ended."""

    def read(self, rows: Iterable[Item | RowProblem], table: PlannedTable) -> None:
        """Plan every row.

        :param rows: the rows.
        :param table: plans and checks them.
        :raises InvalidInputError: rows are wrong; names them.
        """
        self.restore(table.items(rows))
        table.check()

    def restore(self, items: Iterable[PlannedItem]) -> None:
        """Take the items of a stored plan, which were checked before it was stored."""
        numbers: dict[int, int] = {}
        for item in self._spool.write(items):
            numbers[item.row] = len(self._entries)
            same_as = None if item.same_as is None else numbers[item.same_as]
            self._entries.append(Entry(item.row, item.key, item.fingerprint, item.model, item.most_usd, same_as))
        self._outcomes = [None] * len(self._entries)
        self.counts = Counts(len(self._entries), self._on_filtered, self._on_lost)

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def keys(self) -> set[str]:
        """The keys of the items."""
        return {entry.key for entry in self._entries}

    @property
    def models(self) -> set[str]:
        """The models that are asked."""
        return {entry.model for entry in self._entries}

    def items(self) -> Iterator[tuple[int, PlannedItem]]:
        """Yield the items with their numbers; of equal ones the first. One reader at a time."""
        numbered = enumerate(self._spool.items())
        return ((number, item) for number, item in numbered if self._entries[number].same_as is None)

    def open_items(self) -> Iterator[tuple[int, PlannedItem]]:
        """Yield the items without an outcome, with their numbers."""
        return ((number, item) for number, item in self.items() if self._outcomes[number] is None)

    def item(self, number: int) -> PlannedItem:
        """Return one item by its number. One reader at a time."""
        return self._spool.item(number)

    def model_of(self, number: int) -> str:
        """Return the model that is asked for an item."""
        return self._entries[number].model

    def has_outcome(self, number: int) -> bool:
        """Say whether it is known what became of an item."""
        return self._outcomes[number] is not None

    def names(self) -> set[tuple[str, str]]:
        """Return key and fingerprint of all items."""
        return {(entry.key, entry.fingerprint) for entry in self._entries}

    def open_numbers(self) -> dict[tuple[str, str], int]:
        """Return the numbers of the items without an outcome, by key and fingerprint."""
        return {
            (entry.key, entry.fingerprint): number
            for number, entry in enumerate(self._entries)
            if entry.same_as is None and self._outcomes[number] is None
        }

    def plan(
        self,
        listed: Listed,
        before: Mapping[tuple[str, str], dict[str, str]] | None,
        there: Collection[tuple[str, str]],
    ) -> bytes:
        """Return the plan as a file: the items, and which files were there before it.

        :param listed: what lies below the ``output_uri``.
        :param before: the same of an earlier try that goes on.
        :param there: items that were there before the budget of this batch.
        """
        lines: list[bytes] = []
        for number, item in enumerate(self._spool.items()):
            name, outcome = (item.key, item.fingerprint), self._outcomes[number]
            files = (before or {}).get(name)
            if files is None:
                files = own_files(item, listed.files.get(item.key, ()))
            lines.append(item._replace(before=files or None, is_there=outcome is not None and name in there).encode())
        return b"".join(lines)

    def made(self) -> Iterator[tuple[str, str]]:
        """Yield key and fingerprint of each item whose images are there."""
        for entry, outcome in zip(self._entries, self._outcomes, strict=True):
            if outcome is not None and outcome.uris:
                yield entry.key, entry.fingerprint

    def end(self, number: int, outcome: ItemOutcome) -> None:
        """Note what became of an item."""
        entry = self._entries[number]
        self._outcomes[number] = outcome
        self.counts.add(entry.row, entry.key, outcome)

    def end_under_way(self, number: int) -> None:
        """Note that a stop came while the response was under way."""
        self.end(number, ItemOutcome("lost", (), UNDER_WAY, cost_usd=self._entries[number].most_usd))

    def reopen(self) -> None:
        """Forget what became of items that have no images and may have some, if they are asked for again."""
        for number, outcome in enumerate(self._outcomes):
            if outcome is not None and not outcome.uris and not outcome.is_final:
                self._outcomes[number] = None

    def final_counts(self) -> Counts:
        """Return the counts of all items, with the failures in the items' order."""
        counts = Counts(len(self._entries), self._on_filtered, self._on_lost)
        for number, entry in enumerate(self._entries):
            counts.add(entry.row, entry.key, self._outcome(number))
        return counts

    def manifest(self) -> Iterator[ManifestLine]:
        """Yield a line for each item."""
        for number, entry in enumerate(self._entries):
            outcome = self._outcome(number)
            yield ManifestLine(
                row=entry.row,
                key=entry.key,
                status=outcome.status,
                uris=outcome.uris,
                reason=outcome.reason,
                model=outcome.model,
                fingerprint=entry.fingerprint,
                estimated_cost_usd=outcome.cost_usd,
                duration_seconds=None if outcome.seconds is None else round(outcome.seconds, 3),
                is_final=outcome.is_final and not outcome.by_policy,
            )

    def close(self) -> None:
        """Remove what lies on this machine's disk."""
        self._spool.close()

    def _outcome(self, number: int) -> ItemOutcome:
        """Return what became of an item; an equal one before it makes its images."""
        same_as = self._entries[number].same_as
        outcome = self._outcomes[number if same_as is None else same_as] or NOT_RUN
        if same_as is None:
            return outcome
        status = "reused" if outcome.status == "made" else outcome.status
        return outcome._replace(status=status, cost_usd=0.0, seconds=None)
