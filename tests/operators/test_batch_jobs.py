"""A table of prompts as batch prediction jobs, against the emulator: one job, every image once, a true manifest."""

from __future__ import annotations

import asyncio
import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException, TaskDeferred
from support.emulated import images_in, model_requests, records_in
from support.stops import when

from airflow_provider_imagen.emulator import Fault, JobOrder
from airflow_provider_imagen.errors import BatchFailedError, JobTimeoutError, RequestStoppedError
from airflow_provider_imagen.hooks.imagen import ImagenHook
from airflow_provider_imagen.operators.batch import ImagenBatchOperator, read_manifest
from airflow_provider_imagen.runner.job_files import JobFiles

GEMINI = "gemini-3.1-flash-image"
PLACE = "gs://bucket/made/"


@pytest.fixture(autouse=True)
def passing_time(monkeypatch: pytest.MonkeyPatch, emulator: Any) -> list[float]:
    """The pauses that were made, which take no time here but put the clock of the jobs forward."""
    made: list[float] = []

    def pause(seconds: float) -> None:
        made.append(seconds)
        emulator.advance(seconds)

    began = datetime.now(UTC)
    later = {"sleep": pause, "now": lambda: began + timedelta(seconds=sum(made))}
    monkeypatch.setattr(ImagenHook, "client_options", later)
    return made


def jobs(items: Any, **arguments: Any) -> ImagenBatchOperator:
    defaults = {"task_id": "catalogue", "model": GEMINI, "mode": "batch", "output_uri": PLACE, "deferrable": False}
    return ImagenBatchOperator(**defaults | arguments, items=items)


def prompts(number: int) -> list[dict[str, Any]]:
    return [{"key": f"sku-{n}", "prompt": f"a red boat, number {n}"} for n in range(number)]


def created(emulator: Any) -> list[Any]:
    return [each for each in emulator.requests if each.method == "POST" and each.path.endswith("/batchPredictionJobs")]


def statuses(uri: str) -> list[str]:
    return [line["status"] for line in read_manifest(uri)]


def test_each_item_has_its_image_under_its_key_from_one_job(ti: Any, emulator: Any) -> None:
    uri = jobs(prompts(5)).execute({"ti": ti})

    lines = list(read_manifest(uri))
    assert [line["key"] for line in lines] == [f"sku-{n}" for n in range(5)]
    assert {line["status"] for line in lines} == {"made"}
    assert [each for line in lines for each in line["uris"]] == images_in(PLACE, emulator)
    assert len(created(emulator)) == 1
    assert model_requests(emulator) == []
    result = ti.pushed["result"]
    assert result["counts"]["made"] == 5
    assert result["jobs"][0]["state"] == "SUCCEEDED"
    assert result["jobs"][0]["images"] == 5


def test_a_job_costs_half_of_what_requests_do(make_ti: Any, emulator: Any) -> None:
    half, whole = make_ti("a"), make_ti("b")
    jobs(prompts(2)).execute({"ti": half})
    jobs(prompts(2), mode="online", output_uri="gs://bucket/other/").execute({"ti": whole})

    costs = [each.pushed["result"]["estimated_cost_usd"] for each in (half, whole)]
    assert costs[0] == pytest.approx(costs[1] / 2)


def test_a_second_run_buys_nothing(make_ti: Any, emulator: Any) -> None:
    jobs(prompts(3)).execute({"ti": make_ti("monday")})
    uri = jobs([*prompts(3), {"key": "new", "prompt": "a blue boat"}]).execute({"ti": make_ti("tuesday")})

    assert statuses(uri) == ["reused"] * 3 + ["made"]
    assert emulator.accepted == 4
    assert len(created(emulator)) == 2


def test_the_files_of_a_job_are_removed_once_every_image_is_stored(ti: Any, emulator: Any) -> None:
    jobs(prompts(2)).execute({"ti": ti})
    assert [name for name in records_in(PLACE, emulator) if name.startswith("jobs/")] == []

    jobs([{"prompt": "a dog"}], keep_job_files=True).execute({"ti": ti})
    kept = [name.rpartition("/")[2] for name in records_in(PLACE, emulator) if name.startswith("jobs/")]
    assert kept == ["lines.jsonl", "predictions.jsonl", "requests.jsonl"]


