"""``estimate``: what a table of prompts would ask for and cost. It reads and lists, and sends nothing to a model."""

from __future__ import annotations

import json
import logging
from argparse import Namespace
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow_provider_imagen.commands.generate import ARGUMENTS
from airflow_provider_imagen.commands.outside_tasks import (
    absolute,
    hook_outside_tasks,
    preferences_in,
    run_outside_tasks,
    task_log_shown,
)
from airflow_provider_imagen.commands.printing import remark, say, standard_output_kept_clean, wrapped
from airflow_provider_imagen.errors import ImagenError

if TYPE_CHECKING:
    from airflow_provider_imagen.runner.batch_run import BatchRun

DONE, FAILED, STOPPED = 0, 1, 130


def estimate_batch(options: Namespace) -> int:
    """Print what a batch would ask for and return the exit code."""
    try:
        with standard_output_kept_clean():
            run = _prepared(options)
            with task_log_shown(logging.WARNING):
                estimate = run()
    except ImagenError as failure:
        remark(f"{type(failure).__name__}: {failure}")
        return FAILED
    except KeyboardInterrupt:
        remark("Stopped. Nothing was sent.")
        return STOPPED
    say(json.dumps(estimate, indent=2) if options.format == "json" else in_words(estimate))
    return FAILED if estimate["problem"] else DONE


def in_words(estimate: dict[str, Any]) -> str:
    """Return an estimate for people."""
    from airflow_provider_imagen.core.catalogue.pricing import in_words as money  # noqa: PLC0415

    others = {name: number for name, number in estimate["counts"].items() if number and name != "reused"}
    lines = [
        f"rows      {estimate['rows']}",
        f"reused    {estimate['counts']['reused']}",
        *(f"{name:<9} {number}" for name, number in others.items()),
        f"to ask    {estimate['to_ask']}",
        f"requests  {estimate['requests']}",
        f"cost      {money(estimate['estimated_cost_usd'])}",
    ]
    return "\n".join([*lines, *([wrapped(estimate["problem"])] if estimate["problem"] else [])])


def _prepared(options: Namespace) -> Callable[[], dict[str, Any]]:
    """Return a function that makes the estimate, with everything loaded that it needs."""
    from airflow_provider_imagen.core.batch.budget import Budget  # noqa: PLC0415

    run = _dry_run(options)

    def estimate() -> dict[str, Any]:
        document = run.run().document
        counts = dict(document["counts"])
        to_ask, cost = counts.pop("not_sent"), document["would_cost_usd"]
        return {
            "rows": document["items"],
            "counts": counts,
            "to_ask": to_ask,
            "requests": document["requests"],
            "estimated_cost_usd": cost,
            "problem": Budget(options.max_cost_usd).problem_with_estimate(cost),
        }

    return estimate


def _dry_run(options: Namespace) -> BatchRun:
    """Return the dry run of a task with the arguments of the command line."""
    from airflow_provider_imagen.core.batch.items import file_kind  # noqa: PLC0415
    from airflow_provider_imagen.core.batch.plan import BatchArguments, ItemPlanner  # noqa: PLC0415
    from airflow_provider_imagen.core.batch.settings import BatchSettings  # noqa: PLC0415
    from airflow_provider_imagen.core.catalogue import catalogue  # noqa: PLC0415
    from airflow_provider_imagen.operators.metrics import ItemMetrics  # noqa: PLC0415
    from airflow_provider_imagen.runner.batch_pictures import BatchPictures  # noqa: PLC0415
    from airflow_provider_imagen.runner.batch_rows import rows_of  # noqa: PLC0415
    from airflow_provider_imagen.runner.batch_run import BatchRun  # noqa: PLC0415
    from airflow_provider_imagen.runner.batch_task import Batch  # noqa: PLC0415

    hook = hook_outside_tasks(options)
    run_context = run_outside_tasks("estimate", hook, ItemMetrics())
    items = absolute(options.items) if file_kind(options.items) else options.items
    defaults = {name: getattr(options, name) for name in ARGUMENTS if name != "prompt"}
    defaults |= {"output_uri": absolute(options.output), "if_exists": options.if_exists}
    if options.reference:
        defaults["reference_images"] = [absolute(place) for place in options.reference]
    arguments = BatchArguments(defaults, options.prompt, options.item_arguments)
    storage, open_path = run_context.client.storage, run_context.open_path
    pictures, today = BatchPictures(storage, open_path), datetime.now(UTC).date()
    planner = ItemPlanner(arguments, preferences_in(options, hook), catalogue(), today, pictures.identify)
    rows = rows_of(items, options.item_columns, storage, open_path)
    return BatchRun(Batch(rows, planner, pictures, BatchSettings(dry_run=True)), run_context, _ignored)


def _ignored(_document: dict[str, Any]) -> None:
    """A dry run sends nothing that a stop could end."""
