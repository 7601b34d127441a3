"""Images between the worker and its storage, through Airflow's ObjectStoragePath or the local disk."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import IO

from airflow.providers.common.compat.sdk import ObjectStoragePath

from airflow_provider_imagen.core.naming import TaskIdentity, file_name, folder_name
from airflow_provider_imagen.core.result import MadeImage
from airflow_provider_imagen.errors import InvalidInputError, OutputError


def save_images(images: Iterable[MadeImage], output_uri: str, task: TaskIdentity) -> list[str]:
    """Write images below ``output_uri`` and return their URIs. Each file is there whole or not at all.

    :raises OutputError: a file could not be written; names the ones that were.
    """
    folder = f"{output_uri.rstrip('/')}/{folder_name(task)}"
    uris: list[str] = []
    for index, image in enumerate(images):
        uri = f"{folder}/{file_name(index, image.mime_type)}"
        try:
            _write_whole(uri, image.data or b"")
        except Exception as failure:  # any storage library may raise anything; the paid images must be accounted for
            raise OutputError(
                f"Image {index} could not be written to {uri} ({type(failure).__name__}: {failure}). Written before: "
                f"{', '.join(uris) or 'none'}. Check that the worker may write there; a retry pays for new images."
            ) from failure
        uris.append(uri)
    return uris


def read_file(uri: str, at_most_bytes: int) -> bytes:
    """Return the bytes of an image file.

    :param at_most_bytes: one byte more than this is read, so that a huge file is noticed and not loaded.
    :raises InvalidInputError: it cannot be read.
    """
    try:
        with ObjectStoragePath(uri).open("rb") as file:
            return bytes(file.read(at_most_bytes + 1))
    except Exception as failure:  # any storage library may raise anything
        problem = (
            f"image is {uri!r} and could not be read ({type(failure).__name__}: {failure}). Check that the file is "
            "there, that this worker may read it, and that the provider for its scheme is installed."
        )
        raise InvalidInputError((problem,)) from failure


def local_path(uri: str) -> Path | None:
    """Return the path of a URI on this machine's disk, None for any other scheme."""
    if uri.startswith("file://"):
        return Path(uri.removeprefix("file://"))
    return None if "://" in uri else Path(uri)


def _write_whole(uri: str, data: bytes) -> None:
    path = local_path(uri)
    if path is None:
        # Object stores show an object when its upload is complete.
        ObjectStoragePath(uri).write_bytes(data)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    part.unlink(missing_ok=True)
    try:
        _write_part(part, data)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _write_part(part: Path, data: bytes) -> None:
    """Write a complete file; where the file system can, it has no name before it is complete.

    So not even a worker that is killed leaves half a file behind. Elsewhere (not Linux, some network file systems)
    what it leaves has a hidden name, and the next try removes it.
    """
    try:
        _write_nameless(part, data)
    except (AttributeError, OSError):
        with part.open("wb") as file:
            _write_durably(file, data)


def _write_nameless(part: Path, data: bytes) -> None:
    with os.fdopen(os.open(part.parent, os.O_TMPFILE | os.O_WRONLY, 0o666), "wb") as file:
        _write_durably(file, data)
        # Python follows the link in /proc only when it is given a folder; an absolute path does not use it.
        os.link(f"/proc/self/fd/{file.fileno()}", part, src_dir_fd=0, follow_symlinks=True)


def _write_durably(file: IO[bytes], data: bytes) -> None:
    file.write(data)
    file.flush()
    os.fsync(file.fileno())
