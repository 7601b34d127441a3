"""Images that task instances recorded, in results and in manifests: where each is, its file name and its bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from airflow_provider_imagen.core.batch.manifest import ManifestLine
from airflow_provider_imagen.core.result_parts import StoredImage
from airflow_provider_imagen.core.storage.object_names import mime_type_of
from airflow_provider_imagen.plugins.gallery.addresses import TaskInstanceAddress
from airflow_provider_imagen.plugins.gallery.batch_document import BatchDocument
from airflow_provider_imagen.plugins.gallery.file_names import image_file_name
from airflow_provider_imagen.plugins.gallery.image_storage import read_image
from airflow_provider_imagen.plugins.gallery.instances import Instance
from airflow_provider_imagen.plugins.gallery.sources import sources_of


@dataclass(frozen=True, slots=True)
class RecordedImage:
    """One image that a task instance made or was given.

    :param address: the task instance.
    :param timestamp: time of the XCom that names it, or its manifest.
    :param image: the image.
    :param number: its place in the result or the item, from 0.
    :param key: the key of the task or of the item.
    :param conn_id: the connection that the task recorded.
    :param fingerprint: of the item's request; empty for an image of a result.
    """

    address: TaskInstanceAddress
    timestamp: datetime | None
    image: StoredImage
    number: int
    key: str | None = None
    conn_id: str | None = None
    fingerprint: str = ""

    @property
    def cache_key(self) -> str:
        """The key of its thumbnail. A later try pushes a new XCom, and its images get keys of their own."""
        parts = (*self.address, self.timestamp, self.image.uri, self.fingerprint)
        return hashlib.sha256(repr(parts).encode()).hexdigest()

    def read(self) -> tuple[bytes, str]:
        """Return bytes and MIME type.

        :raises FileUnavailableError: it cannot be shown.
        """
        return read_image(self.image, self.conn_id)

    def file_name(self, mime_type: str) -> str:
        """Return the name of its file when it is downloaded."""
        return image_file_name(self.address, self.key, self.number, mime_type)


class BatchInstance(NamedTuple):
    """A task instance that is a batch, and its result."""

    instance: Instance
    batch: BatchDocument


def results_of(instance: Instance) -> Iterator[RecordedImage]:
    """Yield the images in the result of a task instance."""
    yield from _recorded(instance, instance.document.images if instance.document else ())


def sources_given(instance: Instance) -> Iterator[RecordedImage]:
    """Yield the images that a task instance was given."""
    yield from _recorded(instance, sources_of(instance.document) if instance.document else ())


def image_of_item(found: BatchInstance, item: ManifestLine, number: int) -> RecordedImage:
    """Return an image of a batch's item.

    :param found: the batch.
    :param item: the item.
    :param number: place of the image in the item, from 0.
    """
    instance, batch = found
    image = StoredImage(uri=item.uris[number], mime_type=mime_type_of(item.uris[number]))
    return RecordedImage(
        instance.address, instance.timestamp, image, number, item.key, batch.imagen_conn_id, item.fingerprint
    )


def _recorded(instance: Instance, images: tuple[StoredImage, ...] | list[StoredImage]) -> Iterator[RecordedImage]:
    document = instance.document
    for number, image in enumerate(images):
        yield RecordedImage(
            instance.address,
            instance.timestamp,
            image,
            number,
            document.image_key if document else None,
            document.imagen_conn_id if document else None,
        )
