"""The bench that cells run on, and the closing line of the matrix."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from faults.batch_running import BatchTally
from faults.matrix import rows
from faults.running import Bench
from faults.tally import Tally
from faults.tokens import TokenServer

TALLY = pytest.StashKey[Tally]()
BATCH_TALLY = pytest.StashKey[BatchTally]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--fault-table", action="store_true", help="print what became of every cell of the fault matrix")


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    batches = config.stash.get(BATCH_TALLY, None)
    if batches is not None and batches.cells:
        terminalreporter.section("faults in batches")
        terminalreporter.line(batches.closing_line())
    tally = config.stash.get(TALLY, None)
    if tally is None or not tally.cells:
        return
    terminalreporter.section("fault matrix")
    if config.getoption("--fault-table"):
        for line in tally.table(list(rows())):
            terminalreporter.line(line)
    terminalreporter.line(tally.closing_line())


@pytest.fixture(scope="session")
def tally(pytestconfig: pytest.Config) -> Tally:
    """Adds up all cells of this session."""
    return pytestconfig.stash.setdefault(TALLY, Tally())


@pytest.fixture(scope="session")
def batch_tally(pytestconfig: pytest.Config) -> BatchTally:
    """Adds up all batches of this session."""
    return pytestconfig.stash.setdefault(BATCH_TALLY, BatchTally())


@pytest.fixture(scope="session")
def token_server() -> Iterator[TokenServer]:
    server = TokenServer()
    yield server
    server.stop()


@pytest.fixture
def bench(
    running_emulator: Any,
    token_server: TokenServer,
    set_connection: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> Iterator[Bench]:
    """What a cell runs on. It counts itself whether its fault fired, so the ``emulator`` fixture is not for it."""
    caplog.set_level("INFO")
    running_emulator.reset()
    yield Bench(
        running_emulator,
        token_server,
        set_connection,
        lambda: "".join(capsys.readouterr()) + caplog.text,
        monkeypatch,
        tmp_path,
    )
    running_emulator.reset()
