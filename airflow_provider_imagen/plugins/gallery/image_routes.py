"""Routes of images that task instances made or were given."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from http import HTTPStatus
from itertools import islice
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Path, Request, Response

from airflow_provider_imagen.core.result_document import MOST_IMAGES
from airflow_provider_imagen.plugins.gallery.addresses import TaskInstanceAddress, read_map_index
from airflow_provider_imagen.plugins.gallery.image_responses import send_file, send_image, send_thumbnail
from airflow_provider_imagen.plugins.gallery.instances import Instance
from airflow_provider_imagen.plugins.gallery.queries import read_instance
from airflow_provider_imagen.plugins.gallery.recorded_images import RecordedImage, results_of, sources_given

TASK = "/runs/{run_id}/tasks/{task_id}/{map_index}"
IMAGE = f"{TASK}/images/{{number}}"
SOURCE = f"{TASK}/sources/{{number}}"

router: APIRouter = APIRouter()


def address_of(dag_id: str, run_id: str, task_id: str, map_index: str) -> TaskInstanceAddress:
    """Return the task instance in the path parameters."""
    return TaskInstanceAddress(dag_id, run_id, task_id, read_map_index(map_index))


Address = Annotated[TaskInstanceAddress, Depends(address_of)]
Number = Annotated[int, Path(ge=0, lt=MOST_IMAGES)]


def _image(address: Address, number: Number) -> RecordedImage:
    return _numbered(address, number, results_of)


def _source(address: Address, number: Number) -> RecordedImage:
    return _numbered(address, number, sources_given)


def _numbered(
    address: TaskInstanceAddress, number: int, images: Callable[[Instance], Iterator[RecordedImage]]
) -> RecordedImage:
    instance = read_instance(address)
    found = next(islice(images(instance), number, None), None) if instance else None
    if found is None:
        raise HTTPException(HTTPStatus.NOT_FOUND, "This task instance recorded no such image.")
    return found


Image = Annotated[RecordedImage, Depends(_image)]
Source = Annotated[RecordedImage, Depends(_source)]


@router.get(IMAGE)
async def image(recorded: Image) -> Response:
    """Send an image as it is stored."""
    return await send_image(recorded)


@router.get(SOURCE)
async def source(recorded: Source) -> Response:
    """Send an image that the request was given, as it is stored."""
    return await send_image(recorded)


@router.get(f"{IMAGE}/file")
async def file(recorded: Image) -> Response:
    """Send an image as a file to store."""
    return await send_file(recorded)


@router.get(f"{IMAGE}/thumbnail")
async def thumbnail(request: Request, recorded: Image) -> Response:
    """Send a small version of an image."""
    return await send_thumbnail(request, recorded)


@router.get(f"{IMAGE}/numbered")
async def numbered(request: Request, recorded: Image) -> Response:
    """Send a small version of an image with its number, counted from 1, in a corner: for a person who chooses."""
    return await send_thumbnail(request, recorded, label=str(recorded.number + 1))


@router.get(f"{SOURCE}/thumbnail")
async def source_thumbnail(request: Request, recorded: Source) -> Response:
    """Send a small version of an image that the request was given."""
    return await send_thumbnail(request, recorded)
