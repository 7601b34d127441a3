"""A store in Cloud Storage, over the JSON API and the connection's own identity."""

from __future__ import annotations

from collections.abc import Iterator

from airflow_provider_imagen.client.storage import CloudStorage
from airflow_provider_imagen.core.storage.locations import CloudFolder
from airflow_provider_imagen.errors import StorageNotFoundError
from airflow_provider_imagen.runner.store import StoredFile


class CloudStore:
    """A folder in a bucket.

    :param folder: the folder.
    :param storage: the buckets that the connection reaches.
    """

    is_local = False
    keeps_versions = True

    def __init__(self, folder: CloudFolder, storage: CloudStorage) -> None:
        self._folder = folder
        self._storage = storage

    def uri(self, name: str) -> str:
        """Return the URI of an object."""
        return f"gs://{self._folder.bucket}/{self._folder.prefix}{name}"

    def google_writes_to(self, folder: str) -> str | None:
        """Return the URI of a folder that Google can write to itself."""
        return self.uri(folder)

    def files(self, prefix: str) -> Iterator[StoredFile]:
        """Yield the objects whose names begin with ``prefix``."""
        below = self._folder.prefix
        for stored in self._storage.list(self._folder, name_prefix=prefix):
            yield StoredFile(stored.name.removeprefix(below), str(stored.generation or ""), stored.size)

    def read(self, name: str, at_most_bytes: int) -> bytes | None:
        """Return the content of an object."""
        try:
            return self._storage.download(self.uri(name), at_most_bytes)
        except StorageNotFoundError:
            return None

    def write(self, name: str, data: bytes, mime_type: str, *, version: str | None = None) -> str | None:
        """Store an object; its checksum is confirmed."""
        generation = None if version is None else int(version or 0)
        stored = self._storage.upload(self.uri(name), data, mime_type, if_generation_match=generation)
        return None if stored.generation is None else str(stored.generation)

    def remove(self, name: str, *, version: str | None = None) -> None:
        """Remove an object."""
        self._storage.delete(self.uri(name), if_generation_match=None if version is None else int(version))
