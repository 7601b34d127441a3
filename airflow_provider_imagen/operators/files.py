"""Images between the worker and its storage, through Airflow's ObjectStoragePath or the local disk."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import IO

from airflow.providers.common.compat.sdk import ObjectStoragePath

from airflow_provider_imagen.core.responses import GeneratedImage
from airflow_provider_imagen.core.storage.object_names import TaskIdentity, file_name, folder_name
from airflow_provider_imagen.errors import InvalidInputError, OutputError


def save_images(
    images: Sequence[GeneratedImage],
    output_uri: str,
    task: TaskIdentity,
    upload: Callable[[str, bytes, str], object],
    first_number: int = 0,
) -> list[str]:
    """Write images below ``output_uri`` and return their URIs. Each file is there whole or not at all.

    :param images: the images, with their bytes; one without is where its URI says, and stays there.
    :param output_uri: the folder.
    :param task: the task instance; its tries share their file names.
    :param upload: stores URI, bytes and MIME type in Cloud Storage.
    :param first_number: the number of the first file; files of the same number are replaced.
    :raises OutputError: a file could not be written; names the ones that were, and where the others were rescued to.
    """
    uris: list[str] = []
    failures: list[tuple[GeneratedImage, str]] = []
    numbers = count(first_number)
    for image in images:
        stored = (
            image if image.uri or image.why_not_stored else save_image(image, next(numbers), output_uri, task, upload)
        )
        if stored.uri:
            uris.append(stored.uri)
        else:
            failures.append((stored, str(stored.why_not_stored)))
    if failures:
        raise OutputError(
            f"{len(failures)} of {len(images)} images could not be written: {'; '.join(text for _, text in failures)}. "
            f"Written: {', '.join(uris) or 'none'}. {_rescue([image for image, _ in failures])} "
            "Check that the worker may write to output_uri before you run the task again; that pays for new images."
        )
    return uris


def save_image(
    image: GeneratedImage, number: int, output_uri: str, task: TaskIdentity, upload: Callable[[str, bytes, str], object]
) -> GeneratedImage:
    """Write one image, and return it with its URI and without its bytes; or with its bytes and why it has no URI."""
    uri = f"{_folder_of(output_uri, task)}/{file_name(number, image.mime_type)}"
    try:
        _store(image, uri, upload)
    except Exception as failure:  # noqa: BLE001  # storage libraries raise anything; paid images must be accounted for
        return replace(image, why_not_stored=f"{uri} ({type(failure).__name__}: {failure})")
    return replace(image, uri=uri, data=None)


def check_place(output_uri: str, task: TaskIdentity) -> None:
    """Find out before a request is paid for whether its images can be written. Cloud Storage is not asked.

    :raises InvalidInputError: the folder cannot be made or written, or nobody knows its scheme.
    """
    if output_uri.startswith("gs://"):
        return
    folder = _folder_of(output_uri, task)
    path = local_path(folder)
    try:
        if path is None:
            _ = ObjectStoragePath(folder).fs
            return
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            return
    except Exception as failure:  # any storage library may raise anything
        problem = (
            f"output_uri is {output_uri!r} and cannot be written ({type(failure).__name__}: {failure}). Use a folder "
            "that this worker may write to, and install the Airflow provider of its scheme."
        )
        raise InvalidInputError((problem,)) from failure


def _folder_of(output_uri: str, task: TaskIdentity) -> str:
    return f"{output_uri.rstrip('/')}/{folder_name(task)}"


def _store(image: GeneratedImage, uri: str, upload: Callable[[str, bytes, str], object]) -> None:
    if image.data is None:
        return  # Google stored it
    if uri.startswith("gs://"):
        upload(uri, image.data, image.mime_type)
    else:
        write_whole(uri, image.data)


def _rescue(images: Sequence[GeneratedImage]) -> str:
    """Keep images that cannot go where they should, and say where they are."""
    lost: list[str] = []
    folder = ""
    for index, image in enumerate(images):
        try:
            folder = folder or tempfile.mkdtemp(prefix="imagen-rescued-")
            write_whole(f"{folder}/{file_name(index, image.mime_type)}", image.data or b"")
        except OSError as failure:
            lost.append(str(failure))
    kept = f"They were kept on this worker in {folder}." if len(lost) < len(images) else ""
    return " ".join(filter(None, [kept, f"{len(lost)} of them are lost ({'; '.join(lost)})." if lost else ""]))


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
    scheme, separator, rest = uri.partition("://")
    if not separator:
        return Path(uri)
    return Path(rest) if scheme in {"file", "local"} else None


def write_whole(uri: str, data: bytes) -> None:
    """Write a file that is there whole or not at all; one that is there is replaced."""
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
