"""A cache of thumbnails in memory, bounded in bytes. Permissions are checked before it is read."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable

from airflow_provider_imagen.plugins.gallery.thumbnails import Thumbnail

MAX_BYTES = 64 << 20


class ThumbnailCache:
    """The least recently used thumbnails are dropped first. Safe to share between threads.

    :param max_bytes: bound on the bytes of all thumbnails.
    """

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._entries: OrderedDict[Hashable, Thumbnail] = OrderedDict()
        self._size_bytes = 0
        self._lock = threading.Lock()

    @property
    def size_bytes(self) -> int:
        """The bytes of all thumbnails in the cache."""
        return self._size_bytes

    def find(self, key: Hashable) -> Thumbnail | None:
        """Return the thumbnail of a key, None when there is none."""
        with self._lock:
            if key in self._entries:
                self._entries.move_to_end(key)
            return self._entries.get(key)

    def get(self, key: Hashable, make: Callable[[], Thumbnail]) -> Thumbnail:
        """Return the thumbnail of a key, else make and store it. A failure is not stored."""
        found = self.find(key)
        if found is None:
            found = make()
            self._store(key, found)
        return found

    def _store(self, key: Hashable, thumbnail: Thumbnail) -> None:
        if len(thumbnail.data) > self._max_bytes:
            return
        with self._lock:
            if key in self._entries:
                self._size_bytes -= len(self._entries.pop(key).data)
            self._entries[key] = thumbnail
            self._size_bytes += len(thumbnail.data)
            while self._size_bytes > self._max_bytes:
                self._size_bytes -= len(self._entries.popitem(last=False)[1].data)
