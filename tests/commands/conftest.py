"""Runs of the real command lines, on DAG folders written for the test."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
PYTHON_M = (sys.executable, "-m", "airflow_provider_imagen")
AIRFLOW = (str(Path(sys.executable).with_name("airflow")), "imagen")
HEAD = """
    from datetime import datetime
    from airflow.providers.common.compat.sdk import DAG, Param, task_group
    from airflow_provider_imagen.operators.imagen import ImagenGenerateOperator, ImagenUpscaleOperator
"""

Done = subprocess.CompletedProcess[str]
Run = Callable[..., Done]
WriteDags = Callable[..., Path]


def _offers_provider_commands() -> bool:
    import airflow

    return tuple(map(int, airflow.__version__.split(".")[:2])) >= (3, 2)


@pytest.fixture(
    params=[
        pytest.param(PYTHON_M, id="python-m"),
        pytest.param(
            AIRFLOW,
            id="airflow",
            marks=pytest.mark.skipif(not _offers_provider_commands(), reason="this Airflow has no provider commands"),
        ),
    ]
)
def command(request: pytest.FixtureRequest) -> tuple[str, ...]:
    """The beginning of a command line: each way to call us that this Airflow has."""
    words: tuple[str, ...] = request.param
    return words


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Return a function that runs a command line in an Airflow home where no database was ever made."""
    home = tmp_path / "airflow-home"

    def run_command(*words: str, **environment: str) -> Done:
        env = {
            **os.environ,
            "PYTHONPATH": str(REPOSITORY),
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db",
            "COLUMNS": "80",
            **environment,
        }
        done = subprocess.run(words, capture_output=True, text=True, check=False, env=env, cwd=tmp_path)
        assert not (home / "airflow.db").exists()
        return done

    return run_command


@pytest.fixture
def write_dags(tmp_path: Path) -> WriteDags:
    """Return a function that writes DAG files, each after the imports it needs, and returns their folder."""

    def write(**files: str) -> Path:
        folder = tmp_path / "dags"
        folder.mkdir(exist_ok=True)
        for name, source in files.items():
            (folder / f"{name}.py").write_text(dedent(HEAD) + dedent(source))
        return folder

    return write
