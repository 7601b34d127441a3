"""The runner of all versions: what it promises to run is what the package says it supports, and red stays red."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from support.scripts import script_in_ci

REPOSITORY = Path(__file__).resolve().parent.parent
REPORT = (
    '<testsuites><testsuite tests="{tests}" skipped="{skipped}" failures="{failures}" errors="{errors}"/></testsuites>'
)


@pytest.fixture(scope="module")
def matrix() -> Any:
    return script_in_ci("matrix")


@pytest.fixture
def suites(matrix: Any, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What became of the suite, by version; versions that are not put here are green."""
    known: dict[str, Any] = {}
    green = matrix.Outcome("any", passed=1)
    monkeypatch.setattr(matrix, "run_suite", lambda version: known.get(version, green))
    return known


def rows_of(text: str) -> tuple[str, str]:
    """Return the headings of the first table, and its row of exact versions."""
    headings, _, run_with, *_ = [line for line in text.splitlines() if line.startswith("|")]
    return headings, run_with


def report(folder: Path, **counts: int) -> Path:
    path = folder / "junit.xml"
    path.write_text(REPORT.format(**{"tests": 10, "skipped": 0, "failures": 0, "errors": 0, **counts}))
    return path


def test_the_browser_tests_run_on_every_airflow_with_a_gallery_with_the_same_driver(matrix: Any) -> None:
    pinned = {}
    for version, environment in matrix.ENVIRONMENTS.items():
        constraints = REPOSITORY / ".ci" / f"constraints{environment.removeprefix('.venv')}.txt"
        pinned[version] = re.findall(r"^playwright==(.+)$", constraints.read_text(), re.MULTILINE)

    assert {version for version, found in pinned.items() if found} == {"3.1", "3.2", "3.3"}
    assert len({found[0] for found in pinned.values() if found}) == 1


def test_every_environment_pins_the_version_it_is_listed_under(matrix: Any) -> None:
    pinned = {}
    for version, environment in matrix.ENVIRONMENTS.items():
        constraints = REPOSITORY / ".ci" / f"constraints{environment.removeprefix('.venv')}.txt"
        (airflow,) = re.findall(r"^apache-airflow==(\d+\.\d+)\.\d+$", constraints.read_text(), re.MULTILINE)
        pinned[version] = airflow

    assert pinned == {version: version for version in matrix.ENVIRONMENTS}


def test_the_oldest_and_the_newest_are_those_of_the_readme(matrix: Any) -> None:
    oldest, *_, newest = matrix.ENVIRONMENTS

    assert f"Airflow {oldest} to {newest}" in (REPOSITORY / "README.md").read_text(encoding="utf-8")
    assert f'VERSIONS="{oldest} {newest}"' in (REPOSITORY / ".ci" / "run").read_text(encoding="utf-8")


def test_the_docs_name_exactly_the_versions_that_are_run(matrix: Any) -> None:
    text = (REPOSITORY / "docs" / "versions.md").read_text(encoding="utf-8")
    headings, run_with = ([cell.strip() for cell in line.split("|")[2:-1]] for line in rows_of(text))
    pins = [(REPOSITORY / ".ci" / f"constraints{each[5:]}.txt").read_text() for each in matrix.ENVIRONMENTS.values()]

    assert headings == list(matrix.ENVIRONMENTS)
    assert run_with == [re.findall(r"^apache-airflow==(.+)$", pin, re.MULTILINE)[0] for pin in pins]


def test_counts_what_pytest_reports(matrix: Any, tmp_path: Path) -> None:
    outcome = matrix.outcome_of("3.0", 1, report(tmp_path, skipped=2, failures=3, errors=1), 12.4)

    assert outcome.cells == ("3.0", "4", "2", "4", "12", "RED")


def test_a_green_version_is_called_so(matrix: Any, tmp_path: Path) -> None:
    assert matrix.outcome_of("3.0", 0, report(tmp_path), 0.6).cells == ("3.0", "10", "0", "0", "1", "ok")


def test_a_crash_is_red_whatever_the_report_says(matrix: Any, tmp_path: Path) -> None:
    crashed = matrix.outcome_of("3.0", -11, tmp_path / "none.xml", 1)
    interrupted = matrix.outcome_of("3.0", 2, report(tmp_path), 1)
    empty = matrix.outcome_of("3.0", 0, report(tmp_path, tests=0), 1)

    assert (crashed.cells[-1], crashed.is_green) == ("pytest ended with -11 and no report", False)
    assert (interrupted.cells[-1], interrupted.is_green) == ("pytest ended with 2", False)
    assert not empty.is_green


def test_a_red_version_does_not_stop_the_others(
    matrix: Any, suites: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    suites["2.11"] = matrix.Outcome("2.11", trouble="environment was not built")
    suites["3.1"] = matrix.Outcome("3.1", passed=9, failed=1)

    assert matrix.main([]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split() == ["airflow", "passed", "skipped", "failed", "seconds"]
    assert [line.rsplit(maxsplit=1)[-1] for line in lines[2:]] == ["built", "ok", "RED", "ok", "ok"]


def test_all_green_is_green(matrix: Any, suites: dict[str, Any]) -> None:
    assert matrix.main(["2.11", "3.3"]) == 0


def test_an_unknown_version_is_refused_before_anything_runs(matrix: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert matrix.main(["3.3", "3.9"]) == 2
    assert capsys.readouterr().err == "No environment for 3.9. Choose from 2.11, 3.0, 3.1, 3.2, 3.3.\n"
