"""``generate``: one request from the command line, to try a prompt before it becomes a DAG. It is billed."""

from __future__ import annotations

import logging
import sys
import webbrowser
from argparse import Namespace
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

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
            with _task_log_shown():  # after Airflow, which sets its logs up when it is imported
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


def absolute(place: str) -> str:
    """Return a place as an ``output_uri``: a path is taken from the current directory, as on any command line."""
    return place if "://" in place else str(Path(place).absolute())


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
    from airflow.providers.common.compat.sdk import ObjectStoragePath  # noqa: PLC0415 it loads all of Airflow

    from airflow_provider_imagen.commands.connections import HookOutsideTasks  # noqa: PLC0415
    from airflow_provider_imagen.core.catalogue import catalogue  # noqa: PLC0415
    from airflow_provider_imagen.core.catalogue.plan import ModelPreferences, Planner  # noqa: PLC0415
    from airflow_provider_imagen.core.recovery.request_record import TaskIdentity  # noqa: PLC0415
    from airflow_provider_imagen.core.requests import GenerateRequest  # noqa: PLC0415
    from airflow_provider_imagen.operators.metrics import RequestMetrics  # noqa: PLC0415
    from airflow_provider_imagen.operators.report import log_outcome  # noqa: PLC0415
    from airflow_provider_imagen.runner.sending import StopSwitch  # noqa: PLC0415
    from airflow_provider_imagen.runner.task_run import RunContext, run_request  # noqa: PLC0415

    def run() -> list[str]:
        hook = HookOutsideTasks(options.imagen_conn_id, options.project_id, options.location)
        settings = hook.settings
        fallback = options.fallback_model or settings.fallback_model
        preferences = ModelPreferences(options.model, fallback, settings.default_model, settings.location)
        planner = Planner(GenerateRequest, arguments, preferences, catalogue(), datetime.now(UTC).date())
        run_context = RunContext(
            # Each call is a run of its own, so that no file is replaced.
            task=TaskIdentity(dag_id="", run_id=str(uuid4()), task_id="generate"),
            client=hook.client,
            open_path=ObjectStoragePath,
            listener=RequestMetrics(),
            stop=StopSwitch(),
            hosts=None,
            notes={},
        )
        outcome = run_request(planner, run_context)
        log_outcome(outcome, with_uris=False)  # they go to standard output
        if outcome.refusal is not None:
            raise outcome.refusal
        outcome.release()
        return list(outcome.document.uris)

    return run


@contextmanager
def _task_log_shown() -> Iterator[None]:
    """Show on standard error what a task would write into its log."""
    log = logging.getLogger("airflow.task")
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(_for_a_terminal)
    before = (log.handlers, log.propagate, log.level)
    log.handlers, log.propagate = [handler], False
    log.setLevel(logging.INFO)
    try:
        yield
    finally:
        log.handlers, log.propagate = before[0], before[1]
        log.setLevel(before[2])


def _for_a_terminal(line: logging.LogRecord) -> bool:
    """Let through what a person reads; a terminal folds nothing."""
    line.msg = str(line.msg).removeprefix("::group::")
    return line.msg != "::endgroup::"
