"""``make ui``, followed by a newcomer who knows only what it prints."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

UI = Path(__file__).resolve().parents[2] / "dags_examples" / "demo" / "ui.py"
STOPPED_SECONDS = 60


@pytest.fixture
def started(tmp_path: Path, chromium: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, UI, tmp_path / "home"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.terminate()


def printed_until_the_end_of_the_welcome(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if line.startswith("Ctrl-C"):
            return "".join(lines)
    pytest.fail(f"make ui ended: {''.join(lines)}")


def processes_of(home: Path) -> list[str]:
    """Return the ids of processes whose Airflow home is this one."""
    found = []
    for environment in Path("/proc").glob("[0-9]*/environ"):
        try:
            if f"AIRFLOW_HOME={home}\0".encode() in environment.read_bytes():
                found.append(environment.parent.name)
        except OSError:
            continue
    return found


def test_a_newcomer_finds_a_ready_connection_and_pictures_and_ctrl_c_leaves_no_process(
    started: subprocess.Popen[str], log_in: Callable[[str, str], Any], picture: Callable[..., None], tmp_path: Path
) -> None:
    welcome = printed_until_the_end_of_the_welcome(started)
    (address,) = re.findall(r"ready: +(\S+)", welcome)
    (password,) = re.findall(r"password +(\S+)", welcome)
    page = log_in(address, password)

    page.goto("/connections")
    page.get_by_role("row").filter(has_text="imagen_default").get_by_role("button", name="Test Connection").click()
    page.get_by_text("Google accepted the credentials").first.wait_for()
    picture(page, "connection")

    page.goto("/dags/imagen_minimal/runs")
    page.get_by_role("row").filter(has_text="Scheduled").get_by_text("Success").first.wait_for()
    picture(page, "run")

    assert processes_of(tmp_path / "home")
    started.send_signal(signal.SIGINT)
    assert started.wait(STOPPED_SECONDS) == 0
    assert processes_of(tmp_path / "home") == []
