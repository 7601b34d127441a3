"""Bounds how much memory the large responses of many threads take together."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

LARGE_BYTES = 4 << 20
"""Smaller responses are read at once: many of them fit beside each other."""
MOST_BYTES = 64 << 20
"""Of large responses at a time. Reading one takes four times its size for a moment: text, JSON, base64, image."""
UNKNOWN_BYTES = 24 << 20
"""What a response counts for that does not say how large it is."""


class LargeBodies:
    """Lets as many large responses be read and stored at a time as fit; the others wait in their connections.

    A thread enters when a response turns out to be large, and leaves when its images are stored.

    :param most_bytes: how many bytes may be inside; a response that is larger comes in alone.
    :param clock: returns seconds of a clock that only goes forward.
    """

    def __init__(self, most_bytes: int = MOST_BYTES, clock: Callable[[], float] = time.monotonic) -> None:
        self._most_bytes = most_bytes
        self._clock = clock
        self._inside: dict[int, int] = {}
        self._changed = threading.Condition()

    def enter(self, size: int) -> float:
        """Wait until a response of this size fits, and return how many seconds that took.

        :param size: its size in bytes; one below ``LARGE_BYTES`` does not wait.
        """
        if size < LARGE_BYTES:
            return 0.0
        begun = self._clock()
        thread = threading.get_ident()
        with self._changed:
            self._inside.pop(thread, None)
            self._changed.wait_for(lambda: not self._inside or sum(self._inside.values()) + size <= self._most_bytes)
            self._inside[thread] = size
        return self._clock() - begun

    def leave(self) -> None:
        """Make room: what this thread has read is stored, or given up."""
        with self._changed:
            if self._inside.pop(threading.get_ident(), None) is not None:
                self._changed.notify_all()
