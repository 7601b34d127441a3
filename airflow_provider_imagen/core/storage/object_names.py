"""Names of the image files that the worker writes itself."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from typing import NamedTuple

from airflow_provider_imagen.core.image_format import EXTENSIONS, UNKNOWN

_NUMBERED = re.compile(r"(?:^|/)sample_([0-9]{1,9})[^/]*(?<!\.part)\Z")


class TaskIdentity(NamedTuple):
    """What tells one task instance from all others; the same for all its tries."""

    dag_id: str
    run_id: str
    task_id: str
    map_index: int


def folder_name(task: TaskIdentity) -> str:
    """Return the folder of one task instance below its ``output_uri``.

    Two runs, or two mapped tasks, never share one; a second try of the same task does, so it replaces its own files
    instead of doubling them.
    """
    digest = hashlib.sha256("\0".join(map(str, task)).encode(errors="surrogatepass")).hexdigest()[:12]
    return f"{re.sub(r'[^A-Za-z0-9._-]', '_', task.task_id)[:60]}-{digest}"


def file_name(index: int, mime_type: str) -> str:
    """Return the name of an image, in the form Google itself uses: ``sample_0.png``."""
    return f"sample_{index}.{EXTENSIONS.get(mime_type, 'bin')}"


def mime_type_of(name: str) -> str:
    """Return the MIME type that an image's name tells."""
    ending = name.rpartition(".")[2]
    return next((mime_type for mime_type, known in EXTENSIONS.items() if known == ending), UNKNOWN)


def is_image_name(name: str) -> bool:
    """Say whether a file's name, or URI, is that of an image; also of one in a format that nobody knows."""
    is_known = mime_type_of(name) in EXTENSIONS or name.endswith(".jpeg")
    return is_known or _NUMBERED.search(name) is not None


def next_number(names: Iterable[str]) -> int:
    """Return the first number that no ``sample_<number>`` among these names or URIs has, nor any after it."""
    numbers = [int(match[1]) for name in names if (match := _NUMBERED.search(name))]
    return max(numbers, default=-1) + 1
