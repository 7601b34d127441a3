"""The picture that a request names: what identifies it, and what of it is sent."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass
from typing import Any

from airflow_provider_imagen.client.storage import CloudStorage
from airflow_provider_imagen.core.catalogue import Model
from airflow_provider_imagen.core.image_header import read_header
from airflow_provider_imagen.core.requests import SourceImage, UpscaleRequest
from airflow_provider_imagen.core.storage.locations import is_object
from airflow_provider_imagen.core.validation.source_image import LARGEST_SOURCE_BYTES, problems_with_source
from airflow_provider_imagen.errors import InvalidInputError, PermissionDeniedError, StorageNotFoundError
from airflow_provider_imagen.runner.store import OpenPath

log = logging.getLogger("airflow.task")


@dataclass(frozen=True, slots=True)
class ReadSource:
    """A picture that was looked at.

    :param source: what is sent.
    :param identity: is the same for the same picture, under whatever name.
    """

    source: SourceImage
    identity: str


def read_source(request: UpscaleRequest, model: Model, storage: CloudStorage, open_path: OpenPath) -> ReadSource:
    """Return the picture that is to be upscaled. One in Cloud Storage is never downloaded.

    :param request: names the picture.
    :param model: the model that reads it.
    :param storage: the buckets that the connection reaches.
    :param open_path: opens any other URI.
    :raises InvalidInputError: it cannot be read, or Google would not take it.
    """
    uri = request.image
    if is_object(uri):
        return ReadSource(SourceImage(gcs_uri=uri), _identity_in_cloud(uri, storage))
    data = _read(uri, open_path)
    if problems := problems_with_source(data, request, model):
        raise InvalidInputError(tuple(problems))
    header = read_header(data)
    digest = hashlib.sha256(data).hexdigest()
    return ReadSource(SourceImage(data=data, mime_type=header.mime_type if header else None), f"sha256:{digest}")


def _identity_in_cloud(uri: str, storage: CloudStorage) -> str:
    """Return what identifies an object by its metadata: its MD5, else its CRC and size; never its generation."""
    try:
        stored = storage.metadata(uri)
    except PermissionDeniedError as failure:
        log.warning(
            "The picture is told from others by its URI only, because its metadata may not be read: %s", failure
        )
        return uri
    except StorageNotFoundError as failure:
        raise InvalidInputError((f"image is {uri!r}, and there is no such object. Correct the URI.",)) from failure
    if stored.md5_hash:
        return f"md5:{stored.md5_hash}"
    return f"crc32c:{stored.crc32c}:{stored.size}" if stored.crc32c else uri


def _read(uri: str, open_path: OpenPath) -> bytes:
    """Return a file's bytes; one byte more than is allowed is read, so that a huge file is noticed and not loaded."""
    try:
        with open_path(uri).open("rb") as file:
            return bytes(file.read(LARGEST_SOURCE_BYTES + 1))
    except Exception as failure:  # storage libraries raise anything
        problem = (
            f"image is {uri!r} and could not be read ({type(failure).__name__}: {failure}). Check that the file is "
            "there, that this worker may read it, and that the provider for its scheme is installed."
        )
        raise InvalidInputError((problem,)) from failure


def only_item(image: Any) -> Any:
    """Return the one item of a list with one item, anything else as it is.

    A generate task that made one image returns such a list.
    """
    return image[0] if isinstance(image, list | tuple) and len(image) == 1 else image
