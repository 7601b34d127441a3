"""Responses with images: as they are stored, as files, and as thumbnails. All share one bound and one cache."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import Request, Response

from airflow_provider_imagen.plugins.gallery.bounded_cache import BoundedCache
from airflow_provider_imagen.plugins.gallery.concurrency import ConcurrencyLimit
from airflow_provider_imagen.plugins.gallery.file_names import attachment
from airflow_provider_imagen.plugins.gallery.recorded_images import RecordedImage
from airflow_provider_imagen.plugins.gallery.stored_files import FileUnavailableError
from airflow_provider_imagen.plugins.gallery.thumbnails import (
    Thumbnail,
    ThumbnailError,
    make_thumbnail,
    new_thumbnail_cache,
)

REVALIDATE = "private, no-cache"
"""Browsers may cache a response and must revalidate it: permissions are checked at each request."""

thumbnail_cache: BoundedCache[Thumbnail] = new_thumbnail_cache()
concurrency_limit: ConcurrencyLimit = ConcurrencyLimit()


async def send_image(recorded: RecordedImage) -> Response:
    """Return an image as it is stored."""
    data, mime_type = await concurrency_limit.run(recorded.read)
    return Response(data, media_type=mime_type, headers={"Cache-Control": REVALIDATE})


async def send_file(recorded: RecordedImage) -> Response:
    """Return an image as a file to store."""
    data, mime_type = await concurrency_limit.run(recorded.read)
    headers = {"Cache-Control": REVALIDATE, **attachment(recorded.file_name(mime_type))}
    return Response(data, media_type=mime_type, headers=headers)


async def send_thumbnail(request: Request, recorded: RecordedImage, label: str = "") -> Response:
    """Return a small version of an image.

    :param request: says which version the browser has.
    :param recorded: the image.
    :param label: a short text to draw into a corner.
    """
    key = f"{recorded.cache_key}{label}"
    headers = {"Cache-Control": REVALIDATE, "ETag": f'"{key}"'}
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=int(HTTPStatus.NOT_MODIFIED), headers=headers)
    small = thumbnail_cache.find(key)
    if small is None:
        small = await concurrency_limit.run(lambda: thumbnail_cache.get(key, lambda: _thumbnail(recorded, label)))
    return Response(small.data, media_type=small.mime_type, headers={**headers, **_image_headers(small)})


def _thumbnail(recorded: RecordedImage, label: str) -> Thumbnail:
    try:
        return make_thumbnail(*recorded.read(), label)
    except ThumbnailError as failure:
        raise FileUnavailableError(HTTPStatus.UNPROCESSABLE_ENTITY, str(failure)) from failure


def _image_headers(small: Thumbnail) -> dict[str, str]:
    """Return size and dimensions of the image behind a thumbnail, which the page shows."""
    headers = {"X-Imagen-Bytes": str(small.original_bytes)}
    return headers | ({"X-Imagen-Pixels": f"{small.width} x {small.height}"} if small.width else {})
