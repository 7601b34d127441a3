"""What is kept of a batch's jobs, and which of the open ones concern a run: its own, and those that make its items."""

from __future__ import annotations

from collections.abc import Collection

from airflow_provider_imagen.core.batch.job_record import JobRecord, JobRecords
from airflow_provider_imagen.core.recovery.request_record import TaskIdentity
from airflow_provider_imagen.runner.batch_found import Name
from airflow_provider_imagen.runner.job_files import JobFiles


class OpenJobs:
    """The jobs of a batch as one run sees them; every change is kept at once.

    :param files: of the batch's jobs.
    :param task: the task instance and its try.
    """

    def __init__(self, files: JobFiles, task: TaskIdentity) -> None:
        self._files = files
        self._task = task
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
