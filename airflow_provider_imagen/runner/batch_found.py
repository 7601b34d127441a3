"""What an earlier try or run left of a batch, read with a handful of requests: listing, state, plan, manifest."""

from __future__ import annotations

import logging
from collections.abc import Collection
from dataclasses import dataclass, field

from airflow_provider_imagen.core.batch.manifest import ManifestLine
from airflow_provider_imagen.core.batch.outcome import ItemOutcome
from airflow_provider_imagen.core.batch.plan import PlannedItem
from airflow_provider_imagen.core.batch.reuse import Listed, finished_images, own_files
from airflow_provider_imagen.core.batch.state import BatchState
from airflow_provider_imagen.core.recovery.request_record import TaskIdentity
from airflow_provider_imagen.runner.batch_files import BatchFiles
from airflow_provider_imagen.runner.batch_items import EarlierPlan
from airflow_provider_imagen.runner.batch_table import BatchTable
from airflow_provider_imagen.runner.store import OutputStore

log: logging.Logger = logging.getLogger("airflow.task")


Name = tuple[str, str]
"""Key and fingerprint of an item."""


@dataclass(slots=True)
class Found:
    """What was there when a batch began.

    :param listed: the files of its items.
    :param state: how far an earlier try or run came.
    :param earlier: what an earlier try meant to make that did not return.
    :param spent_earlier: by key and fingerprint, what the items of that plan cost that were not there before it.
    :param lines: lines of the manifest that is there, of items that have no images.
    """

    listed: Listed
    state: BatchState | None = None
    earlier: EarlierPlan | None = None
    spent_earlier: dict[Name, float] = field(default_factory=dict)
    lines: dict[Name, ManifestLine] = field(default_factory=dict)

    @property
    def may_still_come(self) -> bool:
        """Whether an earlier try ended without a word, so that requests of it may be under way."""
        return self.earlier is not None and self.state is not None and not self.state.is_over


def find(store: OutputStore, files: BatchFiles, table: BatchTable) -> Found:
    """Read what is there.

    :param store: the folder of the ``output_uri``.
    :param files: the batch's own files.
    :param table: its items.
    """
    found = Found(list_items(store, table), files.state())
    state = found.state
    if state is None:
        return found
    found.lines = {(line.key, line.fingerprint): line for line in files.manifest() if not line.uris}
    if not state.is_finished and state.planned_at is not None:
        found.earlier = EarlierPlan(state.planned_at, state.writer)
        for item in files.plan():
            name = item.key, item.fingerprint
            found.earlier.before[name] = item.before or _NOTHING
            if not item.is_there:
                found.spent_earlier[name] = item.cost_usd or 0.0
    return found


_NOTHING: dict[str, str] = {}


def list_items(store: OutputStore, table: BatchTable) -> Listed:
    """List the folder once, and keep what may belong to the items."""
    keys, listed = table.keys, Listed()
    for file in store.files(""):
        listed.add(keys, file.name, file.version, file.size)
    return listed


def known_outcome(
    item: PlannedItem, found: Found, store: OutputStore, if_exists: str, *, retry_filtered: bool
) -> ItemOutcome | None:
    """Return what became of an item before, None where it has to be asked for, or its records have to be read.

    :param item: the item.
    :param found: what is there.
    :param store: the folder of the ``output_uri``.
    :param if_exists: the task's policy.
    :param retry_filtered: items that were filtered or refused are asked for again.
    """
    line = found.lines.get((item.key, item.fingerprint))
    if if_exists == "reuse":
        there = own_files(item, found.listed.files.get(item.key, ()))
        images = finished_images(item, there, found.listed.records.get(item.key, {}))
        if images:
            return ItemOutcome("reused", tuple(store.uri(name) for name in images), None, item.model, 0.0)
    if line is not None and line.is_final and line.status in {"filtered", "failed"} and not retry_filtered:
        return ItemOutcome(line.status, (), line.reason, line.model, 0.0, is_final=True)
    return None


def spent_before(found: Found, task: TaskIdentity, made: Collection[Name], under_way_usd: float) -> float:
    """Return what this batch has spent of its budget in earlier tries.

    A try that was killed has kept what it spent a minute ago at most. The images that it left are counted, and what it
    may have had under way.

    :param found: what is there.
    :param task: this try: a clear or another run begins a new budget.
    :param made: the items that are there now.
    :param under_way_usd: the most that the requests under way may have come to.
    """
    state = found.state
    if state is None or not state.shares_budget_with(task):
        return 0.0
    if state.is_over:
        return state.spent_usd
    seen = sum(cost for name, cost in found.spent_earlier.items() if name in made)
    return max(state.spent_usd, seen) + under_way_usd


def there_before(found: Found, task: TaskIdentity, made: Collection[Name]) -> set[Name]:
    """Return the items that were there before this budget began."""
    shares = found.state is not None and found.state.shares_budget_with(task)
    return set(made) - (found.spent_earlier.keys() if shares else set())
