"""From DAG files to the tasks of this provider in them. Only imports the files; runs and stores nothing."""

from __future__ import annotations

import inspect
import logging
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import NoneType
from typing import Any, NamedTuple

from airflow.providers.common.compat.sdk import SET_DURING_EXECUTION

from airflow_provider_imagen.commands.dag_tasks import ImagenTask, RunTimeValue, TaskKind, is_open, texts_in
from airflow_provider_imagen.commands.mapped_tasks import Instance, instances_of, times_in_groups
from airflow_provider_imagen.commands.source_lines import TaskInSource, lines_of, tasks_in
from airflow_provider_imagen.core.text import quoted
from airflow_provider_imagen.core.validation.argument_names import problem_with_names
from airflow_provider_imagen.operators.batch import ImagenBatchOperator
from airflow_provider_imagen.operators.imagen import ImagenGenerateOperator, ImagenUpscaleOperator
from airflow_provider_imagen.sensors.imagen import ImagenOutputSensor

try:
    from airflow.dag_processing.dagbag import DagBag
except ImportError:  # before Airflow 3.2
    from airflow.models.dagbag import DagBag  # type: ignore[no-redef]

KINDS: dict[Any, TaskKind] = {
    ImagenBatchOperator: "batch",
    ImagenGenerateOperator: "generate",
    ImagenUpscaleOperator: "upscale",
    ImagenOutputSensor: "wait",
}
OURS = tuple(KINDS)

OTHER_NAMES = {"is_dry_run": "dry_run"}
"""Template fields that have another name than their argument."""

PLAIN = (str, int, float, NoneType)
"""Defaults of params that read in a template as they are."""

IMPORT_LOGS = ("airflow.dag_processing.importers", "airflow.dag_processing.importers.python_importer")
"""Loggers that print each failed import, which the command reports itself."""


TRACEBACK_DEPTH = "AIRFLOW__CORE__DAGBAG_IMPORT_ERROR_TRACEBACK_DEPTH"

UNEXPECTED = re.compile(
    r"(?P<operator>\w+)\.(?:partial|expand)\(\) got (?:an )?unexpected keyword arguments? (?P<names>.*)"
)
"""Airflow's error about arguments that an operator does not have."""


class Folder(NamedTuple):
    """What a folder holds: its DAGs counted, the tasks of this provider, and why files could not be imported."""

    home: str
    dag_count: int
    tasks: list[ImagenTask]
    import_errors: dict[str, str]


class StrictDagBag(DagBag):
    """Airflow's own reader, except that a file which cannot be read never goes unnoticed, and is told of once.

    Airflow only logs some errors, and on 2.11 a DAG file that calls ``sys.exit(0)`` ends the whole process, green.
    """

    @property
    def log(self) -> Any:
        """A logger that prints nothing: every error is in ``import_errors``."""
        silent = logging.getLogger(f"{__name__}.silent")
        silent.disabled = True
        return silent

    def process_file(self, filepath: str, *args: Any, **kwargs: Any) -> Any:
        """Read one file, and remember why it could not be read."""
        try:
            return super().process_file(filepath, *args, **kwargs)  # type: ignore[no-untyped-call]
        except (Exception, SystemExit) as failure:  # noqa: BLE001
            self.import_errors[str(filepath)] = f"{type(failure).__name__}: {failure}"
            return []


def read_folders(folders: Iterable[Path]) -> list[Folder]:
    """Import the DAG files in some folders; a file that lies in two of them counts once.

    :param folders: the folders, or DAG files.
    """
    read: set[str] = set()
    return [_read_folder(folder, read) for folder in folders]


def _read_folder(folder: Path, read: set[str]) -> Folder:
    """Import the DAG files in a folder.

    :param folder: the folder, or one DAG file.
    :param read: files that were read before; those of this folder are added.
    """
    home = str(folder if folder.is_dir() else folder.parent)
    if home not in sys.path:
        sys.path.append(home)  # as Airflow does for its own DAGs folder
    takes_examples = "include_examples" in inspect.signature(DagBag).parameters  # older versions add them by default
    options: dict[str, Any] = {"include_examples": False} if takes_examples else {}
    with _failed_imports_not_logged():
        bag = StrictDagBag(str(folder), **options)
    dags = [dag for dag in bag.dags.values() if os.path.realpath(dag.fileloc) not in read]
    read.update(os.path.realpath(dag.fileloc) for dag in dags)
    tasks = [found for dag in dags for task in dag.tasks for found in _found_in(dag, task)]
    return Folder(home, len(dags), tasks, {file: _with_hint(text) for file, text in bag.import_errors.items()})


@contextmanager
def _failed_imports_not_logged() -> Iterator[None]:
    loggers = [logging.getLogger(name) for name in IMPORT_LOGS]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    # Airflow keeps two frames, which are its own where an operator refuses its arguments.
    os.environ.setdefault(TRACEBACK_DEPTH, "50")
    try:
        yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)


def _with_hint(error: str) -> str:
    """Add the right name to Airflow's own error about an argument of ``partial`` or ``expand``."""
    found = UNEXPECTED.search(error)
    kind = next((each for each in OURS if found and each.__name__ == found["operator"]), None)
    if found is None or kind is None:
        return error
    unknown = re.findall(r"'(\w+)'", found["names"])
    hint = problem_with_names(kind.__name__, unknown, kind.template_fields, KINDS[kind])
    return f"{error.rstrip()}\n{hint}" if hint else error


