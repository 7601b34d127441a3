"""One nursery and one gatekeeper for all kills, and their counts at the end of the run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from kills.aftermath import Tally
from kills.gatekeeper import Gatekeeper
from kills.kill_points import Case
from kills.killing import Nursery, Scene, put_source

TALLY = pytest.StashKey[Tally]()


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Print the counts."""
    tally = config.stash.get(TALLY, None)
    if tally is not None and tally.points:
        terminalreporter.section("killed workers")
        for line in tally.lines():
            terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def tally(pytestconfig: pytest.Config) -> Tally:
    return pytestconfig.stash.setdefault(TALLY, Tally())


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    with Nursery() as running:
        yield running


@pytest.fixture(scope="session")
def gatekeeper(running_emulator: Any) -> Iterator[Gatekeeper]:
    with Gatekeeper(running_emulator.endpoint) as running:
        yield running


@pytest.fixture
def scene(nursery: Nursery, gatekeeper: Gatekeeper, emulator: Any, tmp_path: Path) -> Iterator[Scene]:
    yield Scene(nursery, gatekeeper, emulator, tmp_path)
    gatekeeper.looked.set()
    gatekeeper.settle()


@pytest.fixture(scope="session")
def steps_of(
    nursery: Nursery, gatekeeper: Gatekeeper, running_emulator: Any, tmp_path_factory: Any
) -> Callable[[Case], int]:
    """Return a function that tells how many steps a try of a task has that nobody kills."""
    counted: dict[str, int] = {}

    def steps(case: Case) -> int:
        if case.name not in counted:
            tried = Scene(nursery, gatekeeper, running_emulator, tmp_path_factory.mktemp("whole")).run(case)
            assert tried.status == 0, (tried.report, tried.log)
            counted[case.name] = tried.report["steps"]
            running_emulator.reset()
            put_source(running_emulator)  # the scene of the test that counts is there already
        return counted[case.name]

    return steps
