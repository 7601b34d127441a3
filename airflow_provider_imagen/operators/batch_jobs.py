"""What the batch operator does in ``mode="batch"``: submits jobs, waits for them here or in the triggerer, collects."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow_provider_imagen.hooks.airflow_errors import fail_permanently
from airflow_provider_imagen.links.imagen import JOBS_KEY
from airflow_provider_imagen.operators.request_operator import RequestOperator

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_imagen.core.batch.plan import Identify, ItemPlanner
    from airflow_provider_imagen.core.batch.settings import BatchSettings
    from airflow_provider_imagen.core.connection import ConnectionSettings
    from airflow_provider_imagen.runner.batch_task import Batch, BatchOutcome, Submitted
    from airflow_provider_imagen.runner.job_run import JobRun
    from airflow_provider_imagen.runner.sending import StopSwitch
    from airflow_provider_imagen.runner.task_run import RunContext

SETTINGS_FIELDS = (
    "mode",
    "max_concurrency",
    "requests_per_minute",
    "max_cost_usd",
    "max_failed_items",
    "retry_filtered",
    "first_job_items",
    "keep_job_files",
    "cancel_on_kill",
    "cancel_on_timeout",
    "job_timeout_seconds",
    "poll_interval",
)
GRACE_SECONDS = 300
"""How long after its deadline Airflow still waits for the trigger's event."""
MARGIN_SECONDS = 180
"""How long before ``execution_timeout`` the wait ends by itself, so that what follows has its time."""


