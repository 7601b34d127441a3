"""Writes the requests of items as files, and creates a job for each: one for each model, more for very many items."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from airflow_provider_imagen.client.session import Session
from airflow_provider_imagen.core.batch.job_ends import grants
from airflow_provider_imagen.core.batch.job_record import JobRecord, JobRecords, job_label
from airflow_provider_imagen.core.batch.plan import ItemPlanner, PlannedItem
from airflow_provider_imagen.core.catalogue.pricing import in_words
from airflow_provider_imagen.core.recovery.request_record import TaskIdentity
from airflow_provider_imagen.core.storage.locations import CloudFolder, parse_location
from airflow_provider_imagen.core.text import counted
from airflow_provider_imagen.errors import ModelNotFoundError
from airflow_provider_imagen.runner.batch_table import BatchTable
from airflow_provider_imagen.runner.job_creation import JobCreation
from airflow_provider_imagen.runner.job_files import JobFiles
from airflow_provider_imagen.runner.job_requests import RequestFile, RequestWriter, WithPictures

log: logging.Logger = logging.getLogger("airflow.task")


@dataclass(slots=True)
class JobSubmission:
    """Submits items of one batch.

    :param files: of the batch's jobs.
    :param creation: creates the jobs.
    :param planner: makes the requests.
    :param with_pictures: adds the pictures of a request to its plan.
    :param task: the task instance and its try.
    :param session: for its clock.
    :param place: the ``output_uri``.
    :param records: returns what is known of the jobs.
    :param intend: keeps the intent of a job.
    """

    files: JobFiles
    creation: JobCreation
    planner: ItemPlanner
    with_pictures: WithPictures
    task: TaskIdentity
    session: Session
    place: str
    records: Callable[[], JobRecords]
    intend: Callable[[JobRecord], None]

    def run(self, table: BatchTable, numbers: set[int], most_items: int | None) -> None:
        """Create jobs for items.

        :param table: the items.
        :param numbers: which of them.
        :param most_items: create one job for so many, and leave the rest. None: for all.
        :raises ImagenError: Google refused a job; those before it run.
        """
        self._say_who_needs_rights()
        left = set(numbers)
        for model in sorted({table.model_of(number) for number in numbers}):
            because = self._submit_model(table, model, left, most_items, None)
            if because is not None:
                self._submit_model(table, model, left, most_items, because)
            if most_items is not None:
                return

    def _say_who_needs_rights(self) -> None:
        location = parse_location(self.place)
        if isinstance(location, CloudFolder):
            log.info(
                "Vertex AI's service agent reads the requests and writes the results itself. If a job ends because it "
                "may not: %s",
                grants(self.session.project, location.bucket),
            )

    def _submit_model(
        self, table: BatchTable, model: str, left: set[int], most_items: int | None, because: str | None
    ) -> str | None:
        """Create jobs for the items of one model; return what Google says if it does not know the model.

        :param left: the items without a job; those that get one are taken out.
        :param because: what Google said about the model: its fallback is asked.
        """
        items = (item for number, item in table.items() if number in left and item.model == model)
        writer = RequestWriter(items, self.planner, self.with_pictures, because)
        numbers = table.open_numbers()
        while not writer.is_done:
            file = RequestFile()
            try:
                record = self._write(writer, file, most_items)
                self._create(record)
                left -= {numbers[origin.key, origin.fingerprint] for origin in file.origins()}
            except ModelNotFoundError as missing:
                if because is not None or self._fallback_of(writer.last, str(missing)) is None:
                    raise
                return str(missing)
            finally:
                file.close()
            if most_items is not None:
                return None
        return None

    def _write(self, writer: RequestWriter, file: RequestFile, most_items: int | None) -> JobRecord:
        """Write the files of a job, then its intent."""
        number = self.records().next_number
        self.files.write_requests(number, writer.lines(file, most_items))
        self.files.write_origins(number, file.origin_lines())
        label = job_label((origin.in_label() for origin in file.origins()), self.place, file.model, number)
        record = JobRecord(
            number=number,
            label=label,
            model=file.model,
            location=file.location,
            lines=file.size.lines,
            items=file.items,
            reserved_usd=None if file.reserved_usd is None else round(file.reserved_usd, 6),
            is_first=most_items is not None,
            writer=self.task,
            intended_at=self.session.now(),
        )
        self.intend(record)
        return record

    def _create(self, record: JobRecord) -> None:
        created = self.creation.create(record)
        log.info(
            "A batch job for %s with %s was created, %s: %s",
            counted(created.items, "item"),
            counted(created.lines, "request"),
            in_words(created.reserved_usd),
            created.name,
        )

    def _fallback_of(self, item: PlannedItem | None, because: str) -> object | None:
        return None if item is None else self.planner.with_fallback(item, item.model, because)
