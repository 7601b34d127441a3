"""Task instances with their results, and pages of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from airflow_provider_imagen.core.result_document import ResultDocument
from airflow_provider_imagen.plugins.gallery.addresses import TaskInstanceAddress
from airflow_provider_imagen.plugins.gallery.batch_document import BatchDocument

FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Instance:
    """A task instance, or one instance of a mapped task, with its ``result`` XCom.

    :param address: the task instance.
    :param state: its state, None before it is scheduled.
    :param try_number: number of its latest try.
    :param timestamp: time of the XCom.
    :param document: value of the XCom, None if there is none or it is no result document.
    :param batch: value of the XCom of a batch.
    :param problem: why it cannot be read; a sentence for people who may see the task instance.
    """

    address: TaskInstanceAddress
    state: str | None
    try_number: int
    timestamp: datetime | None = None
    document: ResultDocument | None = None
    batch: BatchDocument | None = None
    problem: str | None = None

    @property
    def is_failed(self) -> bool:
        """Whether it failed and will not be tried again."""
        return self.state == FAILED

    @property
    def is_shown(self) -> bool:
        """Whether a page of runs shows it."""
        return self.is_failed or any(each is not None for each in (self.document, self.batch, self.problem))

    @property
    def has_images(self) -> bool:
        """Whether it recorded an image."""
        return bool((self.document and self.document.images) or (self.batch and self.batch.images))


@dataclass(frozen=True, slots=True)
class Page:
    """Some task instances of many.

    :param instances: those on this page.
    :param number: 0 is the first page.
    :param count: how many there are on all pages.
    :param size: how many fit on a page.
    """

    instances: list[Instance]
    number: int
    count: int
    size: int

    @property
    def has_images(self) -> bool:
        """Whether a task instance on this page recorded an image."""
        return any(instance.has_images for instance in self.instances)

    @property
    def last_number(self) -> int:
        """The number of the last page."""
        return max(0, self.count - 1) // self.size


@dataclass(frozen=True, slots=True)
class RunPage:
    """One run of a DAG, and some of its task instances.

    :param run_id: the run.
    :param state: its state.
    :param page: the task instances.
    :param tasks: ids of the DAG's tasks, in order.
    """

    run_id: str
    state: str
    page: Page
    tasks: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class RunsPage:
    """Some runs of a DAG, the latest first.

    :param runs: the runs.
    :param has_older: whether there are older ones.
    :param tasks: ids of the DAG's tasks, in order.
    """

    runs: list[RunPage]
    has_older: bool
    tasks: list[str]