def test_several_images_of_an_item_are_lines_of_their_own(ti: Any, emulator: Any) -> None:
    uri = jobs(prompts(2), number_of_images=3).execute({"ti": ti})

    assert [len(line["uris"]) for line in read_manifest(uri)] == [3, 3]
    assert images_in(PLACE, emulator) == [f"{PLACE}sku-{n}/{image}.jpg" for n in range(2) for image in range(3)]
    assert ti.pushed["result"]["jobs"][0]["lines"] == 6


@pytest.mark.parametrize(
    ("order", "wanted", "made"),
    [
        (JobOrder(end_state="JOB_STATE_PARTIALLY_SUCCEEDED", finished_lines=3), {"made": 3, "not_sent": 1}, 3),
        (JobOrder(end_state="JOB_STATE_FAILED", finished_lines=1), {"made": 1, "failed": 3}, 1),
        (JobOrder(end_state="JOB_STATE_CANCELLED", finished_lines=2), {"made": 2, "not_sent": 2}, 2),
        (JobOrder(end_state="JOB_STATE_EXPIRED"), {"not_sent": 4}, 0),
        (JobOrder(fails_at="import"), {"failed": 4}, 0),
        (JobOrder(fails_at="export"), {"failed": 4}, 0),
        (JobOrder(failed_lines=1), {"made": 3, "failed": 1}, 3),
        (JobOrder(missing_lines=1), {"made": 3, "not_sent": 1}, 3),
    ],
    ids=["partial", "failed", "cancelled", "expired", "import", "export", "failed-lines", "missing-lines"],
)
def test_whatever_came_is_kept_and_the_next_try_asks_only_for_the_rest(
    make_ti: Any, emulator: Any, order: JobOrder, wanted: dict[str, int], made: int
) -> None:
    emulator.order_job(order)
    first = make_ti(max_tries=1)
    with pytest.raises(BatchFailedError):
        jobs(prompts(4)).execute({"ti": first})

    counts = {name: number for name, number in first.pushed["result"]["counts"].items() if number}
    assert counts == wanted
    assert len(images_in(PLACE, emulator)) == made

    second = make_ti(try_number=2, max_tries=1)
    uri = jobs(prompts(4)).execute({"ti": second})
    assert sorted(statuses(uri)) == ["made"] * (4 - made) + ["reused"] * made
    assert [job["lines"] for job in second.pushed["result"]["jobs"]] == [4, 4 - made]


def test_duplicates_count_as_paid_and_the_first_image_is_kept(ti: Any, emulator: Any) -> None:
    emulator.order_job(JobOrder(duplicated_lines=2, copies=3))
    jobs(prompts(3)).execute({"ti": ti})

    job = ti.pushed["result"]["jobs"][0]
    assert (job["images"], job["duplicates"]) == (7, 4)
    assert emulator.accepted == 7
    assert len(images_in(PLACE, emulator)) == 3


@pytest.mark.parametrize("order", [JobOrder(incremental="beside"), JobOrder(incremental="instead")])
def test_partial_results_are_neither_missed_nor_counted_twice(ti: Any, emulator: Any, order: JobOrder) -> None:
    emulator.order_job(order)
    uri = jobs(prompts(4)).execute({"ti": ti})

    assert statuses(uri) == ["made"] * 4
    assert ti.pushed["result"]["jobs"][0]["images"] == 4
    assert "duplicates" not in ti.pushed["result"]["jobs"][0]


def test_a_line_is_told_by_its_label_where_its_key_is_not_repeated(ti: Any, emulator: Any) -> None:
    emulator.order_job(JobOrder(keeps_keys=False))

    assert statuses(jobs(prompts(4)).execute({"ti": ti})) == ["made"] * 4


def test_a_lost_answer_is_found_again_in_the_list(ti: Any, emulator: Any, passing_time: list[float]) -> None:
    emulator.order_job(JobOrder(hidden_seconds=50))
    emulator.order_fault(Fault("create_job", reset=True, after_work=True))

    uri = jobs(prompts(2)).execute({"ti": ti})

    assert statuses(uri) == ["made"] * 2
    assert len(created(emulator)) == 1
    assert passing_time[:3] == [5, 25, 30]


