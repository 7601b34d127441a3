"""The files of a job: which image of which item each line asks for, and which of Google's files hold results."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import NamedTuple

REQUESTS = "requests.jsonl"
LINES = "lines.jsonl"
OUTPUT = "output/"
INCREMENTAL = "incremental_predictions"
"""A part of the names of files that Google writes while a job runs; the whole results repeat what they hold."""


class LineOrigin(NamedTuple):
    """What one line of a job asks for.

    :param key: the key of its item.
    :param fingerprint: of its item.
    :param image: which image of the item, from 0.
    """

    key: str
    fingerprint: str
    image: int

    def encode(self) -> bytes:
        """Return it as a line of a file."""
        return json.dumps(self).encode() + b"\n"

    def in_label(self) -> str:
        """Return what the label of the job takes in of it."""
        return f"{self.fingerprint}.{self.image}"


def origins_in(lines: Iterable[bytes]) -> Iterator[LineOrigin]:
    """Yield what the lines of a job ask for, in their order.

    :raises ValueError: a line is none of this package.
    """
    for line in lines:
        key, fingerprint, image = json.loads(line)
        yield LineOrigin(str(key), str(fingerprint), int(image))


class ResultFiles(NamedTuple):
    """The files with a job's results.

    :param whole: the names of files that Google wrote at the end.
    :param parts: the names of files that it wrote meanwhile; they matter for lines that the whole ones lack.
    """

    whole: tuple[str, ...]
    parts: tuple[str, ...]


def result_files(names: Iterable[str]) -> ResultFiles:
    """Return the files with results among those that lie in a job's output folder."""
    found = sorted(name for name in names if name.endswith(".jsonl"))
    parts = tuple(name for name in found if INCREMENTAL in name)
    return ResultFiles(tuple(name for name in found if name not in parts), parts)
