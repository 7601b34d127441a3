"""The parent of the workers: imports Airflow and the provider once, and forks a process for each try of a task.

A script with no threads of its own, because a fork copies only one. It reads orders from standard input, a JSON object
a line, and answers with two lines each: ``{"pid": ...}`` when the worker lives, ``{"status": ...}`` when it has ended,
with the exit code, or the signal that ended it as a negative number.

A worker is a real process and dies for real. What it runs is ``operator.execute`` with a context whose task instance
has an identity, and an XCom store on disk that is cleared before each try as Airflow does. SIGTERM calls ``on_kill``
and raises ``AirflowTaskTerminated`` wherever the task is, as in Airflow 2.11. Airflow 3 calls ``on_kill`` and goes on;
``test_killed_airflow_tasks.py`` has that, and Airflow's own way of starting, ending and repeating a task.
"""

from __future__ import annotations

import ast
import importlib
import json
import os
import pkgutil
import resource
import signal
import sys
import threading
from pathlib import Path
from types import FrameType, SimpleNamespace
from typing import Any

import airflow_provider_imagen

try:
    from airflow.sdk.exceptions import AirflowTaskTerminated
except ImportError:  # Airflow 2
    from airflow.exceptions import AirflowTaskTerminated

PACKAGE = Path(airflow_provider_imagen.__file__).parent


def rooms_of_a_task() -> list[str]:
    """Return the rooms that the operators lead to by imports, in functions too; the pure ones touch nothing outside."""
    found, waiting = {"operators"}, ["operators"]
    while waiting:
        for file in (PACKAGE / waiting.pop()).rglob("*.py"):
            names = (
                node.module for node in ast.walk(ast.parse(file.read_text("utf-8"))) if isinstance(node, ast.ImportFrom)
            )
            parts = [str(name).split(".") for name in names]
            rooms = {
                part[1] for part in parts if part[0] == PACKAGE.name and len(part) > 1 and (PACKAGE / part[1]).is_dir()
            }
            waiting += sorted(rooms - found)
            found |= rooms
    return sorted(found - {"core"})


ROOMS = tuple(str(PACKAGE / room) for room in rooms_of_a_task())
"""The rooms whose lines are steps: everything that touches the world outside is done from there."""


class Steps:
    """Counts the lines that a try runs, in all its threads, and ends the process before one of them.

    :param fatal: the number of that line, 0 for none.
    :param deadly: the signal to end it with.
    """

    def __init__(self, fatal: int, deadly: int) -> None:
        self.count = 0
        self._fatal, self._deadly = fatal, deadly

    def watch(self) -> None:
        """Begin to count."""
        threading.settrace(self._on_call)
        sys.settrace(self._on_call)

    def ignore(self) -> None:
        """End counting."""
        sys.settrace(None)
        threading.settrace(None)  # type: ignore[arg-type]

    def _on_call(self, frame: FrameType, event: str, argument: Any) -> Any:
        return self._on_line if frame.f_code.co_filename.startswith(ROOMS) else None

    def _on_line(self, frame: FrameType, event: str, argument: Any) -> Any:
        if event == "line":
            self.count += 1
            if self.count == self._fatal:
                os.kill(os.getpid(), self._deadly)
        return self._on_line


class TaskInstance(SimpleNamespace):
    """What an operator asks of a task instance; what it pushes survives the worker."""

    def __init__(self, folder: Path) -> None:
        super().__init__(dag_id="campaign", run_id="manual__1", task_id="posters", map_index=-1)
        self._folder = folder
        for old in folder.glob("xcom-*.json"):
            old.unlink()

    def xcom_push(self, key: str, value: Any) -> None:
        (self._folder / f"xcom-{key}.json").write_text(json.dumps(value), encoding="utf-8")


def main() -> None:
    """Fork a worker for each order until there are no more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    load_everything()
    say(ready=True)
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            try:
                work(json.loads(line))
            finally:
                os._exit(3)
        say(pid=pid)
        say(status=os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))


def load_everything() -> None:
    """Import what a task imports while it runs: the lines of an import are no steps of a try."""
    for room in ROOMS:
        for module in pkgutil.iter_modules([room]):
            importlib.import_module(f"airflow_provider_imagen.{Path(room).name}.{module.name}")
    os.environ["AIRFLOW_CONN_IMAGEN_DEFAULT"] = '{"conn_type": "imagen"}'
    hook = importlib.import_module("airflow_provider_imagen.hooks.imagen").ImagenHook
    _ = hook().settings
    # No pause takes time: the gatekeeper says when Google is ready.
    hook.client_options = {"sleep": lambda seconds: None}
    if threading.active_count() > 1:
        raise RuntimeError(f"These threads would be lost in a fork: {threading.enumerate()}")


def work(order: dict[str, Any]) -> None:
    """Run one try and leave a report, unless the worker is killed before."""
    folder = Path(order["folder"])
    # A limit on the size of files must not strike at the log.
    log_file = os.devnull if "largest_file_bytes" in order else folder / "worker.log"
    log = os.open(log_file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.environ.update(order["environment"])
    report = run(order, TaskInstance(folder))
    sys.stdout.flush()
    (folder / "report.json").write_text(json.dumps(report), encoding="utf-8")
    os._exit(1 if "error" in report else 0)


def run(order: dict[str, Any], ti: TaskInstance) -> dict[str, Any]:
    """Return what became of a try: the URIs or the error, and how many steps it took."""
    module, _, name = order["operator"].partition(".")
    operator = getattr(importlib.import_module(f"airflow_provider_imagen.operators.{module}"), name)
    task = operator(task_id=ti.task_id, **order["arguments"])
    steps = Steps(order.get("step", 0), order["signal"])
    arm(order, task)
    report: dict[str, Any] = {}
    try:
        steps.watch()
        uris = task.execute({"ti": ti, "task": task})
        steps.ignore()
        if order.get("at_return"):
            os.kill(os.getpid(), order["signal"])
        ti.xcom_push("return_value", uris)
        report["uris"] = uris
    except BaseException as failure:  # noqa: BLE001  # a terminated task is no Exception
        steps.ignore()
        report["error"] = f"{type(failure).__name__}: {failure}"
    return report | {"steps": steps.count}


def arm(order: dict[str, Any], task: Any) -> None:
    """Set what a signal does, and how large a file may get."""

    def terminate(number: int, frame: FrameType | None) -> None:
        task.on_kill()
        raise AirflowTaskTerminated("Task received SIGTERM signal")

    signal.signal(signal.SIGTERM, terminate)
    if (size := order.get("largest_file_bytes")) is not None:
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def say(**words: Any) -> None:
    """Write an answer."""
    sys.__stdout__.write(f"{json.dumps(words)}\n")  # type: ignore[union-attr]
    sys.__stdout__.flush()  # type: ignore[union-attr]


if __name__ == "__main__":
    main()
