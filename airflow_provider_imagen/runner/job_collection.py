"""Collects one job that has ended: reads its results, keeps what they came to, and removes what is no longer needed."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from airflow_provider_imagen.core.batch.job_decision import GONE
from airflow_provider_imagen.core.batch.job_ends import end_in_words, unanswered
from airflow_provider_imagen.core.batch.job_record import JobRecord
from airflow_provider_imagen.core.batch.plan import ItemPlanner, PlannedItem
from airflow_provider_imagen.core.batch.reuse import Listed
from airflow_provider_imagen.core.catalogue.plan import RequestPlan
from airflow_provider_imagen.core.catalogue.pricing import in_words
from airflow_provider_imagen.core.protocols.batch_job import BatchJob
from airflow_provider_imagen.core.recovery.request_record import RequestRecord, TaskIdentity
from airflow_provider_imagen.core.requests import GenerateRequest
from airflow_provider_imagen.core.text import counted
from airflow_provider_imagen.runner.batch_table import BatchTable
from airflow_provider_imagen.runner.job_creation import JobCreation
from airflow_provider_imagen.runner.job_files import JobFiles
from airflow_provider_imagen.runner.job_items import JobPlace
from airflow_provider_imagen.runner.job_reading import JobReading
from airflow_provider_imagen.runner.store import OutputStore

log: logging.Logger = logging.getLogger("airflow.task")


@dataclass(frozen=True, slots=True)
class JobCollection:
    """Collects jobs of one batch.

    :param files: of the batch's jobs.
    :param creation: knows further jobs of one intent.
    :param table: the items; gets their outcomes.
    :param planner: makes their requests.
    :param store: the folder of the ``output_uri``.
    :param listed: what lies below it.
    :param task: the task instance and its try.
    :param keeps_files: the files of a job stay where every image is stored.
    :param is_stopped: whether the task was stopped.
    :param save: keeps manifest and state; called every few seconds.
    :param keep: keeps what is known of a job.
    :param clock: returns seconds of a clock that only goes forward.
    """

    files: JobFiles
    creation: JobCreation
    table: BatchTable
    planner: ItemPlanner
    store: OutputStore
    listed: Listed
    task: TaskIdentity
    keeps_files: bool
    is_stopped: Callable[[], bool]
    save: Callable[[], None]
    keep: Callable[[JobRecord], None]
    clock: Callable[[], float] = time.monotonic

    def run(self, record: JobRecord, job: BatchJob | None) -> int:
        """Read the results of one job, and return how many images it brought.

        :param record: what is known of it.
        :param job: as Google describes it, None if Google does not know it any more.
        :raises RequestStoppedError: the task was stopped.
        :raises ImagenError: the results cannot be read, or an image cannot be stored.
        """
        state = GONE if job is None else job.state
        why = end_in_words(job, state)
        log.info("%s", job.in_words() if job is not None else why)
        if others := self.creation.others_of(record):
            record = self.creation.cancel_others(record, others)
        sent = RequestRecord(fingerprint="", writer=self.task, sent_at=record.intended_at)
        reading = JobReading(
            self.files.origins(record.number),
            self.table,
            self._plan_of(record),
            JobPlace(self.store, self.listed, self.task, sent),
            unanswered(state, why, record.model),
            self.is_stopped,
            self.save,
            self.clock,
        )
        whole, parts = self.files.results(record)
        reading.run(self._lines(whole), self._lines(parts))
        self._note(record, state, reading)
        return reading.tally.images

    def _note(self, record: JobRecord, state: str, reading: JobReading) -> None:
        """Keep that the results were read, and remove the files that are no longer needed."""
        tally = reading.tally
        image_usd = None if record.reserved_usd is None else record.reserved_usd / record.lines
        spent_usd = None if image_usd is None else round(image_usd * tally.images, 6)
        read, images = counted(reading.read, "line"), counted(tally.images, "image")
        log.info("%s read: %s, %s.", read, images, in_words(spent_usd))
        if tally.duplicates:
            lines = counted(tally.duplicates, "line")
            log.warning("Google answered %s more than once, and charges for each image.", lines)
        if tally.unknown:
            lines = counted(tally.unknown, "line of the results is", "lines of the results are")
            log.warning("%s about no request of this job.", lines)
        if reading.unwanted and record.writer.instance != self.task.instance:
            images = counted(reading.unwanted, "image was", "images were")
            log.info("%s made for items of %s, whose task stores them.", images, record.writer)
            return
        came = {"end_state": state, "images": tally.images, "duplicates": tally.duplicates, "spent_usd": spent_usd}
        self.keep(record.model_copy(update={"state": "read", **came}))
        if reading.unwanted:
            log.warning(
                "%s made for items that the table no longer has, and left in the results: %s",
                counted(reading.unwanted, "image was", "images were"),
                self.files.output_uri(record.number),
            )
        elif not self.keeps_files:
            self.files.remove(record.number)

    def _lines(self, names: list[str]) -> Iterator[bytes]:
        for name in names:
            yield from self.files.lines(name)

    def _plan_of(self, record: JobRecord) -> Callable[[PlannedItem], RequestPlan[GenerateRequest]]:
        """Return what makes the request of an item as the job asked it: with the fallback, if that was asked."""

        def plan(item: PlannedItem) -> RequestPlan[GenerateRequest]:
            if item.model == record.model:
                return self.planner.request_plan(item)
            fallback = self.planner.with_fallback(item, item.model, f"Google does not know {item.model}")
            return fallback or self.planner.request_plan(item)

        return plan
