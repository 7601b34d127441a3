"""Queries of Airflow's database: task instances with their results, and the runs of a DAG."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from airflow.models.dagrun import DagRun
from airflow.models.taskinstance import TaskInstance
from airflow.models.xcom import XComModel
from airflow.utils.session import create_session
from sqlalchemy import Text, and_, case, cast, false, func, or_, select
from sqlalchemy.orm import Session

from airflow_provider_imagen.core.result_document import RESULT_KEY, ResultDocument
from airflow_provider_imagen.plugins.gallery import batch_document
from airflow_provider_imagen.plugins.gallery.addresses import NOT_MAPPED, TaskInstanceAddress
from airflow_provider_imagen.plugins.gallery.batch_document import BatchDocument
from airflow_provider_imagen.plugins.gallery.filters import Filter
from airflow_provider_imagen.plugins.gallery.instances import FAILED, Instance, Page, RunPage, RunsPage
from airflow_provider_imagen.plugins.gallery.task_order import task_order
from airflow_provider_imagen.plugins.gallery.xcom_backend import (
    UnreadableResultError,
    XComBackend,
    configured_backend,
    stored_prefixes,
)

RUNS_ON_A_PAGE = 20
LISTED_RUNS = 100
"""Runs to choose from on the page with two runs side by side."""
INSTANCES_OF_A_RUN = 24
"""Task instances of each run on a page of runs; the page of a run shows all."""
INSTANCES_ON_A_PAGE = 60
"""Task instances on a page of one run or of a mapped task."""
MOST_SORTED_TASKS = 500
"""In a DAG with more tasks they are shown by name: each one is a parameter of the query."""
REQUIRED_FIELDS = ("filter_reasons", batch_document.REQUIRED_FIELD)
"""Fields by which the database tells results of this package from values of other operators."""
MAX_DOCUMENT_CHARACTERS = 1 << 20
"""Any task may push any value under this key: a longer one is never loaded into memory."""
STORAGE_THREADS = 8
"""Files of results that one page reads at the same time, where an XCom backend keeps them outside the database."""
ANY = Filter()


def read_task(address: TaskInstanceAddress, number: int = 0) -> Page | None:
    """Return a task instance with its result, None when there is no such one.

    :param address: with map index -1 all instances of a mapped task.
    :param number: 0 is the first page. A single instance is on every page: it may be a batch with pages of its own.
    """
    backend = configured_backend()
    of_task = [*_of_task(address), *([] if address.map_index == NOT_MAPPED else [_of_index(address)])]
    query = _instances(backend).where(*of_task).order_by(TaskInstance.map_index)
    with create_session(scoped=False) as session:
        count = session.scalar(select(func.count()).select_from(TaskInstance).where(*of_task)) or 0
        number = 0 if count == 1 else number
        rows = _rows_of_page(session, query, number)
    return Page(_read(rows, backend), number, count, INSTANCES_ON_A_PAGE) if count else None


def read_instance(address: TaskInstanceAddress) -> Instance | None:
    """Return exactly one task instance with its result."""
    backend = configured_backend()
    query = _instances(backend).where(*_of_task(address), _of_index(address))
    with create_session(scoped=False) as session:
        row = session.execute(query).first()
    return _read([row], backend)[0] if row else None


def read_run(dag_id: str, run_id: str, number: int = 0, chosen: Filter = ANY) -> RunPage | None:
    """Return a run with a page of its task instances, None when there is no such one.

    :param dag_id: the DAG.
    :param run_id: the run.
    :param number: 0 is the first page.
    :param chosen: which task instances are shown.
    """
    backend = configured_backend()
    conditions = chosen.conditions(_is_reference(backend))
    shown = [TaskInstance.dag_id == dag_id, TaskInstance.run_id == run_id, _is_shown(), *conditions]
    with create_session(scoped=False) as session:
        run = session.execute(select(DagRun.state).where(DagRun.dag_id == dag_id, DagRun.run_id == run_id)).first()
        tasks = task_order(dag_id, session)
        query = _instances(backend).where(*shown).order_by(*_order(tasks))
        count = session.scalar(select(func.count()).select_from(query.order_by(None).subquery())) or 0
        rows = _rows_of_page(session, query, number)
    if run is None:
        return None
    found = [instance for instance in _read(rows, backend) if instance.is_shown and chosen.matches(instance)]
    return RunPage(run_id, str(run.state), Page(found, number, count, INSTANCES_ON_A_PAGE), tasks)


def read_runs(dag_id: str, number: int = 0, chosen: Filter = ANY) -> RunsPage:
    """Return a page of a DAG's runs.

    :param dag_id: the DAG.
    :param number: 0 is the page of the latest runs.
    :param chosen: which task instances are shown; runs without any are left out.
    """
    backend = configured_backend()
    conditions = chosen.conditions(_is_reference(backend))
    query = select(DagRun.run_id, DagRun.state).where(DagRun.dag_id == dag_id)
    if conditions:
        matching = _instances(backend).where(TaskInstance.dag_id == dag_id, _is_shown(), *conditions).subquery()
        query = query.where(DagRun.run_id.in_(select(matching.c.run_id)))
    query = query.order_by(DagRun.run_after.desc(), DagRun.id.desc())
    with create_session(scoped=False) as session:
        runs = session.execute(query.limit(RUNS_ON_A_PAGE + 1).offset(number * RUNS_ON_A_PAGE)).all()
        shown = runs[:RUNS_ON_A_PAGE]
        tasks = task_order(dag_id, session)
        of_runs = [TaskInstance.dag_id == dag_id, TaskInstance.run_id.in_([run.run_id for run in shown]), _is_shown()]
        rows = session.execute(_first_of_runs(_instances(backend).where(*of_runs, *conditions), tasks)).all()
    counts = {row.run_id: row.count_of_run for row in rows}
    by_run: dict[str, list[Instance]] = {run.run_id: [] for run in shown}
    for instance in _read(rows, backend):
        if instance.is_shown and chosen.matches(instance):
            by_run[instance.address.run_id].append(instance)
    found = [
        RunPage(run.run_id, str(run.state), Page(by_run[run.run_id], 0, counts.get(run.run_id, 0), INSTANCES_OF_A_RUN))
        for run in shown
        if by_run[run.run_id] or not chosen.is_active
    ]
    return RunsPage(found, len(runs) > RUNS_ON_A_PAGE, tasks)


def read_run_ids(dag_id: str) -> list[str]:
    """Return the ids of a DAG's latest runs, the latest first."""
    query = select(DagRun.run_id).where(DagRun.dag_id == dag_id).order_by(DagRun.run_after.desc(), DagRun.id.desc())
    with create_session(scoped=False) as session:
        return [str(row.run_id) for row in session.execute(query.limit(LISTED_RUNS)).all()]


