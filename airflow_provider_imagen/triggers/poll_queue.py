"""When which wait looks, and how many look at the same moment. Plain values: no threads and no clock."""

from __future__ import annotations

import heapq
import itertools
import math
from typing import Generic, TypeVar

CONCURRENT_POLLS = 16
"""How many waits on one connection look at the same moment at most; the others queue."""

QUICK_POLLS = 2
"""How many look at the same moment while looks end quickly: more would only fight for the interpreter."""

QUICK_SECONDS = 0.002
"""One more look begins beside those under way when for so long none has begun or ended."""

SLACK = 0.02
SLACK_SECONDS = 0.1
"""By which part of itself and by how much a pause may be longer."""

PollT = TypeVar("PollT")


class PollQueue(Generic[PollT]):
    """The looks that are due or will be, the earliest first. All times are seconds of one clock."""

    def __init__(self) -> None:
        self._due: list[tuple[float, int, PollT]] = []
        self._numbers = itertools.count()
        self._under_way = 0
        self._changed_at = float("-inf")

    def __bool__(self) -> bool:
        """Say whether any look is still to begin."""
        return bool(self._due)

    def add(self, poll: PollT, now: float, pause: float = 0.0) -> float:
        """Add a look that begins after a pause, and return when that is.

        A pause ends at a moment at which other pauses end too, at most a fiftieth or 0.1 s later, so that a thread
        that wakes finds several looks.
        """
        due = now + pause
        if slack := min(pause * SLACK, SLACK_SECONDS):
            due = math.ceil(due / slack) * slack
        heapq.heappush(self._due, (due, next(self._numbers), poll))
        return due

    def clear(self) -> None:
        """Forget all looks that have not begun."""
        self._due.clear()

    def next_at(self) -> float | None:
        """Return when the next look may begin, perhaps in the past; None when one has to be added or to end first."""
        if not self._due or self._under_way >= CONCURRENT_POLLS:
            return None
        due = self._due[0][0]
        return due if self._under_way < QUICK_POLLS else max(due, self._changed_at + QUICK_SECONDS)

    def begin(self, now: float) -> PollT:
        """Take the look that is due first, and note that it is under way."""
        self._under_way += 1
        self._changed_at = now
        return heapq.heappop(self._due)[2]

    def end(self, now: float) -> None:
        """Note that a look has ended."""
        self._under_way -= 1
        self._changed_at = now
