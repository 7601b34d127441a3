"""A task that runs without a scheduler, on a connection to the emulator."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from airflow_provider_imagen.hooks.imagen import ImagenHook


class RecordingTaskInstance(SimpleNamespace):
    """What an operator asks of a task instance: who am I, and keep this."""

    def __init__(self, run_id: str = "manual__1", map_index: int = -1) -> None:
        super().__init__(dag_id="campaign", run_id=run_id, task_id="posters", map_index=map_index)
        self.pushed: dict[str, Any] = {}

    def xcom_push(self, key: str, value: Any) -> None:
        self.pushed[key] = value


@pytest.fixture
def ti() -> RecordingTaskInstance:
    return RecordingTaskInstance()


@pytest.fixture
def make_ti() -> type[RecordingTaskInstance]:
    return RecordingTaskInstance


@pytest.fixture(autouse=True)
def emulated(set_connection: Callable[..., None], emulator: Any) -> None:
    set_connection(**emulator.connection["extra"])


@pytest.fixture
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An output_uri: "cloud" or "disk"."""
    return "gs://bucket/made/" if request.param == "cloud" else str(tmp_path)


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that were made between two looks, which take no time here."""
    made: list[float] = []
    monkeypatch.setattr(ImagenHook, "client_options", {"sleep": made.append})
    return made


@pytest.fixture
def logged(capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> Callable[[], str]:
    """Return a function that gives back what was logged: Airflow 3 prints it, Airflow 2 hands it to logging."""
    caplog.set_level("INFO")
    return lambda: "".join(capsys.readouterr()) + caplog.text
