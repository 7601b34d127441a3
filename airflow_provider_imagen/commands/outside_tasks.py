"""What a verb needs to run as a task does, where there is none: a hook, a run, and the log of a task on the screen."""

from __future__ import annotations

import logging
import sys
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

if TYPE_CHECKING:
    from airflow_provider_imagen.core.catalogue.plan import ModelPreferences
    from airflow_provider_imagen.hooks.imagen import ImagenHook
    from airflow_provider_imagen.runner.listener import RunListener
    from airflow_provider_imagen.runner.task_run import RunContext


PACKAGE = "airflow_provider_imagen"


def absolute(place: str) -> str:
    """Return a place as a task names it: a path is taken from the current directory, as on any command line."""
    return place if "://" in place else str(Path(place).absolute())


def hook_outside_tasks(options: Namespace) -> ImagenHook:
    """Return the hook of a verb.

    :param options: the parsed arguments, with ``imagen_conn_id``, ``project_id`` and ``location``.
    """
    from airflow_provider_imagen.commands.connections import HookOutsideTasks  # noqa: PLC0415 it loads all of Airflow

    return HookOutsideTasks(options.imagen_conn_id, options.project_id, options.location)


def preferences_in(options: Namespace, hook: ImagenHook) -> ModelPreferences:
    """Return what the command line and the connection say about models and places."""
    from airflow_provider_imagen.core.catalogue.plan import ModelPreferences  # noqa: PLC0415

    settings = hook.settings
    fallback = options.fallback_model or settings.fallback_model
    return ModelPreferences(options.model, fallback, settings.default_model, settings.location)


def run_outside_tasks(verb: str, hook: ImagenHook, listener: RunListener) -> RunContext:
    """Return where a verb runs. Each call is a run of its own, so that no file is replaced.

    :param verb: its name stands for a task's.
    :param hook: the connection.
    :param listener: is called when requests are sent and answered.
    """
    from airflow.providers.common.compat.sdk import ObjectStoragePath  # noqa: PLC0415

    from airflow_provider_imagen.core.recovery.request_record import TaskIdentity  # noqa: PLC0415
    from airflow_provider_imagen.runner.sending import StopSwitch  # noqa: PLC0415
    from airflow_provider_imagen.runner.task_run import RunContext  # noqa: PLC0415

    return RunContext(
        task=TaskIdentity(dag_id="", run_id=str(uuid4()), task_id=verb),
        client=hook.client,
        open_path=ObjectStoragePath,
        listener=listener,
        stop=StopSwitch(),
        hosts=None,
        notes={},
    )


@contextmanager
def task_log_shown(level: int = logging.INFO) -> Iterator[None]:
    """Show on standard error what a task would write into its log, also why a request is tried again.

    :param level: lines of the task below it are not shown.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(_for_a_terminal)
    with _shown_by(handler, "airflow.task", level), _shown_by(handler, PACKAGE, logging.WARNING):
        yield


@contextmanager
def _shown_by(handler: logging.Handler, name: str, level: int) -> Iterator[None]:
    """Have a logger show its lines by one handler only."""
    log = logging.getLogger(name)
    before = (log.handlers, log.propagate, log.level)
    log.handlers, log.propagate = [handler], False
    log.setLevel(level)
    try:
        yield
    finally:
        log.handlers, log.propagate = before[0], before[1]
        log.setLevel(before[2])


def _for_a_terminal(line: logging.LogRecord) -> bool:
    """Let through what a person reads; a terminal folds nothing."""
    line.msg = str(line.msg).removeprefix("::group::")
    return line.msg != "::endgroup::"
