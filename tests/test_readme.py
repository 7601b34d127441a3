"""The README says what is so: its tables are compared with the code, its examples are executed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from pages import models

REPOSITORY = Path(__file__).resolve().parent.parent
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
PYTHON_BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


def test_a_dag_stands_in_the_first_twenty_lines() -> None:
    assert "with DAG(" in "\n".join(README.splitlines()[:20])


def test_it_is_short() -> None:
    assert len(README.splitlines()) <= 130


def test_its_models_are_the_living_ones() -> None:
    section = README.split("\n## Models\n")[1].split("\n## ")[0]
    named = re.findall(r"^\| `([^`]+)`", section, re.MULTILINE)

    assert sorted(named) == sorted(model.id for model in models.LIVING)


def test_it_can_be_tried_with_pip_alone(tmp_path: Path) -> None:
    (block,) = re.findall(r"```sh\n(pip install 'airflow-provider-imagen\[emulator\]'\n.*?)```", README, re.DOTALL)
    commands = block.split("\n", 1)[1]  # the package is installed here
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW_CONN_")},
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "AIRFLOW_HOME": str(tmp_path / "airflow"),
        "PYTHONPATH": str(REPOSITORY),
        "PYTHONWARNINGS": "ignore",
    }
    script = f"trap 'kill $!' EXIT\n{commands}"

    done = subprocess.run(
        ["sh", "-ec", script], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    assert [image.suffix for image in (tmp_path / "here").rglob("*.*") if "_imagen" not in image.parts] == [".jpg"]


def test_every_file_it_links_to_is_there() -> None:
    targets = re.findall(r"\]\(([^)#]+)\)", README)

    assert [target for target in targets if "://" not in target and not (REPOSITORY / target).exists()] == []


def test_every_make_verb_it_names_is_one() -> None:
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")

    assert [verb for verb in re.findall(r"`?make ([a-z-]+)[`\n ]", README) if f"\n{verb}:" not in makefile] == []


def test_its_first_dag_is_a_dag() -> None:
    pytest.importorskip("airflow.sdk", reason="the README's imports are those of Airflow 3")

    exec(PYTHON_BLOCKS[0], {})


def test_its_operators_are_wired_as_shown() -> None:
    sdk = pytest.importorskip("airflow.sdk", reason="the README's imports are those of Airflow 3")

    with sdk.DAG("readme", schedule=None) as dag:
        exec(PYTHON_BLOCKS[1], {})

    for task in dag.tasks:
        if task.task_id != "large":  # which is mapped, and rendered when it runs
            task.render_template_fields({"run_id": "manual__1", "params": {"product": "tea"}})  # no logical date
    assert dag.get_task("ready").upstream_task_ids == {"posters"}
    assert dag.get_task("large").upstream_task_ids == {"posters", "ready"}
