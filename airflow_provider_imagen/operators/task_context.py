"""What Airflow's task context says, in the words of the runner."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable, Mapping
from typing import Any

from airflow.providers.common.compat.sdk import conf

from airflow_provider_imagen.core.recovery.request_record import TaskIdentity
from airflow_provider_imagen.core.storage.locations import LocalFolder, is_in_cloud_storage, parse_location

log: logging.Logger = logging.getLogger("airflow.task")
STATE_KEY = "imagen_request"
ONE_MACHINE = {"LocalExecutor", "SequentialExecutor"}
"""Executors that run every task on the scheduler's machine."""


def task_identity(ti: Any) -> TaskIdentity:
    """Return which task instance, and which of its tries, a task's context is about."""
    return TaskIdentity(
        dag_id=ti.dag_id,
        run_id=ti.run_id,
        task_id=ti.task_id,
        map_index=-1 if ti.map_index is None else ti.map_index,
        try_number=getattr(ti, "try_number", 1) or 1,
        max_tries=getattr(ti, "max_tries", 0) or 0,
        host=socket.gethostname(),
    )


def warn_of_local_folder(output_uri: Any) -> None:
    """Log that only one machine sees a local folder, where tasks run on several.

    :param output_uri: the task's argument; whether it is valid is checked elsewhere.
    """
    executors = {name.rpartition(":")[2].rpartition(".")[2].strip() for name in conf.get("core", "executor").split(",")}
    if not isinstance(output_uri, str) or executors <= ONE_MACHINE or is_in_cloud_storage(output_uri):
        return
    if isinstance(parse_location(output_uri), LocalFolder):
        log.warning(
            "output_uri %s is a folder of this machine's own disk, and tasks run with %s: where a later try runs on "
            "another machine, it does not find what this one made. Use a storage that all workers see.",
            output_uri,
            ", ".join(sorted(executors)),
        )


class HostStore:
    """Airflow's task state store where there is one (3.3). What it cannot do is logged and fails no task.

    :param store: the store as Airflow hands it to the task, None where Airflow has none.
    """

    def __init__(self, store: Any) -> None:
        self._store = store

    def get(self) -> Mapping[str, str] | None:
        """Return what was set last."""
        value = self._call("read", lambda store: store.get(STATE_KEY))
        return value if isinstance(value, dict) else None

    def set(self, value: Mapping[str, str]) -> None:
        """Remember the request and the machine."""
        self._call("written", lambda store: store.set(STATE_KEY, dict(value)))

    def clear(self) -> None:
        """Forget them."""
        self._call("cleared", lambda store: store.delete(STATE_KEY))

    def _call(self, what: str, action: Callable[[Any], Any]) -> Any:
        if self._store is None:
            return None
        try:
            return action(self._store)
        except Exception:  # whatever a store raises, the images of this try matter more
            log.warning("Airflow's task state store could not be %s.", what, exc_info=True)
            return None
