"""``generate``: one request from the command line, to try a prompt before it becomes a DAG. It is billed."""

from __future__ import annotations

import logging
import sys
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

from airflow_provider_imagen.commands.printing import remark, say, standard_output_kept_clean
from airflow_provider_imagen.errors import ImagenError

ARGUMENTS = (
    "prompt",
    "model",
    "fallback_model",
    "number_of_images",
    "negative_prompt",
    "aspect_ratio",
    "image_size",
    "seed",
    "output_mime_type",
    "imagen_conn_id",
    "project_id",
    "location",
)
"""The operator's arguments that the command line has under the same names."""

DONE, FAILED, STOPPED = 0, 1, 130


def generate_images(options: Namespace) -> int:
    """Make images, print their URIs and return the exit code."""
    arguments = {name: getattr(options, name) for name in ARGUMENTS}
    try:
        with standard_output_kept_clean():
            operator = _operator({**arguments, "output_uri": absolute(options.output)})
            with _task_log_shown():  # after Airflow, which sets its logs up when it is imported
                uris = operator.run_here()
    except ImagenError as failure:
        remark(f"{type(failure).__name__}: {failure}")
        return FAILED
    except KeyboardInterrupt:
        remark("Stopped. What was on its way to Google may have been accepted, and then it is billed.")
        return STOPPED
    say("\n".join(uris))
    return DONE


def absolute(place: str) -> str:
    """Return a place as an ``output_uri``: a path is taken from the current directory, as on any command line."""
    return place if "://" in place else str(Path(place).absolute())


def _operator(arguments: dict[str, Any]) -> Any:
    """Return the operator with these arguments, able to run without a run of a DAG around it."""
    from airflow.models.connection import Connection  # noqa: PLC0415 it loads all of Airflow

    from airflow_provider_imagen.hooks.imagen import ImagenHook  # noqa: PLC0415
    from airflow_provider_imagen.operators.imagen import ImagenGenerateOperator  # noqa: PLC0415

    class HookOutsideTasks(ImagenHook):
        """Reads the connection itself: Airflow 3 looks into its database for nobody but a running task."""

        @classmethod
        def get_connection(cls, conn_id: str) -> Any:
            return Connection.get_connection_from_secrets(conn_id)

    class Once(ImagenGenerateOperator):
        log = logging.getLogger("airflow.task")  # type: ignore[assignment]  # Airflow 3's own has a wider type

        @property
        def hook(self) -> ImagenHook:
            return HookOutsideTasks(self.imagen_conn_id, self.project_id, self.location)

        def run_here(self) -> list[str]:
            # Each call is a run of its own, so that no file is replaced.
            nobody = SimpleNamespace(dag_id="", run_id=str(uuid4()), task_id=self.task_id, map_index=-1)
            nobody.xcom_push = lambda **_: None
            return self._run({"ti": nobody})

    return Once(task_id="generate", **arguments)


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
