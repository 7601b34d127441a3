"""The interface of the place where the files of a request go, whatever storage it is in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

OpenPath = Callable[[str], Any]
"""Opens a URI as a path object of the :mod:`pathlib` kind: Airflow's ``ObjectStoragePath``."""


@dataclass(frozen=True, slots=True)
class StoredFile:
    """One file below the folder of a store.

    :param name: its name relative to the folder.
    :param version: differs once the file was replaced.
    :param size: in bytes.
    """

    name: str
    version: str
    size: int


class OutputStore(Protocol):
    """A folder in some storage. All names are relative to it."""

    is_local: bool
    """Only this machine sees the folder."""

    keeps_versions: bool
    """A file is only replaced in the version that a writer names, so that of two writers one is refused."""

    def uri(self, name: str) -> str:
        """Return the URI of a file."""

    def google_writes_to(self, folder: str) -> str | None:
        """Return the URI of a folder below that Google can write to itself, None where it cannot."""

    def files(self, prefix: str) -> Iterator[StoredFile]:
        """Yield the files whose names begin with ``prefix``."""

    def read(self, name: str, at_most_bytes: int) -> bytes | None:
        """Return the content of a file, None when there is no such file."""

    def write(self, name: str, data: bytes, mime_type: str, *, version: str | None = None) -> str | None:
        """Store a file, whole or not at all, and return its version where versions are kept.

        :param version: None: replace what is there; empty: only create; else replace only this version. Storage that
            keeps no versions replaces in any case.
        :raises ObjectExistsError: another version of the file is there.
        """

    def remove(self, name: str, *, version: str | None = None) -> None:
        """Remove a file. A file that is gone already counts as removed.

        :param version: remove only this version. Storage that keeps no versions removes in any case.
        :raises ObjectExistsError: another version of the file is there.
        """
