"""A cache in memory, bounded in bytes. Permissions are checked before it is read."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class BoundedCache(Generic[T]):
    """Drops the least recently used values first. Safe to share between threads.

    :param max_bytes: bound on the size of all values.
    :param size_of: returns the size of a value in bytes.
    """

    def __init__(self, max_bytes: int, size_of: Callable[[T], int]) -> None:
        self._max_bytes = max_bytes
        self._size_of = size_of
        self._entries: OrderedDict[Hashable, T] = OrderedDict()
        self._size_bytes = 0
        self._lock = threading.Lock()

    @property
    def size_bytes(self) -> int:
        """The size of all values in the cache."""
        return self._size_bytes

    def find(self, key: Hashable) -> T | None:
        """Return the value of a key, None when there is none."""
        with self._lock:
            if key in self._entries:
                self._entries.move_to_end(key)
            return self._entries.get(key)

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return the value of a key, else make and store it. A failure is not stored."""
        found = self.find(key)
        if found is None:
            found = make()
            self.put(key, found)
        return found

    def put(self, key: Hashable, value: T) -> None:
        """Store the value of a key, unless it is larger than the whole cache."""
        size = self._size_of(value)
        if size > self._max_bytes:
            return
        with self._lock:
            if key in self._entries:
                self._size_bytes -= self._size_of(self._entries.pop(key))
            self._entries[key] = value
            self._size_bytes += size
            while self._size_bytes > self._max_bytes:
                self._size_bytes -= self._size_of(self._entries.popitem(last=False)[1])
