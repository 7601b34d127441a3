"""Runs a DAG run for each order with Airflow 3's own machinery, in which the task's process can be killed.

``dag.test()`` schedules, repeats and ends the run, in a real metadata database. But where it would run a task in its
own process, Airflow's supervisor starts the task runner in a process of its own, as a worker does, and notices the end
of that process. One thing is done here as the scheduler does it when an executor reports that a process is gone: a task
that Airflow still believes to run is handed to ``TaskInstance.handle_failure``, which decides on the retry. The orders
and answers are those of ``worker_nursery.py``; ``pid`` is that of the task's process.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from pathlib import Path
from typing import Any
from uuid import UUID

from airflow.executors.workloads import BundleInfo
from airflow.sdk.api.datamodels._generated import TaskInstance as StartedTask
from airflow.sdk.definitions import dag as dag_module
from airflow.sdk.execution_time import supervisor
from airflow.serialization.serialized_objects import create_scheduler_operator
from airflow.utils.state import TaskInstanceState

from airflow_provider_imagen.hooks.imagen import ImagenHook

supervise = getattr(supervisor, "supervise_task", None) or supervisor.supervise
ANSWERS = os.dup(1)
start = supervisor.ActivitySubprocess.start.__func__  # type: ignore[attr-defined]


def main() -> None:
    """Run a DAG run for each order until there are no more."""
    supervisor.ActivitySubprocess.start = classmethod(started)  # type: ignore[assignment]
    dag_module._run_task = run_supervised  # type: ignore[assignment]
    ImagenHook.client_options = {"sleep": lambda seconds: None}
    say(ready=True)
    for line in sys.stdin:
        order = json.loads(line)
        os.environ.update(order["environment"])
        log = os.open(Path(order["folder"], "worker.log"), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(log, 1)
        os.dup2(log, 2)
        report = run(order)
        Path(order["folder"], "report.json").write_text(json.dumps(report), encoding="utf-8")
        say(status=0 if report["state"] == "success" else 1)


def run(order: dict[str, Any]) -> dict[str, Any]:
    """Run the DAG and return what became of its only task."""
    spec = importlib.util.spec_from_file_location("killed", order["dag_file"])
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    (ti,) = module.dag.test(run_conf=order["conf"]).get_task_instances()
    uris = ti.xcom_pull(task_ids=ti.task_id) if str(ti.state) == "success" else []
    return {"state": str(ti.state), "tries": ti.try_number, "uris": list(uris)}


def run_supervised(*, ti: Any, task: Any, run_triggerer: bool = False) -> None:
    """Run one try of a task as a worker does."""
    ti.set_state(TaskInstanceState.QUEUED)
    names = ("task_id", "dag_id", "run_id", "try_number", "map_index")
    which = {name: getattr(ti, name) for name in names}
    which |= {name: UUID(str(getattr(ti, name))) for name in ("id", "dag_version_id")}
    supervise(
        ti=StartedTask(**which, pool_slots=1, queue="default", priority_weight=1),
        bundle_info=BundleInfo(name="dags-folder"),
        dag_rel_path=Path(task.dag.fileloc).name,
        token="",
        client=supervisor.InProcessTestSupervisor._api_client(task.dag),
    )
    ti.refresh_from_db()
    if ti.state == TaskInstanceState.RUNNING:
        ti.task = create_scheduler_operator(task)
        ti.handle_failure("The executor reported that the task has finished.")


def started(cls: Any, **arguments: Any) -> Any:
    """Start the process of a try and tell its id."""
    process = start(cls, **arguments)
    say(pid=process.pid)
    return process


def say(**words: Any) -> None:
    """Write an answer."""
    os.write(ANSWERS, f"{json.dumps(words)}\n".encode())


if __name__ == "__main__":
    main()
