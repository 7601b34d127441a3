"""Queries of Airflow's database: the results of task instances, and the recent runs of a DAG."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from airflow.models.dagrun import DagRun
from airflow.models.taskinstance import TaskInstance
from airflow.models.xcom import XComModel
from airflow.utils.session import create_session
from sqlalchemy import Text, cast, func, or_, select
from sqlalchemy.orm import Session

from airflow_provider_imagen.core.result_document import RESULT_KEY, ResultDocument
from airflow_provider_imagen.plugins.gallery.addresses import NOT_MAPPED, TaskInstanceAddress
from airflow_provider_imagen.plugins.gallery.xcom_backend import (
    UnreadableResultError,
    XComBackend,
    configured_backend,
    stored_prefixes,
)

RUNS_ON_A_PAGE = 25
MAX_MAPPED_INSTANCES = 100
"""Instances of a mapped task on one page."""
MAX_RESULTS = 500
"""Task instances with images on one page of runs."""
REQUIRED_FIELD = "filter_reasons"
"""A field of every result document, by which the database tells them from values of other operators."""
MAX_FAILURES = 100
"""Failed task instances on one page of runs."""
MAX_DOCUMENT_CHARACTERS = 1 << 20
"""Any task may push any value under this key: a longer one is never loaded into memory."""
FAILED = "failed"
STORAGE_THREADS = 8
"""Files of results that one page reads at the same time, where an XCom backend keeps them outside the database."""


@dataclass(frozen=True, slots=True)
class TaskInstanceResult:
    """The ``result`` XCom of a task instance.

    :param address: the task instance.
    :param timestamp: time of the XCom.
    :param document: its value, None if that is no result document.
    :param problem: why it cannot be read; a sentence for people who may see the task instance.
    """

    address: TaskInstanceAddress
    timestamp: datetime
    document: ResultDocument | None
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class TaskInstanceState:
    """The state of a task instance, or of one instance of a mapped task."""

    address: TaskInstanceAddress
    state: str | None
    try_number: int

    @property
    def is_failed(self) -> bool:
        """Whether it failed and will not be tried again."""
        return self.state == FAILED


@dataclass(frozen=True, slots=True)
class TaskPage:
    """A task instance, or all instances of a mapped task."""

    instances: list[TaskInstanceState]
    results: list[TaskInstanceResult]
    is_truncated: bool


@dataclass(frozen=True, slots=True)
class RunResults:
    """One run of a DAG and the results of its tasks."""

    run_id: str
    state: str
    run_after: datetime
    results: list[TaskInstanceResult]
    failures: list[TaskInstanceState]

    def failure_of(self, address: TaskInstanceAddress) -> TaskInstanceState | None:
        """Return the failure of a task instance, None when it did not fail."""
        return next((failure for failure in self.failures if failure.address == address), None)

    @property
    def failures_without_result(self) -> list[TaskInstanceState]:
        """Failed task instances that have no result document."""
        with_result = {result.address for result in self.results if result.document}
        return [failure for failure in self.failures if failure.address not in with_result]

    @property
    def problems(self) -> list[str]:
        """Why results cannot be read, each sentence once."""
        return list(dict.fromkeys(result.problem for result in self.results if result.problem))


@dataclass(frozen=True, slots=True)
class RunsPage:
    """One page of a DAG's runs, the latest first."""

    runs: list[RunResults]
    has_older: bool
    is_truncated: bool
    has_more_failures: bool


def read_task(address: TaskInstanceAddress) -> TaskPage | None:
    """Return a task instance with its results, None when there is no such one.

    :param address: with map index -1 all instances of a mapped task.
    """
    backend = configured_backend()
    with create_session(scoped=False) as session:
        instances = list(_instances(session, address))
        rows = session.execute(_results_of_task(address, backend)).all() if instances else []
    if not instances:
        return None
    is_truncated = len(instances) > MAX_MAPPED_INSTANCES
    return TaskPage(instances[:MAX_MAPPED_INSTANCES], _read(rows, backend), is_truncated)


def read_result(address: TaskInstanceAddress) -> TaskInstanceResult | None:
    """Return the result of exactly one task instance."""
    backend = configured_backend()
    query = _results(backend).where(*_of_task(XComModel, address), XComModel.map_index == address.map_index)
    with create_session(scoped=False) as session:
        row = session.execute(query).first()
    return _read([row], backend)[0] if row else None


