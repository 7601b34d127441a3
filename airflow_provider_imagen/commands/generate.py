"""``generate``: one request from the command line, to try a prompt before it becomes a DAG. It is billed."""

from __future__ import annotations

import webbrowser
from argparse import Namespace
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from airflow_provider_imagen.commands.outside_tasks import (
    absolute,
    hook_outside_tasks,
    preferences_in,
    run_outside_tasks,
    task_log_shown,
)
from airflow_provider_imagen.commands.printing import remark, say, standard_output_kept_clean
from airflow_provider_imagen.core.web_pages import object_page
from airflow_provider_imagen.errors import ImagenError

ARGUMENTS = (
    "prompt",
    "number_of_images",
    "negative_prompt",
    "aspect_ratio",
    "image_size",
    "seed",
    "output_mime_type",
    "thinking_level",
    "system_instruction",
    "google_search",
    "service_tier",
)
"""The arguments of a request that the command line has under the same names as the operator."""

DONE, FAILED, STOPPED = 0, 1, 130


def generate_images(options: Namespace) -> int:
    """Make images, print their URIs and return the exit code."""
    arguments = {name: getattr(options, name) for name in ARGUMENTS} | {"output_uri": absolute(options.output)}
    if options.reference:
        arguments["reference_images"] = [absolute(place) for place in options.reference]
    try:
        with standard_output_kept_clean():
            run = _prepared(arguments, options)
            with task_log_shown():  # after Airflow, which sets its logs up when it is imported
                uris = run()
    except ImagenError as failure:
        remark(f"{type(failure).__name__}: {failure}")
        return FAILED
    except KeyboardInterrupt:
        remark("Stopped. What was on its way to Google may have been accepted, and then it is billed.")
        return STOPPED
    say("\n".join(uris))
    if options.show:
        show_images(uris)
    return DONE


def show_images(uris: Iterable[str]) -> None:
    """Open images where this machine opens web pages; one in Cloud Storage at Google's address for signed-in people.

    :param uris: URIs of images.
    """
    for uri in uris:
        page = object_page(uri) or (Path(uri).as_uri() if uri.startswith("/") else uri)
        if not webbrowser.open(page):
            remark(f"Nothing on this machine opens {page}.")


def _prepared(arguments: dict[str, Any], options: Namespace) -> Callable[[], list[str]]:
    """Return a function that makes the images, with everything loaded that it needs."""
    from airflow_provider_imagen.core.catalogue import catalogue  # noqa: PLC0415
    from airflow_provider_imagen.core.catalogue.plan import Planner  # noqa: PLC0415
    from airflow_provider_imagen.core.requests import GenerateRequest  # noqa: PLC0415
    from airflow_provider_imagen.operators.metrics import RequestMetrics  # noqa: PLC0415
    from airflow_provider_imagen.operators.report import log_outcome  # noqa: PLC0415
    from airflow_provider_imagen.runner.task_run import run_request  # noqa: PLC0415

    hook = hook_outside_tasks(options)

    def run() -> list[str]:
        preferences = preferences_in(options, hook)
        planner = Planner(GenerateRequest, arguments, preferences, catalogue(), datetime.now(UTC).date())
        outcome = run_request(planner, run_outside_tasks("generate", hook, RequestMetrics()))
        log_outcome(outcome, with_uris=False)  # they go to standard output
        if outcome.refusal is not None:
            raise outcome.refusal
        outcome.release()
        return list(outcome.document.uris)

    return run
