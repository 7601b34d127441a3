"""The threads of a batch: each takes the next item, runs it, and hands over what became of it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from queue import Empty, SimpleQueue
from typing import Any

from airflow_provider_imagen.core.batch.outcome import ItemOutcome
from airflow_provider_imagen.core.batch.plan import PlannedItem
from airflow_provider_imagen.errors import ImagenError

RunItem = Callable[[PlannedItem], tuple[ItemOutcome, ImagenError | None]]
Finished = tuple[int, tuple[ItemOutcome, ImagenError | None] | BaseException]
"""The number of an item, and what became of it."""


def _go_on(_failure: ImagenError | None) -> bool:
    """Begin the next item, whatever became of this one."""
    return False


class ItemWorkers:
    """Runs items in daemon threads, in their order.

    :param run_item: runs one item. Runs in a thread.
    :param items: the items with their numbers; they are read one at a time.
    :param threads: how many run side by side.
    :param ends_batch: says of the error of each item, in the order in which they end, whether no other is to begin.
    """

    def __init__(
        self,
        run_item: RunItem,
        items: Iterator[tuple[int, PlannedItem]],
        threads: int,
        ends_batch: Callable[[ImagenError | None], bool] = _go_on,
    ) -> None:
        self._run_item = run_item
        self._items = items
        self._threads = threads
        self._lock = threading.Lock()
        self._running: set[int] = set()
        self._is_closed = False
        self._ends_batch = ends_batch
        self.ended_by: ImagenError | None = None
        """The error of an item after which no other began, because all would fail with it."""
        self.results: SimpleQueue[Any] = SimpleQueue()
        """The numbers of items that ended, as they end; None for a stop."""
        self._ended: dict[int, tuple[ItemOutcome, ImagenError | None] | BaseException] = {}

    def start(self) -> None:
        """Start the threads."""
        for number in range(self._threads):
            threading.Thread(target=self._work, name=f"imagen-item-{number}", daemon=True).start()

    def close(self) -> None:
        """Begin no further item."""
        self._is_closed = True

    @property
    def running(self) -> set[int]:
        """The numbers of the items that are under way."""
        return set(self._running)

    def next(self, seconds: float) -> Finished | None:
        """Return what became of the next item that ends, None if none does in so many seconds, or a stop came.

        The item stays under way until it is forgotten: a time-out may be raised in the reader at any moment.
        """
        try:
            number: int | None = self.results.get(timeout=seconds)
        except Empty:
            return None
        return None if number is None else (number, self._ended[number])

    @property
    def ended(self) -> list[Finished]:
        """What became of the items that ended and were not forgotten."""
        return list(self._ended.copy().items())  # threads go on adding

    def forget(self, number: int) -> None:
        """Let go of an item whose outcome is noted."""
        self._running.discard(number)
        self._ended.pop(number, None)

    def _work(self) -> None:
        while True:
            with self._lock:
                taken = None if self._is_closed else next(self._items, None)
                if taken is None:
                    return
                self._running.add(taken[0])
            number, item = taken
            try:
                outcome, failure = self._run_item(item)
            except BaseException as unexpected:  # noqa: BLE001  # the waiting thread raises it
                self._end(number, unexpected)
                continue
            with self._lock:
                if not self._is_closed and self._ends_batch(failure):
                    self.ended_by, self._is_closed = failure, True
            self._end(number, (outcome, failure))

    def _end(self, number: int, result: tuple[ItemOutcome, ImagenError | None] | BaseException) -> None:
        self._ended[number] = result
        self.results.put(number)
