"""``make ui``, followed by a newcomer who knows only what it prints."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.usefixtures("newest_airflow")

UI = Path(__file__).resolve().parents[2] / "dags_examples" / "demo" / "ui.py"
STOPPED_SECONDS = 300
CAMPAIGN = "imagen_daily_campaign"
CAMPAIGN_MS = 1_800_000
FULL = 20
WIDTH = "image => { image.loading = 'eager'; return image.decode().then(() => image.naturalWidth); }"


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
    started: subprocess.Popen[str],
    log_in: Callable[[str, str], Any],
    picture: Callable[..., None],
    note: Callable[[str], None],
    tmp_path: Path,
) -> None:
    called = time.monotonic()
    welcome = printed_until_the_end_of_the_welcome(started)
    welcomed = time.monotonic()
    (address,) = re.findall(r"ready: +(\S+)", welcome)
    (password,) = re.findall(r"password +(\S+)", welcome)
    page = log_in(address, password)

    page.goto("/connections")
    page.get_by_role("row").filter(has_text="imagen_default").get_by_role("button", name="Test Connection").click()
    page.get_by_text("Google accepted the credentials").first.wait_for()
    picture(page, "connection")

    page.get_by_role("link", name="Dags", exact=True).click()
    page.get_by_role("link", name=CAMPAIGN, exact=True).click()
    page.get_by_role("link", name="Runs", exact=True).click()
    page.get_by_role("row").filter(has_text="Scheduled").get_by_text("Success").first.wait_for(timeout=CAMPAIGN_MS)
    page.get_by_role("link", name="Images", exact=True).click()
    shown = page.frame_locator("iframe").locator("a.thumb img")
    shown.first.wait_for()
    assert all(image.evaluate(WIDTH) > 0 for image in shown.all())
    assert shown.count() >= FULL
    now = time.monotonic()
    note(f"make ui: {welcomed - called:.0f} s to the welcome, {now - welcomed:.0f} s more to {shown.count()} pictures")
    picture(page, "gallery")

    assert processes_of(tmp_path / "home")
    started.send_signal(signal.SIGINT)
    assert started.wait(STOPPED_SECONDS) == 0
    assert processes_of(tmp_path / "home") == []
