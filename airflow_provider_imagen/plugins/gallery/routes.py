"""The web application: which address shows what, and what goes with every answer."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from pathlib import Path as FilePath
from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI, HTTPException, Path, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException as AnyHTTPException

from airflow_provider_imagen.core.result_document import MOST_IMAGES, ResultDocument
from airflow_provider_imagen.plugins.gallery import pages
from airflow_provider_imagen.plugins.gallery.access import READERS_ONLY
from airflow_provider_imagen.plugins.gallery.addresses import TaskInstanceAddress, read_map_index
from airflow_provider_imagen.plugins.gallery.concurrency import ConcurrencyLimit
from airflow_provider_imagen.plugins.gallery.fetching import NotShownError, fetch
from airflow_provider_imagen.plugins.gallery.queries import Recording, read_recording, read_runs, read_task
from airflow_provider_imagen.plugins.gallery.thumbnail_cache import ThumbnailCache
from airflow_provider_imagen.plugins.gallery.thumbnails import NoThumbnailError, Thumbnail, make_thumbnail

HERE = FilePath(__file__).resolve().parent
STATIC = {"gallery.css": "text/css; charset=utf-8", "gallery.js": "text/javascript; charset=utf-8"}
LAST_PAGE = 10_000

SAFE_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; img-src 'self'; style-src 'self'; script-src 'self'; connect-src 'self'; "
        "frame-ancestors 'self'; base-uri 'none'; form-action 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
}
ASK_AGAIN = "private, no-cache"
"""Browsers may keep an answer, but ask each time whether they still may show it: rights are read anew."""

app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
private = APIRouter(prefix="/dags/{dag_id}", dependencies=READERS_ONLY)
shelf = ThumbnailCache()
turns = ConcurrencyLimit()

TASK = "/runs/{run_id}/tasks/{task_id}/{map_index}"
IMAGE = f"{TASK}/images/{{number}}"


def _address(dag_id: str, run_id: str, task_id: str, map_index: str) -> TaskInstanceAddress:
    return TaskInstanceAddress(dag_id, run_id, task_id, read_map_index(map_index))


Address = Annotated[TaskInstanceAddress, Depends(_address)]
Number = Annotated[int, Path(ge=0, lt=MOST_IMAGES)]


@private.get("")
def recent_runs(request: Request, dag_id: str, page: Annotated[int, Query(ge=0, le=LAST_PAGE)] = 0) -> Response:
    """Show the images of a DAG's recent runs."""
    runs = read_runs(dag_id, page)
    return _page(pages.recent_runs(request.url.path, dag_id, page, runs))


@private.get(TASK)
def task_instance(request: Request, address: Address) -> Response:
    """Show the images of a task instance."""
    task = read_task(address)
    if task is None:
        raise HTTPException(HTTPStatus.NOT_FOUND, "There is no such task instance.")
    return _page(pages.task_instance(request.url.path, address, task))


def _recorded(address: Address, number: Number) -> tuple[Recording, ResultDocument]:
    recording = read_recording(address)
    if recording is None or recording.record is None or number >= len(recording.record.images):
        raise HTTPException(HTTPStatus.NOT_FOUND, "This task instance recorded no such image.")
    return recording, recording.record


Recorded = Annotated[tuple[Recording, ResultDocument], Depends(_recorded)]


@private.get(IMAGE)
async def image(recorded: Recorded, number: Number) -> Response:
    """Send an image as it is stored."""
    _, record = recorded
    data, mime_type = await turns.run(lambda: fetch(record.images[number], record))
    return Response(data, media_type=mime_type, headers={"Cache-Control": ASK_AGAIN})


@private.get(f"{IMAGE}/thumbnail")
async def thumbnail(request: Request, recorded: Recorded, number: Number) -> Response:
    """Send a small version of an image."""
    recording, record = recorded
    key = _key(recording, record.images[number].uri)
    headers = {"Cache-Control": ASK_AGAIN, "ETag": f'"{key}"'}
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=int(HTTPStatus.NOT_MODIFIED), headers=headers)
    small = shelf.find(key)
    if small is None:
        small = await turns.run(lambda: shelf.get(key, lambda: _small(record, number)))
    return Response(small.data, media_type=small.mime_type, headers={**headers, **_facts(small)})


@app.get("/static/{name}")
def static(name: str) -> Response:
    """Send the style sheet or the script. They hold nothing private."""
    if name not in STATIC:
        raise HTTPException(HTTPStatus.NOT_FOUND, "There is no such file.")
    content = (HERE / "static" / name).read_bytes()
    return Response(content, headers={"Content-Type": STATIC[name], "Cache-Control": "no-cache"})


app.include_router(private)


@app.middleware("http")
async def be_safe(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    """Add what keeps a page from running or showing anything that is not the gallery's own."""
    response = await call_next(request)
    response.headers.update(SAFE_HEADERS)
    response.headers.setdefault("Cache-Control", "no-store")
    return response


@app.exception_handler(AnyHTTPException)
def refused(request: Request, failure: AnyHTTPException) -> Response:
    """Say what is wrong: on a page, or as plain text where an image was wanted."""
    return _failure(request, failure.status_code, str(failure.detail))


@app.exception_handler(RequestValidationError)
def malformed(request: Request, _: RequestValidationError) -> Response:
    """Treat an address that cannot be read like one that leads nowhere."""
    return _failure(request, HTTPStatus.NOT_FOUND, "There is no such page.")


@app.exception_handler(NotShownError)
def not_shown(request: Request, failure: NotShownError) -> Response:
    """Say why an image cannot be shown."""
    return _failure(request, failure.status, failure.message)


def _failure(request: Request, status: int, message: str) -> Response:
    if "/images/" in request.url.path:
        return Response(message, int(status), media_type="text/plain")
    return _page(pages.failure(request.url.path, status, message), status)


def _page(html: str, status: int = 200) -> Response:
    content = html.encode("utf-8", "replace")  # half a surrogate pair in a prompt is no reason to show nothing
    return Response(content, int(status), {"Cache-Control": "no-store"}, media_type="text/html; charset=utf-8")


def _small(record: ResultDocument, number: int) -> Thumbnail:
    try:
        return make_thumbnail(*fetch(record.images[number], record))
    except NoThumbnailError as failure:
        raise NotShownError(HTTPStatus.UNPROCESSABLE_ENTITY, str(failure)) from failure


def _key(recording: Recording, uri: str) -> str:
    """Return what a thumbnail is kept under. A later try records anew and gets another one."""
    return hashlib.sha256(repr((*recording.address, recording.at.isoformat(), uri)).encode()).hexdigest()


def _facts(small: Thumbnail) -> dict[str, str]:
    """Return what is known about the image behind a thumbnail, for the page to show."""
    facts = {"X-Imagen-Bytes": str(small.original_bytes)}
    return facts | ({"X-Imagen-Pixels": f"{small.width} x {small.height}"} if small.width else {})
