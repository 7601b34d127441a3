"""``check``: every task of this provider in a DAGs folder, and whether its model still answers."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from textwrap import indent

from airflow_provider_imagen.commands.findings import Verdict, judge
from airflow_provider_imagen.commands.printing import as_json, as_table, remark, say, standard_output_kept_clean
from airflow_provider_imagen.core.catalogue import catalogue

HEADERS = ("DAG", "TASK", "MODEL", "STATE", "RETIRES", "REPLACEMENT", "FALLBACK")
NOTHING_BREAKS, A_TASK_BREAKS, CANNOT_TELL = 0, 1, 2


def check_dags(options: Namespace) -> int:
    """Print the tasks and return the exit code."""
    folder = Path(options.dags_folder).absolute()
    if not folder.exists():
        remark(f"There is no folder {folder}. Name the folder that holds your DAG files.")
        return CANNOT_TELL
    with standard_output_kept_clean():
        from airflow_provider_imagen.commands.reading import read_folder  # noqa: PLC0415 it loads all of Airflow

        found = read_folder(folder)
    today = options.today or datetime.now(UTC).date()
    verdicts = _in_order(judge(task, catalogue(), today) for task in found.tasks)
    if options.output == "json":
        say(as_json(asdict(verdict) for verdict in verdicts))
    else:
        say(as_table(HEADERS, map(table_row, verdicts)))
    if not verdicts and not found.import_errors:
        remark(f"No task of this provider in {folder}. DAGs read: {found.dag_count}.")
    _explain(found.import_errors)
    if found.import_errors:
        return CANNOT_TELL
    return A_TASK_BREAKS if any(verdict.breaks for verdict in verdicts) else NOTHING_BREAKS


def table_row(verdict: Verdict) -> tuple[str, ...]:
    """Return the cells of one task; what its DAG file says stands behind the model where that differs."""
    rewritten = verdict.named and verdict.named != verdict.model
    return (
        verdict.dag_id,
        verdict.task_id,
        f"{verdict.model} ({verdict.named})" if rewritten else verdict.model,
        f"default ({verdict.model_state})" if verdict.state == "default" else verdict.state,
        str(verdict.retirement_date or "-"),
        verdict.replacement or "-",
        verdict.fallback_model or "-",
    )


def _in_order(verdicts: Iterable[Verdict]) -> list[Verdict]:
    """Sort by DAG and task; a task mapped over one model many times is one row."""
    return sorted(dict.fromkeys(verdicts), key=lambda verdict: (verdict.dag_id, verdict.task_id, verdict.model))


def _explain(import_errors: Mapping[str, str]) -> None:
    for file, reason in sorted(import_errors.items()):
        remark(f"Could not import {file}, so its tasks are not listed:\n{indent(reason.strip(), '    ')}")