def _found_in(dag: Any, task: Any) -> Iterator[ImagenTask]:
    kind = task.operator_class if hasattr(task, "operator_class") else type(task)
    if not issubclass(kind, OURS):
        return
    ours = next(each for each in kind.__mro__ if each in KINDS)
    found = ImagenTask(
        dag.dag_id,
        task.task_id,
        KINDS[ours],
        params=_defaults(dag.params, task.params),
        instances=times_in_groups(task),
        file=dag.fileloc,
        lines=lines_of(_written(dag.fileloc), dag.dag_id, task.task_id),
    )
    environment = dag.get_template_env()
    if isinstance(task, OURS):
        yield _with_values(found, task, ours, environment)
    else:
        yield from (_instance(found, task, ours, environment, instance) for instance in instances_of(task))


def _with_values(found: ImagenTask, task: Any, ours: Any, environment: Any) -> ImagenTask:
    """Return a task with what an operator holds; what only a subclass or a function takes is a template as well."""
    fields = {OTHER_NAMES.get(field, field): getattr(task, field, None) for field in task.template_fields}
    return replace(
        found, arguments=_arguments(task, ours), wrong_templates=tuple(_wrong_templates(fields, environment))
    )


def _wrong_templates(fields: Mapping[str, Any], environment: Any) -> Iterator[str]:
    """Yield a sentence for each template that no run can render, whatever its variables are."""
    for name, value in fields.items():
        for text in filter(is_open, texts_in(value)):
            try:
                environment.compile(text)
            except Exception as failure:  # noqa: BLE001  # one of Jinja, whose errors Airflow does not hand on
                reason = str(getattr(failure, "message", None) or failure).rstrip(".")
                yield f"{name} is {quoted(text)}, which is no template of Jinja: {reason}. Correct the template."


def _instance(found: ImagenTask, task: Any, ours: Any, environment: Any, instance: Instance) -> ImagenTask:
    """Return some of the instances of a mapped task."""
    numbers = (found.instances, instance.number)
    found = replace(found, instances=None if None in numbers else (numbers[0] or 0) * (numbers[1] or 0))
    mapped = dict(instance.mapped)
    if instance.from_a_run:
        mapped = {
            name: RunTimeValue("{{ what an expansion brings }}")
            for name in _argument_names(ours)
            if name not in task.partial_kwargs
        }
    try:
        # As Airflow does when the task runs, so that default_args and a subclass have their say.
        return _with_values(found, task.unmap(mapped), ours, environment)
    except Exception as failure:  # noqa: BLE001 a constructor may raise anything
        written = {name: _read(value) for name, value in {**task.partial_kwargs, **mapped}.items()}
        arguments = {name: value for name, value in written.items() if name in _argument_names(ours)}
        if _is_of_a_run(written):  # which a constructor that computes with it cannot take
            made = dict.fromkeys(_argument_names(ours), RunTimeValue("{{ what the constructor makes of it }}"))
            wrong = tuple(_wrong_templates(arguments, environment))
            return replace(found, arguments={**made, **arguments}, wrong_templates=wrong)
        problem = f"The task cannot be made of its arguments: {type(failure).__name__}: {failure}"
        return replace(found, arguments=arguments, problem=problem)


def _is_of_a_run(value: Any) -> bool:
    """Say whether a value, or one in it, comes from another task or an expansion."""
    if isinstance(value, Mapping):
        return any(map(_is_of_a_run, value.values()))
    return isinstance(value, RunTimeValue) or (isinstance(value, list | tuple) and any(map(_is_of_a_run, value)))


def _arguments(task: Any, ours: Any) -> dict[str, Any]:
    return {name: _read(getattr(task, field, None)) for name, field in _argument_names(ours).items()}


def _argument_names(ours: Any) -> dict[str, str]:
    """Return the templated arguments of an operator, and the template field that holds each."""
    return {OTHER_NAMES.get(field, field): field for field in ours.template_fields}


def _read(value: Any) -> Any:
    """Return a value as it is; what another task or an expansion brings, as such."""
    if value is SET_DURING_EXECUTION:
        return RunTimeValue("{{ what the function returns }}")
    if hasattr(value, "iter_references") and hasattr(value, "resolve"):
        text = str(value)  # of another task's output: the template that fetches it
        return RunTimeValue(text if "{{" in text else f"{{{{ {type(value).__name__} }}}}")
    if isinstance(value, Mapping):
        return {name: _read(each) for name, each in value.items()}
    return type(value)(map(_read, value)) if type(value) in {list, tuple} else value


@cache
def _written(file: str) -> Mapping[str, Sequence[TaskInSource]]:
    try:
        return tasks_in(Path(file).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):  # such as one in an archive
        return {}


def _defaults(*levels: Any) -> dict[str, str]:
    params = {name: level.get_param(name) for level in levels if hasattr(level, "get_param") for name in level}
    return {name: str(param.value) for name, param in params.items() if _is_used(param)}


def _is_used(param: Any) -> bool:
    """Say whether a run may have the default of a param: one that its own schema refuses has to be filled in first."""
    try:
        return isinstance(param.resolve(), PLAIN)
    except Exception:  # noqa: BLE001 what a schema refuses, or what is no schema
        return False
