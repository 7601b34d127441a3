"""Images in storage: which are shown, and the bytes of those, which are images of a kind that every browser shows."""

from __future__ import annotations

from http import HTTPStatus

from airflow_provider_imagen.core.image_format import image_type
from airflow_provider_imagen.core.result_parts import StoredImage
from airflow_provider_imagen.plugins.gallery.stored_files import FileUnavailableError, read_file, refusal_of
from airflow_provider_imagen.plugins.gallery.thumbnails import FORMATS

MAX_IMAGE_BYTES = 64 << 20
"""The largest image that is read. The largest that Google makes, 17 megapixels as PNG, are about half of it."""
UNKNOWN_TYPE = "application/octet-stream"
"""The MIME type of an image that was recorded without one."""


def unavailable_reason(image: StoredImage) -> str | None:
    """Return why an image is never read, None if it may be. Reads no storage."""
    return refusal_of(image.uri, "image")


def read_image(image: StoredImage, conn_id: str | None) -> tuple[bytes, str]:
    """Return the bytes of a recorded image and the MIME type that they have.

    :param image: the image.
    :param conn_id: the connection that its task recorded.
    :raises FileUnavailableError: it cannot be shown; gives the reason.
    """
    data = read_file(image.uri, conn_id, MAX_IMAGE_BYTES, "image")
    mime_type = image_type(data)
    if mime_type is None or mime_type not in FORMATS:
        raise FileUnavailableError(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "What is stored there is no PNG, JPEG, WebP, GIF or BMP image."
        )
    return data, mime_type
