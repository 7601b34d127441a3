"""The pages as HTML. Every value in them is escaped: prompts are untrusted text."""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path
from typing import Any

from airflow import __version__ as airflow_version
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from airflow_provider_imagen.core.result_document import ResultDocument
from airflow_provider_imagen.core.result_parts import StoredImage
from airflow_provider_imagen.plugins import GALLERY_PREFIX
from airflow_provider_imagen.plugins.gallery import addresses
from airflow_provider_imagen.plugins.gallery.addresses import TaskInstanceAddress
from airflow_provider_imagen.plugins.gallery.comparison import Comparison
from airflow_provider_imagen.plugins.gallery.filters import STATES, Filter
from airflow_provider_imagen.plugins.gallery.image_storage import unavailable_reason
from airflow_provider_imagen.plugins.gallery.instances import Instance, Page, RunPage, RunsPage
from airflow_provider_imagen.plugins.gallery.manifests import ItemFilter, ItemsPage
from airflow_provider_imagen.plugins.gallery.recorded_images import BatchInstance, image_of_item
from airflow_provider_imagen.plugins.gallery.sources import sources_of
from airflow_provider_imagen.plugins.gallery.thumbnails import pillow_is_installed

FINISHED = {"success", "failed", "skipped", "upstream_failed", "removed"}
FIRST_WITH_DOWNLOADS = (3, 3)
"""The first Airflow that lets a view in its frame store files."""


def alt_text(image: StoredImage, document: ResultDocument) -> str:
    """Return the text alternative of an image."""
    return image.prompt or document.prompt or f"Image made by {document.model}"


def requested_size(document: ResultDocument) -> str:
    """Return the size that was asked for, as the request names it."""
    names = ("aspect_ratio", "image_size", "upscale_factor")
    return ", ".join(str(document.parameters[name]) for name in names if document.parameters.get(name))


def instance_name(address: TaskInstanceAddress) -> str:
    """Return task id and map index."""
    return address.task_id if address.map_index == addresses.NOT_MAPPED else f"{address.task_id} [{address.map_index}]"


def no_images(instance: Instance) -> str:
    """Return the sentence about a task instance that recorded no images."""
    if instance.problem:
        return instance.problem
    if instance.is_failed:
        return "This task failed and recorded no images."
    if instance.state in FINISHED:
        return "This task recorded no images. The operators of this provider record theirs when they make some."
    return "No images yet. They appear here when the task has made them; open the tab again then."


_templates = Environment(
    loader=FileSystemLoader(Path(__file__).resolve().parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_templates.globals.update(
    addresses=addresses,
    alt_text=alt_text,
    image_of_item=image_of_item,
    instance_name=instance_name,
    no_images=no_images,
    requested_size=requested_size,
    sources_of=sources_of,
    unavailable_reason=unavailable_reason,
)


def task_instance(path: str, address: TaskInstanceAddress, page: Page) -> str:
    """Return the page about a task instance, or about all instances of a mapped task.

    :param path: path of the request.
    :param address: the task instance.
    :param page: its instances.
    """
    return _render("task_instance.html", path, address=address, page=page)


def batch(path: str, found: BatchInstance, chosen: ItemFilter, items: ItemsPage | None, problem: str | None) -> str:
    """Return the page about a batch.

    :param path: path of the request.
    :param found: the batch.
    :param chosen: the filter.
    :param items: a page of its items, None when the manifest cannot be read.
    :param problem: why it cannot be read.
    """
    counts = items.counts if items else {}
    values = {"found": found, "chosen": chosen, "page": items, "problem": problem, "counts": counts}
    return _render("batch.html", path, address=found.instance.address, **values)


def run(path: str, dag_id: str, chosen: Filter, found: RunPage) -> str:
    """Return the page about a run.

    :param path: path of the request.
    :param dag_id: the DAG.
    :param chosen: the filter.
    :param found: the run.
    """
    values = {"chosen": chosen, "models": _models([found]), "states": STATES}
    return _render("run.html", path, dag_id=dag_id, run=found, **values)


def comparison(path: str, dag_id: str, run_ids: list[str], chosen: tuple[str, str], found: Comparison | None) -> str:
    """Return the page with two runs side by side.

    :param path: path of the request.
    :param dag_id: the DAG.
    :param run_ids: runs to choose from.
    :param chosen: the runs that are chosen, empty texts where none is.
    :param found: what they made, None where not both are chosen.
    """
    left, right = chosen
    values = {"run_ids": list(dict.fromkeys([*filter(None, chosen), *run_ids])), "comparison": found}
    return _render("comparison.html", path, dag_id=dag_id, left=left, right=right, **values)


def recent_runs(path: str, dag_id: str, number: int, chosen: Filter, runs: RunsPage) -> str:
    """Return the page about a DAG's recent runs.

    :param path: path of the request.
    :param dag_id: the DAG.
    :param number: 0 is the page of the latest runs.
    :param chosen: the filter.
    :param runs: the runs.
    """
    values = {"number": number, "chosen": chosen, "page": runs, "models": _models(runs.runs), "states": STATES}
    return _render("recent_runs.html", path, dag_id=dag_id, **values)


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
    return _render("failure.html", path, title=title, text=text)


def _models(runs: list[RunPage]) -> list[str]:
    """Return the models that made what is on a page, for the form to suggest."""
    instances = [instance for each in runs for instance in each.page.instances]
    of_batches = {model for each in instances if each.batch for model in each.batch.models}
    return sorted({each.document.model for each in instances if each.document} | of_batches)


def _render(template: str, path: str, **values: Any) -> str:
    below = path.partition(f"{GALLERY_PREFIX}/")[2]
    values["root"] = "../" * below.count("/") or "./"
    values["has_pillow"] = pillow_is_installed()
    values["stores_in_frame"] = tuple(map(int, airflow_version.split(".")[:2])) >= FIRST_WITH_DOWNLOADS
    return _templates.get_template(template).render(**values)
