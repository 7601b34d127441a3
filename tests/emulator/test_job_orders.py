"""What becomes of a batch prediction job can be ordered: its time, its end, its results."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from airflow_provider_imagen.emulator import Fault, JobOrder

SYSTEM = {"code": 13, "message": "System error. Please try this operation again"}


def keys_of(batches: Any, job: dict[str, Any], file: str = "predictions.jsonl") -> Counter[str]:
    return Counter(result["key"] for result in batches.results(job, file))


@pytest.mark.parametrize(
    ("order", "error", "stats", "results"),
    [
        (JobOrder(), None, {"successfulCount": "4"}, 4),
        (
            JobOrder(end_state="JOB_STATE_PARTIALLY_SUCCEEDED"),
            None,
            {"successfulCount": "2", "incompleteCount": "2"},
            2,
        ),
        (JobOrder(end_state="JOB_STATE_FAILED"), SYSTEM, {"incompleteCount": "4"}, 0),
        (
            JobOrder(end_state="JOB_STATE_FAILED", finished_lines=3, error=(4, "Not finished within 24 hours.")),
            {"code": 4, "message": "Not finished within 24 hours."},
            {"successfulCount": "3", "incompleteCount": "1"},
            3,
        ),
        (
            JobOrder(end_state="JOB_STATE_CANCELLED"),
            {"code": 1, "message": "CANCELED"},
            {"successfulCount": "2", "incompleteCount": "2"},
            2,
        ),
        (
            JobOrder(end_state="JOB_STATE_EXPIRED"),
            {"code": 4, "message": "The job was not started within 72 hours."},
            None,
            0,
        ),
        (
            JobOrder(end_state="JOB_STATE_EXPIRED", finished_lines=1),
            {"code": 4, "message": "The job was not started within 72 hours."},
            {"successfulCount": "1", "incompleteCount": "3"},
            1,
        ),
        (JobOrder(finished_lines=9), None, {"successfulCount": "4"}, 4),
        (JobOrder(failed_lines=4), None, {"failedCount": "4"}, 4),
    ],
)
def test_a_job_ends_as_ordered(
    batches: Any, emulator: Any, order: JobOrder, error: Any, stats: Any, results: int
) -> None:
    emulator.order_job(order)

    job = batches.run(batches.lines(4))

    assert job["state"] == order.end_state
    assert (job.get("error"), job.get("completionStats")) == (error, stats)
    assert len(emulator.list_objects("bucket", "out/")) == (1 if results else 0)
    assert emulator.accepted == int((stats or {}).get("successfulCount", 0))
    if results:
        assert keys_of(batches, job).total() == results


def test_results_come_as_ordered(batches: Any, emulator: Any) -> None:
    emulator.order_job(JobOrder(failed_lines=1, missing_lines=2, duplicated_lines=1, copies=3))

    job = batches.run(batches.lines(6))

    results = batches.results(job)
    assert Counter(result["key"] for result in results) == {"r0": 1, "r3": 3, "r4": 1, "r5": 1}
    (failed,) = [result for result in results if result["status"]]
    assert failed["status"].startswith('Gateway Timeout: {"error": {"code": 4, "message": "Request deadline exceeded')
    assert (failed["key"], failed["response"]) == ("r0", {})
    images = {str(result["response"]["candidates"]) for result in results if result["key"] == "r3"}
    assert len(images) == 3
    assert job["completionStats"] == {"successfulCount": "5", "failedCount": "1", "incompleteCount": "2"}
    assert emulator.accepted == 5


def test_keys_can_be_lost_and_the_request_is_there(batches: Any, emulator: Any) -> None:
    emulator.order_job(JobOrder(keeps_keys=False))
    lines = [batches.line(key="r0", labels={"row": "r0"})]

    (result,) = batches.results(batches.run(lines))

    assert "key" not in result
    assert result["request"]["labels"] == {"row": "r0"}


@pytest.mark.parametrize(("incremental", "files"), [("beside", 2), ("instead", 1)])
def test_partial_results_can_be_ordered(batches: Any, emulator: Any, incremental: Any, files: int) -> None:
    emulator.order_job(JobOrder(incremental=incremental))

    job = batches.run(batches.lines(4))

    names = [name.partition("Z/")[2] for name in emulator.list_objects("bucket", "out/")]
    part = "incremental_predictions/predictions_00001.jsonl"
    assert names == [part, "predictions.jsonl"][:files]
    assert keys_of(batches, job, part).total() == (2 if incremental == "beside" else 4)
    (name,) = [name for name in emulator.list_objects("bucket", "out/") if name.endswith(part)]
    assert not emulator.read_object("bucket", name).endswith(b"\n")


def test_a_failing_export_is_found_out_after_the_work(batches: Any, emulator: Any) -> None:
    emulator.order_job(JobOrder(fails_at="export"))

    job = batches.run(batches.lines(2))

    assert (job["state"], job["error"]["code"]) == ("JOB_STATE_FAILED", 7)
    assert job["completionStats"] == {"successfulCount": "2"}
    assert job["outputInfo"]["gcsOutputDirectory"].startswith("gs://bucket/out/")
    assert emulator.list_objects("bucket", "out/") == []
    assert emulator.accepted == 2


def test_a_bucket_that_the_service_agent_may_not_write_fails_the_export(batches: Any, emulator: Any) -> None:
    job = batches.create(batches.lines(2))
    emulator.order_fault(Fault("upload", bucket_state="read_only"))

    job = batches.ended(job)
    assert (job["error"]["code"], job["completionStats"]) == (7, {"successfulCount": "2"})


def test_a_job_follows_the_clock_if_times_are_ordered(batches: Any, emulator: Any) -> None:
    order = JobOrder(pending_seconds=3 * 3600, running_seconds=1000, waiting_state="JOB_STATE_QUEUED")
    emulator.order_job(order)
    job = batches.create(batches.lines(4))

    seen = []
    for seconds in (0, 3 * 3600 - 1, 2, 500, 500):
        emulator.advance(seconds)
        job = batches.get(job)
        seen.append((job["state"], job.get("completionStats")))
    assert seen == [
        ("JOB_STATE_QUEUED", None),
        ("JOB_STATE_QUEUED", None),
        ("JOB_STATE_RUNNING", {"incompleteCount": "4"}),
        ("JOB_STATE_RUNNING", {"successfulCount": "2", "incompleteCount": "2"}),
        ("JOB_STATE_SUCCEEDED", {"successfulCount": "4"}),
    ]
    assert job["startTime"][:13] > job["createTime"][:13]


def test_a_cancelled_job_keeps_what_was_done_until_then(batches: Any, emulator: Any) -> None:
    emulator.order_job(JobOrder(running_seconds=1000))
    job = batches.create(batches.lines(4))
    emulator.advance(760)
    batches.cancel(job)
    emulator.advance(9000)

    assert batches.get(job)["state"] == "JOB_STATE_CANCELLING"
    assert keys_of(batches, batches.ended(job)) == {"r0": 1, "r1": 1, "r2": 1}


@pytest.mark.parametrize("state", ["JOB_STATE_SUCCEEDED", "JOB_STATE_FAILED"])
def test_a_job_can_end_otherwise_although_it_was_cancelled(batches: Any, emulator: Any, state: str) -> None:
    emulator.order_job(JobOrder(after_cancel=state))
    job = batches.create(batches.lines(4))
    batches.get(job)
    batches.get(job)
    batches.cancel(job)
    batches.cancel(job)

    assert batches.ended(job)["state"] == state
    assert emulator.accepted == (4 if state == "JOB_STATE_SUCCEEDED" else 0)


def test_an_order_passes_over_jobs_and_applies_to_as_many_as_ordered(batches: Any, emulator: Any) -> None:
    emulator.order_job(JobOrder(skip=1, times=2, end_state="JOB_STATE_FAILED"))

    states = [batches.run(batches.lines(1))["state"].removeprefix("JOB_STATE_") for _ in range(4)]
    assert states == ["SUCCEEDED", "FAILED", "FAILED", "SUCCEEDED"]


def test_a_reset_ends_all_jobs_and_sets_the_clock_right(batches: Any, emulator: Any) -> None:
    emulator.order_job(JobOrder(times=None, pending_seconds=60))
    batches.create(batches.lines(3))
    emulator.advance(3600)

    emulator.reset()

    assert batches.found() == []
    assert batches.create(batches.lines(1))["createTime"] < batches.ended(batches.create())["endTime"]


@pytest.mark.parametrize("order", [{"seconds": -1}, {}, {"seconds": "soon"}])
def test_a_clock_is_only_put_forward(batches: Any, order: Any) -> None:
    assert batches.http.post("/emulator/clock", order).status == 422


def test_a_clock_is_put_forward_over_http(batches: Any, emulator: Any) -> None:
    emulator.order_job(JobOrder(pending_seconds=60))
    job = batches.create(batches.lines(1))

    assert batches.http.post("/emulator/clock", {"seconds": 61}).status == 200
    assert batches.get(job)["state"] == "JOB_STATE_SUCCEEDED"
