"""The folder below ``output_uri`` that belongs to one task instance: what is in it, and small files in and out."""

from __future__ import annotations

from typing import Protocol

from airflow.providers.common.compat.sdk import ObjectStoragePath

from airflow_provider_imagen.client.imagen import ImagenClient
from airflow_provider_imagen.core.recovery.request_record import FILE_NAME, LARGEST_BYTES, MIME_TYPE
from airflow_provider_imagen.core.storage.locations import parse_folder
from airflow_provider_imagen.core.storage.object_names import TaskIdentity, folder_name, is_image_name
from airflow_provider_imagen.errors import StorageNotFoundError
from airflow_provider_imagen.operators.files import write_whole


class TaskFolder(Protocol):
    """A folder that one task instance has for itself, in any storage."""

    def images(self) -> tuple[str, ...]:
        """Return the URIs of the images in it, by name."""

    def has(self, uri: str) -> bool:
        """Say whether there is a file, in this storage, at this URI."""

    def read_note(self) -> bytes | None:
        """Return the receipt that is kept here, None when there is none."""

    def write_note(self, content: bytes) -> None:
        """Keep a receipt; one that is there is replaced."""


def task_folder(output_uri: str, task: TaskIdentity, client: ImagenClient) -> TaskFolder:
    """Return the folder of a task instance below ``output_uri``."""
    uri = f"{output_uri.rstrip('/')}/{folder_name(task)}"
    return _InCloudStorage(uri, client) if uri.startswith("gs://") else _Elsewhere(uri)


class _InCloudStorage:
    """Through the connection's own client."""

    def __init__(self, uri: str, client: ImagenClient) -> None:
        self._uri = uri
        self._client = client

    def images(self) -> tuple[str, ...]:
        folder = parse_folder(self._uri)
        names = [each.name for each in self._client.storage.list(folder) if is_image_name(each.name)]
        return tuple(f"gs://{folder.bucket}/{name}" for name in sorted(names, key=_by_number))

    def has(self, uri: str) -> bool:
        return self._client.storage.exists(uri)

    def read_note(self) -> bytes | None:
        try:
            return self._client.storage.download(f"{self._uri}/{FILE_NAME}", LARGEST_BYTES)
        except StorageNotFoundError:
            return None

    def write_note(self, content: bytes) -> None:
        self._client.storage.upload(f"{self._uri}/{FILE_NAME}", content, MIME_TYPE)


class _Elsewhere:
    """On a disk of the worker, or where Airflow's ObjectStoragePath leads."""

    def __init__(self, uri: str) -> None:
        self._uri = uri

    def images(self) -> tuple[str, ...]:
        folder = ObjectStoragePath(self._uri)
        names = [each.name for each in folder.iterdir()] if folder.exists() else []
        return tuple(f"{self._uri}/{name}" for name in sorted(filter(is_image_name, names), key=_by_number))

    def has(self, uri: str) -> bool:
        return bool(ObjectStoragePath(uri).exists())

    def read_note(self) -> bytes | None:
        note = ObjectStoragePath(f"{self._uri}/{FILE_NAME}")
        return bytes(note.read_bytes()) if note.exists() else None

    def write_note(self, content: bytes) -> None:
        write_whole(f"{self._uri}/{FILE_NAME}", content)


def _by_number(name: str) -> tuple[int, str]:
    """Sort ``sample_10`` after ``sample_9``."""
    return len(name), name
