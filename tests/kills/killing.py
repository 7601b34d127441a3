"""The scene of a kill: starts tries in the nursery, ends them, and looks at what they left."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from kills.gatekeeper import PATIENCE_SECONDS, Gatekeeper
from kills.kill_points import AtGoogle, AtReturn, AtStep, Case, InWrite, Moment, if_exists_of
from PIL import Image

HERE = Path(__file__).resolve().parent

QUICK_AIRFLOW = {"AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "1"}
"""Airflow's supervisor looks that often whether its task has ended, in seconds."""


@dataclass(frozen=True)
class Try:
    """What became of one try.

    :param status: exit code, or as a negative number the signal that ended it.
    :param report: what it reported, empty if it did not come to that.
    :param asked: the requests that the model accepted from it.
    """

    status: int
    report: dict[str, Any]
    asked: list[dict[str, Any]]
    log: str

    def was_ended_by(self, deadly: signal.Signals) -> bool:
        """Whether the signal ended it; SIGTERM ends it through Airflow's exception."""
        if deadly == signal.SIGTERM:
            return str(self.report.get("error")).startswith("AirflowTaskTerminated")
        return self.status == -deadly


class Worker:
    """A worker from outside: when it lives, when it has ended, and how to end it.

    :param is_watched: whether the nursery tells when it has ended; Airflow's tells only when its retry has ended too.
    """

    def __init__(self, *, is_watched: bool = True) -> None:
        self.pid = 0
        self._is_watched = is_watched
        self.lives, self.ended = threading.Event(), threading.Event()

    def kill(self, deadly: signal.Signals) -> None:
        """End the worker; with SIGKILL it is dead when this returns."""
        if not self.lives.wait(PATIENCE_SECONDS):
            raise TimeoutError("There is no worker to kill.")
        os.kill(self.pid, deadly)
        if self._is_watched and deadly == signal.SIGKILL and not self.ended.wait(PATIENCE_SECONDS):
            raise TimeoutError("The worker survived SIGKILL.")


class Nursery:
    """The process that starts workers.

    :param script: what it runs.
    """

    def __init__(self, script: str = "worker_nursery.py") -> None:
        command = [sys.executable, "-W", "ignore", str(HERE / script)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ | QUICK_AIRFLOW
        )
        self._answer("ready")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def run(self, order: dict[str, Any], worker: Worker) -> int:
        """Run one try to its end and return its status."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{json.dumps(order)}\n")
        self._process.stdin.flush()
        worker.pid = self._answer("pid")
        worker.lives.set()
        status = self._answer("status")
        worker.ended.set()
        return status

    def _answer(self, word: str) -> int:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith("{") and word in (answer := json.loads(line)):
                return int(answer[word])
        raise RuntimeError(f"The nursery ended with {self._process.wait()}.")


def small_image() -> bytes:
    """Return an image to upscale."""
    file = io.BytesIO()
    Image.new("RGB", (64, 64), "red").save(file, "PNG")
    return file.getvalue()


def put_source(emulator: Any) -> None:
    """Put the image to upscale where the tasks look for it."""
    emulator.put_object("bucket", "source/small.png", small_image(), "image/png")


class Scene:
    """One task, its output folder, and everything it is connected to.

    :param folder: for what the worker writes: images, XCom, reports.
    """

    def __init__(self, nursery: Nursery, gatekeeper: Gatekeeper, emulator: Any, folder: Path) -> None:
        self.gatekeeper, self.emulator = gatekeeper, emulator
        self._nursery = nursery
        self._folder = folder
        self._images = folder / "images"
        gatekeeper.forget()
        put_source(emulator)

    def run(
        self,
        case: Case,
        moment: Moment | None = None,
        deadly: signal.Signals = signal.SIGKILL,
        steps: int = 0,
        *,
        if_exists: str = "reuse",
    ) -> Try:
        """Run one try of the task and end it at the moment.

        :param steps: how many steps a whole try has.
        """
        worker = Worker()
        at_google = moment if isinstance(moment, AtGoogle) else None
        self.gatekeeper.expect(at_google, lambda: worker.kill(deadly))
        (self._folder / "report.json").unlink(missing_ok=True)
        status = self._nursery.run(self._order(case, moment, deadly, steps, if_exists), worker)
        if at_google is None or at_google.when != "slow":
            self.gatekeeper.settle()
        return self._outcome(status)

    def _outcome(self, status: int) -> Try:
        report, log = self._folder / "report.json", self._folder / "worker.log"
        return Try(
            status,
            json.loads(report.read_text(encoding="utf-8")) if report.exists() else {},
            self.gatekeeper.asks,
            log.read_text(encoding="utf-8") if log.exists() else "",
        )

    def visible(self, case: Case) -> dict[str, bytes]:
        """Return every file or object that somebody who looks into the output folder sees, by its URI."""
        if case.place == "disk":
            files = [path for path in self._images.rglob("*") if path.is_file()]
            hidden = [path for path in files if any(part[0] == "." for part in path.relative_to(self._images).parts)]
            shown = set(files) - set(hidden)
            return {str(path): path.read_bytes() for path in shown}
        names = self.emulator.list_objects("bucket", "made/")
        return {f"gs://bucket/{name}": self.emulator.read_object("bucket", name) for name in names}

    def run_in_airflow(
        self, nursery: Nursery, dag_file: Path, case: Case, moment: AtGoogle, deadly: signal.Signals
    ) -> Try:
        """Run the task in a DAG run of its own, with all its tries, and end the first one at the moment."""
        worker = Worker(is_watched=False)
        self.gatekeeper.expect(moment, lambda: worker.kill(deadly))
        conf = {
            "model": case.arguments["model"],
            "output_uri": self._output_uri(case),
            "if_exists": if_exists_of(moment),
        }
        order = {
            "environment": self._environment(),
            "folder": str(self._folder),
            "dag_file": str(dag_file),
            "conf": conf,
        }
        return self._outcome(nursery.run(order, worker))

    def _environment(self) -> dict[str, str]:
        extra = {"project": "p", "endpoint": self.gatekeeper.url, "storage_endpoint": self.gatekeeper.url}
        connection = json.dumps({"conn_type": "imagen", "extra": extra})
        return {"AIRFLOW_CONN_IMAGEN_DEFAULT": connection, "TMPDIR": str(self._folder)}

    def _output_uri(self, case: Case) -> str:
        return str(self._images) if case.place == "disk" else "gs://bucket/made/"

    def _order(
        self, case: Case, moment: Moment | None, deadly: signal.Signals, steps: int, if_exists: str
    ) -> dict[str, Any]:
        arguments = {**case.arguments, "output_uri": self._output_uri(case), "if_exists": if_exists}
        order: dict[str, Any] = {
            "operator": case.operator,
            "arguments": arguments,
            "environment": self._environment(),
            "folder": str(self._folder),
            "signal": int(deadly),
        }
        match moment:
            case AtStep(part, parts):
                order["step"] = max(1, steps * part // parts)
            case AtReturn():
                order["at_return"] = True
            case InWrite(size):
                order["largest_file_bytes"] = size
        return order
