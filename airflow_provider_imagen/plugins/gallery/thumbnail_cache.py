"""Keeps thumbnails in memory, within a bound in bytes. Who may see one is asked before this is."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable

from airflow_provider_imagen.plugins.gallery.thumbnails import Thumbnail

MOST_BYTES = 64 << 20


class ThumbnailCache:
    """The thumbnails that were asked for last. Safe to share between threads.

    :param most_bytes: how much is kept; beyond it the one that was not asked for longest goes first.
    """

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._kept: OrderedDict[Hashable, Thumbnail] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    @property
    def bytes_kept(self) -> int:
        """How much is on the shelf."""
        return self._bytes

    def find(self, key: Hashable) -> Thumbnail | None:
        """Return what is kept under a key, None when nothing is."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def get(self, key: Hashable, make: Callable[[], Thumbnail]) -> Thumbnail:
        """Return what is kept under a key, else make it and keep it. What cannot be made is not remembered."""
        kept = self.find(key)
        if kept is None:
            kept = make()
            self._keep(key, kept)
        return kept

    def _keep(self, key: Hashable, made: Thumbnail) -> None:
        if len(made.data) > self._most_bytes:
            return
        with self._lock:
            if key in self._kept:
                self._bytes -= len(self._kept.pop(key).data)
            self._kept[key] = made
            self._bytes += len(made.data)
            while self._bytes > self._most_bytes:
                self._bytes -= len(self._kept.popitem(last=False)[1].data)
