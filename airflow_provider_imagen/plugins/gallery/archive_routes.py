"""The route of a run's images in one archive."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from functools import partial
from http import HTTPStatus

from fastapi import APIRouter, HTTPException, Response
from fastapi.responses import StreamingResponse
from starlette.concurrency import iterate_in_threadpool, run_in_threadpool

from airflow_provider_imagen.plugins.gallery import batch_routes
from airflow_provider_imagen.plugins.gallery.archive import archive_of
from airflow_provider_imagen.plugins.gallery.concurrency import ConcurrencyLimit
from airflow_provider_imagen.plugins.gallery.file_names import archive_file_name, attachment
from airflow_provider_imagen.plugins.gallery.instances import Instance
from airflow_provider_imagen.plugins.gallery.manifests import Manifest
from airflow_provider_imagen.plugins.gallery.queries import read_run
from airflow_provider_imagen.plugins.gallery.recorded_images import (
    BatchInstance,
    RecordedImage,
    image_of_item,
    results_of,
)
from airflow_provider_imagen.plugins.gallery.stored_files import FileUnavailableError

ARCHIVE_TIMEOUT_SECONDS = 600.0

router: APIRouter = APIRouter()
archive_limit: ConcurrencyLimit = ConcurrencyLimit(limit=1, timeout_seconds=ARCHIVE_TIMEOUT_SECONDS)
"""Archives read one image at a time, all of them together: pages come first."""


@router.get("/runs/{run_id}/images.zip")
def archive(dag_id: str, run_id: str) -> Response:
    """Send the images of a run as a ZIP archive."""
    if read_run(dag_id, run_id) is None:
        raise HTTPException(HTTPStatus.NOT_FOUND, "There is no such run.")
    parts = archive_of(_images_of_run(dag_id, run_id), archive_limit.run)
    headers = {"Cache-Control": "no-store", **attachment(archive_file_name(dag_id, run_id))}
    return StreamingResponse(parts, media_type="application/zip", headers=headers)


async def _images_of_run(dag_id: str, run_id: str) -> AsyncIterator[RecordedImage | str]:
    """Yield the images of a run. One page of its task instances is in memory; threads query it, as those of pages."""
    number = 0
    while (run := await run_in_threadpool(read_run, dag_id, run_id, number)) is not None:
        for instance in run.page.instances:
            async for recorded in _images_of(instance):
                yield recorded
        if number >= run.page.last_number:
            return
        number += 1


async def _images_of(instance: Instance) -> AsyncIterator[RecordedImage | str]:
    if instance.batch is None:
        for recorded in results_of(instance):
            yield recorded
        return
    try:
        manifest = await archive_limit.run(partial(batch_routes.manifests.read, instance.batch))
    except FileUnavailableError as failure:
        yield f"{instance.batch.manifest}: {failure.message}"
        return
    async for recorded in iterate_in_threadpool(_images_of_items(BatchInstance(instance, instance.batch), manifest)):
        yield recorded


def _images_of_items(found: BatchInstance, manifest: Manifest) -> Iterator[RecordedImage]:
    for item in manifest.items():
        if item is not None:
            yield from (image_of_item(found, item, number) for number in range(len(item.uris)))