def read_runs(dag_id: str, page: int) -> RunsPage:
    """Return a page of a DAG's runs.

    :param dag_id: the DAG.
    :param page: 0 is the page of the latest runs.
    """
    backend = configured_backend()
    query = (
        select(DagRun.run_id, DagRun.state, DagRun.run_after)
        .where(DagRun.dag_id == dag_id)
        .order_by(DagRun.run_after.desc(), DagRun.id.desc())
        .limit(RUNS_ON_A_PAGE + 1)
        .offset(page * RUNS_ON_A_PAGE)
    )
    with create_session(scoped=False) as session:
        runs = session.execute(query).all()
        shown = runs[:RUNS_ON_A_PAGE]
        run_ids = [run.run_id for run in shown]
        rows = session.execute(_results_of_runs(dag_id, run_ids, backend)).all()
        failures = list(map(_state, session.execute(_failures_of_runs(dag_id, run_ids))))
    by_run: dict[str, list[TaskInstanceResult]] = {run.run_id: [] for run in shown}
    for result in _read(rows[:MAX_RESULTS], backend):
        if result.document or result.problem:
            by_run[result.address.run_id].append(result)
    found = [
        RunResults(
            run_id=run.run_id,
            state=str(run.state),
            run_after=run.run_after,
            results=by_run[run.run_id],
            failures=[failure for failure in failures[:MAX_FAILURES] if failure.address.run_id == run.run_id],
        )
        for run in shown
    ]
    return RunsPage(found, len(runs) > RUNS_ON_A_PAGE, len(rows) > MAX_RESULTS, len(failures) > MAX_FAILURES)


def _instances(session: Session, address: TaskInstanceAddress) -> Iterator[TaskInstanceState]:
    query = (
        _states()
        .where(*_of_task(TaskInstance, address), *_of_instance(TaskInstance, address))
        .order_by(TaskInstance.map_index)
        .limit(MAX_MAPPED_INSTANCES + 1)
    )
    yield from map(_state, session.execute(query))


def _failures_of_runs(dag_id: str, run_ids: list[str]) -> Any:
    return (
        _states()
        .where(TaskInstance.dag_id == dag_id, TaskInstance.run_id.in_(run_ids), TaskInstance.state == FAILED)
        .order_by(TaskInstance.start_date, TaskInstance.task_id, TaskInstance.map_index)
        .limit(MAX_FAILURES + 1)
    )


def _states() -> Any:
    columns = (TaskInstance.dag_id, TaskInstance.run_id, TaskInstance.task_id, TaskInstance.map_index)
    return select(*columns, TaskInstance.state, TaskInstance.try_number)


def _state(row: Any) -> TaskInstanceState:
    return TaskInstanceState(_address(row), str(row.state) if row.state else None, row.try_number)


def _address(row: Any) -> TaskInstanceAddress:
    return TaskInstanceAddress(row.dag_id, row.run_id, row.task_id, row.map_index)


def _results_of_task(address: TaskInstanceAddress, backend: XComBackend) -> Any:
    return (
        _results(backend)
        .where(*_of_task(XComModel, address), *_of_instance(XComModel, address))
        .order_by(XComModel.map_index)
        .limit(MAX_MAPPED_INSTANCES)
    )


def _results_of_runs(dag_id: str, run_ids: list[str], backend: XComBackend) -> Any:
    return (
        _results(backend)
        .where(XComModel.dag_id == dag_id, XComModel.run_id.in_(run_ids))
        .order_by(XComModel.dag_run_id.desc(), XComModel.task_id, XComModel.map_index)
        .limit(MAX_RESULTS + 1)
    )


def _results(backend: XComBackend) -> Any:
    """Return the query of all result documents, as far as the database can tell them from other values."""
    columns = (XComModel.dag_id, XComModel.run_id, XComModel.task_id, XComModel.map_index)
    text = cast(XComModel.value, Text)
    is_result = [text.contains(REQUIRED_FIELD, autoescape=True)]
    if backend.base is not None:
        is_result += [text.startswith(prefix, autoescape=True) for prefix in stored_prefixes(backend.base)]
    conditions = (
        XComModel.key == RESULT_KEY,
        func.length(text) <= MAX_DOCUMENT_CHARACTERS,
        *([or_(*is_result)] if backend.is_default or backend.base is not None else []),
    )
    return select(*columns, XComModel.timestamp, XComModel.value).where(*conditions)


def _of_task(table: Any, address: TaskInstanceAddress) -> tuple[Any, ...]:
    return (table.dag_id == address.dag_id, table.run_id == address.run_id, table.task_id == address.task_id)


def _of_instance(table: Any, address: TaskInstanceAddress) -> tuple[Any, ...]:
    """Return the condition on the map index; none for -1, so that a mapped task shows all its instances."""
    return () if address.map_index == NOT_MAPPED else (table.map_index == address.map_index,)


def _read(rows: Sequence[Any], backend: XComBackend) -> list[TaskInstanceResult]:
    """Return the results in rows of XComs. Reads storage: no database session is open meanwhile."""
    if backend.is_default:
        return [_result(row, backend) for row in rows]
    with ThreadPoolExecutor(STORAGE_THREADS) as threads:
        return list(threads.map(lambda row: _result(row, backend), rows))


def _result(row: Any, backend: XComBackend) -> TaskInstanceResult:
    document, problem = ResultDocument.read(row.value), None
    if document is None and backend.is_reference(row.value):
        try:
            document = backend.read(row.value, row.timestamp.isoformat())
        except UnreadableResultError as failure:
            problem = str(failure)
    return TaskInstanceResult(_address(row), row.timestamp, document, problem)
