"""The pages as HTML. Every value in them is escaped: prompts are untrusted text."""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from airflow_provider_imagen.core.result_document import ResultDocument, StoredImage
from airflow_provider_imagen.plugins import GALLERY_PREFIX
from airflow_provider_imagen.plugins.gallery import queries
from airflow_provider_imagen.plugins.gallery.addresses import (
    TaskInstanceAddress,
    dag_link,
    image_link,
    log_link,
    log_page_link,
    state_mismatch_link,
    task_link,
)
from airflow_provider_imagen.plugins.gallery.image_storage import unavailable_reason
from airflow_provider_imagen.plugins.gallery.queries import RunsPage, TaskInstanceState, TaskPage
from airflow_provider_imagen.plugins.gallery.thumbnails import pillow_is_installed

FINISHED = {"success", "failed", "skipped", "upstream_failed", "removed"}


def alt_text(image: StoredImage, document: ResultDocument) -> str:
    """Return the text alternative of an image."""
    return image.prompt or document.prompt or f"Image made by {document.model}"


def requested_size(document: ResultDocument) -> str:
    """Return the size that was asked for, as the request names it."""
    names = ("aspect_ratio", "image_size", "upscale_factor")
    return ", ".join(str(document.parameters[name]) for name in names if document.parameters.get(name))


_templates = Environment(
    loader=FileSystemLoader(Path(__file__).resolve().parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_templates.globals.update(
    alt_text=alt_text,
    dag_link=dag_link,
    image_link=image_link,
    log_link=log_link,
    log_page_link=log_page_link,
    requested_size=requested_size,
    state_mismatch_link=state_mismatch_link,
    task_link=task_link,
    unavailable_reason=unavailable_reason,
)


def task_instance(path: str, address: TaskInstanceAddress, task: TaskPage) -> str:
    """Return the page about a task instance, or about all instances of a mapped task."""
    results = {result.address.map_index: result for result in task.results}
    instances = [
        {"state": each, "result": results.get(each.address.map_index), "no_images": _no_images(each)}
        for each in task.instances
    ]
    bound = queries.MAX_MAPPED_INSTANCES if task.is_truncated else None
    return _page("task_instance.html", path, address=address, instances=instances, bound=bound)


def recent_runs(path: str, dag_id: str, number: int, runs: RunsPage) -> str:
    """Return the page about a DAG's recent runs."""
    bounds = {
        "bound": queries.MAX_RESULTS if runs.is_truncated else None,
        "failure_bound": queries.MAX_FAILURES if runs.has_more_failures else None,
    }
    return _page("recent_runs.html", path, dag_id=dag_id, number=number, page=runs, **bounds)


def failure(path: str, status: int, message: str) -> str:
    """Return the page about an error.

    :param path: path of the request.
    :param status: HTTP status.
    :param message: a sentence about the cause.
    """
    titles = {
        HTTPStatus.UNAUTHORIZED: ("You are not logged in", "Log in to Airflow and open this tab again."),
        HTTPStatus.FORBIDDEN: (
            "You may not see these images",
            "The gallery shows images to people who may read the task instances and XComs of this DAG.",
        ),
        HTTPStatus.NOT_FOUND: ("Nothing here", message),
    }
    title, text = titles.get(HTTPStatus(status), ("This did not work", message))
    return _page("failure.html", path, title=title, text=text)


def _page(template: str, path: str, **values: Any) -> str:
    below = path.partition(f"{GALLERY_PREFIX}/")[2]
    root = "../" * below.count("/") or "./"
    return _templates.get_template(template).render(root=root, has_pillow=pillow_is_installed(), **values)


def _no_images(instance: TaskInstanceState) -> str:
    """Return the sentence about a task instance that recorded no images."""
    if instance.is_failed:
        return "This task failed and recorded no images."
    if instance.state in FINISHED:
        return "This task recorded no images. The operators of this provider record theirs when they make some."
    return "No images yet. They appear here when the task has made them; open the tab again then."
