"""A store wherever Airflow's ObjectStoragePath leads: ``s3://`` and others. The scheme's provider does the work."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from airflow_provider_imagen.errors import OutputError
from airflow_provider_imagen.runner.store import OpenPath, StoredFile

VERSION_FIELDS = ("generation", "ETag", "etag", "md5", "LastModified", "last_modified", "mtime", "created")
"""What file systems call the field that differs once a file was replaced."""


class PathStore:
    """A folder that a path object names.

    :param uri: the folder's URI, without a closing slash.
    :param open_path: opens a URI as a path object.
    """

    is_local = False
    keeps_versions = False

    def __init__(self, uri: str, open_path: OpenPath) -> None:
        self._uri = uri
        self._open = open_path

    def uri(self, name: str) -> str:
        """Return the URI of a file."""
        return f"{self._uri}/{name}"

    def google_writes_to(self, folder: str) -> str | None:
        """Return the URI of a folder that Google can write to itself."""
        return None

    def files(self, prefix: str) -> Iterator[StoredFile]:
        """Yield the files whose names begin with ``prefix``."""
        root = self._open(self._uri)
        root.fs.invalidate_cache()  # some keep listings, and a later try must see what an earlier one stored
        below = root.path.rstrip("/")
        found: dict[str, Mapping[str, Any]] = {}
        parent, _, start = prefix.rpartition("/")
        folder = f"{below}/{parent}".rstrip("/")
        try:
            for info in root.fs.ls(folder, detail=True):
                name = str(info["name"]).rstrip("/")
                if name.rpartition("/")[2].startswith(start):
                    found |= root.fs.find(name, detail=True) if info["type"] == "directory" else {name: info}
        except FileNotFoundError:
            return
        for name in sorted(found):
            size = int(found[name].get("size") or 0)
            yield StoredFile(name.removeprefix(below).lstrip("/"), _version(found[name]), size)

    def read(self, name: str, at_most_bytes: int) -> bytes | None:
        """Return the content of a file."""
        path = self._open(self.uri(name))
        try:
            with path.open("rb") as file:
                data = bytes(file.read(at_most_bytes + 1))
        except FileNotFoundError:
            return None
        if len(data) > at_most_bytes:
            raise OutputError(f"{self.uri(name)} has more than {at_most_bytes} bytes and was not read.")
        return data

    def write(self, name: str, data: bytes, mime_type: str, *, version: str | None = None) -> str | None:
        """Store a file. Object stores show it once it is complete."""
        path = self._open(self.uri(name))
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            file.write(data)
        return None

    def remove(self, name: str, *, version: str | None = None) -> None:
        """Remove a file."""
        self._open(self.uri(name)).unlink(missing_ok=True)


def _version(info: Mapping[str, Any]) -> str:
    known = next((info[field] for field in VERSION_FIELDS if info.get(field)), "")
    return f"{known}-{info.get('size')}"
