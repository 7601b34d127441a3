"""Names of downloaded files: DAG, task, image key or map index, and number."""

from __future__ import annotations

import re
from urllib.parse import quote

from airflow_provider_imagen.core.image_format import EXTENSIONS
from airflow_provider_imagen.plugins.gallery.addresses import NOT_MAPPED, TaskInstanceAddress

LONGEST_PART = 80


def image_file_name(address: TaskInstanceAddress, image_key: str | None, number: int, mime_type: str) -> str:
    """Return the name of an image's file, such as ``posters_dag-posters-sku-17-1.png``.

    :param address: the task instance.
    :param image_key: ``image_key`` of the task; without one a mapped task has its map index there.
    :param number: place of the image in its result, from 0; the name counts from 1.
    :param mime_type: MIME type of its bytes.
    """
    index = None if address.map_index == NOT_MAPPED else str(address.map_index)
    parts = [address.dag_id, address.task_id, image_key or index, str(number + 1)]
    return f"{'-'.join(_plain(part) for part in parts if part)}.{EXTENSIONS.get(mime_type, 'bin')}"


def archive_file_name(dag_id: str, run_id: str) -> str:
    """Return the name of the ZIP archive of a run."""
    return f"{_plain(dag_id)}-{_plain(run_id)}.zip"


def manifest_file_name(address: TaskInstanceAddress) -> str:
    """Return the name of the manifest of a batch."""
    index = [] if address.map_index == NOT_MAPPED else [str(address.map_index)]
    return f"{'-'.join(_plain(part) for part in (address.dag_id, address.task_id, *index))}.jsonl"


def attachment(name: str) -> dict[str, str]:
    """Return the header that makes a browser store a response under a name (RFC 6266)."""
    ascii_only = name.encode("ascii", "replace").decode().replace("?", "_")
    return {"Content-Disposition": f"attachment; filename=\"{ascii_only}\"; filename*=UTF-8''{quote(name, safe='')}"}


def _plain(part: str) -> str:
    """Return a part without anything that a file system may not like."""
    return re.sub(r"[^\w.-]+", "_", part)[:LONGEST_PART].strip(".") or "_"
