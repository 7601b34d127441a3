"""The pages as HTML. Everything that is written into them is escaped: prompts are other people's text."""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from airflow_provider_imagen.core.result_document import ResultDocument, StoredImage
from airflow_provider_imagen.plugins.gallery.addresses import (
    TaskInstanceAddress,
    dag_link,
    image_link,
    task_link,
)
from airflow_provider_imagen.plugins.gallery.fetching import why_not_shown
from airflow_provider_imagen.plugins.gallery.queries import MOST_MAPPED, MOST_RECORDS, Attempt, RunsPage, TaskPage
from airflow_provider_imagen.plugins.gallery.thumbnails import pillow_is_installed
from airflow_provider_imagen.plugins.imagen import PREFIX

FINISHED = {"success", "failed", "skipped", "upstream_failed", "removed"}

_templates = Environment(
    loader=FileSystemLoader(Path(__file__).resolve().parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_templates.globals.update(dag_link=dag_link, task_link=task_link, image_link=image_link, why_not_shown=why_not_shown)


def task_instance(path: str, address: TaskInstanceAddress, task: TaskPage) -> str:
    """Return the page about a task instance, or about all instances of a mapped task."""
    found = {recording.address.map_index: recording for recording in task.recordings}
    instances = [
        {"attempt": attempt, "recording": found.get(attempt.map_index), "nothing": _nothing(attempt)}
        for attempt in task.attempts
    ]
    cut = MOST_MAPPED if task.is_cut else None
    return _page("task_instance.html", path, address=address, instances=instances, cut=cut)


def recent_runs(path: str, dag_id: str, number: int, runs: RunsPage) -> str:
    """Return the page about a DAG's recent runs."""
    cut = MOST_RECORDS if runs.is_cut else None
    return _page("recent_runs.html", path, dag_id=dag_id, number=number, page=runs, cut=cut)


def failure(path: str, status: int, message: str) -> str:
    """Return the page that says why there is nothing to see."""
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
    below = path.partition(f"{PREFIX}/")[2]
    root = "../" * below.count("/") or "./"
    return _templates.get_template(template).render(
        root=root, previews=pillow_is_installed(), words_for=words_for, wanted_size=wanted_size, **values
    )


def words_for(image: StoredImage, record: ResultDocument) -> str:
    """Return what an image shows, for people who do not see it."""
    return image.prompt or record.prompt or f"Image made by {record.model}"


def wanted_size(record: ResultDocument) -> str:
    """Return the size that was asked for, in the words of the request."""
    names = ("aspect_ratio", "image_size", "upscale_factor")
    return ", ".join(str(record.parameters[name]) for name in names if record.parameters.get(name))


def _nothing(attempt: Attempt) -> str:
    """Return what to say about a task instance that recorded no images."""
    if attempt.state == "failed":
        return "This task failed and recorded no images. Its log says why."
    if attempt.state in FINISHED:
        return "This task recorded no images. The operators of this provider record theirs when they make some."
    return "No images yet. They appear here when the task has made them; open the tab again then."
