"""``jobs``: batch prediction jobs at the console: which there are, what one is doing, cancel it, collect its images."""

from __future__ import annotations

import logging
from argparse import Namespace
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from airflow_provider_imagen.commands.generate import DONE, FAILED
from airflow_provider_imagen.commands.outside_tasks import absolute, hook_outside_tasks, task_log_shown
from airflow_provider_imagen.commands.printing import as_json, remark, say, standard_output_kept_clean, wrapped
from airflow_provider_imagen.commands.verbs import WRONG_USAGE
from airflow_provider_imagen.core.text import counted
from airflow_provider_imagen.errors import ImagenError

if TYPE_CHECKING:
    from airflow_provider_imagen.core.protocols.batch_job import BatchJob


def handle_jobs(options: Namespace) -> int:
    """Do what is asked with batch prediction jobs, and return the exit code."""
    verbs: dict[str, Callable[[Any, Namespace], None]] = {
        "list": _list,
        "show": _show,
        "cancel": _cancel,
        "collect": _collect,
    }
    if options.action != "list" and options.job is None:
        remark(f"jobs {options.action} needs the name of a job. 'jobs list' shows names.")
        return WRONG_USAGE
    try:
        with standard_output_kept_clean():
            client = hook_outside_tasks(options).client
        with task_log_shown(logging.WARNING):
            verbs[options.action](client, options)
    except ImagenError as failure:
        remark(f"{type(failure).__name__}: {failure}")
        return FAILED
    return DONE


def _list(client: Any, options: Namespace) -> None:
    location = options.location or client.settings.location or "global"
    found = sorted(client.batch_jobs.list(location), key=lambda job: str(job.created), reverse=True)
    shown = found if options.all else [job for job in found if _is_of_a_task(job)]
    if options.format == "json":
        say(as_json(map(_described, shown)))
    else:
        say("\n\n".join(map(_in_lines, shown)) or f"No job of a batch task is listed in {location}.")


def _show(client: Any, options: Namespace) -> None:
    job = client.batch_jobs.get(options.job)
    if options.format == "json":
        say(as_json([_described(job)]))
        return
    say("\n".join(f"{name}: {value}" for name, value in _described(job).items() if value not in {None, ""}))


def _cancel(client: Any, options: Namespace) -> None:
    if client.batch_jobs.cancel(options.job):
        say(f"{options.job} is being cancelled. What it has answered is billed; 'jobs collect' stores its images.")
    else:
        say(f"{client.batch_jobs.get(options.job).in_words()}. There is nothing to cancel.")


def _collect(client: Any, options: Namespace) -> None:
    from airflow.providers.common.compat.sdk import ObjectStoragePath  # noqa: PLC0415 it loads all of Airflow

    from airflow_provider_imagen.runner.job_export import export_job  # noqa: PLC0415
    from airflow_provider_imagen.runner.stores import open_store  # noqa: PLC0415

    job = client.batch_jobs.get(options.job)
    if not job.is_ended:
        remark(f"{job.in_words()}. What is there so far is collected.")
    export = export_job(job, client.storage, open_store(absolute(options.to), client.storage, ObjectStoragePath))
    for why, lines in export.failures.items():
        remark(f"{counted(lines, 'line has', 'lines have')} no image: {why}")
    remark(f"{counted(len(export.uris), 'image')} in {counted(export.lines, 'line')}.")
    say("\n".join(export.uris))


def _is_of_a_task(job: BatchJob) -> bool:
    from airflow_provider_imagen.core.batch.job_record import LABEL  # noqa: PLC0415

    return LABEL in job.labels


def _in_lines(job: BatchJob) -> str:
    """Return a job in lines of 80 columns; its name stays whole, to be copied."""
    created = "" if job.created is None else f", created {job.created:%Y-%m-%d %H:%M} UTC"
    counts = "" if job.counts is None else f". {job.counts.in_words()}"
    about = f"{job.state}{created}, {job.model.rpartition('/')[2]}{counts}"
    return "\n".join([job.name, wrapped(about, "  "), wrapped(job.display_name, "  ")])


def _described(job: BatchJob) -> dict[str, Any]:
    return {
        "name": job.name,
        "state": job.state,
        "display_name": job.display_name,
        "model": job.model,
        "created": job.created,
        "started": job.started,
        "ended": job.ended,
        "lines": None if job.counts is None else job.counts.in_words(),
        "results": job.output_directory,
        "error": job.error,
        "labels": dict(job.labels),
    }
