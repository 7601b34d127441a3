"""Routes that send images: as they are stored, as files, as thumbnails, and those of a run in one archive."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Path, Request, Response
from fastapi.responses import StreamingResponse

from airflow_provider_imagen.core.result_document import MOST_IMAGES, ResultDocument
from airflow_provider_imagen.core.result_parts import StoredImage
from airflow_provider_imagen.plugins.gallery.addresses import TaskInstanceAddress, read_map_index
from airflow_provider_imagen.plugins.gallery.archive import archive_of
from airflow_provider_imagen.plugins.gallery.concurrency import ConcurrencyLimit
from airflow_provider_imagen.plugins.gallery.file_names import archive_file_name, attachment, image_file_name
from airflow_provider_imagen.plugins.gallery.image_storage import ImageUnavailableError, read_image
from airflow_provider_imagen.plugins.gallery.instances import Instance
from airflow_provider_imagen.plugins.gallery.queries import read_instance, read_run
from airflow_provider_imagen.plugins.gallery.sources import sources_of
from airflow_provider_imagen.plugins.gallery.thumbnails import (
    Thumbnail,
    ThumbnailError,
    make_thumbnail,
    new_thumbnail_cache,
)

TASK = "/runs/{run_id}/tasks/{task_id}/{map_index}"
IMAGE = f"{TASK}/images/{{number}}"
SOURCE = f"{TASK}/sources/{{number}}"
REVALIDATE = "private, no-cache"
"""Browsers may cache a response and must revalidate it: permissions are checked at each request."""
ARCHIVE_TIMEOUT_SECONDS = 600.0

router = APIRouter()
thumbnail_cache = new_thumbnail_cache()
concurrency_limit = ConcurrencyLimit()
archive_limit = ConcurrencyLimit(limit=1, timeout_seconds=ARCHIVE_TIMEOUT_SECONDS)
"""Archives read one image at a time, all of them together: pages come first."""


@dataclass(frozen=True, slots=True)
class RecordedImage:
    """One image of a result, or one that the request was given."""

    instance: Instance
    document: ResultDocument
    image: StoredImage
    number: int

    @property
    def cache_key(self) -> str:
        """The key of its thumbnail. A later try pushes a new XCom, and its images get keys of their own."""
        parts = (*self.instance.address, self.instance.timestamp, self.image.uri)
        return hashlib.sha256(repr(parts).encode()).hexdigest()

    def read(self) -> tuple[bytes, str]:
        """Return bytes and MIME type.

        :raises ImageUnavailableError: it cannot be shown.
        """
        return read_image(self.image, self.document)


def address_of(dag_id: str, run_id: str, task_id: str, map_index: str) -> TaskInstanceAddress:
    """Return the task instance in the path parameters."""
    return TaskInstanceAddress(dag_id, run_id, task_id, read_map_index(map_index))


Address = Annotated[TaskInstanceAddress, Depends(address_of)]
Number = Annotated[int, Path(ge=0, lt=MOST_IMAGES)]


def _image(address: Address, number: Number) -> RecordedImage:
    instance, document = _with_document(address)
    if number >= len(document.images):
        raise HTTPException(HTTPStatus.NOT_FOUND, "This task instance recorded no such image.")
    return RecordedImage(instance, document, document.images[number], number)


def _source(address: Address, number: Number) -> RecordedImage:
    instance, document = _with_document(address)
    sources = sources_of(document)
    if number >= len(sources):
        raise HTTPException(HTTPStatus.NOT_FOUND, "This task instance was given no such image.")
    return RecordedImage(instance, document, sources[number], number)


def _with_document(address: TaskInstanceAddress) -> tuple[Instance, ResultDocument]:
    instance = read_instance(address)
    if instance is None or instance.document is None:
        raise HTTPException(HTTPStatus.NOT_FOUND, "This task instance recorded no images.")
    return instance, instance.document


Image = Annotated[RecordedImage, Depends(_image)]
Source = Annotated[RecordedImage, Depends(_source)]


@router.get(IMAGE)
async def image(recorded: Image) -> Response:
    """Send an image as it is stored."""
    return await _send(recorded)


@router.get(SOURCE)
async def source(recorded: Source) -> Response:
    """Send an image that the request was given, as it is stored."""
    return await _send(recorded)


@router.get(f"{IMAGE}/file")
async def file(recorded: Image) -> Response:
    """Send an image as a file to store."""
    data, mime_type = await concurrency_limit.run(recorded.read)
    name = image_file_name(recorded.instance.address, recorded.document.image_key, recorded.number, mime_type)
    return Response(data, media_type=mime_type, headers={"Cache-Control": REVALIDATE, **attachment(name)})


@router.get(f"{IMAGE}/thumbnail")
async def thumbnail(request: Request, recorded: Image) -> Response:
    """Send a small version of an image."""
    return await _send_thumbnail(request, recorded)


@router.get(f"{SOURCE}/thumbnail")
async def source_thumbnail(request: Request, recorded: Source) -> Response:
    """Send a small version of an image that the request was given."""
    return await _send_thumbnail(request, recorded)


@router.get("/runs/{run_id}/images.zip")
def archive(dag_id: str, run_id: str) -> Response:
    """Send the images of a run as a ZIP archive."""
    if read_run(dag_id, run_id) is None:
        raise HTTPException(HTTPStatus.NOT_FOUND, "There is no such run.")
    parts = archive_of(_instances_of_run(dag_id, run_id), archive_limit.run)
    headers = {"Cache-Control": "no-store", **attachment(archive_file_name(dag_id, run_id))}
    return StreamingResponse(parts, media_type="application/zip", headers=headers)


def _instances_of_run(dag_id: str, run_id: str) -> Iterator[Instance]:
    """Yield the task instances of a run, one page of them in memory."""
    number = 0
    while (run := read_run(dag_id, run_id, number)) is not None:
        yield from run.page.instances
        if number >= run.page.last_number:
            return
        number += 1


async def _send(recorded: RecordedImage) -> Response:
    data, mime_type = await concurrency_limit.run(recorded.read)
    return Response(data, media_type=mime_type, headers={"Cache-Control": REVALIDATE})


async def _send_thumbnail(request: Request, recorded: RecordedImage) -> Response:
    key = recorded.cache_key
    headers = {"Cache-Control": REVALIDATE, "ETag": f'"{key}"'}
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=int(HTTPStatus.NOT_MODIFIED), headers=headers)
    small = thumbnail_cache.find(key)
    if small is None:
        small = await concurrency_limit.run(lambda: thumbnail_cache.get(key, lambda: _thumbnail(recorded)))
    return Response(small.data, media_type=small.mime_type, headers={**headers, **_image_headers(small)})


def _thumbnail(recorded: RecordedImage) -> Thumbnail:
    try:
        return make_thumbnail(*recorded.read())
    except ThumbnailError as failure:
        raise ImageUnavailableError(HTTPStatus.UNPROCESSABLE_ENTITY, str(failure)) from failure


def _image_headers(small: Thumbnail) -> dict[str, str]:
    """Return size and dimensions of the image behind a thumbnail, which the page shows."""
    headers = {"X-Imagen-Bytes": str(small.original_bytes)}
    return headers | ({"X-Imagen-Pixels": f"{small.width} x {small.height}"} if small.width else {})
