"""Queries of Airflow's database: the results of task instances, and the recent runs of a DAG."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from airflow.models.dagrun import DagRun
from airflow.models.taskinstance import TaskInstance
from airflow.models.xcom import XComModel
from airflow.utils.session import create_session
from sqlalchemy import Text, cast, func, select
from sqlalchemy.orm import Session

from airflow_provider_imagen.core.result_document import RESULT_KEY, ResultDocument
from airflow_provider_imagen.plugins.gallery.addresses import NOT_MAPPED, TaskInstanceAddress

RUNS_ON_A_PAGE = 25
MAX_MAPPED_INSTANCES = 100
"""Instances of a mapped task on one page."""
MAX_RESULTS = 500
"""Task instances with images on one page of runs."""
REQUIRED_FIELD = "filter_reasons"
"""A field of every result document, by which the database tells them from values of other operators."""
MAX_DOCUMENT_CHARACTERS = 1 << 20
"""Any task may push any value under this key: a longer one is never loaded into memory."""


@dataclass(frozen=True, slots=True)
class TaskInstanceResult:
    """The ``result`` XCom of a task instance.

    :param address: the task instance.
    :param timestamp: time of the XCom.
    :param document: its value, None if that is no result document.
    """

    address: TaskInstanceAddress
    timestamp: datetime
    document: ResultDocument | None


@dataclass(frozen=True, slots=True)
class TaskInstanceState:
    """The state of a task instance, or of one instance of a mapped task."""

    map_index: int
    state: str | None
    try_number: int


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


@dataclass(frozen=True, slots=True)
class RunsPage:
    """One page of a DAG's runs, the latest first."""

    runs: list[RunResults]
    has_older: bool
    is_truncated: bool


def read_task(address: TaskInstanceAddress) -> TaskPage | None:
    """Return a task instance with its results, None when there is no such one.

    :param address: with map index -1 all instances of a mapped task.
    """
    with create_session(scoped=False) as session:
        instances = list(_instances(session, address))
        if not instances:
            return None
        results = list(_task_results(session, address))
        return TaskPage(instances[:MAX_MAPPED_INSTANCES], results, len(instances) > MAX_MAPPED_INSTANCES)


def read_result(address: TaskInstanceAddress) -> TaskInstanceResult | None:
    """Return the result of exactly one task instance."""
    with create_session(scoped=False) as session:
        query = _results().where(*_of_task(XComModel, address), XComModel.map_index == address.map_index)
        row = session.execute(query).first()
        return _result(row) if row else None


def read_runs(dag_id: str, page: int) -> RunsPage:
    """Return a page of a DAG's runs.

    :param dag_id: the DAG.
    :param page: 0 is the page of the latest runs.
    """
    with create_session(scoped=False) as session:
        query = (
            select(DagRun.run_id, DagRun.state, DagRun.run_after)
            .where(DagRun.dag_id == dag_id)
            .order_by(DagRun.run_after.desc(), DagRun.id.desc())
            .limit(RUNS_ON_A_PAGE + 1)
            .offset(page * RUNS_ON_A_PAGE)
        )
        rows = session.execute(query).all()
        shown = rows[:RUNS_ON_A_PAGE]
        results, is_truncated = _run_results(session, dag_id, [row.run_id for row in shown])
        by_run: dict[str, list[TaskInstanceResult]] = {row.run_id: [] for row in shown}
        for result in results:
            by_run[result.address.run_id].append(result)
        runs = [RunResults(row.run_id, str(row.state), row.run_after, by_run[row.run_id]) for row in shown]
        return RunsPage(runs, len(rows) > RUNS_ON_A_PAGE, is_truncated)


def _instances(session: Session, address: TaskInstanceAddress) -> Iterator[TaskInstanceState]:
    query = (
        select(TaskInstance.map_index, TaskInstance.state, TaskInstance.try_number)
        .where(*_of_task(TaskInstance, address), *_of_instance(TaskInstance, address))
        .order_by(TaskInstance.map_index)
        .limit(MAX_MAPPED_INSTANCES + 1)
    )
    for row in session.execute(query):
        yield TaskInstanceState(row.map_index, str(row.state) if row.state else None, row.try_number)


def _task_results(session: Session, address: TaskInstanceAddress) -> Iterator[TaskInstanceResult]:
    query = (
        _results()
        .where(*_of_task(XComModel, address), *_of_instance(XComModel, address))
        .order_by(XComModel.map_index)
        .limit(MAX_MAPPED_INSTANCES)
    )
    yield from map(_result, session.execute(query))


def _run_results(session: Session, dag_id: str, run_ids: list[str]) -> tuple[list[TaskInstanceResult], bool]:
    """Return the results of some runs, and whether there are more than the bound."""
    query = (
        _results()
        .where(XComModel.dag_id == dag_id, XComModel.run_id.in_(run_ids))
        .order_by(XComModel.dag_run_id.desc(), XComModel.task_id, XComModel.map_index)
        .limit(MAX_RESULTS + 1)
    )
    rows = session.execute(query).all()
    results = map(_result, rows[:MAX_RESULTS])
    return [result for result in results if result.document], len(rows) > MAX_RESULTS


def _results() -> Any:
    """Return the query of all result documents, as far as the database can tell them from other values."""
    columns = (XComModel.dag_id, XComModel.run_id, XComModel.task_id, XComModel.map_index)
    text = cast(XComModel.value, Text)
    is_document = (text.contains(REQUIRED_FIELD, autoescape=True), func.length(text) <= MAX_DOCUMENT_CHARACTERS)
    return select(*columns, XComModel.timestamp, XComModel.value).where(XComModel.key == RESULT_KEY, *is_document)


def _of_task(table: Any, address: TaskInstanceAddress) -> tuple[Any, ...]:
    return (table.dag_id == address.dag_id, table.run_id == address.run_id, table.task_id == address.task_id)


def _of_instance(table: Any, address: TaskInstanceAddress) -> tuple[Any, ...]:
    """Return the condition on the map index; none for -1, so that a mapped task shows all its instances."""
    return () if address.map_index == NOT_MAPPED else (table.map_index == address.map_index,)


def _result(row: Any) -> TaskInstanceResult:
    address = TaskInstanceAddress(row.dag_id, row.run_id, row.task_id, row.map_index)
    return TaskInstanceResult(address, row.timestamp, ResultDocument.read(row.value))
