"""A task that runs without a scheduler, on a connection to the emulator."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest


@pytest.fixture(autouse=True)
def emulated(set_connection: Callable[..., None], emulator: Any) -> None:
    set_connection(**emulator.connection["extra"])


@pytest.fixture
def context() -> dict[str, Any]:
    ti = SimpleNamespace(dag_id="campaign", run_id="manual__1", task_id="poster", map_index=-1)
    ti.xcom_push = lambda key, value: None
    return {"ti": ti, "ds": "2026-11-22"}
