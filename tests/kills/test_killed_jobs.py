"""A worker that runs a batch as a job is killed before and after each of its requests: one job, every image once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_imagen.emulator import Emulator, JobOrder

HERE = Path(__file__).resolve().parent
MODEL = "gemini-3.1-flash-image"
ITEMS = [{"key": f"sku-{number}", "prompt": f"a red boat, number {number}"} for number in range(5)]
PLACE = "gs://bucket/made/"
MOMENTS = 26
"""Moments on the way of a whole try; the worker is killed before and after the request that is sent there."""


class Tries:
    """Runs tries of one task, each in a process of its own."""

    def __init__(self, process: subprocess.Popen[str], emulator: Emulator) -> None:
        self._process = process
        self.emulator = emulator
        self._number = 0

    def run(self, run_id: str = "monday", **fatal: Any) -> dict[str, int]:
        self._number += 1
        task = {"dag_id": "d", "run_id": run_id, "task_id": "t", "try_number": self._number, "max_tries": 9}
        order = {
            "url": self.emulator.endpoint,
            "place": PLACE,
            "model": MODEL,
            "items": ITEMS,
            "task": task,
            **fatal,
        }
        assert self._process.stdin is not None
        self._process.stdin.write(f"{json.dumps(order)}\n")
        self._process.stdin.flush()
        said = self.answer()
        return said if "status" in said else said | self.answer()

    def answer(self) -> dict[str, int]:
        assert self._process.stdout is not None
        return dict(json.loads(self._process.stdout.readline()))


@pytest.fixture(scope="module")
def nursery() -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-W", "ignore", str(HERE / "job_nursery.py")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
        assert process.stdin is not None
        process.stdin.close()


@pytest.fixture
def tries(nursery: subprocess.Popen[str], emulator: Emulator) -> Tries:
    return Tries(nursery, emulator)


@pytest.fixture(scope="module")
def requests_of_a_try(nursery: subprocess.Popen[str], running_emulator: Emulator) -> int:
    running_emulator.reset()
    return Tries(nursery, running_emulator).run()["requests"]


def jobs_in(emulator: Emulator) -> int:
    """Return how many jobs were created, whether or not the answer arrived."""
    posts = [each for each in emulator.requests if each.method == "POST"]
    return len([each for each in posts if each.path.endswith("/batchPredictionJobs")])


def manifest_in(emulator: Emulator) -> list[dict[str, Any]]:
    (name,) = [each for each in emulator.list_objects("bucket", "made/_imagen/") if each.endswith("manifest.jsonl")]
    return [json.loads(line) for line in emulator.read_object("bucket", name).splitlines()]


def images_in(emulator: Emulator) -> list[str]:
    return [f"gs://bucket/{name}" for name in emulator.list_objects("bucket", "made/") if "/_imagen/" not in name]


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("moment", range(1, MOMENTS + 1))
def test_a_killed_worker_leaves_one_job_and_its_retry_stores_every_image(
    tries: Tries, requests_of_a_try: int, moment: int, after: bool
) -> None:
    emulator = tries.emulator
    fatal = max(1, requests_of_a_try * moment // MOMENTS)

    first = tries.run(fatal=fatal, after=after)
    second = tries.run()

    assert first["status"] == -signal.SIGKILL
    assert second["status"] == 0
    assert jobs_in(emulator) == 1
    assert emulator.accepted == len(ITEMS)
    assert images_in(emulator) == [f"{PLACE}{item['key']}.jpg" for item in ITEMS]
    lines = manifest_in(emulator)
    assert [line["key"] for line in lines] == [item["key"] for item in ITEMS]
    assert {line["status"] for line in lines} <= {"made", "reused"}
    assert [uri for line in lines for uri in line["uris"]] == images_in(emulator)

    third = tries.run("tuesday")

    assert third["status"] == 0
    assert (jobs_in(emulator), emulator.accepted) == (1, len(ITEMS))
    assert {line["status"] for line in manifest_in(emulator)} == {"reused"}


def test_a_job_that_stays_hidden_after_a_kill_is_created_again(tries: Tries) -> None:
    """The bound of the search: a job that no list shows for five minutes is taken for one that was never created."""
    emulator = tries.emulator
    emulator.order_job(JobOrder(hidden_seconds=100_000))

    first = tries.run(at_create=True)
    second = tries.run()

    assert (first["status"], second["status"]) == (-signal.SIGKILL, 0)
    assert jobs_in(emulator) == 2
    assert images_in(emulator) == [f"{PLACE}{item['key']}.jpg" for item in ITEMS]


def test_a_job_that_is_listed_a_moment_later_is_found_again(tries: Tries) -> None:
    first = tries.run(at_create=True)
    second = tries.run()

    assert (first["status"], second["status"]) == (-signal.SIGKILL, 0)
    assert jobs_in(tries.emulator) == 1
