"""What the files below an ``output_uri`` say about an item before it is asked for, told from a listing alone."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from airflow_provider_imagen.core.batch.plan import PlannedItem
from airflow_provider_imagen.core.recovery.request_record import SHORT_HEX, record_names
from airflow_provider_imagen.core.storage.object_names import RECORDS, OwnPlace, in_order, newest_complete

_COPY = re.compile(r"~[0-9]{1,6}\Z")
_RECORD = re.compile(rf"^(.+)\.[0-9a-f]{{{SHORT_HEX}}}(?:\.intent)?(?:~[0-9]{{1,6}})?\.json\Z")


class ListedFile(NamedTuple):
    """A file of a listing."""

    name: str
    version: str
    size: int


@dataclass(slots=True)
class Listed:
    """What a listing found of the items of a batch.

    :param files: by key, the files that may be of that key.
    :param records: by key, the names of its records below ``_imagen/``, each with its version.
    """

    files: dict[str, list[ListedFile]] = field(default_factory=dict)
    records: dict[str, dict[str, str]] = field(default_factory=dict)

    def add(self, keys: Collection[str], name: str, version: str, size: int) -> None:
        """Keep a file if it may belong to one of these keys."""
        folder, slash, below = name.partition("/")
        if folder == RECORDS and slash:
            found = _RECORD.match(below)
            if found and found[1] in keys:
                self.records.setdefault(found[1], {})[below] = version
            return
        key = folder if slash else _COPY.sub("", name.rpartition(".")[0])
        if key in keys:
            self.files.setdefault(key, []).append(ListedFile(name, version, size))


def place_of(item: PlannedItem) -> OwnPlace:
    """Return an item's own place."""
    return OwnPlace(item.key, is_key=True, requested=item.images)


def own_files(item: PlannedItem, files: Iterable[ListedFile]) -> dict[str, str]:
    """Return the files that are images under an item's key, each with its version."""
    listed = list(files)
    own = place_of(item).owned([file.name for file in listed])
    return {file.name: file.version for file in listed if file.size and file.name in own}


def finished_images(item: PlannedItem, files: Collection[str], records: Mapping[str, str]) -> list[str] | None:
    """Return the images of an item that is finished; None where that has to be read from records, or is not so.

    :param item: the item.
    :param files: the names of the images under its key.
    :param records: the names of its records.
    """
    names = record_names(item.key, records)
    if len(names) != 1 or names[0].is_intent or names[0].fingerprint != item.fingerprint[:SHORT_HEX]:
        return None
    if not files or len(files) > item.images or any("~" in name for name in files):
        return None
    numbered = [name for name in files if place_of(item).number_of(name) is not None]
    return in_order(files) if len(numbered) == len(files) else newest_complete(files, item.images)[0]