def test_an_answer_that_stays_lost_stops_the_task_and_a_clear_asks_again(make_ti: Any, emulator: Any) -> None:
    emulator.order_job(JobOrder(hidden_seconds=10_000))
    emulator.order_fault(Fault("create_job", reset=True, after_work=True))
    with pytest.raises(AirflowFailException, match="may run, and be billed"):
        jobs(prompts(2)).execute({"ti": make_ti(max_tries=1)})

    with pytest.raises(AirflowFailException, match="may run, and be billed"):
        jobs(prompts(2)).execute({"ti": make_ti(try_number=2, max_tries=1)})
    assert len(created(emulator)) == 1

    uri = jobs(prompts(2)).execute({"ti": make_ti(try_number=3, max_tries=3)})
    assert statuses(uri) == ["made"] * 2
    assert len(created(emulator)) == 2


def test_a_job_that_shows_up_after_it_was_created_again_is_cancelled_and_counted(
    ti: Any, emulator: Any, passing_time: list[float]
) -> None:
    emulator.order_job(JobOrder(hidden_seconds=310, pending_seconds=1000, running_seconds=1000))
    emulator.order_job(JobOrder(pending_seconds=60, running_seconds=60))
    emulator.order_fault(Fault("create_job", reset=True, after_work=True))

    uri = jobs(prompts(2), on_lost="resend").execute({"ti": ti})

    assert statuses(uri) == ["made"] * 2
    assert len(created(emulator)) == 2
    assert len(ti.pushed["result"]["jobs"][0]["other_jobs"]) == 1
    assert any(each.path.endswith(":cancel") for each in emulator.requests)


