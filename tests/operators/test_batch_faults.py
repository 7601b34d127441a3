"""What goes wrong in a batch: whose trouble it is, what is sent again, and at which pace."""

from __future__ import annotations

from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from support.batches import batch, lines_of, manifest_of, rows, statuses
from support.emulated import images_in, model_requests

from airflow_provider_imagen.emulator import Fault
from airflow_provider_imagen.errors import BatchFailedError

PLACE = "gs://bucket/made/"


@pytest.mark.parametrize("status", [429, 503])
def test_a_storm_of_refusals_slows_all_and_fails_none(status: int, ti: Any, emulator: Any, pauses: list[float]) -> None:
    emulator.order_fault(Fault("generate", status=status, times=12, headers={"Retry-After": "7"}))

    uri = batch(rows(20)).execute({"ti": ti})

    assert statuses(uri) == ["made"] * 20
    assert len(model_requests(emulator)) == 32
    assert max(pauses) >= 6


def test_refusals_that_never_end_stop_the_batch_and_not_each_item_for_itself(
    ti: Any, emulator: Any, pauses: list[float]
) -> None:
    emulator.order_fault(Fault("generate", status=429, times=None))

    with pytest.raises(BatchFailedError, match="20 of 20 items"):
        batch(rows(20)).execute({"ti": ti})

    assert set(statuses(manifest_of(ti))) == {"failed", "not_sent"}
    assert len(model_requests(emulator)) < 60


def test_errors_of_googles_own_are_sent_again(ti: Any, emulator: Any) -> None:
    emulator.order_fault(Fault("generate", status=500, times=5))

    assert statuses(batch(rows(6)).execute({"ti": ti})) == ["made"] * 6


def test_an_answer_without_an_image_is_asked_for_once_more(ti: Any, emulator: Any) -> None:
    emulator.order_fault(Fault("generate", finish_reason="NO_IMAGE", prompt_contains="number 1."))
    emulator.order_fault(Fault("generate", finish_reason="NO_IMAGE", times=2, prompt_contains="number 2."))

    with pytest.raises(BatchFailedError, match="row 3"):
        batch(rows(4)).execute({"ti": ti})

    assert statuses(manifest_of(ti)) == ["made", "made", "failed", "made"]
    assert len(model_requests(emulator)) == 6


def test_one_items_trouble_stops_no_other(ti: Any, emulator: Any) -> None:
    emulator.order_fault(Fault("generate", status=400, prompt_contains="number 0."))
    emulator.order_fault(Fault("generate", status=403, prompt_contains="number 1."))
    emulator.order_fault(Fault("generate", reset=True, prompt_contains="number 2."))
    emulator.order_fault(Fault("generate", blocked_prompt=True, prompt_contains="number 3."))

    with pytest.raises(BatchFailedError) as failure:
        batch(rows(6)).execute({"ti": ti})

    assert statuses(manifest_of(ti)) == ["failed", "failed", "lost", "filtered", "made", "made"]
    assert "4 of 6 items have no images, max_failed_items allows 0" in str(failure.value)
    assert manifest_of(ti) in str(failure.value)


def test_a_caller_without_rights_is_refused_a_few_times_and_not_once_an_item(ti: Any, emulator: Any) -> None:
    emulator.order_fault(Fault("generate", status=403, times=None))

    with pytest.raises(BatchFailedError, match="60 of 60"):
        batch(rows(60)).execute({"ti": ti})

    assert len(model_requests(emulator)) <= 10 + 8


def test_a_model_that_google_does_not_know_is_asked_for_once_and_then_the_fallback(ti: Any, emulator: Any) -> None:
    emulator.retire("gemini-2.5-flash-image")

    uri = batch(rows(6), fallback_model="gemini-3.1-flash-image", max_concurrency=1).execute({"ti": ti})

    assert {line["model"] for line in lines_of(uri)} == {"gemini-3.1-flash-image"}
    assert len(model_requests(emulator)) == 7


def test_a_bucket_that_turns_read_only_costs_no_more_than_what_was_under_way(ti: Any, emulator: Any) -> None:
    emulator.order_fault(Fault("upload", bucket_state="read_only", times=None, skip=12))

    with pytest.raises(AirflowFailException, match=r"manifest could not be written: .* kept on this worker"):
        batch(rows(40), max_concurrency=2).execute({"ti": ti})

    assert len(model_requests(emulator)) <= len(images_in(PLACE, emulator)) + 4
    assert sum(ti.pushed["result"]["counts"].values()) == 40


def test_an_image_that_could_not_be_stored_has_its_price_in_the_manifest(ti: Any, emulator: Any) -> None:
    emulator.order_fault(Fault("upload", status=403, skip=4))  # after lease, renewal, plan and state

    with pytest.raises(BatchFailedError, match="could not be written"):
        batch(rows(3), max_concurrency=1).execute({"ti": ti})

    failed, *others = lines_of(manifest_of(ti))
    assert (failed["status"], failed["estimated_cost_usd"]) == ("failed", pytest.approx(0.039))
    assert [line["estimated_cost_usd"] for line in others] == [0, 0]
    assert ti.pushed["result"]["estimated_cost_usd"] == pytest.approx(0.039)


@pytest.mark.parametrize(
    ("max_failed_items", "fails"), [(0, True), ("1", False), (0.5, False), ("25%", False), ("20%", True)]
)
def test_so_many_items_may_fail(max_failed_items: Any, fails: bool, ti: Any, emulator: Any) -> None:
    emulator.order_fault(Fault("generate", status=400, prompt_contains="number 1."))
    task = batch(rows(4), max_failed_items=max_failed_items)

    if fails:
        with pytest.raises(AirflowFailException, match="BatchRefusedError: 1 of 4 items"):
            task.execute({"ti": ti})
    else:
        task.execute({"ti": ti})

    assert statuses(manifest_of(ti)) == ["made", "failed", "made", "made"]


@pytest.mark.parametrize("on_filtered", ["fail", "skip", "warn"])
def test_filtered_items_count_as_failed_only_where_the_task_says_so(on_filtered: str, ti: Any, emulator: Any) -> None:
    emulator.order_fault(Fault("generate", filtered=1, prompt_contains="number 1."))
    task = batch(rows(3), on_filtered=on_filtered)

    if on_filtered == "fail":
        with pytest.raises(AirflowFailException, match="row 2 .key 'sku-1'., filtered: "):
            task.execute({"ti": ti})
    else:
        task.execute({"ti": ti})

    assert statuses(manifest_of(ti)) == ["made", "filtered", "made"]
