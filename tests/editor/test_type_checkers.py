"""What an editor says of a DAG: nothing where it is right, and every mistake that types can tell where it is not."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import airflow
import pytest

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[1]
GOOD, BAD = HERE / "dags" / "good.py", HERE / "dags" / "bad.py"
PYRIGHT = Path(sys.executable).with_name("basedpyright")
NEWEST = tuple(map(int, airflow.__version__.split(".")[:2])) >= (3, 3)
pytestmark = pytest.mark.skipif(not NEWEST, reason="the DAGs and the types are those of the newest Airflow")


class Complaint(NamedTuple):
    line: int
    text: str


def run(*words: str, **environment: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), **environment}
    done = subprocess.run(words, capture_output=True, text=True, check=False, env=environment, cwd=REPOSITORY)
    return done.stdout


def mypy(file: Path) -> list[Complaint]:
    text = run(sys.executable, "-m", "mypy", "--strict", "--no-pretty", "--hide-error-context", str(file))
    assert re.search(r"^(Found \d+ errors? in 1 file|Success)", text, re.MULTILINE), text
    found = re.findall(rf"{file.name}:(\d+): error: (.*)", text)
    return [Complaint(int(line), message) for line, message in found]


def pyright(file: Path) -> list[Complaint]:
    assert PYRIGHT.exists(), "basedpyright is not installed: run 'make', whose environment has it"
    bin_first = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    text = run(
        str(PYRIGHT), "--pythonpath", sys.executable, "--level", "error", "--outputjson", str(file), PATH=bin_first
    )
    found = json.loads(text)["generalDiagnostics"]
    return [Complaint(each["range"]["start"]["line"] + 1, each["message"]) for each in found]


CHECKERS = pytest.mark.parametrize("checker", [mypy, pyright], ids=lambda checker: checker.__name__)
Checker = Callable[[Path], list[Complaint]]


@pytest.fixture
def dag(tmp_path: Path) -> Callable[[Path], Path]:
    """Return a function that copies a DAG file to where no settings of this repository hold."""

    def copied(file: Path) -> Path:
        (tmp_path / "pyrightconfig.json").write_text('{"typeCheckingMode": "standard"}')
        return Path(shutil.copy(file, tmp_path / file.name))

    return copied


@CHECKERS
def test_a_right_dag_is_right(checker: Checker, dag: Callable[[Path], Path]) -> None:
    assert checker(dag(GOOD)) == []


@CHECKERS
def test_every_mistake_that_types_can_tell_is_told_and_nothing_else(
    checker: Checker, dag: Callable[[Path], Path]
) -> None:
    lines = BAD.read_text(encoding="utf-8").splitlines()
    mistakes = {number for number, line in enumerate(lines, start=1) if "# mistake" in line}
    told = checker(dag(BAD))
    # mypy tells of a wrong name in the first line of the call.
    names = {name for each in told for name in re.findall(r'[Uu]nexpected keyword argument "(\w+)"', each.text)}
    by_name = {number for number in mistakes if lines[number - 1].strip().partition("=")[0] in names}
    lines_told = {each.line for each in told if "nexpected keyword argument" not in each.text}

    assert len(mistakes) == 33
    assert lines_told | by_name == mistakes
