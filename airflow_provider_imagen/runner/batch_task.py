"""What a batch task asks for, what of it is still to be made, and what it came to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from airflow_provider_imagen.core.batch.outcome import Counts
from airflow_provider_imagen.core.batch.plan import ItemPlanner
from airflow_provider_imagen.core.batch.rows import Item, RowProblem
from airflow_provider_imagen.core.batch.settings import BatchSettings
from airflow_provider_imagen.runner.batch_pictures import BatchPictures


@dataclass(frozen=True, slots=True)
class Batch:
    """What a task asks for.

    :param rows: the rows of its table.
    :param planner: makes a request of each.
    :param pictures: reads what they start from.
    :param settings: how it runs.
    """

    rows: Iterable[Item | RowProblem]
    planner: ItemPlanner
    pictures: BatchPictures
    settings: BatchSettings


@dataclass(frozen=True, slots=True)
class BatchOutcome:
    """What a batch came to.

    :param manifest_uri: the URI of the manifest; None after a dry run, which writes none.
    :param document: the ``result`` document.
    :param counts: what became of the items.
    :param failure: why the task fails; None when it does not.
    """

    manifest_uri: str | None
    document: dict[str, Any]
    counts: Counts
    failure: str | None = None


@dataclass(slots=True)
class OpenItems:
    """What has to be asked for.

    :param cost_usd: by list price, None where a price is not known.
    :param dearest_usd: the most that one item may cost.
    """

    items: int = 0
    images: int = 0
    requests: int = 0
    cost_usd: float | None = 0.0
    dearest_usd: float = 0.0

    def add(self, images: int, requests: int, most_usd: float | None) -> None:
        """Count one item."""
        self.items, self.images, self.requests = self.items + 1, self.images + images, self.requests + requests
        self.cost_usd = None if self.cost_usd is None or most_usd is None else self.cost_usd + most_usd
        self.dearest_usd = max(self.dearest_usd, most_usd or 0.0)


@dataclass(frozen=True, slots=True)
class Submitted:
    """Jobs that are waited for.

    :param names: their resource names.
    :param place: the ``output_uri``.
    """

    names: tuple[str, ...]
    place: str
