"""From DAG files to the tasks of this provider in them. Only imports the files; runs and stores nothing."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator, Mapping
from itertools import product
from pathlib import Path
from types import NoneType
from typing import Any, NamedTuple

from airflow_provider_imagen.commands.findings import ImagenTask
from airflow_provider_imagen.operators.imagen import ImagenGenerateOperator, ImagenUpscaleOperator

try:
    from airflow.dag_processing.dagbag import DagBag
except ImportError:  # before Airflow 3.2
    from airflow.models.dagbag import DagBag  # type: ignore[no-redef]

OURS = (ImagenGenerateOperator, ImagenUpscaleOperator)
LOOKED_AT = ("model", "fallback_model", "location")
"""The arguments that decide about a task; of the others in an expansion one value is as good as another."""

PLAIN = (str, int, float, NoneType)
"""Defaults of params that read in a template as they are; a param without default holds none of these."""


class Folder(NamedTuple):
    """What a folder holds: its DAGs counted, the tasks of this provider, and why files could not be imported."""

    dag_count: int
    tasks: list[ImagenTask]
    import_errors: dict[str, str]


class StrictDagBag(DagBag):
    """Airflow's own reader, except that a file which cannot be read never goes unnoticed.

    Airflow only logs some errors, and on 2.11 a DAG file that calls ``sys.exit(0)`` ends the whole process, green.
    """

    def process_file(self, filepath: str, *args: Any, **kwargs: Any) -> Any:
        """Read one file, and remember why it could not be read."""
        try:
            return super().process_file(filepath, *args, **kwargs)  # type: ignore[no-untyped-call]
        except (Exception, SystemExit) as failure:  # noqa: BLE001
            self.import_errors[str(filepath)] = f"{type(failure).__name__}: {failure}"
            return []


def read_folder(folder: Path) -> Folder:
    """Import the DAG files in a folder.

    :param folder: the folder, or one DAG file.
    """
    home = str(folder if folder.is_dir() else folder.parent)
    if home not in sys.path:
        sys.path.append(home)  # as Airflow does for its own DAGs folder
    takes_examples = "include_examples" in inspect.signature(DagBag).parameters  # older versions add them by default
    options: dict[str, Any] = {"include_examples": False} if takes_examples else {}
    bag = StrictDagBag(str(folder), **options)
    tasks = [found for dag in bag.dags.values() for task in dag.tasks for found in _found_in(dag, task)]
    return Folder(len(bag.dags), tasks, dict(bag.import_errors))


def _found_in(dag: Any, task: Any) -> Iterator[ImagenTask]:
    kind = task.operator_class if hasattr(task, "operator_class") else type(task)
    if issubclass(kind, OURS):
        for arguments in _arguments(task):
            texts = {name: _as_text(arguments.get(name)) for name in LOOKED_AT}
            yield ImagenTask(dag.dag_id, task.task_id, kind.job, **texts, params=_defaults(dag.params, task.params))


def _arguments(task: Any) -> Iterator[Mapping[str, Any]]:
    """Yield what matters of a task's arguments; of a mapped task, for each literal that it is mapped over."""
    if isinstance(task, OURS):
        yield {name: getattr(task, name, None) for name in LOOKED_AT}
        return
    for mapped in _expansions(task):
        try:
            # As Airflow does when the task runs, so that default_args and a subclass have their say.
            yield from _arguments(task.unmap(mapped))
        except Exception:  # noqa: BLE001 a constructor that needs what only the run knows
            yield {**task.partial_kwargs, **mapped}


def _expansions(task: Any) -> Iterator[dict[str, Any]]:
    expanded = task.expand_input.value
    if isinstance(expanded, Mapping):
        choices = [_choices(name, value) for name, value in expanded.items()]
        yield from (dict(zip(expanded, chosen, strict=True)) for chosen in product(*choices))
        return
    for each in expanded if isinstance(expanded, list | tuple) else [expanded]:
        if isinstance(each, Mapping):
            yield dict(each)
        else:
            yield {} if "model" in task.partial_kwargs else {"model": each}


def _choices(name: str, value: Any) -> list[Any]:
    literals = list(value.items()) if isinstance(value, Mapping) else value
    if not isinstance(literals, list | tuple):
        return [value]
    return list(literals if name in LOOKED_AT else literals[:1])


def _as_text(value: Any) -> str | None:
    """What is no text, for example the output of another task, becomes a template: known when the task runs."""
    if value is None or isinstance(value, str):
        return value
    text = str(value)  # of another task's output: the template that fetches it
    return text if "{{" in text else f"{{{{ {type(value).__name__} }}}}"


def _defaults(*levels: Any) -> dict[str, str]:
    params = {name: level.get_param(name) for level in levels if hasattr(level, "get_param") for name in level}
    return {name: str(param.value) for name, param in params.items() if isinstance(param.value, PLAIN)}
