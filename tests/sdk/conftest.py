"""Google's own clients in processes of their own, and a task that runs without a scheduler."""

from __future__ import annotations

import io
import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PIL import Image

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[1]
Calls = list[dict[str, Any]]
Script = Callable[[str, str, dict[str, Any]], Any]


@pytest.fixture(scope="session")
def run_client() -> Script:
    """Return a function that runs a script with the python of an environment: JSON in, JSON out.

    The environment variables of that process are empty: no credentials and no proxy of this machine take part.
    """

    def run(environment: str, script: str, order: dict[str, Any]) -> Any:
        variable = f"IMAGEN_{environment.upper()}_PYTHON"
        python = Path(os.environ.get(variable) or REPOSITORY / f".venv-{environment}" / "bin" / "python")
        if not python.exists():
            pytest.fail(f"{python} is missing. Run: make .venv-{environment}/ready (or set {variable})", pytrace=False)
        done = subprocess.run(
            [python, "-I", HERE / script],
            input=json.dumps(order),
            capture_output=True,
            text=True,
            env={},
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


@pytest.fixture(scope="session")
def google_sdk(run_client: Script) -> Callable[[str, Calls], list[dict[str, Any]]]:
    """Return a function that makes calls with google-genai, all in one process, and returns a result for each."""
    return lambda endpoint, calls: list(run_client("sdk", "google_sdk.py", {"endpoint": endpoint, "calls": calls}))


@pytest.fixture(scope="session")
def small_png() -> bytes:
    """An image of 30 x 20 pixels."""
    file = io.BytesIO()
    Image.new("RGB", (30, 20), "red").save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def context() -> dict[str, Any]:
    """What ``execute`` is called with."""
    ti = SimpleNamespace(dag_id="d", run_id="manual__1", task_id="t", map_index=-1, xcom_push=lambda **pushed: None)
    return {"ti": ti}
