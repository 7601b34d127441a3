"""How long the road of one successful request is: our frames above the transport, functions called, files entered.

Run with ``make benchmark``. It counts calls, no time, so that the numbers are the same on every machine. Each task runs
twice, and the second run is counted: what is imported and built once is not the road.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import threading
from pathlib import Path
from types import FrameType, SimpleNamespace
from typing import Any

import airflow_provider_imagen

PACKAGE = str(Path(airflow_provider_imagen.__file__).parent)
NOT_FUNCTIONS = {"<module>", "<listcomp>", "<genexpr>", "<dictcomp>", "<setcomp>"}
GOALS = {"frames": 10, "functions": 98, "files": 20}
"""At most ten frames, and half of the 174 to 196 functions and 37 to 40 files of the code before the runner."""


class Road:
    """Counts what a run enters, in all its threads."""

    def __init__(self) -> None:
        self.functions: set[tuple[str, str, int]] = set()
        self.file_changes = 0
        self.frames = 0
        self.deepest: list[str] = []
        self._last: str | None = None
        self._main_frames = 0

    def record(self, frame: FrameType, event: str, _: Any) -> None:
        """Count one call."""
        code = frame.f_code
        if event != "call" or not code.co_filename.startswith(PACKAGE) or "/emulator/" in code.co_filename:
            return
        if code.co_name not in NOT_FUNCTIONS:
            self.functions.add((code.co_filename, code.co_qualname, code.co_firstlineno))
        if code.co_filename != self._last:
            self.file_changes += 1
            self._last = code.co_filename
        own = ours_below(frame)
        if code.co_qualname == "send_round":
            self._main_frames = len(own)  # what the sending thread does is the continuation of this
        if code.co_qualname == "Transport.send" and any(name.startswith("VertexClient") for name in own):
            self.frames = max(self.frames, self._main_frames + len(own))
            self.deepest = own

    @property
    def files(self) -> int:
        """How many of our files were entered."""
        return len({file for file, _, _ in self.functions})


def ours_below(frame: FrameType | None) -> list[str]:
    """Return our functions on a stack, the innermost first, from ``execute`` on."""
    names = []
    while frame is not None:
        if frame.f_code.co_filename.startswith(PACKAGE) and frame.f_code.co_name not in NOT_FUNCTIONS:
            names.append(frame.f_code.co_qualname)
        frame = frame.f_back
    return names


def measure(arguments: dict[str, Any]) -> Road:
    """Run a task and return its road."""
    from airflow_provider_imagen.operators.imagen import ImagenGenerateOperator

    def run() -> None:
        ti = SimpleNamespace(
            dag_id="d", run_id="r", task_id="t", map_index=-1, try_number=1, max_tries=0, xcom_push=lambda **_: None
        )
        ImagenGenerateOperator(task_id="t", prompt="a boat", **arguments).execute({"ti": ti})

    run()
    road = Road()
    threading.setprofile(road.record)
    sys.setprofile(road.record)
    try:
        run()
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
    return road


def main() -> None:
    """Measure and print."""
    from airflow_provider_imagen.emulator import Emulator

    with Emulator(buckets=["bucket"]) as emulator, tempfile.TemporaryDirectory() as folder:
        connection = {"conn_type": "imagen", "extra": emulator.connection["extra"]}
        os.environ["AIRFLOW_CONN_IMAGEN_DEFAULT"] = json.dumps(connection)
        tasks = {
            "Imagen to gs://": {"model": "imagen-4.0-generate-001", "output_uri": "gs://bucket/a/"},
            "Gemini to gs://": {"model": "gemini-2.5-flash-image", "output_uri": "gs://bucket/a/"},
            "Gemini to a folder": {"model": "gemini-2.5-flash-image", "output_uri": folder},
        }
        roads = {name: measure(arguments) for name, arguments in tasks.items()}
    print(f"{'one successful task':20}{'frames':>10}{'functions':>12}{'files':>8}{'file changes':>15}")
    for name, road in roads.items():
        print(f"{name:20}{road.frames:>10}{len(road.functions):>12}{road.files:>8}{road.file_changes:>15}")
    print(f"{'goal, at most':20}{GOALS['frames']:>10}{GOALS['functions']:>12}{GOALS['files']:>8}")
    if "--stack" in sys.argv:
        print("\n".join(reversed(roads["Imagen to gs://"].deepest)))


if __name__ == "__main__":
    main()
