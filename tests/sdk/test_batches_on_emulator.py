"""Google's own SDK creates, waits for, lists, cancels and deletes batch prediction jobs on the emulator."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from airflow_provider_imagen.emulator import JobOrder

CALLS = [
    "succeeded",
    "by defaults",
    "listed",
    "cancelled",
    "cancelled too late",
    "deleted",
    "asynchronous",
    "with labels",
    "get an unknown job",
    "unknown model",
]
END_STATES = {
    # The SDK's `done` is false for a job that succeeded partially; looked at again and again it stays that.
    "JOB_STATE_PARTIALLY_SUCCEEDED": False,
    "JOB_STATE_FAILED": True,
    "JOB_STATE_CANCELLED": True,
    "JOB_STATE_EXPIRED": True,
}


def line(index: int) -> str:
    contents = [{"role": "user", "parts": [{"text": f"boat {index}"}]}]
    return json.dumps({"key": f"r{index}", "request": {"contents": contents}})


@pytest.fixture(scope="module")
def run_batches(running_emulator: Any, run_client: Callable[..., Any]) -> Callable[[list[str]], list[dict[str, Any]]]:
    def run(calls: list[str]) -> list[dict[str, Any]]:
        data = "\n".join(map(line, range(4))).encode()
        running_emulator.put_object("bucket", "in/requests.jsonl", data, "application/jsonl")
        return list(run_client("sdk", "batches_sdk.py", {"endpoint": running_emulator.endpoint, "calls": calls}))

    return run


@pytest.fixture(scope="module")
def results(running_emulator: Any, run_batches: Callable[..., Any]) -> dict[str, Any]:
    running_emulator.reset()
    made = dict(zip(CALLS, run_batches(CALLS), strict=True))
    directory = made["succeeded"]["result"]["job"]["output_info"]["gcs_output_directory"]
    name = f"{directory.removeprefix('gs://bucket/')}/predictions.jsonl"
    made["lines"] = running_emulator.read_object("bucket", name).splitlines()
    running_emulator.reset()
    return made


def test_it_waits_until_a_job_has_succeeded(results: dict[str, Any]) -> None:
    found = results["succeeded"]["result"]
    job = found["job"]

    assert found["states"] == [
        "JOB_STATE_PENDING",
        "JOB_STATE_PENDING",
        "JOB_STATE_RUNNING",
        "JOB_STATE_SUCCEEDED",
    ]
    assert (job["display_name"], job["model"]) == ("sdk-job", "publishers/google/models/gemini-3.1-flash-image")
    assert job["completion_stats"] == {"successful_count": 4}
    assert job["src"] == {"format": "jsonl", "gcs_uri": ["gs://bucket/in/requests.jsonl"]}
    assert job["dest"] == {"format": "jsonl", "gcs_uri": "gs://bucket/out"}
    assert {"create_time", "start_time", "end_time", "update_time"} <= set(job)
    assert sorted(json.loads(each)["key"] for each in results["lines"]) == ["r0", "r1", "r2", "r3"]


def test_it_names_a_job_and_its_place_by_itself(results: dict[str, Any]) -> None:
    job = results["by defaults"]["result"]["job"]

    assert job["display_name"].startswith("genai_batch_job_")
    assert job["output_info"]["gcs_output_directory"].startswith("gs://bucket/in/requests/dest/prediction-model-")


def test_it_lists_jobs_by_a_filter_page_by_page(results: dict[str, Any]) -> None:
    assert results["listed"]["result"] == {
        "first page": 2,
        "names": [f"listed-{number}" for number in range(5)],
    }


def test_it_cancels_a_job(results: dict[str, Any]) -> None:
    found = results["cancelled"]["result"]

    assert found["states"] == ["JOB_STATE_CANCELLING", "JOB_STATE_CANCELLED"]
    assert found["job"]["error"] == {"code": 1, "message": "CANCELED"}
    assert found["job"]["completion_stats"] == {"successful_count": 2, "incomplete_count": 2}


def test_it_deletes_a_job(results: dict[str, Any]) -> None:
    assert results["deleted"]["result"] == {"done": True, "left": []}


def test_it_works_asynchronously(results: dict[str, Any]) -> None:
    assert results["asynchronous"]["result"] == {"state": "JOB_STATE_SUCCEEDED", "listed": ["asynchronous"]}


def test_it_finds_a_job_by_a_label(results: dict[str, Any]) -> None:
    assert results["with labels"]["result"] == {"listed": ["labelled"]}


@pytest.mark.parametrize(
    ("name", "code", "status", "text"),
    [
        ("cancelled too late", 400, "FAILED_PRECONDITION", "cannot be cancelled: its state is JOB_STATE_SUCCEEDED"),
        ("get an unknown job", 404, "NOT_FOUND", "/locations/global/batchPredictionJobs/1 does not exist."),
        ("unknown model", 404, "NOT_FOUND", "The PublisherModel publishers/google/models/gemini-9 does not exist."),
    ],
)
def test_it_understands_a_refusal(results: dict[str, Any], name: str, code: int, status: str, text: str) -> None:
    error = results[name]["error"]

    assert (error["code"], error["status"]) == (code, status)
    assert text in error["message"]


def test_it_understands_every_end(running_emulator: Any, run_batches: Callable[..., Any]) -> None:
    running_emulator.reset()
    for state in END_STATES:
        running_emulator.order_job(JobOrder(end_state=state))

    found = [each["result"]["states"] for each in run_batches(len(END_STATES) * ["succeeded"])]

    assert [states[-1] for states in found] == list(END_STATES)
    assert [len(states) == 4 for states in found] == list(END_STATES.values())
    assert running_emulator.unfired_faults() == []
    running_emulator.reset()