def test_a_stop_during_the_look_for_a_job_forgets_no_job(
    make_ti: Any, emulator: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    emulator.order_job(JobOrder(hidden_seconds=9999))
    emulator.order_fault(Fault("create_job", reset=True, after_work=True))
    operator = jobs(prompts(2))
    with monkeypatch.context() as real_pauses:
        real_pauses.setattr(ImagenHook, "client_options", {})
        with when(lambda: bool(created(emulator)), operator.on_kill), pytest.raises(RequestStoppedError):
            operator.execute({"ti": make_ti(max_tries=1)})
    emulator.advance(9999)

    uri = jobs(prompts(2)).execute({"ti": make_ti(try_number=2, max_tries=1)})
    assert statuses(uri) == ["made"] * 2
    assert len(created(emulator)) == 1


def test_a_look_that_is_refused_forgets_no_job(make_ti: Any, emulator: Any) -> None:
    emulator.order_fault(Fault("create_job", reset=True, after_work=True))
    emulator.order_fault(Fault("list_jobs", status=403))
    with pytest.raises(AirflowFailException, match="batchPredictionJobs.list"):
        jobs(prompts(2)).execute({"ti": make_ti(max_tries=1)})

    uri = jobs(prompts(2)).execute({"ti": make_ti(try_number=2, max_tries=1)})
    assert statuses(uri) == ["made"] * 2
    assert len(created(emulator)) == 1


@pytest.mark.parametrize(("status", "error"), [(400, "RequestRejectedError"), (404, "ModelNotFoundError")])
def test_a_second_creation_that_is_refused_does_not_forget_the_first(
    make_ti: Any, emulator: Any, status: int, error: str
) -> None:
    emulator.order_job(JobOrder(hidden_seconds=310))
    emulator.order_fault(Fault("create_job", reset=True, after_work=True))
    emulator.order_fault(Fault("create_job", status=status, skip=1))
    with pytest.raises(AirflowFailException, match=error):
        jobs(prompts(2), on_lost="resend").execute({"ti": make_ti(max_tries=1)})
    emulator.advance(60)

    uri = jobs(prompts(2), on_lost="resend").execute({"ti": make_ti(try_number=2, max_tries=1)})
    assert statuses(uri) == ["made"] * 2
    assert len(created(emulator)) == 2  # the lost one, which is found, and the refused one


@pytest.mark.parametrize("times", [1, 2])
def test_a_job_whose_name_could_not_be_kept_is_found_in_the_list(make_ti: Any, emulator: Any, times: int) -> None:
    emulator.order_fault(Fault("upload", status=403, skip=11, times=times))  # of jobs.json, after the creation
    if times == 1:
        jobs(prompts(2)).execute({"ti": make_ti(max_tries=1)})
    else:
        with pytest.raises(AirflowFailException, match=r"jobs\.json"):
            jobs(prompts(2)).execute({"ti": make_ti(max_tries=1)})

    uri = jobs(prompts(2)).execute({"ti": make_ti(try_number=2, max_tries=1)})
    assert set(statuses(uri)) == {"reused" if times == 1 else "made"}
    assert len(created(emulator)) == 1


def test_a_small_first_job_proves_the_bucket(ti: Any, emulator: Any) -> None:
    uri = jobs(prompts(5), first_job_items=2).execute({"ti": ti})

    assert statuses(uri) == ["made"] * 5
    assert [job["lines"] for job in ti.pushed["result"]["jobs"]] == [2, 3]


def test_what_the_first_job_found_out_stands_in_the_manifest_at_the_end(ti: Any, emulator: Any) -> None:
    emulator.order_job(JobOrder(failed_lines=1))
    uri = jobs(prompts(5), first_job_items=2, max_failed_items=1).execute({"ti": ti})

    lines = list(read_manifest(uri))
    assert sorted(line["status"] for line in lines) == ["failed", *["made"] * 4]
    assert all(line["reason"] for line in lines if line["status"] == "failed")


def test_after_a_first_job_without_images_nothing_more_is_submitted(ti: Any, emulator: Any) -> None:
    emulator.order_job(JobOrder(fails_at="export"))
    with pytest.raises(BatchFailedError, match="service agent"):
        jobs(prompts(5), first_job_items=2).execute({"ti": ti})

    assert len(created(emulator)) == 1
    assert ti.pushed["result"]["counts"]["failed"] == 2
    assert ti.pushed["result"]["counts"]["not_sent"] == 3


def test_jobs_that_are_not_done_in_time_go_on_and_are_found_again(make_ti: Any, emulator: Any) -> None:
    emulator.order_job(JobOrder(pending_seconds=3600, running_seconds=3600))
    with pytest.raises(JobTimeoutError, match="They go on"):
        jobs(prompts(2), job_timeout_seconds=60, poll_interval=3600).execute({"ti": make_ti(max_tries=1)})
    emulator.advance(7200)

    uri = jobs(prompts(2)).execute({"ti": make_ti(try_number=2, max_tries=1)})
    assert statuses(uri) == ["made"] * 2
    assert len(created(emulator)) == 1


@pytest.mark.parametrize("is_gone", [False, True])
def test_a_job_that_google_does_not_know_is_waited_for_before_its_items_are_asked_for_again(
    make_ti: Any, emulator: Any, is_gone: bool
) -> None:
    emulator.order_job(JobOrder(pending_seconds=3600, running_seconds=3600))
    with pytest.raises(JobTimeoutError):
        jobs(prompts(2), job_timeout_seconds=60, poll_interval=3600).execute({"ti": make_ti(max_tries=1)})
    emulator.order_fault(Fault("get_job", status=404, times=20 if is_gone else 1))

    second = make_ti(try_number=2, max_tries=1)
    assert statuses(jobs(prompts(2)).execute({"ti": second})) == ["made"] * 2
    assert len(created(emulator)) == (2 if is_gone else 1)
    assert second.pushed["result"]["jobs"][0]["state"] == ("GONE" if is_gone else "SUCCEEDED")


@pytest.mark.parametrize("status", [403, 404])
def test_a_job_that_cannot_be_cancelled_in_time_keeps_no_other_from_it(
    make_ti: Any, emulator: Any, status: int
) -> None:
    emulator.order_job(JobOrder(times=2, pending_seconds=3600, running_seconds=3600))
    emulator.order_fault(Fault("cancel_job", status=status))
    items = [*prompts(2), {"key": "old", "prompt": "a dog", "model": "gemini-2.5-flash-image"}]
    arguments = {"item_arguments": ["prompt", "key", "model"], "poll_interval": 3600, "job_timeout_seconds": 60}

    with pytest.raises(JobTimeoutError, match="Not all of them could be cancelled"):
        jobs(items, cancel_on_timeout=True, **arguments).execute({"ti": make_ti(max_tries=1)})

    assert len([each for each in emulator.requests if each.path.endswith(":cancel")]) == 2


def test_a_budget_is_checked_before_a_job_is_created(ti: Any, emulator: Any) -> None:
    with pytest.raises(AirflowFailException, match="max_cost_usd"):
        jobs(prompts(100), max_cost_usd=1).execute({"ti": ti})
    assert created(emulator) == []


def test_a_budget_holds_for_what_the_job_of_another_run_did_not_bring(make_ti: Any, emulator: Any) -> None:
    emulator.order_job(
        JobOrder(pending_seconds=30, running_seconds=30, finished_lines=10, end_state="JOB_STATE_FAILED")
    )
    deferred(jobs(prompts(40), deferrable=True), make_ti("monday"))

    tuesday = make_ti("tuesday")
    with pytest.raises(AirflowFailException, match="30 of 40 items have no images"):
        jobs(prompts(40), max_cost_usd=0.5).execute({"ti": tuesday})

    assert len(created(emulator)) == 1
    counts = tuesday.pushed["result"]["counts"]
    assert (counts["made"], counts["not_sent"]) == (10, 30)
    assert "max_cost_usd is 0.5" in tuesday.pushed["result"]["failures"][0]["reason"]


def test_a_model_that_google_does_not_know_gives_way_to_the_fallback(ti: Any, emulator: Any) -> None:
    emulator.retire(GEMINI)
    uri = jobs(prompts(2), fallback_model="gemini-2.5-flash-image").execute({"ti": ti})

    assert {line["model"] for line in read_manifest(uri)} == {"gemini-2.5-flash-image"}
    assert statuses(uri) == ["made"] * 2


def deferred(operator: ImagenBatchOperator, ti: Any) -> TaskDeferred:
    with pytest.raises(TaskDeferred) as caught:
        operator.execute({"ti": ti})
    return caught.value


def event_of(deferral: TaskDeferred) -> Any:
    path, arguments = deferral.trigger.serialize()
    assert len(json.dumps(arguments)) < 4096
    assert path.endswith(".ImagenJobTrigger")

    async def events() -> list[Any]:
        return [event.payload async for event in type(deferral.trigger)(**arguments).run()]

    (event,) = asyncio.run(events())
    return event


def test_a_deferred_task_collects_after_the_triggerer_reported(ti: Any, emulator: Any) -> None:
    emulator.order_job(JobOrder(pending_seconds=30, running_seconds=30))
    operator = jobs(prompts(3), deferrable=True)
    deferral = deferred(operator, ti)
    emulator.advance(60)

    event = event_of(deferral)
    assert event["status"] == "done"
    uri = jobs("gone", deferrable=True).execute_complete({"ti": ti}, json.loads(json.dumps(event)))

    assert statuses(uri) == ["made"] * 3
    assert len(created(emulator)) == 1


def test_a_second_task_waits_for_the_job_of_the_first(make_ti: Any, emulator: Any) -> None:
    emulator.order_job(JobOrder(pending_seconds=30, running_seconds=30))
    first = deferred(jobs(prompts(3), deferrable=True), make_ti("monday"))
    second = deferred(jobs(prompts(3), deferrable=True), make_ti("tuesday"))

    assert first.trigger.jobs == second.trigger.jobs
    assert len(created(emulator)) == 1


@pytest.mark.parametrize("shared", [0, 1])
@pytest.mark.parametrize("second_collects_first", [False, True])
def test_two_runs_with_other_items_each_store_their_own(
    make_ti: Any, emulator: Any, shared: int, second_collects_first: bool
) -> None:
    emulator.order_job(JobOrder(times=2, pending_seconds=30, running_seconds=30))
    runs = {"monday": prompts(2), "tuesday": [{"key": "other", "prompt": "a dog"}, *prompts(2)[:shared]]}
    instances = {run: make_ti(run) for run in runs}
    waits = {run: deferred(jobs(runs[run], deferrable=True), instances[run]) for run in runs}
    emulator.advance(100)

    for run in sorted(runs, reverse=second_collects_first):
        event = event_of(waits[run])
        uri = jobs("gone", deferrable=True).execute_complete({"ti": instances[run]}, event)
        assert [line["key"] for line in read_manifest(uri)] == [item["key"] for item in runs[run]]
        assert set(statuses(uri)) <= {"made", "reused"}

    assert images_in(PLACE, emulator) == [f"{PLACE}{key}.jpg" for key in ("other", "sku-0", "sku-1")]
    assert emulator.accepted == 3
    assert len(waits["tuesday"].trigger.jobs) == 1 + shared
    left = [name for name in records_in(PLACE, emulator) if name.startswith("jobs/") or "/plan-" in name]
    assert left == []


def test_a_run_that_wants_nothing_does_not_look_into_the_jobs_of_others(make_ti: Any, emulator: Any) -> None:
    jobs(prompts(1), mode="online").execute({"ti": make_ti("sunday")})
    emulator.order_job(JobOrder(times=3, pending_seconds=3600, running_seconds=3600))
    for number in range(3):
        deferred(jobs([{"prompt": f"dog {number}"}], deferrable=True), make_ti(f"run {number}"))
    before = len(emulator.requests)

    assert statuses(jobs(prompts(1)).execute({"ti": make_ti("monday")})) == ["reused"]

    assert [each.path for each in emulator.requests[before:] if "/jobs/" in each.path] == []


def test_a_task_that_waits_on_names_only_jobs_that_have_not_ended(ti: Any, emulator: Any) -> None:
    emulator.order_job(JobOrder(pending_seconds=30, running_seconds=30))
    emulator.order_job(JobOrder(pending_seconds=300, running_seconds=300))
    items = [*prompts(2), {"key": "old", "prompt": "a dog", "model": "gemini-2.5-flash-image"}]
    operator = jobs(items, item_arguments=["prompt", "key", "model"], deferrable=True)
    first = deferred(operator, ti)
    emulator.advance(60)

    # Of more jobs than a trigger carries, those that it carries have ended.
    with pytest.raises(TaskDeferred) as again:
        operator.execute_complete({"ti": ti}, {"status": "done", "message": "", "deadline": first.trigger.deadline})
    (left,) = again.value.trigger.jobs
    assert left in first.trigger.jobs
    emulator.advance(600)

    uri = operator.execute_complete({"ti": ti}, event_of(again.value))
    assert statuses(uri) == ["made"] * 3


def test_a_time_out_cancels_no_job_of_another_run(make_ti: Any, emulator: Any) -> None:
    emulator.order_job(JobOrder(times=2, pending_seconds=3600, running_seconds=3600))
    monday = deferred(jobs(prompts(2), deferrable=True), make_ti("monday"))
    with pytest.raises(JobTimeoutError, match="They are cancelled"):
        jobs([{"prompt": "a dog"}], job_timeout_seconds=60, poll_interval=3600, cancel_on_timeout=True).execute(
            {"ti": make_ti("tuesday")}
        )

    (cancelled,) = [each.path for each in emulator.requests if each.path.endswith(":cancel")]
    assert monday.trigger.jobs[0] not in cancelled


def test_pictures_on_a_disk_are_uploaded_once_and_named_by_their_uri(ti: Any, emulator: Any, tmp_path: Any) -> None:
    from PIL import Image

    Image.new("RGB", (80, 60), "red").save(tmp_path / "mug.png")
    items = [{**item, "reference_images": str(tmp_path / "mug.png")} for item in prompts(2)]
    jobs(items, keep_job_files=True).execute({"ti": ti})

    (uploaded,) = emulator.list_objects("bucket", "made/_imagen/inputs/")
    (requests,) = [name for name in emulator.list_objects("bucket", "made/_imagen/jobs/") if "requests" in name]
    lines = [json.loads(line) for line in emulator.read_object("bucket", requests).splitlines()]
    parts = [part for line in lines for part in line["request"]["contents"][0]["parts"] if "fileData" in part]
    assert [part["fileData"]["fileUri"] for part in parts] == [f"gs://bucket/{uploaded}"] * 2
    assert b"inlineData" not in emulator.read_object("bucket", requests)


def test_what_a_job_cannot_do_is_refused_before_anything_is_written(ti: Any, emulator: Any) -> None:
    with pytest.raises(AirflowFailException, match="image_size is '2K'") as caught:
        jobs([{"prompt": "a", "image_size": "2K"}, "b"], labels={"a-b": "c"}).execute({"ti": ti})

    assert "labels has the key 'a-b'" in str(caught.value)
    assert emulator.list_objects("bucket", "") == []


@pytest.mark.parametrize("cancels", [True, False])
def test_a_task_that_is_stopped_while_it_waits_leaves_its_job_or_cancels_it(
    make_ti: Any, emulator: Any, monkeypatch: pytest.MonkeyPatch, cancels: bool
) -> None:
    emulator.order_job(JobOrder(pending_seconds=9999, running_seconds=9999))
    operator = jobs(prompts(2), cancel_on_kill=cancels)
    monkeypatch.setattr(ImagenHook, "client_options", {"sleep": lambda seconds: operator.on_kill()})

    with pytest.raises(RequestStoppedError, match="cancelled" if cancels else "go on"):
        operator.execute({"ti": make_ti()})

    is_cancelled = any(each.path.endswith(":cancel") for each in emulator.requests)
    assert is_cancelled is cancels
    assert len(created(emulator)) == 1


def test_two_models_are_two_jobs(ti: Any, emulator: Any) -> None:
    items = [*prompts(2), {"key": "old", "prompt": "a dog", "model": "gemini-2.5-flash-image"}]
    uri = jobs(items, item_arguments=["prompt", "key", "model"]).execute({"ti": ti})

    assert [line["model"] for line in read_manifest(uri)] == [GEMINI, GEMINI, "gemini-2.5-flash-image"]
    assert sorted(job["lines"] for job in ti.pushed["result"]["jobs"]) == [1, 2]


def test_a_dry_run_says_what_a_job_would_cost_and_creates_none(ti: Any, emulator: Any) -> None:
    assert jobs(prompts(10), dry_run=True).execute({"ti": ti}) is None

    assert created(emulator) == []
    assert ti.pushed["result"]["would_cost_usd"] == pytest.approx(0.0335 * 10, rel=0.05)


def test_new_images_are_made_in_another_run_and_not_in_a_retry(make_ti: Any, emulator: Any) -> None:
    emulator.order_job(JobOrder(failed_lines=1))
    with pytest.raises(BatchFailedError):
        jobs(prompts(3), if_exists="generate").execute({"ti": make_ti(max_tries=1)})
    uri = jobs(prompts(3), if_exists="generate").execute({"ti": make_ti(try_number=2, max_tries=1)})
    assert sorted(statuses(uri)) == ["made", "reused", "reused"]
    assert emulator.accepted == 3

    uri = jobs(prompts(3), if_exists="generate").execute({"ti": make_ti("tuesday")})
    assert statuses(uri) == ["made"] * 3
    assert emulator.accepted == 6


def test_images_that_are_there_can_be_a_failure(make_ti: Any, emulator: Any) -> None:
    jobs(prompts(2)).execute({"ti": make_ti("monday")})
    with pytest.raises(AirflowFailException, match="if_exists is 'fail'"):
        jobs([*prompts(2), {"prompt": "new"}], if_exists="fail").execute({"ti": make_ti("tuesday")})

    assert emulator.accepted == 3


def test_an_item_that_changed_back_is_found_by_its_record(make_ti: Any, emulator: Any) -> None:
    jobs([{"key": "a", "prompt": "one"}]).execute({"ti": make_ti("1")})
    jobs([{"key": "a", "prompt": "two"}]).execute({"ti": make_ti("2")})
    again = jobs([{"key": "a", "prompt": "two"}], mode="online").execute({"ti": make_ti("3")})

    assert statuses(again) == ["reused"]
    assert statuses(jobs([{"key": "a", "prompt": "two"}]).execute({"ti": make_ti("4")})) == ["reused"]
    assert emulator.accepted == 2


def test_what_a_deleted_job_left_is_read_all_the_same(ti: Any, emulator: Any) -> None:
    emulator.order_job(JobOrder(pending_seconds=30, running_seconds=30))
    deferral = deferred(jobs(prompts(3), deferrable=True), ti)
    emulator.advance(60)
    event = event_of(deferral)
    (name,) = deferral.trigger.jobs
    ImagenHook().client.batch_jobs.delete(name)

    uri = jobs("gone", deferrable=True).execute_complete({"ti": ti}, event)

    assert statuses(uri) == ["made"] * 3
    assert ti.pushed["result"]["jobs"][0]["state"] == "GONE"


@pytest.mark.parametrize("mode", ["online", "batch"])
@pytest.mark.parametrize("state", ["retention_policy", "no_delete_permission"])
def test_a_bucket_whose_files_cannot_be_replaced_is_refused_before_anything_is_paid(
    ti: Any, emulator: Any, mode: str, state: str
) -> None:
    emulator.order_fault(Fault("any", bucket_state=state, times=None))

    with pytest.raises(AirflowFailException, match="PermissionDeniedError: .*lease"):
        jobs(prompts(2), mode=mode).execute({"ti": ti})

    assert model_requests(emulator) == []
    assert created(emulator) == []


def test_a_run_that_was_taken_over_while_it_wrote_its_requests_creates_no_job(
    make_ti: Any, emulator: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, others, uris = JobFiles.write_requests, [jobs(prompts(2))], []

    def taken_over(files: JobFiles, *arguments: Any) -> None:
        while others:  # its pauses take no time, so it finds soon that nothing was heard of the first for long
            uris.append(others.pop().execute({"ti": make_ti("tuesday")}))
        write(files, *arguments)

    monkeypatch.setattr(JobFiles, "write_requests", taken_over)
    with pytest.raises(AirflowFailException, match="has taken the batch over"):
        jobs(prompts(2)).execute({"ti": make_ti("monday")})

    assert statuses(uris[0]) == ["made"] * 2
    assert len(created(emulator)) == 1


def test_jobs_before_a_refused_one_are_named(ti: Any, emulator: Any, logged: Any) -> None:
    items = [{"prompt": "a", "model": GEMINI}, {"prompt": "b", "model": "gemini-3-pro-image"}]
    emulator.order_fault(Fault("create_job", status=403, skip=1))

    with pytest.raises(AirflowFailException, match="PermissionDeniedError"):
        jobs(items, item_arguments=["prompt", "model"]).execute({"ti": ti})

    assert re.search(r"Created before, and going on: projects/\S+/batchPredictionJobs/\d+\. Another try", logged())


@pytest.mark.parametrize("is_ended", [False, True])
def test_what_a_job_makes_is_not_asked_for_online_too(make_ti: Any, emulator: Any, *, is_ended: bool) -> None:
    emulator.order_job(JobOrder(pending_seconds=30, running_seconds=30))
    deferred(jobs(prompts(2), deferrable=True), make_ti(max_tries=2))
    emulator.advance(100 if is_ended else 0)

    with pytest.raises(AirflowFailException, match="makes 2 images of this table.*Set mode='batch'"):
        jobs(prompts(3), mode="online").execute({"ti": make_ti(try_number=2, max_tries=2)})
    assert model_requests(emulator) == []
    uri = jobs([{"key": "other", "prompt": "a dog"}], mode="online").execute({"ti": make_ti("other")})
    assert statuses(uri) == ["made"]


def test_what_a_failed_job_did_not_make_is_asked_for_online(make_ti: Any, emulator: Any) -> None:
    emulator.order_job(JobOrder(pending_seconds=30, running_seconds=30, end_state="JOB_STATE_FAILED", finished_lines=0))
    deferred(jobs(prompts(2), deferrable=True), make_ti("monday"))
    emulator.advance(100)

    assert statuses(jobs(prompts(2), mode="online").execute({"ti": make_ti("tuesday")})) == ["made"] * 2


def test_jobs_are_cancelled_also_where_the_plan_of_the_run_is_gone(ti: Any, emulator: Any) -> None:
    emulator.order_job(JobOrder(pending_seconds=3600, running_seconds=3600))
    waiting = deferred(jobs(prompts(2), deferrable=True), ti)
    (plan,) = [name for name in emulator.list_objects("bucket", "made/_imagen/") if "/plan-" in name]
    emulator.put_object("bucket", plan, b"{", "application/jsonl")

    with pytest.raises(JobTimeoutError, match="They are cancelled"):
        jobs("gone", cancel_on_timeout=True).execute_complete({"ti": ti}, {"status": "timeout", "message": "Too long."})
    assert any(each.path.endswith(f"{waiting.trigger.jobs[0]}:cancel") for each in emulator.requests)


@pytest.mark.parametrize("mode", ["online", "batch"])
def test_items_that_a_policy_refused_are_asked_for_by_a_run_with_another(
    make_ti: Any, emulator: Any, mode: str
) -> None:
    def counts(run: str, policy: str) -> dict[str, int]:
        ti = make_ti(run)
        operator = jobs(prompts(2), mode=mode, if_exists=policy, max_failed_items=2)
        operator.execute({"ti": ti})
        return {status: number for status, number in ti.pushed["result"]["counts"].items() if number}

    assert counts("monday", "reuse") == {"made": 2}
    assert counts("tuesday", "fail") == {"failed": 2}
    assert counts("wednesday", "generate") == {"made": 2}
    assert counts("thursday", "fail") == {"failed": 2}
    with pytest.raises(AirflowFailException, match="A retry would not change that: see the reasons"):
        jobs(prompts(2), mode=mode, if_exists="fail").execute({"ti": make_ti("saturday")})
