"""The clock of batch prediction jobs: the real time, and what a test adds to it."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta


class OrderedClock:
    """A clock that can be put forward. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ahead = timedelta()

    def now(self) -> datetime:
        """Return the present time of the emulator, in UTC."""
        with self._lock:
            return datetime.now(UTC) + self._ahead

    def advance(self, seconds: float) -> None:
        """Put the clock forward.

        :param seconds: by how much.
        :raises ValueError: a clock is not put back.
        """
        if not seconds >= 0:
            raise ValueError(f"The clock cannot be put forward by {seconds} seconds.")
        with self._lock:
            self._ahead += timedelta(seconds=seconds)

    def reset(self) -> None:
        """Go back to the real time."""
        with self._lock:
            self._ahead = timedelta()


def timestamp(moment: datetime) -> str:
    """Return a time as Google writes it."""
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")