class JobOperator(RequestOperator):
    """An operator that can hand its requests to batch prediction jobs."""

    deferrable: bool
    is_dry_run: Any
    items: Any
    item_columns: Any
    item_arguments: Any
    prompt: Any
    output_uri: Any
    impersonation_chain: Any
    job_names: tuple[str, ...] | None = ()
    """The jobs that are waited for; known once they are created. None: known to XCom only."""

    def _settings(self, context: Context, stop: StopSwitch) -> BatchSettings:
        """Return how the batch runs.

        :raises InvalidInputError: names every mistake at once, those in the rows too.
        """
        from airflow_provider_imagen.core.batch.settings import BatchSettings
        from airflow_provider_imagen.errors import InvalidInputError

        given = {name: getattr(self, name) for name in SETTINGS_FIELDS}
        settings, problems = BatchSettings.read_what_is_right({**given, "dry_run": self.is_dry_run})
        if problems:
            raise InvalidInputError((*problems, *self._problems_with_rows(context, stop, settings)))
        return settings

    def _problems_with_rows(self, context: Context, stop: StopSwitch, settings: BatchSettings) -> tuple[str, ...]:
        """Return what is wrong with the table; nothing where it cannot be looked at."""
        from airflow_provider_imagen.core.batch.table_check import PlannedTable
        from airflow_provider_imagen.errors import ImagenError, InvalidInputError
        from airflow_provider_imagen.operators.metrics import ItemMetrics

        try:
            batch = self._batch(self._run_context(context, self.hook.client, stop, ItemMetrics()), settings)
            table = PlannedTable(batch.planner)
            for _ in table.items(batch.rows):
                pass
            table.check()
        except InvalidInputError as wrong:
            return wrong.problems
        except ImagenError:
            pass
        return ()

    def _job_run(self, context: Context, stop: StopSwitch, settings: BatchSettings) -> JobRun:
        from airflow_provider_imagen.operators.metrics import ItemMetrics
        from airflow_provider_imagen.runner.job_run import JobRun

        run_context = self._run_context(context, self.hook.client, stop, ItemMetrics())
        return JobRun(self._batch(run_context, settings), run_context, self._pushed_to(context["ti"]))

    def _pushed_to(self, ti: Any) -> Callable[[dict[str, Any]], None]:
        from airflow_provider_imagen.operators.batch_report import push_document

        return lambda document: push_document(document, self, ti)

    def _batch(self, run_context: RunContext, settings: BatchSettings) -> Batch:
        """Return what the task asks for."""
        from airflow_provider_imagen.runner.batch_pictures import BatchPictures
        from airflow_provider_imagen.runner.batch_rows import rows_of
        from airflow_provider_imagen.runner.batch_task import Batch

        storage, open_path = run_context.client.storage, run_context.open_path
        rows = rows_of(self.items, self.item_columns, storage, open_path)
        pictures = BatchPictures(storage, open_path)
        is_job = settings.mode == "batch"
        planner = self._item_planner(self.hook.settings, pictures.identify, is_job=is_job)
        return Batch(rows, planner, pictures, settings)

    def _item_planner(self, settings: ConnectionSettings, identify: Identify, *, is_job: bool) -> ItemPlanner:
        from datetime import UTC, datetime

        from airflow_provider_imagen.core.batch.plan import BatchArguments, ItemPlanner
        from airflow_provider_imagen.core.catalogue import catalogue

        arguments = BatchArguments(self._arguments(), self.prompt, self.item_arguments)
        today = datetime.now(UTC).date()
        return ItemPlanner(arguments, self._preferences(settings), catalogue(), today, identify, is_job=is_job)

    def _execute_jobs(self, context: Context, stop: StopSwitch, settings: BatchSettings) -> str | None:
        """Submit jobs, and return the URI of the manifest once they are done."""
        self.job_names = ()  # of an earlier try of this object
        self._warn_of_kills(settings)
        started = self._job_run(context, stop, settings).submit()
        return self._go_on(context, stop, settings, started, self._deadline(context, settings))

    def execute_complete(self, context: Context, event: Mapping[str, Any] | None = None) -> str | None:
        """Continue after the triggerer reported."""
        from airflow_provider_imagen.core.batch.job_waiting import read_event

        self.job_names = None  # created before the wait
        with fail_permanently(self), self._stoppable() as stop:
            settings = self._settings(context, stop)
            found = read_event(event)
            self._raise_unless_done(context, stop, settings, found.status, found.message)
            collected = self._job_run(context, stop, settings).collect()
            return self._go_on(context, stop, settings, collected, found.deadline)

    def _go_on(
        self,
        context: Context,
        stop: StopSwitch,
        settings: BatchSettings,
        result: BatchOutcome | Submitted,
        deadline: float,
    ) -> str | None:
        """Wait and collect until there is an outcome; leave the worker meanwhile if the task is deferrable."""
        from airflow_provider_imagen.operators.batch_report import report_batch
        from airflow_provider_imagen.runner.batch_task import Submitted
        from airflow_provider_imagen.runner.job_wait import wait_for_jobs

        while isinstance(result, Submitted):
            self._show_jobs(context, result.names)
            outcome = wait_for_jobs(
                self.hook.client,
                result.names,
                stop,
                deadline=deadline,
                poll_interval=settings.poll_interval,
                looks_once=self.deferrable,
                cancel_on_stop=settings.cancel_on_kill,
            )
            if outcome.event is None:
                self._defer(result, settings, deadline)
            event = outcome.event or {}
            self._raise_unless_done(context, stop, settings, event.get("status", ""), event.get("message", ""))
            result = self._job_run(context, stop, settings).collect()
        return report_batch(result, self, context, self.hook)

    def _defer(self, submitted: Submitted, settings: BatchSettings, deadline: float) -> None:
        from airflow_provider_imagen.core.batch.job_waiting import MOST_NAMED
        from airflow_provider_imagen.triggers.batch_job import ImagenJobTrigger

        chain = self.impersonation_chain
        self.defer(
            trigger=ImagenJobTrigger(
                jobs=submitted.names[:MOST_NAMED],
                place=submitted.place,
                deadline=deadline,
                poll_interval=settings.poll_interval,
                imagen_conn_id=self.imagen_conn_id,
                impersonation_chain=chain if chain is None or isinstance(chain, str) else list(chain),
                cancel_on_kill=settings.cancel_on_kill,
            ),
            method_name="execute_complete",
            timeout=timedelta(seconds=max(deadline - self._now(), 0.0) + GRACE_SECONDS),
        )

    def _raise_unless_done(
        self, context: Context, stop: StopSwitch, settings: BatchSettings, status: str, message: str
    ) -> None:
        """End the task where the wait ended without its jobs.

        :raises JobTimeoutError: the jobs were not done in time.
        :raises AirflowFailException: Google refused the caller for good.
        """
        from airflow.providers.common.compat.sdk import AirflowFailException

        from airflow_provider_imagen.errors import JobTimeoutError

        if status == "timeout":
            if settings.cancel_on_timeout:
                failures = self._job_run(context, stop, settings).cancel()
                if failures:
                    raise JobTimeoutError(
                        f"{message} Not all of them could be cancelled, and those go on and are billed: "
                        f"{' '.join(failures)} 'airflow imagen jobs cancel' cancels them by hand. The next try finds "
                        "them again."
                    )
                raise JobTimeoutError(
                    f"{message} They are cancelled. The next try reads what they answered and asks only for the rest."
                )
            raise JobTimeoutError(
                f"{message} They go on, and are billed. The next try finds them again and waits for them. "
                "cancel_on_timeout=True cancels them; so does 'airflow imagen jobs cancel'."
            )
        if status == "failed":
            raise AirflowFailException(f"{message} The jobs go on; another try finds them again.")

    def _deadline(self, context: Context, settings: BatchSettings) -> float:
        """Return the Unix time at which the wait is over: before Airflow ends the task itself."""
        deadline = self._now() + settings.job_timeout_seconds
        started = getattr(context["ti"], "start_date", None)
        if self.execution_timeout is None or started is None:
            return deadline
        seconds: float = self.execution_timeout.total_seconds()
        ends_at: float = started.timestamp() + seconds
        return min(deadline, ends_at - min(MARGIN_SECONDS, seconds / 10))

    def _now(self) -> float:
        """Return the Unix time in seconds."""
        return self.hook.client.session.now().timestamp()

    def _show_jobs(self, context: Context, names: tuple[str, ...]) -> None:
        """Keep the names of the jobs where links find them."""
        self.job_names = names
        try:
            context["ti"].xcom_push(key=JOBS_KEY, value=list(names))
        except Exception:  # whatever Airflow raises; the jobs are recorded below output_uri
            self.log.warning("The names of the jobs could not be stored in XCom.", exc_info=True)

    def _warn_of_kills(self, settings: BatchSettings) -> None:
        from airflow.triggers.base import BaseTrigger

        if settings.cancel_on_kill and self.deferrable and not hasattr(BaseTrigger, "on_kill"):
            self.log.warning(
                "cancel_on_kill does nothing while this task is deferred: before 3.3 Airflow does not tell a trigger "
                "that its task was stopped. 'airflow imagen jobs cancel' cancels the job by hand."
            )
