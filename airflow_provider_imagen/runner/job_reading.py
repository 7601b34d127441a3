"""Reads the results of one job as a stream, and stores the images of several lines at once.

A few lines are in memory at any moment. A try that dies while it reads leaves the images that it stored, with their
records; the next one reads the same results again and stores the rest.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from queue import Queue
from typing import NamedTuple

from airflow_provider_imagen.core.batch.job_answers import LineAnswer, decode_line
from airflow_provider_imagen.core.batch.job_files import LineOrigin
from airflow_provider_imagen.core.batch.job_tally import LineTally
from airflow_provider_imagen.core.batch.outcome import ItemOutcome
from airflow_provider_imagen.core.batch.plan import PlannedItem
from airflow_provider_imagen.core.catalogue.plan import RequestPlan
from airflow_provider_imagen.core.requests import GenerateRequest
from airflow_provider_imagen.core.text import counted
from airflow_provider_imagen.errors import RequestStoppedError
from airflow_provider_imagen.runner.batch_table import BatchTable
from airflow_provider_imagen.runner.job_items import JobItem, JobPlace

log: logging.Logger = logging.getLogger("airflow.task")
THREADS = 4
WAITING_LINES = 1
"""Lines that are read and wait for a thread. A line may have three million bytes, and is held several times over."""
TICK_SECONDS = 10.0
PlanItem = Callable[[PlannedItem], RequestPlan[GenerateRequest]]


class _Line(NamedTuple):
    """One line of the results, and whether it may repeat a line of another file."""

    content: bytes
    is_repetition: bool


@dataclass(slots=True)
class JobReading:
    """Reads the results of one job.

    :param origins: what each line of the job asked for.
    :param table: the items of the batch; gets their outcomes.
    :param plan: makes the request of an item, as the job asked it.
    :param place: where the images go.
    :param unanswered: what becomes of an item of which no line was answered.
    :param is_stopped: whether the task was stopped.
    :param tick: is called every few seconds.
    :param clock: returns seconds of a clock that only goes forward.
    """

    origins: list[LineOrigin]
    table: BatchTable
    plan: PlanItem
    place: JobPlace
    unanswered: ItemOutcome
    is_stopped: Callable[[], bool]
    tick: Callable[[], None]
    clock: Callable[[], float] = time.monotonic
    unwanted: int = 0
    """Images of items that the batch does not ask for any more; they stay in the results."""
    read: int = 0
    """Lines that were read."""
    tally: LineTally = field(init=False)
    _items: dict[int, JobItem] = field(default_factory=dict)
    _numbers: dict[tuple[str, str], int] = field(default_factory=dict)
    _known: set[tuple[str, str]] = field(default_factory=set)
    _queue: Queue[_Line | None] = field(default_factory=lambda: Queue(WAITING_LINES))
    _failures: list[BaseException] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _finishing: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        """Take up which items are still asked for."""
        self.tally = LineTally([origin.fingerprint for origin in self.origins])
        self._numbers = self.table.open_numbers()
        self._known = self.table.names()

    def run(self, whole: Iterator[bytes], parts: Iterator[bytes]) -> None:
        """Read all lines, store their images, and note what became of the items of the job.

        :param whole: the lines of the whole results.
        :param parts: the lines that Google wrote meanwhile; they count only for lines that the whole results lack.
        :raises RequestStoppedError: the task was stopped.
        :raises ImagenError: the results cannot be read, or an image cannot be stored.
        """
        threads = [threading.Thread(target=self._work, name=f"imagen-line-{n}", daemon=True) for n in range(THREADS)]
        for thread in threads:
            thread.start()
        try:
            self._feed(whole, is_repetition=False)
            if self.tally.unanswered():
                self._settle()
                self._feed(parts, is_repetition=self.read > 0)
        finally:
            for _ in threads:
                self._queue.put(None)
            for thread in threads:
                thread.join()
        self._raise_failure()
        for number, item in sorted(self._items.items()):
            self._end(number, item)
        self._end_unanswered()

    def _feed(self, lines: Iterator[bytes], *, is_repetition: bool) -> None:
        said = self.clock()
        for line in lines:
            self._queue.put(_Line(line, is_repetition))
            self.read += 1
            self._raise_failure()
            if self.is_stopped():
                raise RequestStoppedError(
                    f"The task was stopped after {counted(self.read, 'line')} of the results. Images that are stored "
                    "stay; the next try reads the results again, which costs nothing, and stores the rest."
                )
            if self.clock() - said >= TICK_SECONDS:
                said = self.clock()
                of_all, images = counted(len(self.origins), "line"), counted(self.tally.images, "image")
                log.info("%d of about %s read, %s.", self.read, of_all, images)
                self.tick()

    def _settle(self) -> None:
        """Wait until the lines that were read are stored."""
        self._queue.join()
        self._raise_failure()

    def _work(self) -> None:
        while True:
            line = self._queue.get()
            try:
                if line is None:
                    return
                if not self._failures:
                    self._take(decode_line(line.content), is_repetition=line.is_repetition)
            except BaseException as failure:  # noqa: BLE001  # the reading thread raises it
                self._failures.append(failure)
            finally:
                del line
                self._queue.task_done()

    def _take(self, answer: LineAnswer, *, is_repetition: bool) -> None:
        with self._lock:
            if not self.tally.add(answer, counts=not is_repetition) or answer.key is None:
                return
            origin = self.origins[answer.key.line - 1]
            number = self._numbers.get((origin.key, origin.fingerprint))
            if number is None:
                self.unwanted += answer.has_image and (origin.key, origin.fingerprint) not in self._known
                return
            item = self._item(number)
        if item.add(origin.image, answer):
            with self._lock:
                del self._items[number]
            self._end(number, item)

    def _item(self, number: int) -> JobItem:
        known = self._items.get(number)
        if known is None:
            item = self.table.item(number)
            known = self._items[number] = JobItem(item, self.plan(item), self.place)
        return known

    def _end(self, number: int, item: JobItem) -> None:
        outcome = item.finish(self.unanswered)
        with self._finishing:
            self.table.end(number, outcome)

    def _end_unanswered(self) -> None:
        """Note what became of the items of which no line was answered."""
        for origin in {origin[:2]: origin for origin in self.origins}.values():
            number = self._numbers.get((origin.key, origin.fingerprint))
            if number is not None and not self.table.has_outcome(number):
                self.table.end(number, self.unanswered)

    def _raise_failure(self) -> None:
        if self._failures:
            raise self._failures[0]
