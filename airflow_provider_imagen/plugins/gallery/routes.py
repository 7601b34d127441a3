"""The web application of the gallery: its routes, its response headers and its error pages."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path as FilePath
from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI, HTTPException, Path, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException as AnyHTTPException

from airflow_provider_imagen.core.result_document import MOST_IMAGES, ResultDocument
from airflow_provider_imagen.plugins.gallery import pages
from airflow_provider_imagen.plugins.gallery.access import READ_PERMISSIONS
from airflow_provider_imagen.plugins.gallery.addresses import TaskInstanceAddress, read_map_index
from airflow_provider_imagen.plugins.gallery.concurrency import ConcurrencyLimit
from airflow_provider_imagen.plugins.gallery.image_storage import ImageUnavailableError, read_image
from airflow_provider_imagen.plugins.gallery.queries import TaskInstanceResult, read_result, read_runs, read_task
from airflow_provider_imagen.plugins.gallery.thumbnails import (
    Thumbnail,
    ThumbnailError,
    make_thumbnail,
    new_thumbnail_cache,
)

HERE = FilePath(__file__).resolve().parent
STATIC = {"gallery.css": "text/css; charset=utf-8", "gallery.js": "text/javascript; charset=utf-8"}
LAST_PAGE = 10_000

SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; img-src 'self'; style-src 'self'; script-src 'self'; connect-src 'self'; "
        "frame-ancestors 'self'; base-uri 'none'; form-action 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
}
REVALIDATE = "private, no-cache"
"""Browsers may cache a response and must revalidate it: permissions are checked at each request."""

app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
private = APIRouter(prefix="/dags/{dag_id}", dependencies=READ_PERMISSIONS)
thumbnail_cache = new_thumbnail_cache()
concurrency_limit = ConcurrencyLimit()

TASK = "/runs/{run_id}/tasks/{task_id}/{map_index}"
IMAGE = f"{TASK}/images/{{number}}"


@dataclass(frozen=True, slots=True)
class RecordedImage:
    """One image of a result."""

    result: TaskInstanceResult
    document: ResultDocument
    number: int

    @property
    def cache_key(self) -> str:
        """The key of its thumbnail. A later try pushes a new XCom, and its images get keys of their own."""
        uri = self.document.images[self.number].uri
        parts = (*self.result.address, self.result.timestamp.isoformat(), uri)
        return hashlib.sha256(repr(parts).encode()).hexdigest()

    def read(self) -> tuple[bytes, str]:
        """Return bytes and MIME type.

        :raises ImageUnavailableError: it cannot be shown.
        """
        return read_image(self.document.images[self.number], self.document)


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


def _recorded_image(address: Address, number: Number) -> RecordedImage:
    result = read_result(address)
    if result is None or result.document is None or number >= len(result.document.images):
        raise HTTPException(HTTPStatus.NOT_FOUND, "This task instance recorded no such image.")
    return RecordedImage(result, result.document, number)


Image = Annotated[RecordedImage, Depends(_recorded_image)]


@private.get(IMAGE)
async def image(recorded: Image) -> Response:
    """Send an image as it is stored."""
    data, mime_type = await concurrency_limit.run(recorded.read)
    return Response(data, media_type=mime_type, headers={"Cache-Control": REVALIDATE})


@private.get(f"{IMAGE}/thumbnail")
async def thumbnail(request: Request, recorded: Image) -> Response:
    """Send a small version of an image."""
    key = recorded.cache_key
    headers = {"Cache-Control": REVALIDATE, "ETag": f'"{key}"'}
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=int(HTTPStatus.NOT_MODIFIED), headers=headers)
    small = thumbnail_cache.find(key)
    if small is None:
        small = await concurrency_limit.run(lambda: thumbnail_cache.get(key, lambda: _thumbnail(recorded)))
    return Response(small.data, media_type=small.mime_type, headers={**headers, **_image_headers(small)})


@app.get("/static/{name}")
def static(name: str) -> Response:
    """Send the style sheet or the script. They are public."""
    if name not in STATIC:
        raise HTTPException(HTTPStatus.NOT_FOUND, "There is no such file.")
    content = (HERE / "static" / name).read_bytes()
    return Response(content, headers={"Content-Type": STATIC[name], "Cache-Control": "no-cache"})


app.include_router(private)


@app.middleware("http")
async def add_security_headers(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    """Add the headers that keep a page from running or showing anything of another origin."""
    response = await call_next(request)
    response.headers.update(SECURITY_HEADERS)
    response.headers.setdefault("Cache-Control", "no-store")
    return response


@app.exception_handler(AnyHTTPException)
def http_error(request: Request, failure: AnyHTTPException) -> Response:
    """Answer with an error page, or with plain text in place of an image."""
    return _failure(request, failure.status_code, str(failure.detail))


@app.exception_handler(RequestValidationError)
def invalid_address(request: Request, _: RequestValidationError) -> Response:
    """Answer a malformed address like an unknown one."""
    return _failure(request, HTTPStatus.NOT_FOUND, "There is no such page.")


@app.exception_handler(ImageUnavailableError)
def image_unavailable(request: Request, failure: ImageUnavailableError) -> Response:
    """Answer with the reason why an image cannot be shown."""
    return _failure(request, failure.status, failure.message)


def _failure(request: Request, status: int, message: str) -> Response:
    if "/images/" in request.url.path:
        return Response(message, int(status), media_type="text/plain")
    return _page(pages.failure(request.url.path, status, message), status)


def _page(html: str, status: int = 200) -> Response:
    content = html.encode("utf-8", "replace")  # half a surrogate pair in a prompt is no reason to show nothing
    return Response(content, int(status), {"Cache-Control": "no-store"}, media_type="text/html; charset=utf-8")


def _thumbnail(recorded: RecordedImage) -> Thumbnail:
    try:
        return make_thumbnail(*recorded.read())
    except ThumbnailError as failure:
        raise ImageUnavailableError(HTTPStatus.UNPROCESSABLE_ENTITY, str(failure)) from failure


def _image_headers(small: Thumbnail) -> dict[str, str]:
    """Return size and dimensions of the image behind a thumbnail, which the page shows."""
    headers = {"X-Imagen-Bytes": str(small.original_bytes)}
    return headers | ({"X-Imagen-Pixels": f"{small.width} x {small.height}"} if small.width else {})
