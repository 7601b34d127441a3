"""What Airflow's database knows: which task instance recorded which images, and the recent runs of a DAG."""

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
MOST_MAPPED = 100
"""How many instances of a mapped task one page shows."""
MOST_RECORDS = 500
"""How many task instances with images one page of runs shows."""
FIELD_OF_OURS = "filter_reasons"
LONGEST_RECORD = 1 << 20
"""In characters. Any task may keep anything under this key: what is longer is never loaded into memory."""


@dataclass(frozen=True, slots=True)
class Recording:
    """A task instance, when it recorded its images, and the record; None when the value is none of ours."""

    address: TaskInstanceAddress
    at: datetime
    record: ResultDocument | None


@dataclass(frozen=True, slots=True)
class Attempt:
    """How a task instance is doing."""

    map_index: int
    state: str | None
    try_number: int


@dataclass(frozen=True, slots=True)
class TaskPage:
    """What a page about a task instance, or about all instances of a mapped task, tells."""

    attempts: list[Attempt]
    recordings: list[Recording]
    is_cut: bool


@dataclass(frozen=True, slots=True)
class RunRow:
    """One run of a DAG, and what its tasks recorded."""

    run_id: str
    state: str
    after: datetime
    recordings: list[Recording]


@dataclass(frozen=True, slots=True)
class RunsPage:
    """Some runs of a DAG, the latest first."""

    runs: list[RunRow]
    has_older: bool
    is_cut: bool


def read_task(address: TaskInstanceAddress) -> TaskPage | None:
    """Return what is known about a task instance, None when there is no such one.

    With map index -1 and a task that is mapped: about all its instances.
    """
    with create_session(scoped=False) as session:
        attempts = list(_attempts(session, address))
        if not attempts:
            return None
        recordings = list(_recordings_of_task(session, address))
        return TaskPage(attempts[:MOST_MAPPED], recordings, len(attempts) > MOST_MAPPED)


def read_recording(address: TaskInstanceAddress) -> Recording | None:
    """Return what exactly one task instance recorded."""
    with create_session(scoped=False) as session:
        exact = _records().where(*_of_task(XComModel, address), XComModel.map_index == address.map_index)
        row = session.execute(exact).first()
        return _recording(row) if row else None


def read_runs(dag_id: str, page: int) -> RunsPage:
    """Return a page of a DAG's runs, 0 being the latest."""
    with create_session(scoped=False) as session:
        chosen = (
            select(DagRun.run_id, DagRun.state, DagRun.run_after)
            .where(DagRun.dag_id == dag_id)
            .order_by(DagRun.run_after.desc(), DagRun.id.desc())
            .limit(RUNS_ON_A_PAGE + 1)
            .offset(page * RUNS_ON_A_PAGE)
        )
        rows = session.execute(chosen).all()
        shown = rows[:RUNS_ON_A_PAGE]
        found, is_cut = _recordings_of_runs(session, dag_id, [row.run_id for row in shown])
        runs = [
            RunRow(
                row.run_id, str(row.state), row.run_after, [one for one in found if one.address.run_id == row.run_id]
            )
            for row in shown
        ]
        return RunsPage(runs, len(rows) > RUNS_ON_A_PAGE, is_cut)


def _attempts(session: Session, address: TaskInstanceAddress) -> Iterator[Attempt]:
    chosen = (
        select(TaskInstance.map_index, TaskInstance.state, TaskInstance.try_number)
        .where(*_of_task(TaskInstance, address), *_of_instance(TaskInstance, address))
        .order_by(TaskInstance.map_index)
        .limit(MOST_MAPPED + 1)
    )
    for row in session.execute(chosen):
        yield Attempt(row.map_index, str(row.state) if row.state else None, row.try_number)


def _recordings_of_task(session: Session, address: TaskInstanceAddress) -> Iterator[Recording]:
    chosen = (
        _records()
        .where(*_of_task(XComModel, address), *_of_instance(XComModel, address))
        .order_by(XComModel.map_index)
        .limit(MOST_MAPPED)
    )
    yield from map(_recording, session.execute(chosen))


def _recordings_of_runs(session: Session, dag_id: str, run_ids: list[str]) -> tuple[list[Recording], bool]:
    """Return what is shown, and whether there is more."""
    chosen = (
        _records()
        .where(XComModel.dag_id == dag_id, XComModel.run_id.in_(run_ids))
        .order_by(XComModel.dag_run_id.desc(), XComModel.task_id, XComModel.map_index)
        .limit(MOST_RECORDS + 1)
    )
    rows = session.execute(chosen).all()
    read = map(_recording, rows[:MOST_RECORDS])
    return [recording for recording in read if recording.record], len(rows) > MOST_RECORDS


def _records() -> Any:
    """Return what chooses records, as far as the database can tell them from what other operators keep."""
    columns = (XComModel.dag_id, XComModel.run_id, XComModel.task_id, XComModel.map_index)
    text = cast(XComModel.value, Text)
    is_ours = (text.contains(FIELD_OF_OURS, autoescape=True), func.length(text) <= LONGEST_RECORD)
    return select(*columns, XComModel.timestamp, XComModel.value).where(XComModel.key == RESULT_KEY, *is_ours)


def _of_task(table: Any, address: TaskInstanceAddress) -> tuple[Any, ...]:
    return (table.dag_id == address.dag_id, table.run_id == address.run_id, table.task_id == address.task_id)


def _of_instance(table: Any, address: TaskInstanceAddress) -> tuple[Any, ...]:
    """Return what chooses one instance; none for -1, so that a mapped task shows all it has."""
    return () if address.map_index == NOT_MAPPED else (table.map_index == address.map_index,)


def _recording(row: Any) -> Recording:
    address = TaskInstanceAddress(row.dag_id, row.run_id, row.task_id, row.map_index)
    return Recording(address, row.timestamp, ResultDocument.read(row.value))
