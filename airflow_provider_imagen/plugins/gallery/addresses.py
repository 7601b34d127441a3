"""Addresses of task instances: their path parameters, and links between pages. No address holds the URI of an image."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import quote, urlencode

NOT_MAPPED = -1
NO_MAP_INDEX = {"{MAP_INDEX}", str(NOT_MAPPED)}
"""The path parameter of a task that is not mapped: Airflow leaves its placeholder in the address."""

_ID = re.compile(r"[\w.-]{1,250}")
_RUN_ID = re.compile(r"[^/\\\s\x00-\x1f\x7f]{1,250}")
_MAP_INDEX = re.compile(r"[0-9]{1,6}")
_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_DOTS = {".", ".."}


class TaskInstanceAddress(NamedTuple):
    """A task instance; with map index -1 the instance of a task that is not mapped, or all of a mapped one."""

    dag_id: str
    run_id: str
    task_id: str
    map_index: int


def are_valid_ids(parts: dict[str, str]) -> bool:
    """Return whether the path parameters can be ids.

    ``~``, Airflow's word for every DAG, cannot: Airflow would check the permission to read any DAG, not this one.

    :param parts: path parameters by name.
    """
    for name, value in parts.items():
        if value in _DOTS or (name in {"dag_id", "task_id"} and not _ID.fullmatch(value)):
            return False
        if name == "run_id" and (value == "~" or not _RUN_ID.fullmatch(value)):
            return False
        if name == "key" and not _KEY.fullmatch(value):
            return False
        if name == "map_index" and value not in NO_MAP_INDEX and not _MAP_INDEX.fullmatch(value):
            return False
    return True


def read_map_index(text: str) -> int:
    """Return the map index in a path parameter that :func:`are_valid_ids` accepted."""
    return NOT_MAPPED if text in NO_MAP_INDEX else int(text)


def dag_link(dag_id: str) -> str:
    """Return the path of a DAG's page, from the gallery's root."""
    return f"dags/{quote(dag_id, safe='')}"


def task_link(address: TaskInstanceAddress) -> str:
    """Return the path of a task instance's page, from the gallery's root."""
    task = quote(address.task_id, safe="")
    return f"{run_link(address.dag_id, address.run_id)}/tasks/{task}/{address.map_index}"


def log_page_link(address: TaskInstanceAddress, try_number: int) -> str:
    """Return the path of the page with the log of a try, from Airflow's root."""
    task = quote(address.task_id, safe="")
    mapped = "" if address.map_index == NOT_MAPPED else f"/mapped/{address.map_index}"
    return f"{run_link(address.dag_id, address.run_id)}/tasks/{task}{mapped}?try_number={try_number}"


def log_link(address: TaskInstanceAddress, try_number: int) -> str:
    """Return the path of the log of a try in Airflow's REST API, from Airflow's root."""
    run, task = quote(address.run_id, safe=""), quote(address.task_id, safe="")
    path = f"api/v2/{dag_link(address.dag_id)}/dagRuns/{run}/taskInstances/{task}/logs/{try_number}"
    return f"{path}?{urlencode({'map_index': address.map_index, 'full_content': 'true'})}"


def state_mismatch_link(address: TaskInstanceAddress) -> str:
    """Return the path of the events in Airflow's REST API by which the scheduler explains a task that never ran."""
    names = {**address._asdict(), "event": "state mismatch", "order_by": "-id", "limit": 1}
    return f"api/v2/eventLogs?{urlencode(names)}"


def run_link(dag_id: str, run_id: str) -> str:
    """Return the path of a run's page, from the gallery's root."""
    return f"{dag_link(dag_id)}/runs/{quote(run_id, safe='')}"


def comparison_link(dag_id: str, **run_ids: str) -> str:
    """Return the path of the page with two runs side by side, from the gallery's root.

    :param dag_id: the DAG.
    :param run_ids: the runs, ``left`` and ``right``; without both the page asks for them.
    """
    return f"{dag_link(dag_id)}/compare" + (f"?{urlencode(run_ids)}" if run_ids else "")


def is_run_id(text: str) -> bool:
    """Return whether a text can be the id of a run."""
    return are_valid_ids({"run_id": text})


def archive_link(dag_id: str, run_id: str) -> str:
    """Return the path of the ZIP archive of a run's images, from the gallery's root."""
    return f"{run_link(dag_id, run_id)}/images.zip"


def image_link(address: TaskInstanceAddress, number: int) -> str:
    """Return the path of an image, from the gallery's root."""
    return f"{task_link(address)}/images/{number}"


def source_link(address: TaskInstanceAddress, number: int) -> str:
    """Return the path of an image that the request was given, from the gallery's root."""
    return f"{task_link(address)}/sources/{number}"


def image_anchor(address: TaskInstanceAddress, number: int) -> str:
    """Return the name of an image within the page of its task instance, or of all instances."""
    return f"image-{number}" if address.map_index == NOT_MAPPED else f"image-{address.map_index}-{number}"


def permalink(address: TaskInstanceAddress, number: int) -> str:
    """Return the path that opens an image on the page of its task instance, from the gallery's root."""
    return f"{task_link(address)}#{image_anchor(address, number)}"


def manifest_link(address: TaskInstanceAddress) -> str:
    """Return the path of the manifest of a batch, from the gallery's root."""
    return f"{task_link(address)}/manifest.jsonl"


def item_image_link(address: TaskInstanceAddress, key: str, number: int) -> str:
    """Return the path of an image of a batch's item, from the gallery's root."""
    return f"{task_link(address)}/items/{quote(key, safe='')}/images/{number}"


def item_anchor(key: str, number: int) -> str:
    """Return the name of an item's image within the page of its batch."""
    return f"item-{key}-{number}"


def item_permalink(address: TaskInstanceAddress, key: str, number: int) -> str:
    """Return the path that opens an item's image on the page of its batch, from the gallery's root."""
    return f"{task_link(address)}?{urlencode({'key': key})}#{item_anchor(key, number)}"
