"""A store on this machine's disk."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from airflow_provider_imagen.core.storage.locations import LocalFolder
from airflow_provider_imagen.errors import OutputError
from airflow_provider_imagen.runner.store import StoredFile


class LocalStore:
    """A folder on disk. A file has a hidden name until it is complete.

    :param folder: the folder.
    """

    is_local = True
    keeps_versions = False

    def __init__(self, folder: LocalFolder) -> None:
        self._uri = folder.uri
        self._path = Path(folder.path)

    def uri(self, name: str) -> str:
        """Return the path of a file, in the form that the ``output_uri`` has."""
        return f"{self._uri}/{name}"

    def google_writes_to(self, folder: str) -> str | None:
        """Return the URI of a folder that Google can write to itself."""
        return None

    def files(self, prefix: str) -> Iterator[StoredFile]:
        """Yield the files whose names begin with ``prefix``, at most two folders deep."""
        parent, _, start = prefix.rpartition("/")
        yield from self._below(self._path / parent, start, 2)

    def read(self, name: str, at_most_bytes: int) -> bytes | None:
        """Return the content of a file."""
        try:
            with (self._path / name).open("rb") as file:
                data = file.read(at_most_bytes + 1)
        except FileNotFoundError:
            return None
        if len(data) > at_most_bytes:
            raise OutputError(f"{self.uri(name)} has more than {at_most_bytes} bytes and was not read.")
        return data

    def write(self, name: str, data: bytes, mime_type: str, *, version: str | None = None) -> str | None:
        """Store a file under its name once it is complete and on disk. A worker that dies leaves no half file."""
        folder, slash, last = name.rpartition("/")
        # Joined as texts, which takes half the time of a small file. Two writers never share one name.
        part = Path(f"{self._path}/{folder}{slash}.{last}.{secrets.token_hex(4)}.part")
        try:
            with _created(part) as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            part.replace(f"{self._path}/{name}")
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        return None

    def remove(self, name: str, *, version: str | None = None) -> None:
        """Remove a file."""
        (self._path / name).unlink(missing_ok=True)

    def _below(self, folder: Path, start: str, depth: int) -> Iterator[StoredFile]:
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except (FileNotFoundError, NotADirectoryError):
            return
        for entry in entries:
            if not entry.name.startswith(start) or (entry.name.startswith(".") and entry.name.endswith(".part")):
                continue
            if entry.is_dir():
                if depth:
                    yield from self._below(Path(entry.path), "", depth - 1)
            else:
                try:
                    status = entry.stat()
                except FileNotFoundError:  # removed since the listing, or a link that leads nowhere
                    continue
                yield StoredFile(str(Path(entry.path).relative_to(self._path)), _version(status), status.st_size)


def _created(path: Path) -> IO[bytes]:
    """Open a new file; its folder is made where it is not there, which is seldom."""
    try:
        return path.open("wb")
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("wb")


def _version(status: os.stat_result) -> str:
    return f"{status.st_mtime_ns}-{status.st_ino}"
