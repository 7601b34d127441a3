"""A task that runs without a scheduler, on a connection to the emulator."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.task_instances import RecordingTaskInstance

from airflow_provider_imagen.hooks.imagen import ImagenHook


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


@pytest.fixture
def memory_storage() -> Iterator[Any]:
    """A storage that Airflow reaches through ObjectStoragePath only."""
    from fsspec.implementations.memory import MemoryFileSystem

    try:
        from airflow.sdk.io import attach
    except ImportError:  # Airflow 2
        from airflow.io.store import attach

    storage = MemoryFileSystem()
    attach("memory", fs=storage)
    storage.store.clear()
    yield storage
    storage.store.clear()
