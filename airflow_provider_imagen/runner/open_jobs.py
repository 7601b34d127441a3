"""What is kept of a batch's jobs, and which of the open ones concern a run: its own, and those that make its items."""

from __future__ import annotations

import logging
from collections.abc import Collection
from typing import Any

from airflow_provider_imagen.client.batch_jobs import BatchJobs
from airflow_provider_imagen.core.batch.job_record import JobRecord, JobRecords
from airflow_provider_imagen.core.protocols.batch_job import GOOD_ENDS, BatchJob
from airflow_provider_imagen.core.recovery.request_record import TaskIdentity
from airflow_provider_imagen.core.text import counted
from airflow_provider_imagen.errors import ImagenError, JobNotFoundError, KeyInUseError
from airflow_provider_imagen.runner.batch_found import Name
from airflow_provider_imagen.runner.job_files import JobFiles

log: logging.Logger = logging.getLogger("airflow.task")
MOST_IN_DOCUMENT = 20
"""How many jobs the ``result`` document names."""


class OpenJobs:
    """The jobs of a batch as one run sees them; every change is kept at once.

    :param files: of the batch's jobs.
    :param task: the task instance and its try.
    :param google: asks Google about jobs.
    """

    def __init__(self, files: JobFiles, task: TaskIdentity, google: BatchJobs) -> None:
        self._files = files
        self._task = task
        self._google = google
        self._passed_over: set[int] = set()
        self.records: JobRecords = JobRecords()
        """What is kept of all jobs, also of those that have ended."""

    def read(self, wanted: Collection[Name]) -> None:
        """Read what is kept, and pass over jobs of other runs that make nothing which is wanted here.

        :param wanted: key and fingerprint of the items without an outcome.
        :raises RecordUnreadableError: it is there and cannot be read.
        """
        self.records = self._files.records()
        self._passed_over = {
            record.number
            for record in self.records.open_jobs
            if record.writer.instance != self._task.instance and not (wanted and self.wanted_of(record, wanted))
        }

    def described(self, record: JobRecord) -> BatchJob | None:
        """Return a job as Google describes it, None if Google does not know it.

        :raises ImagenError: Google does not answer, or refuses.
        """
        try:
            return self._google.get(str(record.name))
        except JobNotFoundError as failure:
            log.warning("%s", failure)
            return None

    def cancel(self) -> list[str]:
        """Ask Google to cancel the open jobs, and return why some of them could not be cancelled."""
        failures: list[str] = []
        for name in self.names:
            try:
                self._google.cancel(name)
            except ImagenError as failure:
                log.warning("The job could not be cancelled, and may be billed: %s", failure)
                failures.append(str(failure))
            else:
                log.warning("The job is cancelled: %s", name)
        return failures

    def refuse_what_they_make(self, wanted: Collection[Name]) -> None:
        """Refuse to ask for items that a batch job of an earlier try or run is making.

        :param wanted: key and fingerprint of the items.
        :raises KeyInUseError: there is such a job; nothing was sent.
        """
        self.read(wanted)
        for record in self.open:
            if (made := self.wanted_of(record, wanted)) and self._may_bring_images(record):
                raise KeyInUseError(
                    f"The batch job {record.name or record.label} makes {counted(made, 'image')} of this table, and "
                    "Google bills them. Set mode='batch', which waits for the job and stores them. To pay for them "
                    f"once more instead, remove {self._files.uri}."
                )

    def _may_bring_images(self, record: JobRecord) -> bool:
        """Say whether a job that is not collected runs, or has ended well. One without name may have been created."""
        if record.name is None:
            return True
        job = self.described(record)
        if job is not None:
            log.warning("A batch job for items of this table was not collected: %s", job.in_words())
        return job is not None and (not job.is_ended or job.state in GOOD_ENDS)

    def wanted_of(self, record: JobRecord, wanted: Collection[Name]) -> int:
        """Return how many lines of a job ask for an item that is wanted."""
        return sum((each.key, each.fingerprint) in wanted for each in self._files.origins(record.number))

    @property
    def open(self) -> list[JobRecord]:
        """The jobs whose results are still to be read here."""
        return [record for record in self.records.open_jobs if record.number not in self._passed_over]

    @property
    def names(self) -> tuple[str, ...]:
        """The resource names of these jobs."""
        return tuple(record.name for record in self.open if record.name is not None)

    def in_document(self) -> list[dict[str, Any]]:
        """Return the last jobs, also those that have ended, as the ``result`` document names them."""
        return [job.in_document() for job in self.records.jobs[-MOST_IN_DOCUMENT:]]

    def covered(self) -> set[Name]:
        """Return key and fingerprint of the items that these jobs make."""
        return {
            (origin.key, origin.fingerprint) for record in self.open for origin in self._files.origins(record.number)
        }

    def keep(self, record: JobRecord) -> None:
        """Keep what is known of a job."""
        self.records = self.records.with_job(record)
        self._files.write_records(self.records)

    def withdraw(self, number: int) -> None:
        """Forget a job that there is not."""
        self.records = self.records.without(number)
        self._files.write_records(self.records)

    def pass_over(self, number: int) -> None:
        """Look no more at a job whose results were read. Where it stays open, its own run reads it too."""
        self._passed_over.add(number)
