"""The files of a batch's jobs below ``<output_uri>/_imagen/``: what is kept of each, its requests, its results."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator

from airflow_provider_imagen.client.storage import CloudStorage
from airflow_provider_imagen.core.batch.job_files import LINES, OUTPUT, REQUESTS, LineOrigin, origins_in, result_files
from airflow_provider_imagen.core.batch.job_record import LARGEST_BYTES, JobRecord, JobRecords, job_folder
from airflow_provider_imagen.core.batch.state import batch_folder
from airflow_provider_imagen.core.storage.resumable import lines_in
from airflow_provider_imagen.errors import RecordUnreadableError, StorageNotFoundError
from airflow_provider_imagen.runner.store import OutputStore

log: logging.Logger = logging.getLogger("airflow.task")
JSON = "application/json"
JSON_LINES = "application/jsonl"
LONGEST_LINE = 256 << 20
"""Bytes. A line with an image of 1K has two or three million, and what it repeats of its request comes on top."""


class JobFiles:
    """The files of the jobs of one batch.

    :param store: the folder of the ``output_uri``, in Cloud Storage.
    :param storage: the buckets that the connection reaches.
    :param batch: the batch's name.
    """

    def __init__(self, store: OutputStore, storage: CloudStorage, batch: str) -> None:
        self._store = store
        self._storage = storage
        self.batch = batch
        self._file = f"{batch_folder(batch)}jobs.json"
        self.uri: str = store.uri(self._file)
        """Where what is kept of the jobs is kept."""

    def records(self) -> JobRecords:
        """Return what is kept of the jobs.

        :raises RecordUnreadableError: it is there and cannot be read.
        """
        content = self._store.read(self._file, LARGEST_BYTES)
        records = JobRecords() if content is None else JobRecords.decode(content)
        if records is None:
            raise RecordUnreadableError(
                f"The record of the batch's jobs cannot be read: {self.uri}. Nothing was sent, "
                "because jobs may be running. 'airflow imagen jobs list' shows them; once you have collected or "
                "cancelled them, remove this file and clear the task."
            )
        return records

    def write_records(self, records: JobRecords) -> None:
        """Keep what is known of the jobs."""
        self._store.write(self._file, records.encode(), JSON)

    def requests_uri(self, number: int) -> str:
        """Return the URI of the file with a job's requests."""
        return self._store.uri(f"{job_folder(self.batch, number)}{REQUESTS}")

    def output_uri(self, number: int) -> str:
        """Return the URI of the folder for a job's results."""
        return self._store.uri(f"{job_folder(self.batch, number)}{OUTPUT}")

    def write_requests(self, number: int, lines: Iterable[bytes]) -> None:
        """Store a job's requests, as a stream."""
        self._storage.upload_chunks(self.requests_uri(number), lines, JSON_LINES)

    def write_origins(self, number: int, lines: Iterable[bytes]) -> None:
        """Store which image of which item each line asks for, as a stream."""
        self._storage.upload_chunks(self._store.uri(f"{job_folder(self.batch, number)}{LINES}"), lines, JSON_LINES)

    def origins(self, number: int) -> list[LineOrigin]:
        """Return what the lines of a job ask for, in their order.

        :raises RecordUnreadableError: that was not kept, or cannot be read.
        """
        uri = self._store.uri(f"{job_folder(self.batch, number)}{LINES}")
        try:
            return list(origins_in(lines_in(self._storage.chunks(uri), LONGEST_LINE)))
        except (StorageNotFoundError, ValueError, TypeError) as failure:
            raise RecordUnreadableError(
                f"What the lines of job {number} ask for cannot be read: {uri}. Its results stay where they are; "
                f"'airflow imagen jobs collect' stores them under the numbers of their lines. Then remove {self.uri}."
            ) from failure

    def results(self, record: JobRecord) -> tuple[list[str], list[str]]:
        """Return the names of the files with a job's results: the whole ones, and those that were written meanwhile."""
        folder = f"{job_folder(self.batch, record.number)}{OUTPUT}"
        found = result_files(file.name for file in self._store.files(folder) if file.size)
        return list(found.whole), list(found.parts)

    def lines(self, name: str) -> Iterator[bytes]:
        """Yield the lines of a file of results, as a stream."""
        return lines_in(self._storage.chunks(self._store.uri(name)), LONGEST_LINE)

    def remove(self, number: int) -> None:
        """Remove the files of a job. What cannot be removed stays, and is named in the log."""
        for file in list(self._store.files(job_folder(self.batch, number))):
            try:
                self._store.remove(file.name)
            except Exception as failure:  # noqa: BLE001  # whatever a storage library raises; the images are stored
                log.warning("%s is no longer needed and could not be removed: %s", self._store.uri(file.name), failure)
