"""Google's SDK in a process of its own, and a task that runs without a scheduler."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[1]
Calls = list[dict[str, Any]]


@pytest.fixture(scope="session")
def google_sdk() -> Callable[[str, Calls], list[dict[str, Any]]]:
    """Return a function that makes calls with Google's SDK, all in one process, and returns a result for each.

    The environment of that process is empty: no credentials and no proxy of this machine take part.
    """
    python = Path(os.environ.get("IMAGEN_SDK_PYTHON") or REPOSITORY / ".venv-sdk" / "bin" / "python")

    def call(endpoint: str, calls: Calls) -> list[dict[str, Any]]:
        if not python.exists():
            pytest.fail(f"{python} is missing. Run: make .venv-sdk/ready (or set IMAGEN_SDK_PYTHON)", pytrace=False)
        done = subprocess.run(
            [python, "-I", HERE / "google_sdk.py"],
            input=json.dumps({"endpoint": endpoint, "calls": calls}),
            capture_output=True,
            text=True,
            env={},
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return list(json.loads(done.stdout))

    return call


@pytest.fixture
def context() -> dict[str, Any]:
    """What ``execute`` is called with."""
    ti = SimpleNamespace(dag_id="d", run_id="manual__1", task_id="t", map_index=-1, xcom_push=lambda **pushed: None)
    return {"ti": ti}
