"""The report of ``check``: for people in 80 columns, for programs, and for GitHub's annotations of a pull request."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import Any

from airflow_provider_imagen.commands.check_report import Report, Row, RunCost
from airflow_provider_imagen.commands.findings import Finding, ModelChoice
from airflow_provider_imagen.commands.printing import wrapped
from airflow_provider_imagen.core.text import counted

INDENT = "  "
MOST_NAMES = 12
GITHUB_LEVELS = {"error": "error", "warning": "warning", "note": "notice"}


def as_text(report: Report) -> str:
    """Return the report for people, in 80 columns."""
    parts = [_dag(dag_id, list(rows), report) for dag_id, rows in groupby(report.rows, key=lambda row: row.dag_id)]
    parts += [_import_error(each) for each in report.import_errors]
    return "\n\n".join([*parts, "\n".join(_summary(report))])


def as_json(report: Report) -> str:
    """Return the report for programs."""
    document = {
        "tasks": [_row_for_programs(row) for row in report.rows],
        "costs": [asdict(cost) for cost in report.costs()],
        "import_errors": [asdict(each) for each in report.import_errors],
        "connections_not_read": report.connections_not_read,
        "dags": report.dag_count,
        "errors": report.number("error"),
        "warnings": report.number("warning"),
    }
    return json.dumps(document, indent=2, default=str)


def as_github(report: Report) -> str:
    """Return one workflow command a finding, which GitHub shows beside the line of a pull request."""
    lines = [_annotation(f"{row.dag_id}.{row.task_id}", each) for row in report.rows for each in row.findings]
    lines += [_annotation("DAG file cannot be imported", each) for each in report.import_errors]
    return "\n".join([*lines, *_summary(report)])


FORMATS: dict[str, Callable[[Report], str]] = {"text": as_text, "json": as_json, "github": as_github}


def _dag(dag_id: str, rows: list[Row], report: Report) -> str:
    lines = [wrapped(f"{dag_id} ({_near(rows[0].file)})", rest=INDENT)]
    for row in rows:
        lines += _task(row)
    lines += [wrapped(_cost_in_words(cost), INDENT) for cost in report.costs() if cost.dag_id == dag_id]
    return "\n".join(lines)


def _task(row: Row) -> Iterator[str]:
    about = _choice_in_words(row.choice) if row.choice else ""
    yield wrapped(f"{row.task_id}{': ' if about else ''}{about}", INDENT, INDENT * 3)
    for each in row.findings:
        place = f"line {each.line}: " if each.line else ""
        yield wrapped(f"{place}{each.text}", f"{INDENT * 2}{each.level:<8}")
    if row.open_arguments:
        names = ", ".join(row.open_arguments) if len(row.open_arguments) <= MOST_NAMES else "what an expansion brings"
        yield wrapped(f"known to a run only, not judged: {names}", INDENT * 2, INDENT * 3)


def _choice_in_words(choice: ModelChoice) -> str:
    parts = [choice.model]
    if choice.named and choice.named != choice.model:
        parts.append(f"written as {choice.named}")
    if choice.state != "default":
        parts.append(choice.state if choice.state != "templated" else "known to a run only")
    else:
        parts.append(f"the default, {choice.model_state or 'unknown'}")
    if choice.retirement_date:
        parts.append(f"last day {choice.retirement_date}")
    if choice.replacement:
        parts.append(f"replacement {choice.replacement}")
    if choice.fallback_model:
        parts.append(f"fallback {choice.fallback_model}")
    return ", ".join(parts)


def _cost_in_words(cost: RunCost) -> str:
    known = f"{'at least ' if cost.unknown else 'about '}{cost.cost_usd:.4g} USD by list price"
    without = f", without {', '.join(cost.unknown)}, whose cost is not known before" if cost.unknown else ""
    if cost.unknown and not cost.cost_usd:
        return "What a run costs is not known before."
    return f"A run costs {known}{without}."


def _import_error(error: Finding) -> str:
    place = f"{_near(error.file)}{f', line {error.line}' if error.line else ''}"
    lines = [wrapped(f"{place} cannot be imported, so its tasks are not judged:", rest=INDENT)]
    for line in error.text.splitlines():
        blanks = len(line) - len(line.lstrip())
        lines += [wrapped(line.strip(), INDENT * 2 + " " * blanks)]
    return "\n".join(lines)


def _summary(report: Report) -> Iterator[str]:
    if not report.rows and not report.import_errors:
        yield "No task of this provider."
    if report.connections_not_read:
        names = ", ".join(report.connections_not_read)
        yield wrapped(
            f"Not found, so judged as if empty: connection {names}. AIRFLOW_CONN_... variables are read, and with "
            "--connections every place where Airflow keeps connections.",
        )
    tasks = len({(row.dag_id, row.task_id) for row in report.rows})
    counts = [
        counted(report.dag_count, "DAG"),
        counted(tasks, "task"),
        counted(report.number("error"), "error"),
        counted(report.number("warning"), "warning"),
    ]
    unread = [f"{counted(len(report.import_errors), 'file')} not imported"] if report.import_errors else []
    yield f"{', '.join([*counts, *unread])}."


def _row_for_programs(row: Row) -> dict[str, Any]:
    choice = asdict(row.choice) if row.choice else dict.fromkeys(ModelChoice.__dataclass_fields__)
    del choice["saved"]
    return {
        "dag_id": row.dag_id,
        "task_id": row.task_id,
        "file": row.file,
        **choice,
        "breaks": row.breaks,
        "instances": row.instances,
        "images": row.images,
        "cost_usd": row.cost_usd,
        "not_judged": row.open_arguments,
        "findings": [asdict(each) for each in row.findings],
    }


def _annotation(title: str, finding: Finding) -> str:
    place = {"file": _near(finding.file), "line": finding.line, "title": title}
    properties = ",".join(f"{name}={_escaped(str(value), ':,')}" for name, value in place.items() if value)
    return f"::{GITHUB_LEVELS[finding.level]} {properties}::{_escaped(finding.text)}"


def _escaped(text: str, others: Iterable[str] = "") -> str:
    """Return a text as GitHub's workflow commands take it."""
    for mark in ("%", "\r", "\n", *others):
        text = text.replace(mark, f"%{ord(mark):02X}")
    return text


def _near(file: str) -> str:
    """Return a path from the current folder where it lies below it."""
    path, here = Path(file), Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else file
