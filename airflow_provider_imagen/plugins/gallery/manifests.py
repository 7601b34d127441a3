"""Manifests of batches: read from storage within a bound, kept compressed in memory, searched line by line."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlencode

from airflow_provider_imagen.core.batch.manifest import ManifestLine, read_lines
from airflow_provider_imagen.core.storage.object_names import RECORDS
from airflow_provider_imagen.errors import RecordUnreadableError
from airflow_provider_imagen.plugins.gallery.batch_document import BatchDocument
from airflow_provider_imagen.plugins.gallery.bounded_cache import BoundedCache
from airflow_provider_imagen.plugins.gallery.stored_files import FileUnavailableError, read_file

MAX_MANIFEST_BYTES = 32 << 20
"""The largest manifest that is read: some 80,000 items."""
CACHE_BYTES = 32 << 20
"""Of compressed manifests: one of 10,000 items has some 500 kB."""
ITEMS_ON_A_PAGE = 48
CHUNK_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class ItemFilter:
    """Which items of a batch are shown. An empty text is no condition.

    :param text: part of a key, a reason, a model or a URI; upper and lower case are the same.
    :param status: status of the item.
    :param key: the whole key of one item.
    """

    text: str = ""
    status: str = ""
    key: str = ""

    @property
    def is_active(self) -> bool:
        """Whether there is any condition."""
        return any((self.text, self.status, self.key))

    @property
    def query(self) -> str:
        """The filter as the query of an address."""
        names = {"text": self.text, "status": self.status, "key": self.key}
        return urlencode({name: value for name, value in names.items() if value})

    def matches(self, line: ManifestLine) -> bool:
        """Return whether an item is shown."""
        if (self.status and line.status != self.status) or (self.key and line.key != self.key):
            return False
        text = self.text.lower()
        return not text or any(text in each.lower() for each in (line.key, line.reason, line.model, *line.uris) if each)


@dataclass(frozen=True, slots=True)
class ItemsPage:
    """Some items of a batch.

    :param items: those on this page.
    :param number: 0 is the first page.
    :param count: how many items match the filter.
    :param size: how many fit on a page.
    :param counts: status to number of all items in the manifest.
    :param unreadable: how many lines of the manifest cannot be read.
    """

    items: list[ManifestLine]
    number: int
    count: int
    size: int
    counts: dict[str, int]
    unreadable: int

    @property
    def last_number(self) -> int:
        """The number of the last page."""
        return max(0, self.count - 1) // self.size


@dataclass(frozen=True, slots=True)
class Manifest:
    """The content of a manifest, compressed."""

    compressed: bytes

    def lines(self) -> Iterator[bytes]:
        """Yield its lines; never all of it is in memory."""
        decompressor, kept = zlib.decompressobj(), b""
        for start in range(0, len(self.compressed), CHUNK_BYTES):
            rest = self.compressed[start : start + CHUNK_BYTES]
            while rest:
                kept += decompressor.decompress(rest, CHUNK_BYTES)
                rest = decompressor.unconsumed_tail
                *lines, kept = kept.split(b"\n")
                yield from filter(bytes.strip, lines)
        yield from filter(bytes.strip, (kept + decompressor.flush()).split(b"\n"))

    def items(self) -> Iterator[ManifestLine | None]:
        """Yield what each line says, None for one that cannot be read."""
        yield from map(_item, self.lines())

    def page(self, chosen: ItemFilter, number: int) -> ItemsPage:
        """Return a page of the items that match a filter.

        :param chosen: the filter.
        :param number: 0 is the first page.
        """
        counts, unreadable, count = Counter[str](), 0, 0
        shown: list[ManifestLine] = []
        for item in self.items():
            if item is None:
                unreadable += 1
                continue
            counts[item.status] += 1
            if chosen.matches(item):
                if count // ITEMS_ON_A_PAGE == number:
                    shown.append(item)
                count += 1
        return ItemsPage(shown, number, count, ITEMS_ON_A_PAGE, dict(counts), unreadable)

    def find(self, key: str) -> ManifestLine | None:
        """Return the item of a key."""
        quoted = f'"{key}"'.encode()
        found = (_item(line) for line in self.lines() if quoted in line)
        return next((item for item in found if item is not None and item.key == key), None)


class Manifests:
    """Reads manifests. A page reads the file; the thumbnails on it are found in what was read last.

    :param max_bytes: bound on what is kept.
    """

    def __init__(self, max_bytes: int = CACHE_BYTES) -> None:
        self._kept: BoundedCache[Manifest] = BoundedCache(max_bytes, lambda manifest: len(manifest.compressed))

    def read(self, batch: BatchDocument) -> Manifest:
        """Return the manifest of a batch as it is now: a later run of the batch writes it anew.

        :raises FileUnavailableError: it cannot be shown.
        """
        if f"/{RECORDS}/" not in batch.manifest or not batch.manifest.endswith(".jsonl"):
            raise FileUnavailableError(HTTPStatus.FORBIDDEN, "This is no address of a manifest.")
        data = read_file(batch.manifest, batch.imagen_conn_id, MAX_MANIFEST_BYTES, "manifest")
        manifest = Manifest(zlib.compress(data, level=1))
        self._kept.put(_key(batch), manifest)
        return manifest

    def find(self, batch: BatchDocument, key: str, number: int) -> ManifestLine | None:
        """Return the item of a key; the file is read when what was read last has no such image.

        Another server may have read a later one for the page.

        :param batch: the batch.
        :param key: key of the item.
        :param number: place of an image in the item, from 0.
        :raises FileUnavailableError: it cannot be shown.
        """
        kept = self._kept.find(_key(batch))
        found = kept.find(key) if kept else None
        return found if found and number < len(found.uris) else self.read(batch).find(key)


def _key(batch: BatchDocument) -> tuple[str, str | None]:
    return (batch.manifest, batch.imagen_conn_id)


def _item(line: bytes) -> ManifestLine | None:
    try:
        return next(read_lines([line]), None)
    except RecordUnreadableError:
        return None