def _instances(backend: XComBackend) -> Any:
    """Return the query of task instances and their result documents, as far as the database can tell these."""
    text = cast(XComModel.value, Text)
    is_result = or_(_is_reference(backend), *(text.contains(name, autoescape=True) for name in REQUIRED_FIELDS))
    result = and_(
        XComModel.dag_id == TaskInstance.dag_id,
        XComModel.run_id == TaskInstance.run_id,
        XComModel.task_id == TaskInstance.task_id,
        XComModel.map_index == TaskInstance.map_index,
        XComModel.key == RESULT_KEY,
        func.length(text) <= MAX_DOCUMENT_CHARACTERS,
        is_result,
    )
    address = (TaskInstance.dag_id, TaskInstance.run_id, TaskInstance.task_id, TaskInstance.map_index)
    columns = (*address, TaskInstance.state, TaskInstance.try_number, XComModel.timestamp, XComModel.value)
    return select(*columns).outerjoin(XComModel, result)


def _is_reference(backend: XComBackend) -> Any:
    """Return the condition on an XCom whose document may be outside the database."""
    if backend.is_default:
        return false()
    if backend.base is None:
        return XComModel.key == RESULT_KEY
    text = cast(XComModel.value, Text)
    return or_(*(text.startswith(prefix, autoescape=True) for prefix in stored_prefixes(backend.base)))


def _is_shown() -> Any:
    return or_(XComModel.key == RESULT_KEY, TaskInstance.state == FAILED)


def _of_task(address: TaskInstanceAddress) -> list[Any]:
    return [
        TaskInstance.dag_id == address.dag_id,
        TaskInstance.run_id == address.run_id,
        TaskInstance.task_id == address.task_id,
    ]


def _of_index(address: TaskInstanceAddress) -> Any:
    return TaskInstance.map_index == address.map_index


def _order(tasks: Sequence[str]) -> list[Any]:
    by_name = [TaskInstance.task_id, TaskInstance.map_index]
    if not tasks or len(tasks) > MOST_SORTED_TASKS:
        return by_name
    places = {task_id: place for place, task_id in enumerate(tasks)}
    return [case(places, value=TaskInstance.task_id, else_=len(tasks)), *by_name]


def _rows_of_page(session: Session, query: Any, number: int) -> Sequence[Any]:
    rows: Sequence[Any] = session.execute(query.limit(INSTANCES_ON_A_PAGE).offset(number * INSTANCES_ON_A_PAGE)).all()
    return rows


def _first_of_runs(query: Any, tasks: Sequence[str]) -> Any:
    """Return the query of the first task instances of each run, with the number of all."""
    place = func.row_number().over(partition_by=TaskInstance.run_id, order_by=_order(tasks)).label("place_in_run")
    count = func.count().over(partition_by=TaskInstance.run_id).label("count_of_run")
    numbered = query.add_columns(place, count).subquery()
    return select(numbered).where(numbered.c.place_in_run <= INSTANCES_OF_A_RUN).order_by(numbered.c.place_in_run)


def _read(rows: Sequence[Any], backend: XComBackend) -> list[Instance]:
    """Return the task instances in rows. Reads storage: no database session is open meanwhile."""
    if backend.is_default:
        return [_instance(row, backend) for row in rows]
    with ThreadPoolExecutor(STORAGE_THREADS) as threads:
        return list(threads.map(lambda row: _instance(row, backend), rows))


def _instance(row: Any, backend: XComBackend) -> Instance:
    address = TaskInstanceAddress(row.dag_id, row.run_id, row.task_id, row.map_index)
    state = str(row.state) if row.state else None
    instance = Instance(address, state, row.try_number, row.timestamp)
    if row.timestamp is None:  # it pushed no result
        return instance
    found = _with_document(instance, row.value)
    if found.document or found.batch or not backend.is_reference(row.value):
        return found
    try:
        return _with_document(instance, backend.read(row.value, row.timestamp.isoformat()))
    except UnreadableResultError as failure:
        return replace(instance, problem=str(failure))


def _with_document(instance: Instance, value: Any) -> Instance:
    document = ResultDocument.read(value)
    return replace(instance, document=document, batch=None if document else BatchDocument.read(value))
