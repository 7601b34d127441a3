"""Runs the whole suite on every supported Airflow, each in an environment of its own, and prints a table.

``matrix.py [VERSION ...]``: all versions, or those that are named. A red version does not stop the others.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
ENVIRONMENTS = {"2.11": ".venv-oldest", "3.0": ".venv-3.0", "3.1": ".venv-3.1", "3.2": ".venv-3.2", "3.3": ".venv"}
HEADINGS = ("airflow", "passed", "skipped", "failed", "seconds", "")


@dataclass(frozen=True)
class Outcome:
    """What became of the suite on one version."""

    version: str
    passed: int = 0
    skipped: int = 0
    failed: int = 0
    seconds: float = 0
    trouble: str = ""

    @property
    def is_green(self) -> bool:
        """Whether something was run and nothing went wrong."""
        return self.passed > 0 and not self.failed and not self.trouble

    @property
    def cells(self) -> tuple[str, ...]:
        """The line of the table, cell by cell."""
        counts = (self.passed, self.skipped, self.failed, round(self.seconds))
        return (self.version, *map(str, counts), "ok" if self.is_green else self.trouble or "RED")


def run_suite(version: str) -> Outcome:
    """Build the environment of a version if it is missing or outdated, and run all tests in it."""
    environment = ENVIRONMENTS[version]
    print(f"\n=== Airflow {version} in {environment}", flush=True)
    needed = [f"{environment}/ready", ".venv-sdk/ready", ".venv-aiplatform/ready", ".browser/ready"]
    if subprocess.run(["make", *needed], cwd=REPOSITORY, check=False).returncode:
        return Outcome(version, trouble="environment was not built")
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "junit.xml")
        command = [f"{environment}/bin/python", "-m", "pytest", "-q", f"--junitxml={report}"]
        code = subprocess.run(command, cwd=REPOSITORY, check=False).returncode
        return outcome_of(version, code, report, time.monotonic() - started)


def outcome_of(version: str, code: int, report: Path, seconds: float) -> Outcome:
    """Read the report that pytest wrote. A report that is missing, or greener than the exit code, is trouble."""
    if not report.is_file():
        return Outcome(version, seconds=seconds, trouble=f"pytest ended with {code} and no report")
    suites = list(ET.parse(report).getroot().iter("testsuite"))
    tests, skipped, failures, errors = (
        sum(int(suite.attrib[name]) for suite in suites) for name in ("tests", "skipped", "failures", "errors")
    )
    failed = failures + errors
    trouble = f"pytest ended with {code}" if code and not failed else ""
    return Outcome(version, tests - skipped - failed, skipped, failed, seconds, trouble)


def table(outcomes: list[Outcome]) -> str:
    """Return one line for each version below the headings."""
    rows = [HEADINGS, *(outcome.cells for outcome in outcomes)]
    return "\n".join("  ".join(f"{cell:>7}" for cell in row).rstrip() for row in rows)


def main(versions: list[str]) -> int:
    """Run the versions one after the other, print the table, and return the exit code."""
    unknown = [version for version in versions if version not in ENVIRONMENTS]
    if unknown:
        print(f"No environment for {', '.join(unknown)}. Choose from {', '.join(ENVIRONMENTS)}.", file=sys.stderr)
        return 2
    outcomes = [run_suite(version) for version in versions or ENVIRONMENTS]
    print(f"\n{table(outcomes)}", flush=True)
    return 0 if all(outcome.is_green for outcome in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
