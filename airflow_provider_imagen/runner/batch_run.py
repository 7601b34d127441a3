"""Runs a batch: plans it, finds what is made, sends the rest side by side, and keeps the manifest."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

from airflow_provider_imagen.core.batch.budget import Budget
from airflow_provider_imagen.core.batch.outcome import Counts, Trouble, failure_text
from airflow_provider_imagen.core.batch.pacing import Pace
from airflow_provider_imagen.core.batch.state import BatchState, batch_name
from airflow_provider_imagen.core.batch.table_check import PlannedTable
from airflow_provider_imagen.core.catalogue.pricing import in_words
from airflow_provider_imagen.core.text import counted
from airflow_provider_imagen.errors import InvalidInputError, KeyInUseError
from airflow_provider_imagen.runner.batch_files import BatchFiles, rescued_manifest
from airflow_provider_imagen.runner.batch_found import (
    Found,
    find,
    known_outcome,
    list_items,
    spent_before,
    there_before,
)
from airflow_provider_imagen.runner.batch_items import ItemRunner, ItemStop
from airflow_provider_imagen.runner.batch_lease import BatchLease
from airflow_provider_imagen.runner.batch_pace import PaceControl
from airflow_provider_imagen.runner.batch_sending import BatchConnection, BatchSending
from airflow_provider_imagen.runner.batch_table import BatchTable
from airflow_provider_imagen.runner.batch_task import Batch, BatchOutcome, OpenItems
from airflow_provider_imagen.runner.batch_workers import ItemWorkers
from airflow_provider_imagen.runner.failures import place_errors
from airflow_provider_imagen.runner.image_look import wait_for_late_images
from airflow_provider_imagen.runner.job_files import JobFiles
from airflow_provider_imagen.runner.open_jobs import OpenJobs
from airflow_provider_imagen.runner.stores import open_store
from airflow_provider_imagen.runner.task_run import RunContext

log: logging.Logger = logging.getLogger("airflow.task")


class BatchRun:
    """Runs one batch of one task instance.

    :param batch: what the task asks for.
    :param run_context: where it runs.
    :param on_stop: is called with the ``result`` document when the batch is stopped.
    :param clock: returns seconds of a clock that only goes forward.
    """

    def __init__(
        self,
        batch: Batch,
        run_context: RunContext,
        on_stop: Callable[[dict[str, Any]], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._batch = batch
        self._policies = batch.planner.for_all()
        self._context = run_context
        self._on_stop = on_stop
        self._clock = clock
        self._session = run_context.client.session
        self._table = BatchTable(self._policies.on_filtered, self._policies.on_lost)
        self._planned_at: datetime | None = None
        self._control: PaceControl | None = None

    def run(self) -> BatchOutcome:
        """Return what became of all items.

        :raises InvalidInputError: rows or arguments are wrong, or the budget does not suffice; nothing was sent.
        :raises RequestStoppedError: the batch was stopped.
        :raises ImagenError: the place cannot be read or written; nothing was sent.
        """
        try:
            self._plan()
            self._open()
            if self._batch.settings.dry_run:
                return self._dry_run()
            with place_errors(self._policies.output_uri):
                self._lease.acquire()
            try:
                return self._run()
            finally:
                self._lease.release()
        finally:
            self._table.close()

    def _plan(self) -> None:
        """Check every row."""
        table = PlannedTable(self._batch.planner)
        self._table.read(self._batch.rows, table)
        if table.ignored_columns:
            log.warning(
                "These columns bear names of arguments and override none; item_arguments does not list them: %s.",
                ", ".join(sorted(table.ignored_columns)),
            )
        if not len(self._table):
            log.warning("items is empty: nothing is asked for.")

    def _open(self) -> None:
        """Open the place of the images."""
        context = self._context
        name = batch_name(context.task)
        self._store = open_store(self._policies.output_uri, context.client.storage, context.open_path)
        self._files = BatchFiles(self._store, name)
        self._lease = BatchLease(self._store, name, context.task, self._session)

    def _dry_run(self) -> BatchOutcome:
        with place_errors(self._policies.output_uri):
            opened = self._decide(find(self._store, self._files, self._table))
        counts = self._table.final_counts()
        notes = {"dry_run": True, "requests": opened.requests, "would_cost_usd": opened.cost_usd}
        return BatchOutcome(None, self._document(counts, "", **notes), counts)

    def _run(self) -> BatchOutcome:
        with place_errors(self._policies.output_uri):
            found = find(self._store, self._files, self._table)
            if found.may_still_come and self._google_stores():
                wait_for_late_images(self._session)
                found.listed = list_items(self._store, self._table)
            opened = self._decide(found)
            control = self._budgeted(found, opened)
            if opened.items:
                self._refuse_what_jobs_make()
                self._store_plan(found)
        if opened.items:
            self._send(found, opened, control)
        return self._finish()

    def _refuse_what_jobs_make(self) -> None:
        if self._store.google_writes_to("") is not None:
            client, task = self._context.client, self._context.task
            jobs = OpenJobs(JobFiles(self._store, client.storage, batch_name(task)), task, client.batch_jobs)
            jobs.refuse_what_they_make(self._table.open_numbers())

    def _google_stores(self) -> bool:
        """Say whether Google writes images of this batch into the place itself."""
        if self._store.google_writes_to("") is None:
            return False
        return any(self._batch.planner.stores_output(model) for model in self._table.models)

    def _decide(self, found: Found) -> OpenItems:
        """Note what became of items before, and return what has to be asked for."""
        opened, retry_filtered = OpenItems(), self._batch.settings.retry_filtered
        for number, item in self._table.items():
            outcome = known_outcome(item, found, self._store, self._policies.if_exists, retry_filtered=retry_filtered)
            if outcome is None:
                opened.add(item.images, item.requests, item.most_usd)
            else:
                self._table.end(number, outcome)
        log.info(
            "%s: %s; %d to ask for with %s for %s, %s.",
            counted(len(self._table), "item"),
            self._table.counts.in_words(),
            opened.items,
            counted(opened.requests, "request"),
            counted(opened.images, "image"),
            in_words(opened.cost_usd),
        )
        return opened

    def _budgeted(self, found: Found, opened: OpenItems) -> PaceControl:
        """Return the pace and the budget.

        :raises InvalidInputError: the estimate is above the budget.
        """
        settings = self._batch.settings
        under_way = settings.max_concurrency * opened.dearest_usd
        spent = spent_before(found, self._context.task, set(self._table.made()), under_way)
        budget = Budget(settings.max_cost_usd, spent)
        if not spent and opened.items and (problem := budget.problem_with_estimate(opened.cost_usd)):
            raise InvalidInputError((problem,))
        pace = Pace(settings.max_concurrency, settings.requests_per_minute)
        self._control = PaceControl(pace, budget, self._session, self._clock)
        return self._control

    def _store_plan(self, found: Found) -> None:
        """Store what is about to be asked for: the intent of all items.

        :raises KeyInUseError: another run has taken the batch over meanwhile; nothing was sent.
        :raises PermissionDeniedError: files of the batch cannot be replaced, so that it could not go on; nothing was
            sent.
        """
        self._lease.renew()
        self._planned_at = self._session.now()
        before = None if found.earlier is None else found.earlier.before
        there = there_before(found, self._context.task, set(self._table.made()))
        self._write_plan(self._table.plan(found.listed, before, there))
        self._save_state()

    def _write_plan(self, content: bytes) -> None:
        self._files.write_plan(content)

    def _send(self, found: Found, opened: OpenItems, control: PaceControl) -> None:
        context, batch, stop = self._context, self._batch, ItemStop()
        runner = ItemRunner(
            batch.planner,
            context.client,
            self._store,
            batch.pictures,
            control,
            context.task,
            context.listener,
            stop,
            context.notes,
            found.listed,
            found.earlier,
        )
        threads = min(batch.settings.max_concurrency, opened.items)
        workers = ItemWorkers(runner.run, self._table.open_items(), threads, Trouble().ends_batch)
        context.stop.bind(BatchConnection(self._session, control))
        context.stop.watch(workers.results)
        sending = BatchSending(
            self._table, workers, control, self._session, context.stop, self._save, self._save_spent, self._clock
        )
        try:
            sending.run(opened.items)
        except BaseException:
            stop.is_on = True
            self._stopped()
            raise

    def _save(self) -> None:
        """Keep manifest and state, and say that the batch goes on."""
        try:
            self._lease.renew()
            self._files.write_manifest(self._table.manifest())
            self._save_state()
        except KeyInUseError:
            raise
        except Exception as failure:  # noqa: BLE001  # whatever a storage library raises; requests are under way
            log.warning("The manifest could not be written, and is tried again in a minute: %s", failure)

    def _save_spent(self) -> None:
        try:
            self._save_state()
        except Exception as failure:  # noqa: BLE001  # whatever a storage library raises; requests are under way
            log.warning("What was spent could not be kept, and is tried again in a minute: %s", failure)

    def _save_state(self, *, is_over: bool = False, is_finished: bool = False) -> None:
        budget = self._control.budget if self._control else Budget()
        self._files.write_state(
            BatchState(
                writer=self._context.task,
                planned_at=self._planned_at,
                spent_usd=round(budget.spent + budget.reserved, 6),
                is_over=is_over,
                is_finished=is_finished,
            )
        )

    def _stopped(self) -> None:
        """Keep what came before a stop, and end what did not."""
        counts = self._table.final_counts()
        log.error("The batch was stopped: %s. Another try asks only for what is missing.", counts.in_words())
        if not self._lease.is_lost:  # else these files are those of the run that has taken the batch over
            self._keep_at_stop()
        self._lease.release()
        self._on_stop(self._document(counts, self._files.manifest_uri))
        self._session.abort()

    def _keep_at_stop(self) -> None:
        try:
            self._files.write_manifest(self._table.manifest())
            self._save_state(is_over=True)
        except Exception as failure:  # noqa: BLE001  # whatever a storage library raises; the images are recorded
            log.warning("The manifest could not be written: %s", failure)

    def _document(self, counts: Counts, manifest: str, **notes: Any) -> dict[str, Any]:
        return counts.document(manifest, output_uri=self._policies.output_uri, **self._context.notes, **notes)

    def _finish(self) -> BatchOutcome:
        """Write the manifest, and return what became of the items."""
        counts = self._table.final_counts()
        uri = self._files.manifest_uri
        failure = failure_text(counts, self._batch.settings, uri)
        try:
            self._files.write_manifest(self._table.manifest())
            self._save_state(is_over=True, is_finished=failure is None)
        except Exception as problem:  # storage libraries raise anything
            self._on_stop(self._document(counts, uri))
            raise rescued_manifest(self._table.manifest(), uri, problem, failure) from problem
        log.info(
            "%s: %s. %.4g USD by list price. Manifest: %s",
            counted(counts.items, "item"),
            counts.in_words(),
            counts.cost_usd,
            uri,
        )
        return BatchOutcome(uri, self._document(counts, uri), counts, failure)
