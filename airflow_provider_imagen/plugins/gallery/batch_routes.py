"""Routes of batches: the images of their items, and the manifest as a file."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Request, Response
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from airflow_provider_imagen.plugins.gallery import image_responses
from airflow_provider_imagen.plugins.gallery.batch_document import BatchDocument
from airflow_provider_imagen.plugins.gallery.file_names import attachment, manifest_file_name
from airflow_provider_imagen.plugins.gallery.image_responses import send_file, send_image, send_thumbnail
from airflow_provider_imagen.plugins.gallery.image_routes import TASK, Address, Number
from airflow_provider_imagen.plugins.gallery.manifests import Manifest, Manifests
from airflow_provider_imagen.plugins.gallery.queries import read_instance
from airflow_provider_imagen.plugins.gallery.recorded_images import BatchInstance, RecordedImage, image_of_item

ITEM = f"{TASK}/items/{{key}}/images/{{number}}"
PIECE_BYTES = 1 << 16

router: APIRouter = APIRouter()
manifests: Manifests = Manifests()


async def read_manifest(batch: BatchDocument) -> Manifest:
    """Return the manifest of a batch as it is now, in turn with the other readers of this server."""
    return await image_responses.concurrency_limit.run(partial(manifests.read, batch))


async def _batch(address: Address) -> BatchInstance:
    instance = await run_in_threadpool(read_instance, address)
    if instance is None or instance.batch is None:
        raise HTTPException(HTTPStatus.NOT_FOUND, "This task instance is no batch that recorded anything.")
    return BatchInstance(instance, instance.batch)


Batch = Annotated[BatchInstance, Depends(_batch)]


async def _item_image(found: Batch, key: str, number: Number) -> RecordedImage:
    item = await image_responses.concurrency_limit.run(partial(manifests.find, found.batch, key, number))
    if item is None or number >= len(item.uris):
        raise HTTPException(HTTPStatus.NOT_FOUND, "This batch recorded no such image.")
    return image_of_item(found, item, number)


ItemImage = Annotated[RecordedImage, Depends(_item_image)]


@router.get(ITEM)
async def image(recorded: ItemImage) -> Response:
    """Send an image of an item as it is stored."""
    return await send_image(recorded)


@router.get(f"{ITEM}/file")
async def file(recorded: ItemImage) -> Response:
    """Send an image of an item as a file to store."""
    return await send_file(recorded)


@router.get(f"{ITEM}/thumbnail")
async def thumbnail(request: Request, recorded: ItemImage) -> Response:
    """Send a small version of an image of an item."""
    return await send_thumbnail(request, recorded)


@router.get(f"{TASK}/manifest.jsonl")
async def manifest(address: Address, found: Batch) -> Response:
    """Send the manifest as a file to store; only lines that are those of a manifest."""
    content = await read_manifest(found.batch)
    headers = {"Cache-Control": "no-store", **attachment(manifest_file_name(address))}
    return StreamingResponse(_pieces(content), media_type="application/x-ndjson", headers=headers)


def _pieces(content: Manifest) -> Iterator[bytes]:
    piece = bytearray()
    for item in content.items():
        piece += item.encode() if item else b""
        if len(piece) >= PIECE_BYTES:
            yield bytes(piece)
            piece.clear()
    yield bytes(piece)
