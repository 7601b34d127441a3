"""What ``check`` found in all folders: rows of tasks, sentences about them, and what a run of each DAG costs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

from airflow_provider_imagen.commands.dag_tasks import ImagenTask
from airflow_provider_imagen.commands.findings import Finding, Level, ModelChoice, findings_of, in_order
from airflow_provider_imagen.commands.import_errors import read_traceback
from airflow_provider_imagen.commands.judgement import Verdict, judge
from airflow_provider_imagen.commands.known_arguments import CONNECTION
from airflow_provider_imagen.core.catalogue import catalogue
from airflow_provider_imagen.core.connection import ConnectionSettings
from airflow_provider_imagen.core.text import is_blank
from airflow_provider_imagen.errors import InvalidConnectionError

DEFAULT_CONNECTION = "imagen_default"


class ReadFolder(Protocol):
    """What the folder of DAG files holds."""

    @property
    def home(self) -> str:
        """Its path."""

    @property
    def dag_count(self) -> int:
        """How many DAGs."""

    @property
    def tasks(self) -> list[ImagenTask]:
        """The tasks of this provider."""

    @property
    def import_errors(self) -> dict[str, str]:
        """Why files could not be imported."""


class Connections(Protocol):
    """Reads Airflow connections."""

    @property
    def missing(self) -> Mapping[str, None]:
        """Ids of connections that were not found."""

    def read(self, conn_id: str, /) -> ConnectionSettings | None:
        """Return what a connection says, None if it was not found."""


@dataclass(frozen=True, slots=True)
class Row:
    """A task with one model; the instances of a mapped task that share it are one row.

    :param instances: how often a run has it, None: only a run knows.
    :param open_arguments: arguments that only a run knows.
    :param images: how many images a run makes of it, None: only a run knows.
    :param cost_usd: their list price, None when it is not known.
    """

    dag_id: str
    task_id: str
    file: str
    choice: ModelChoice | None
    findings: tuple[Finding, ...]
    open_arguments: tuple[str, ...]
    instances: int | None
    images: int | None
    cost_usd: float | None

    @property
    def breaks(self) -> bool:
        """Whether a run of the task fails."""
        return any(each.level == "error" for each in self.findings)

    @property
    def makes_images(self) -> bool:
        """Whether the task makes images, as a sensor does not."""
        return self.choice is not None


@dataclass(frozen=True, slots=True)
class RunCost:
    """What one run of a DAG costs by list price.

    :param cost_usd: the sum of what is known.
    :param unknown: tasks whose cost is not known before a run.
    """

    dag_id: str
    cost_usd: float
    unknown: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """What was found.

    :param dag_count: how many DAGs were read.
    :param rows: the tasks, by DAG and task.
    :param import_errors: why files could not be imported.
    :param connections_not_read: ids of connections of which nothing is known.
    """

    dag_count: int
    rows: tuple[Row, ...]
    import_errors: tuple[Finding, ...]
    connections_not_read: tuple[str, ...]

    def number(self, level: Level) -> int:
        """Return how many findings of a level there are in tasks."""
        return sum(each.level == level for row in self.rows for each in row.findings)

    def costs(self) -> list[RunCost]:
        """Return what a run of each DAG costs, of DAGs that make images."""
        rows: dict[str, list[Row]] = defaultdict(list)
        for row in self.rows:
            if row.makes_images:
                rows[row.dag_id].append(row)
        return [
            RunCost(
                dag_id,
                round(sum(row.cost_usd or 0 for row in dag), 6),
                tuple(dict.fromkeys(row.task_id for row in dag if row.cost_usd is None)),
            )
            for dag_id, dag in rows.items()
        ]


def report_on(folders: Iterable[ReadFolder], connections: Connections, today: date) -> Report:
    """Judge every task.

    :param folders: what was read.
    :param connections: reads the connections that tasks name.
    :param today: the day to judge by.
    """
    folders = list(folders)
    verdicts = [_judged(task, connections, today) for folder in folders for task in folder.tasks]
    errors = {
        file: _import_error(file, text, folder.home)
        for folder in folders
        for file, text in folder.import_errors.items()
    }
    return Report(
        sum(folder.dag_count for folder in folders),
        tuple(_rows(verdicts)),
        tuple(errors[file] for file in sorted(errors)),
        tuple(connections.missing),
    )


def _judged(task: ImagenTask, connections: Connections, today: date) -> Verdict:
    """Judge a task; one whose connection cannot be used, as if it had none."""
    conn_id = _connection_of(task)
    try:
        settings, problem = connections.read(conn_id) if conn_id else None, None
    except InvalidConnectionError as failure:
        settings, problem = None, str(failure)
    verdict = judge(task, settings, catalogue(), today)
    if problem is None:
        return verdict
    wrong = findings_of(task, [("error", problem)])
    return Verdict(task, verdict.choice, (*wrong, *verdict.findings), verdict.open_arguments)


def _connection_of(task: ImagenTask) -> str | None:
    """Return the id of a task's connection, None where only a run knows it."""
    if CONNECTION in task.open_arguments():
        return None
    named = task.known().get(CONNECTION)
    return named if isinstance(named, str) and not is_blank(named) else DEFAULT_CONNECTION


def _rows(verdicts: Iterable[Verdict]) -> list[Row]:
    grouped: dict[tuple[str, str, str, str], list[Verdict]] = defaultdict(list)
    for verdict in verdicts:
        model, named = (verdict.choice.model, verdict.choice.named or "") if verdict.choice else ("", "")
        grouped[verdict.task.dag_id, verdict.task.task_id, model, named].append(verdict)
    return [_row(grouped[key]) for key in sorted(grouped)]


def _row(verdicts: Sequence[Verdict]) -> Row:
    first = verdicts[0]
    names = dict.fromkeys(name for verdict in verdicts for name in verdict.open_arguments)
    findings = dict.fromkeys(each for verdict in verdicts for each in verdict.findings)
    return Row(
        first.task.dag_id,
        first.task.task_id,
        first.task.file,
        first.choice,
        tuple(in_order(list(findings))),
        tuple(names),
        _sum([verdict.task.instances for verdict in verdicts]),
        _sum([verdict.images for verdict in verdicts]),
        _sum([verdict.cost_usd for verdict in verdicts]),
    )


def _sum(numbers: Sequence[float | int | None]) -> Any:
    known = [each for each in numbers if each is not None]
    return sum(known) if len(known) == len(numbers) else None


def _import_error(file: str, text: str, home: str) -> Finding:
    problem = read_traceback(text, file, home)
    return Finding("error", problem.text, None, file, problem.line)
