"""Runs a batch as batch prediction jobs of Google: submits what is missing, waits, and stores the results.

It has two parts, because a deferred task leaves its worker between them: :meth:`JobRun.submit` plans the items and
creates the jobs; :meth:`JobRun.collect` reads the stored plan and the results. What is kept below ``output_uri``
connects them, so that a task that dies at any moment goes on from there.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from airflow_provider_imagen.core.batch.budget import Budget
from airflow_provider_imagen.core.batch.job_record import JobRecord
from airflow_provider_imagen.core.batch.outcome import LONGEST_REASON, ItemOutcome
from airflow_provider_imagen.core.batch.state import BatchState, batch_name, run_plan
from airflow_provider_imagen.core.protocols.batch_job import BatchJob
from airflow_provider_imagen.core.text import counted, shortened
from airflow_provider_imagen.errors import ImagenError, InvalidInputError, RecordUnreadableError
from airflow_provider_imagen.runner.batch_found import Found, find
from airflow_provider_imagen.runner.batch_run import BatchRun
from airflow_provider_imagen.runner.batch_task import BatchOutcome, Submitted
from airflow_provider_imagen.runner.failures import place_errors
from airflow_provider_imagen.runner.job_collection import JobCollection
from airflow_provider_imagen.runner.job_creation import JobCreation
from airflow_provider_imagen.runner.job_files import JobFiles
from airflow_provider_imagen.runner.job_restore import restore_failures, restore_images
from airflow_provider_imagen.runner.job_reuse import earlier_outcome
from airflow_provider_imagen.runner.job_submission import JobSubmission
from airflow_provider_imagen.runner.open_jobs import OpenJobs

log: logging.Logger = logging.getLogger("airflow.task")


class JobRun(BatchRun):
    """Runs one batch of one task instance as jobs. Its arguments are those of :class:`.batch_run.BatchRun`."""

    _jobs: OpenJobs
    _found: Found

    def submit(self) -> BatchOutcome | Submitted:
        """Plan the items, find jobs of earlier tries and runs, and create jobs for what is missing.

        :return: the jobs to wait for; the outcome where there is nothing to wait for.
        :raises InvalidInputError: rows or arguments are wrong, or the budget does not suffice; nothing was sent.
        :raises ResponseLostError: whether a job was created is unknown.
        :raises ImagenError: see the tree in :mod:`airflow_provider_imagen.errors`.
        """
        try:
            self._plan()
            self._open()
            if self._batch.settings.dry_run:
                return self._dry_run()
            return self._leased(self._submit)
        finally:
            self._table.close()

    def collect(self) -> BatchOutcome | Submitted:
        """Read the results of the jobs, store their images, and return what became of the items.

        :return: the jobs to wait for where some have not ended, or more were created after the first.
        :raises RequestStoppedError: the task was stopped.
        :raises ImagenError: results cannot be read, or images cannot be stored; another try goes on from there.
        """
        try:
            self._open()
            with place_errors(self._policies.output_uri):
                self._table.restore(self._files.plan(self._run_plan))
            return self._leased(self._collect)
        finally:
            self._table.close()

    def cancel(self) -> list[str]:
        """Ask Google to cancel the jobs that have not ended. The next try reads what they answered by then.

        :return: why some of them could not be cancelled.
        """
        try:
            self._open()
            with suppress(RecordUnreadableError):  # then the jobs of this task instance are known all the same
                self._table.restore(self._files.plan(self._run_plan))
            self._jobs.read(self._table.open_numbers())
            return self._jobs.cancel()
        finally:
            self._table.close()

    def _open(self) -> None:
        super()._open()
        client, task = self._context.client, self._context.task
        self._run_plan = run_plan(task)
        self._job_files = JobFiles(self._store, client.storage, batch_name(task))
        self._jobs = jobs = OpenJobs(self._job_files, task, client.batch_jobs)
        self._creation = JobCreation(client, self._job_files, task, self._policies.on_lost, jobs.keep, jobs.withdraw)

    def _leased(self, action: Callable[[], BatchOutcome | Submitted]) -> BatchOutcome | Submitted:
        with place_errors(self._policies.output_uri):
            self._lease.acquire()
        try:
            self._context.stop.bind(self._session)
            return action()
        finally:
            self._lease.release()

    def _submit(self) -> BatchOutcome | Submitted:
        with place_errors(self._policies.output_uri):
            self._look()
        self._find_earlier_jobs()
        self._read_ended_jobs()
        with place_errors(self._policies.output_uri):
            covered = self._jobs.covered()
        rest = {number: name for name, number in self._table.open_numbers().items() if name not in covered}
        if rest and (problem := self._budget_problem(set(rest))):
            raise InvalidInputError((problem,))
        with place_errors(self._policies.output_uri):
            if rest or covered:
                self._store_plan(self._found)
        if rest:
            self._create_jobs(set(rest))
        self._save()
        return self._waited_for() or self._finish()

    def _collect(self) -> BatchOutcome | Submitted:
        with place_errors(self._policies.output_uri):
            self._look()
            restore_images(self._table, self._files.manifest())
        self._find_earlier_jobs()
        looked = [(record, self._jobs.described(record)) for record in self._jobs.open]
        if going_on := tuple(str(record.name) for record, job in looked if job is not None and not job.is_ended):
            # A trigger carries a few names only: with those that have ended it would report at once, again and again.
            return Submitted(going_on, self._policies.output_uri)
        rest = self._read_all(looked)
        if rest and (problem := self._budget_problem(rest)):
            self._end_without_job(rest, problem)
        elif rest:
            self._create_jobs(rest)
            self._save()
            return self._waited_for() or self._finish()
        restore_failures(self._table, self._found.lines)
        return self._finish()

    def _read_all(self, looked: list[tuple[JobRecord, BatchJob | None]]) -> set[int]:
        """Read jobs that have ended, and return the numbers of the items to ask for next.

        These are what jobs of earlier tries and runs did not bring, and what waited for a first job of this try.
        """
        earlier = [(record, job) for record, job in looked if not record.is_of(self._context.task)]
        own = [(record, job) for record, job in looked if record.is_of(self._context.task)]
        for record, job in earlier:
            self._read(record, job)
        rest: set[int] = set()
        if earlier:
            self._table.reopen()
            covered = self._jobs.covered()
            rest = {number for name, number in self._table.open_numbers().items() if name not in covered}
        images = sum(self._read(record, job) for record, job in own)
        if own and all(record.is_first for record, _ in own):
            waiting = set(self._table.open_numbers().values())
            if waiting and images:
                log.info("The first job brought %s, so the rest is submitted.", counted(images, "image"))
                rest |= waiting
            elif waiting:
                log.error("The first job brought no image, so the rest is not submitted.")
        return rest

    def _look(self) -> None:
        """Find what is there: files, records, jobs."""
        self._found = find(self._store, self._files, self._table)
        self._decide(self._found)
        task, if_exists = self._context.task, self._policies.if_exists
        for number, item in self._table.open_items():
            if self._found.listed.files.get(item.key):
                earlier = earlier_outcome(item, self._found, self._store, task, if_exists)
                if earlier is not None:
                    self._table.end(number, earlier)
        self._jobs.read(self._table.open_numbers())

    def _find_earlier_jobs(self) -> None:
        """Find the jobs that earlier tries meant to create; forget those that there are not."""
        for record in self._jobs.open:
            if record.state == "submitted":
                continue
            log.warning("An earlier try ended before it knew whether its job was created. Looking for it.")
            if self._creation.find(record) is None:
                self._jobs.withdraw(record.number)

    def _read_ended_jobs(self) -> None:
        """Read the jobs of earlier tries and runs that have ended: this try asks for what they did not bring.

        One that Google does not know may be unknown for a moment only; the wait tells whether it is gone.
        """
        for record in self._jobs.open:
            job = self._jobs.described(record)
            if job is not None and job.is_ended:
                self._read(record, job)
        self._table.reopen()

    def _budget_problem(self, numbers: set[int]) -> str | None:
        """Return why items may not be asked for within the budget, None where they may."""
        costs = [item.most_usd for number, item in self._table.items() if number in numbers]
        known = [cost for cost in costs if cost is not None]
        estimate = sum(known) if len(known) == len(costs) else None
        budget = Budget(self._batch.settings.max_cost_usd, self._jobs.records.spent_by(self._context.task))
        return budget.problem_with_estimate(estimate)

    def _end_without_job(self, numbers: set[int], problem: str) -> None:
        """Note that items are not asked for. What the jobs before brought stays, so that is no error of its own."""
        log.error("%s", problem)
        reason = shortened(problem, LONGEST_REASON)
        for number in numbers:
            model = self._table.model_of(number)
            self._table.end(number, ItemOutcome("not_sent", (), reason, model, 0.0, is_final=True))

    def _create_jobs(self, numbers: set[int]) -> None:
        """Create jobs for items: one for each model, more where Google's limits end a file."""
        submission = JobSubmission(
            self._job_files,
            self._creation,
            self._batch.planner,
            lambda plan: self._batch.pictures.added_to(plan, self._store, uploads_all=True),
            self._context.task,
            self._session,
            self._policies.output_uri,
            lambda: self._jobs.records,
            self._intend,
        )
        first = self._batch.settings.first_job_items
        is_proven = first is None or any(not job.is_open and job.images for job in self._jobs.records.jobs)
        try:
            submission.run(self._table, numbers, None if is_proven else first)
        except ImagenError:
            if self._jobs.names:
                log.warning("Created before, and going on: %s. Another try waits.", ", ".join(self._jobs.names))
            raise

    def _waited_for(self) -> Submitted | None:
        names = self._jobs.names
        return Submitted(names, self._policies.output_uri) if names else None

    def _read(self, record: JobRecord, job: BatchJob | None) -> int:
        """Read the results of one job, and return how many images it brought."""
        context, batch = self._context, self._batch
        context.stop.bind(self._session)
        collection = JobCollection(
            self._job_files,
            self._creation,
            self._table,
            batch.planner,
            self._store,
            self._found.listed,
            context.task,
            batch.settings.keep_job_files,
            lambda: context.stop.is_on,
            self._save,
            self._jobs.keep,
            self._clock,
        )
        try:
            with place_errors(self._policies.output_uri):
                images = collection.run(record, job)
        except BaseException:
            self._stopped()
            raise
        self._jobs.pass_over(record.number)
        return images

    def _intend(self, record: JobRecord) -> None:
        """Keep the intent of a job, unless another run has taken the batch over while its requests were written."""
        self._lease.renew()
        self._jobs.keep(record)

    def _write_plan(self, content: bytes) -> None:
        super()._write_plan(content)
        self._files.write_plan(content, self._run_plan)

    def _finish(self) -> BatchOutcome:
        outcome = super()._finish()
        if outcome.failure is None:
            self._files.remove_plan(self._run_plan)
        return outcome

    def _save_state(self, *, is_over: bool = False, is_finished: bool = False) -> None:
        self._files.write_state(
            BatchState(
                writer=self._context.task,
                planned_at=self._planned_at or self._session.now(),
                spent_usd=round(self._jobs.records.spent_by(self._context.task), 6),
                is_over=True,  # nothing is under way in a worker: jobs are found by their records
                is_finished=is_finished,
            )
        )

    def _document(self, counts: Any, manifest: str, **notes: Any) -> dict[str, Any]:
        jobs = [] if notes.get("dry_run") else self._jobs.in_document()
        return super()._document(counts, manifest, mode="batch", jobs=jobs, **notes)
