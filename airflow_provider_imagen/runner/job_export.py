"""Stores the images in the results of a job in a folder, for a person: of any job, also one that no task waits for."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field

from airflow_provider_imagen.client.storage import CloudStorage
from airflow_provider_imagen.core.batch.job_answers import LineAnswer, decode_line
from airflow_provider_imagen.core.batch.job_files import LINES, LineOrigin, origins_in, result_files
from airflow_provider_imagen.core.protocols.batch_job import BatchJob
from airflow_provider_imagen.core.storage.locations import parse_folder
from airflow_provider_imagen.core.storage.object_names import extension_of
from airflow_provider_imagen.core.storage.resumable import lines_in
from airflow_provider_imagen.errors import StorageNotFoundError
from airflow_provider_imagen.runner.job_files import LONGEST_LINE
from airflow_provider_imagen.runner.store import OutputStore

log: logging.Logger = logging.getLogger("airflow.task")
OUTPUT_FOLDER = "/output/"


@dataclass(slots=True)
class Export:
    """What came of the results of a job.

    :param uris: of the images.
    :param lines: how many lines there are.
    :param failures: why lines have no image, each with how many.
    """

    uris: list[str] = field(default_factory=list)
    lines: int = 0
    failures: dict[str, int] = field(default_factory=dict)


def export_job(job: BatchJob, storage: CloudStorage, store: OutputStore) -> Export:
    """Store every image of a job; one that answers a line again gets the next free name.

    :param job: names the folder of its results.
    :param storage: the buckets that the connection reaches.
    :param store: the folder for the images.
    :raises StorageNotFoundError: the job has no results.
    """
    if job.output_directory is None:
        raise StorageNotFoundError(f"There are no results: {job.in_words()}.")
    origins, export = _origins(job.output_directory, storage), Export()
    used: dict[str, int] = {}
    for line in _lines(job.output_directory, storage):
        export.lines += 1
        answer = decode_line(line)
        if answer.response is None or not answer.response.images:
            why = str(answer.failure or (answer.response.refusal() if answer.response else ""))
            export.failures[why] = export.failures.get(why, 0) + 1
            continue
        name = _name(answer, origins, export.lines)
        for image in answer.response.images:
            copy = used[name] = used.get(name, 0) + 1
            file = f"{name}{'' if copy == 1 else f'~{copy}'}.{extension_of(image.mime_type)}"
            store.write(file, image.data or b"", image.mime_type)
            export.uris.append(store.uri(file))
    return export


def _name(answer: LineAnswer, origins: list[LineOrigin], line: int) -> str:
    """Return a name for the image of a line: its item's key where that is known, else the key of the line."""
    if answer.key is None:
        return f"line-{line}"
    if answer.key.line > len(origins):
        return str(answer.key)
    origin = origins[answer.key.line - 1]
    several = origin.image > 0 or _has_several(origins, answer.key.line)
    return f"{origin.key}/{origin.image}" if several else origin.key


def _has_several(origins: list[LineOrigin], line: int) -> bool:
    return line < len(origins) and origins[line].key == origins[line - 1].key


def _lines(directory: str, storage: CloudStorage) -> Iterator[bytes]:
    folder = parse_folder(directory)
    names = [stored.name for stored in storage.list(folder) if stored.size]
    found = result_files(names)
    for name in found.whole or found.parts:
        yield from lines_in(storage.chunks(f"gs://{folder.bucket}/{name}"), LONGEST_LINE)


def _origins(directory: str, storage: CloudStorage) -> list[LineOrigin]:
    """Return what the lines ask for, where a task of ours kept it beside the results."""
    folder, separator, _ = directory.rpartition(OUTPUT_FOLDER)
    if not separator:
        return []
    try:
        return list(origins_in(lines_in(storage.chunks(f"{folder}/{LINES}"), LONGEST_LINE)))
    except (StorageNotFoundError, ValueError, TypeError):
        return []
