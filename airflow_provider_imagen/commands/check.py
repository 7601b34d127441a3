"""``check``: every task of this provider in a DAGs folder, judged by the rules of a run, and what a run costs."""

from __future__ import annotations

from argparse import Namespace
from datetime import UTC, date, datetime
from pathlib import Path

from airflow_provider_imagen.commands.check_formats import FORMATS
from airflow_provider_imagen.commands.check_report import Report, report_on
from airflow_provider_imagen.commands.printing import remark, say, standard_output_kept_clean

NOTHING_BREAKS, SOMETHING_BREAKS, CANNOT_TELL = 0, 1, 2


def check_dags(options: Namespace) -> int:
    """Print what there is to say about the tasks and return the exit code."""
    folders = [Path(each).absolute() for each in options.dags_folder]
    if missing := [str(each) for each in folders if not each.exists()]:
        remark(f"There is no folder or file {', '.join(missing)}. Name folders that hold DAG files, or DAG files.")
        return CANNOT_TELL
    today = options.today or datetime.now(UTC).date()
    report = _read_and_judge(folders, today, everywhere=options.connections)
    say(FORMATS[options.format](report))
    return exit_code(report, strict=options.strict)


def exit_code(report: Report, *, strict: bool) -> int:
    """Return the exit code.

    :param report: what was found.
    :param strict: a warning counts as an error.
    """
    if report.import_errors or (strict and not report.dag_count):
        return CANNOT_TELL
    return SOMETHING_BREAKS if report.number("error") or (strict and report.number("warning")) else NOTHING_BREAKS


def _read_and_judge(folders: list[Path], today: date, *, everywhere: bool) -> Report:
    with standard_output_kept_clean():
        from airflow_provider_imagen.commands.connections import ConnectionReader  # noqa: PLC0415 all of Airflow
        from airflow_provider_imagen.commands.reading import read_folders  # noqa: PLC0415

        return report_on(read_folders(folders), ConnectionReader(everywhere=everywhere), today)
