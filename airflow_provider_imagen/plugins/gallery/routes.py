"""The web application of the gallery: its pages, its response headers and its error pages."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from pathlib import Path as FilePath
from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI, HTTPException, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException as AnyHTTPException

from airflow_provider_imagen.plugins.gallery import archive_routes, batch_routes, image_routes, pages
from airflow_provider_imagen.plugins.gallery.access import READ_PERMISSIONS
from airflow_provider_imagen.plugins.gallery.addresses import is_run_id
from airflow_provider_imagen.plugins.gallery.comparison import read_comparison
from airflow_provider_imagen.plugins.gallery.filters import Filter
from airflow_provider_imagen.plugins.gallery.image_routes import TASK, Address
from airflow_provider_imagen.plugins.gallery.manifests import ItemFilter
from airflow_provider_imagen.plugins.gallery.queries import read_run, read_run_ids, read_runs, read_task
from airflow_provider_imagen.plugins.gallery.recorded_images import BatchInstance
from airflow_provider_imagen.plugins.gallery.stored_files import FileUnavailableError

HERE = FilePath(__file__).resolve().parent
STATIC = {
    "gallery.css": "text/css; charset=utf-8",
    "gallery.js": "text/javascript; charset=utf-8",
    "copying.js": "text/javascript; charset=utf-8",
    "failures.js": "text/javascript; charset=utf-8",
    "theme.js": "text/javascript; charset=utf-8",
    "thumbnails.js": "text/javascript; charset=utf-8",
    "viewer.js": "text/javascript; charset=utf-8",
}
LAST_PAGE = 10_000
LONGEST_TEXT = 250

SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; img-src 'self'; style-src 'self'; script-src 'self'; connect-src 'self'; "
        "frame-ancestors 'self'; base-uri 'none'; form-action 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
}

app: FastAPI = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
private: APIRouter = APIRouter(prefix="/dags/{dag_id}", dependencies=READ_PERMISSIONS)

PageNumber = Annotated[int, Query(ge=0, le=LAST_PAGE)]
Condition = Annotated[str, Query(max_length=LONGEST_TEXT)]


def _filter(text: Condition = "", model: Condition = "", task: Condition = "", state: Condition = "") -> Filter:
    return Filter(text.strip(), model.strip(), task.strip(), state.strip())


def _item_filter(text: Condition = "", status: Condition = "", key: Condition = "") -> ItemFilter:
    return ItemFilter(text.strip(), status.strip(), key.strip())


@private.get("")
def recent_runs(
    request: Request, dag_id: str, chosen: Annotated[Filter, Depends(_filter)], page: PageNumber = 0
) -> Response:
    """Show the images of a DAG's recent runs."""
    return _page(pages.recent_runs(request.url.path, dag_id, page, chosen, read_runs(dag_id, page, chosen)))


@private.get("/compare")
def comparison(request: Request, dag_id: str, left: Condition = "", right: Condition = "") -> Response:
    """Show two runs side by side."""
    are_chosen = bool(left and right)
    are_valid = all(is_run_id(run_id) for run_id in (left, right) if run_id)
    found = read_comparison(dag_id, left, right) if are_chosen and are_valid else None
    if not are_valid or (are_chosen and found is None):
        raise HTTPException(HTTPStatus.NOT_FOUND, "There is no such run.")
    return _page(pages.comparison(request.url.path, dag_id, read_run_ids(dag_id), (left, right), found))


@private.get("/runs/{run_id}")
def run(
    request: Request, dag_id: str, run_id: str, chosen: Annotated[Filter, Depends(_filter)], page: PageNumber = 0
) -> Response:
    """Show the images of a run."""
    found = read_run(dag_id, run_id, page, chosen)
    if found is None:
        raise HTTPException(HTTPStatus.NOT_FOUND, "There is no such run.")
    return _page(pages.run(request.url.path, dag_id, chosen, found))


@private.get(TASK)
async def task_instance(
    request: Request, address: Address, chosen: Annotated[ItemFilter, Depends(_item_filter)], page: PageNumber = 0
) -> Response:
    """Show the images of a task instance; of a batch those of its items."""
    found = await run_in_threadpool(read_task, address, page)
    if found is None:
        raise HTTPException(HTTPStatus.NOT_FOUND, "There is no such task instance.")
    first = found.instances[0] if found.count == 1 else None
    if first is not None and first.batch is not None:
        return await _batch_page(request, BatchInstance(first, first.batch), chosen, page)
    return _page(pages.task_instance(request.url.path, address, found))


async def _batch_page(request: Request, found: BatchInstance, chosen: ItemFilter, number: int) -> Response:
    if found.batch.dry_run:
        return _page(pages.batch(request.url.path, found, chosen, None, "A dry run: nothing was sent."))
    try:
        manifest = await batch_routes.read_manifest(found.batch)
    except FileUnavailableError as failure:
        return _page(pages.batch(request.url.path, found, chosen, None, failure.message))
    items = await run_in_threadpool(manifest.page, chosen, number)
    return _page(pages.batch(request.url.path, found, chosen, items, None))


@app.get("/static/{name}")
def static(name: str) -> Response:
    """Send the style sheet or a script. They are public."""
    if name not in STATIC:
        raise HTTPException(HTTPStatus.NOT_FOUND, "There is no such file.")
    content = (HERE / "static" / name).read_bytes()
    return Response(content, headers={"Content-Type": STATIC[name], "Cache-Control": "no-cache"})


for _router in (image_routes.router, batch_routes.router, archive_routes.router):
    private.include_router(_router)
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


@app.exception_handler(FileUnavailableError)
def file_unavailable(request: Request, failure: FileUnavailableError) -> Response:
    """Answer with the reason why a file cannot be shown."""
    return _failure(request, failure.status, failure.message)


def _failure(request: Request, status: int, message: str) -> Response:
    if "/images/" in request.url.path or "/sources/" in request.url.path:
        return Response(message, int(status), media_type="text/plain")
    return _page(pages.failure(request.url.path, status, message), status)


def _page(html: str, status: int = 200) -> Response:
    content = html.encode("utf-8", "replace")  # half a surrogate pair in a prompt is no reason to show nothing
    return Response(content, int(status), {"Cache-Control": "no-store"}, media_type="text/html; charset=utf-8")
