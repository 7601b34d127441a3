"""Names of the files of a request: its own place below ``output_uri``, and which files in it are its images."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from itertools import groupby

from airflow_provider_imagen.core.image_format import EXTENSIONS

RECORDS = "_imagen"
"""The folder of records below an ``output_uri``. What lies in a folder of this name, at any depth, is no output."""

_ENDINGS = "|".join(sorted({*EXTENSIONS.values(), "jpeg", "bin"}))
_COPY = r"(?:~([0-9]{1,6}))?"
_GOOGLES = r"[0-9]{6,}/[^/]+"
"""The form of what Google writes: a folder named by the time, and a file in it."""
_FILE = re.compile(rf"(?:{_GOOGLES}|.+\.(?:{_ENDINGS}))\Z", re.IGNORECASE)


def own_name(dag_id: str, run_id: str, task_id: str, map_index: int) -> str:
    """Return the name of a request that has no key: ``<task id>-<12 hex>``.

    Two runs, or two mapped tasks, never share one; the tries of one task instance do.
    """
    identity = "\0".join((dag_id, run_id, task_id, str(map_index)))
    digest = hashlib.sha256(identity.encode(errors="surrogatepass")).hexdigest()[:12]
    return f"{re.sub(r'[^A-Za-z0-9._-]', '_', task_id)[:60]}-{digest}"


def extension_of(mime_type: str) -> str:
    """Return the ending of a file of this MIME type, ``bin`` for one that is not known."""
    return EXTENSIONS.get(mime_type, "bin")


def mime_type_of(name: str) -> str:
    """Return the MIME type that an image's name tells."""
    ending = name.rpartition(".")[2].lower().replace("jpeg", "jpg")
    return next((mime_type for mime_type, known in EXTENSIONS.items() if known == ending), "application/octet-stream")


def is_output(name: str) -> bool:
    """Say whether a name below a folder may be that of an output: no part of it is a folder of records."""
    return RECORDS not in name.split("/")[:-1]


@dataclass(frozen=True, slots=True)
class OwnPlace:
    """The place of one request below its ``output_uri``. All names are relative to that folder.

    :param name: the key that the task gives, else the request's own name.
    :param is_key: the task gives it.
    :param requested: how many images are asked for: a single image of a key lies beside the folders of several.
    :param first_number: the number in the name of its first image, where files of an earlier request stay.
    """

    name: str
    is_key: bool
    requested: int
    first_number: int = 0

    @property
    def folder(self) -> str:
        """The folder that Google is given to write to, with its closing slash."""
        return f"{self.name}/"

    @property
    def prefix(self) -> str:
        """What the names of all its files begin with; those of another key may begin so too."""
        return self.name if self.is_key else self.folder

    def file_name(self, number: int, mime_type: str, copy: int = 1) -> str:
        """Return the name of an image that the worker writes.

        :param number: which image of the request, from 0.
        :param copy: 2 and more where a file of that name may not be replaced.
        """
        ending = f"{'' if copy == 1 else f'~{copy}'}.{extension_of(mime_type)}"
        if not self.is_key:
            return f"{self.folder}sample_{self.first_number + number}{ending}"
        is_single = self.requested == 1 and number == 0
        return f"{self.name}{ending}" if is_single else f"{self.folder}{number}{ending}"

    def after(self, names: Iterable[str]) -> OwnPlace:
        """Return this place with numbers that no file among these names has."""
        numbers = [number + self.first_number for name in names if (number := self.number_of(name)) is not None]
        return replace(self, first_number=max(numbers, default=-1) + 1)

    def owns(self, name: str) -> bool:
        """Say whether a file is an image of this request's place."""
        if not self.is_key:
            below = name.removeprefix(self.folder)
            return below != name and is_output(name) and _FILE.match(below) is not None
        return _form_of_key(self.name).match(name) is not None

    def owned(self, names: Collection[str]) -> set[str]:
        """Return which files are images of this request's place.

        A key's folder may be the ``output_uri`` of other tasks as well: then a number in it may be a key of theirs.
        What Google wrote for this key is told by the folder that it named by time.

        :param names: all files whose names begin with :attr:`prefix`.
        """
        own = {name for name in names if self.owns(name)}
        if self.is_key and any(name.startswith(f"{self.folder}{RECORDS}/") for name in names):
            return {name for name in own if not name.startswith(self.folder) or self.number_of(name) is None}
        return own

    def number_of(self, name: str) -> int | None:
        """Return which image of the request a file is that the worker wrote, None for one that Google wrote."""
        below = name.removeprefix(self.folder)
        if self.is_key and below == name:
            return 0
        found = re.match(rf"^(?:sample_)?([0-9]{{1,9}}){_COPY}\.[a-z]+\Z", below)
        return int(found[1]) - self.first_number if found else None


def _form_of_key(key: str) -> re.Pattern[str]:
    """Return the form of a key's files: beside its folder, numbered in it, or in a folder that Google named by time.

    It is as narrow as can be: a folder of this name may be the ``output_uri`` of other tasks, with keys of their own.
    """
    image = rf"{_COPY}\.(?:{_ENDINGS})"
    google = rf"/[0-9]{{13}}/sample_[0-9]+\.(?:{_ENDINGS})"
    return re.compile(rf"^{re.escape(key)}(?:{image}|/[0-9]{{1,2}}{image}|{google})\Z")


def newest_complete(names: Iterable[str], requested: int) -> tuple[list[str], list[str]]:
    """Divide images that Google stored into those to return and the rest.

    Each response has a folder of its own, named by its time. A late response to a request that was sent twice leaves
    more images than were asked for: the newest folder with enough of them counts, else the fullest.

    :param names: the images' names, by folder.
    :param requested: how many images were asked for.
    """
    ordered = sorted(names, key=_by_number)
    folders = [list(group) for _, group in groupby(ordered, key=lambda name: name.rpartition("/")[0])]
    if not folders:
        return [], []
    complete = [folder for folder in folders if len(folder) >= requested]
    chosen = complete[-1] if complete else max(folders, key=len)
    return chosen[:requested], [name for name in ordered if name not in chosen[:requested]]


def _by_number(name: str) -> tuple[str, int, str]:
    """Sort ``sample_10`` after ``sample_9``, folder by folder."""
    folder, _, file = name.rpartition("/")
    return folder, len(file), file


def in_order(names: Collection[str]) -> list[str]:
    """Return names sorted by folder and number."""
    return sorted(names, key=_by_number)
