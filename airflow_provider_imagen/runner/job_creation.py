"""Creates one job for its intent, or finds the one that was created: performs the steps of the job's decision."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace

from airflow_provider_imagen.client.batch_jobs import NewJob
from airflow_provider_imagen.client.imagen import ImagenClient
from airflow_provider_imagen.core.batch.job_decision import (
    Attach,
    Create,
    Creation,
    JobFacts,
    LookUp,
    RecordFate,
    Stop,
    choose,
    next_step,
)
from airflow_provider_imagen.core.batch.job_record import LABEL, JobRecord, display_name
from airflow_provider_imagen.core.protocols.batch_job import BatchJob, label_filter
from airflow_provider_imagen.core.recovery.request_record import TaskIdentity
from airflow_provider_imagen.errors import (
    ImagenError,
    RequestStoppedError,
    ResponseLostError,
    RetryableError,
    ServerError,
    UnexpectedResponseError,
)
from airflow_provider_imagen.runner.job_files import JobFiles

log: logging.Logger = logging.getLogger("airflow.task")
MAY_BE_THERE = ResponseLostError | ServerError | UnexpectedResponseError
"""After these errors a job may have been created."""


@dataclass(frozen=True, slots=True)
class JobCreation:
    """Creates jobs, each once for its intent.

    :param client: creates and lists them.
    :param files: of the batch.
    :param task: the task instance and its try.
    :param on_lost: the task's policy.
    :param keep: keeps what is known of a job.
    :param withdraw: forgets a job that was certainly not created, by its number.
    """

    client: ImagenClient
    files: JobFiles
    task: TaskIdentity
    on_lost: str
    keep: Callable[[JobRecord], None]
    withdraw: Callable[[int], None]

    def create(self, record: JobRecord) -> JobRecord:
        """Return the record of a job whose intent was just recorded, with the job's name.

        The intent is withdrawn only where there is certainly no job; else the next try looks for it.

        :param record: its intent; its files are stored.
        :raises ModelNotFoundError: Google does not know the model.
        :raises ResponseLostError: whether there is a job is unknown; that is recorded.
        :raises ImagenError: Google refused; or the look for a job whose answer was lost failed, or was stopped.
        """
        found = self._perform(record, JobFacts(on_lost=self.on_lost))
        if found is None:
            raise RequestStoppedError("The job was not created.")
        return found

    def find(self, record: JobRecord) -> JobRecord | None:
        """Return the record of a job that an earlier try meant to create, with its name; None if there is no job.

        :param record: what that try left.
        :raises ResponseLostError: whether there is a job is still unknown, and ``on_lost`` is ``fail``.
        """
        cleared = record.writer.instance != self.task.instance or record.writer.max_tries != self.task.max_tries
        facts = JobFacts("lost" if record.state == "lost" else "intended", on_lost=self.on_lost, cleared=cleared)
        return self._perform(record, facts, is_earlier=True)

    def _perform(self, record: JobRecord, facts: JobFacts, *, is_earlier: bool = False) -> JobRecord | None:
        failure: ImagenError | None = None
        jobs: list[BatchJob] = []
        waited = 0.0
        while True:
            match next_step(facts):
                case Create() if is_earlier:
                    return None  # its items are asked for by a job of this try
                case Create():
                    created: BatchJob | None = None
                    try:
                        created = self.client.batch_jobs.create(self._new(record))
                        return self._submitted(record, created)
                    except ImagenError as raised:
                        # A job whose name could not be kept is found again in the list, as one whose answer was lost.
                        failure, creation = raised, _creation_of(raised) if created is None else "lost"
                    log.warning("%s", failure)
                    waited = 0.0
                    facts = replace(facts, record="intended", creation=creation, creations=facts.creations + 1, looks=0)
                case LookUp(at_seconds):
                    self.client.session.pause(at_seconds - waited)
                    waited = float(at_seconds)
                    jobs = self._listed(record)
                    log.info("Looked for the job of %s after %d s: %d found.", record.label, at_seconds, len(jobs))
                    facts = replace(facts, found=len(jobs), looks=facts.looks + 1, stopped=self._is_stopped())
                case Attach():
                    return self._attached(record, jobs)
                case Stop(reason, fate):
                    self._settle(record, fate)
                    raise _error_of(reason, failure, record)
                case other:
                    raise LookupError(f"{other} is no step before a job was submitted")

    def _settle(self, record: JobRecord, fate: RecordFate) -> None:
        if fate == "lost":
            self.keep(record.model_copy(update={"state": "lost"}))
        elif fate == "withdraw":
            self.withdraw(record.number)

    def others_of(self, record: JobRecord) -> list[BatchJob]:
        """Return further jobs that Google lists for the intent of a job: those of a create that seemed lost."""
        return [job for job in self._listed(record) if job.name != record.name]

    def cancel_others(self, record: JobRecord, others: list[BatchJob]) -> JobRecord:
        """Cancel further jobs of one intent, and return the record that counts them."""
        for job in others:
            if job.is_ended:
                log.warning("A second job was created for the same requests, and has ended: %s", job.in_words())
                continue
            log.warning("A second job was created for the same requests, and is cancelled: %s", job.in_words())
            try:
                self.client.batch_jobs.cancel(job.name)
            except ImagenError as failure:
                log.warning("It could not be cancelled, and may be billed: %s", failure)
        names = dict.fromkeys((*record.others, *(job.name for job in others)))
        return record.model_copy(update={"others": tuple(names)})

    def _attached(self, record: JobRecord, jobs: list[BatchJob]) -> JobRecord:
        job, others = choose(jobs)
        log.info("The job was created before, and is waited for: %s", job.in_words())
        return self._submitted(self.cancel_others(record, others), job)

    def _submitted(self, record: JobRecord, job: BatchJob) -> JobRecord:
        kept = record.model_copy(update={"state": "submitted", "name": job.name})
        self.keep(kept)
        return kept

    def _listed(self, record: JobRecord) -> list[BatchJob]:
        shown = display_name(self.files.batch, record.number, record.label)
        wanted = f'{label_filter(LABEL, record.label)} OR display_name="{shown}"'
        found = self.client.batch_jobs.list(record.location, wanted)
        return [job for job in found if job.labels.get(LABEL, record.label) == record.label]

    def _new(self, record: JobRecord) -> NewJob:
        return NewJob(
            record.model,
            record.location,
            self.files.requests_uri(record.number),
            self.files.output_uri(record.number),
            display_name(self.files.batch, record.number, record.label),
            {LABEL: record.label},
        )

    def _is_stopped(self) -> bool:
        return self.client.session.is_stopped


def _creation_of(failure: ImagenError) -> Creation:
    if isinstance(failure, MAY_BE_THERE):
        return "lost"
    return "not_sent" if isinstance(failure, RetryableError | RequestStoppedError) else "refused"


def _error_of(reason: str, failure: ImagenError | None, record: JobRecord) -> ImagenError:
    if reason in {"refused", "not_sent"} and failure is not None:
        return failure
    if reason == "stopped":
        return RequestStoppedError("The task was stopped while it looked for its job. The next try looks again.")
    return ResponseLostError(
        f"The answer to the creation of a batch job did not arrive, and Google lists no job with the label "
        f"{LABEL}={record.label} in {record.location}. It may run, and be billed, all the same. Look at the jobs in "
        "the Cloud console, then clear the task: it looks once more, and creates the job if there is none. "
        'on_lost="resend" creates it without a person.'
    )
