"""A batch pays for nothing twice: what a later run, a retry or a clear asks for, and what it costs to find out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from support.batches import batch, lines_of, manifest_of, rows, statuses
from support.emulated import images_in, model_requests, put, records_in

from airflow_provider_imagen.emulator import Fault
from airflow_provider_imagen.errors import BatchFailedError

PLACE = "gs://bucket/made/"


def storage_requests(emulator: Any, since: int) -> list[Any]:
    return [each for each in emulator.requests[since:] if "/b/" in each.path]


@pytest.mark.parametrize("place", ["cloud", "disk"], indirect=True)
@pytest.mark.parametrize("number_of_images", [1, 2])
def test_tomorrows_run_asks_for_what_is_new_and_changed(
    place: str, number_of_images: int, make_ti: Any, emulator: Any
) -> None:
    options = {"number_of_images": number_of_images}
    batch(rows(4), place, **options).execute({"ti": make_ti("monday")})
    items = [*rows(4), {"key": "new", "prompt": "a new boat"}]
    items[1] = {"key": "sku-1", "prompt": "another boat"}
    ti = make_ti("tuesday")

    uri = batch(items, place, **options).execute({"ti": ti})

    assert statuses(uri) == ["reused", "made", "reused", "reused", "made"]
    assert len(model_requests(emulator)) == 6 * number_of_images
    assert len(images_in(place, emulator)) == 5 * number_of_images
    assert [bool(line["estimated_cost_usd"]) for line in lines_of(uri)] == [False, True, False, False, True]


def test_a_run_that_finds_everything_asks_storage_a_handful_of_times(make_ti: Any, emulator: Any) -> None:
    batch(rows(40), max_concurrency=16).execute({"ti": make_ti("monday")})
    before = len(emulator.requests)

    uri = batch(rows(40)).execute({"ti": make_ti("tuesday")})

    assert statuses(uri) == ["reused"] * 40
    assert len(model_requests(emulator)) == 40
    assert len(storage_requests(emulator, before)) <= 12


def test_an_image_that_was_removed_is_made_again(make_ti: Any, emulator: Any, tmp_path: Path) -> None:
    batch(rows(3), str(tmp_path)).execute({"ti": make_ti("monday")})
    (tmp_path / "sku-1.png").unlink()

    uri = batch(rows(3), str(tmp_path)).execute({"ti": make_ti("tuesday")})

    assert statuses(uri) == ["reused", "made", "reused"]


def test_generate_makes_new_images_in_each_run_and_replaces_the_old(make_ti: Any, emulator: Any) -> None:
    for run_id in ("monday", "tuesday"):
        assert statuses(batch(rows(3), if_exists="generate").execute({"ti": make_ti(run_id)})) == ["made"] * 3

    assert len(model_requests(emulator)) == 6
    assert len(images_in(PLACE, emulator)) == 3


def test_a_retry_of_generate_goes_on_where_the_failed_try_ended(make_ti: Any, emulator: Any) -> None:
    emulator.order_fault(Fault("generate", status=404, prompt_contains="number 1."))
    first, second = make_ti(max_tries=1), make_ti(try_number=2, max_tries=1)

    with pytest.raises(BatchFailedError):
        batch(rows(3), if_exists="generate").execute({"ti": first})
    uri = batch(rows(3), if_exists="generate").execute({"ti": second})

    assert statuses(uri) == ["reused", "made", "reused"]
    assert len(model_requests(emulator)) == 4


def test_fail_makes_only_what_is_not_there(make_ti: Any, emulator: Any) -> None:
    batch(rows(2)).execute({"ti": make_ti("monday")})
    ti = make_ti("tuesday")

    with pytest.raises(AirflowFailException, match="2 of 3 items"):
        batch(rows(3), if_exists="fail").execute({"ti": ti})

    assert statuses(manifest_of(ti)) == ["failed", "failed", "made"]


def test_a_filtered_item_is_not_asked_again_unless_the_task_wants_that(make_ti: Any, emulator: Any) -> None:
    emulator.order_fault(Fault("generate", filtered=1, times=None, prompt_contains="number 1."))
    options = {"on_filtered": "warn"}
    said = [lines_of(batch(rows(3), **options).execute({"ti": make_ti(day)})) for day in ("monday", "tuesday")]
    asked = len(model_requests(emulator))
    said.append(lines_of(batch(rows(3), retry_filtered=True, **options).execute({"ti": make_ti("wednesday")})))

    assert [line["status"] for line in said[0]] == ["made", "filtered", "made"]
    assert [[line["status"] for line in lines] for lines in said[1:]] == [["reused", "filtered", "reused"]] * 2
    assert said[1][1]["reason"] == said[0][1]["reason"]
    assert (asked, len(model_requests(emulator))) == (3, 4)


@pytest.mark.parametrize("status", [302, 400, 404, 405])
def test_an_item_that_a_proxy_refused_is_asked_for_again(make_ti: Any, emulator: Any, status: int) -> None:
    emulator.order_fault(Fault("generate", status=status, html=True, times=None))
    with pytest.raises(
        BatchFailedError, match="(?s)Another try asks only for what is missing.*no answer of Google's API"
    ):
        batch(rows(2)).execute({"ti": make_ti("monday")})
    emulator.clear_faults()

    assert statuses(batch(rows(2)).execute({"ti": make_ti("tuesday")})) == ["made", "made"]


def test_a_changed_item_is_asked_for_though_its_old_words_were_refused(make_ti: Any, emulator: Any) -> None:
    emulator.order_fault(Fault("generate", status=400, prompt_contains="number 1."))
    with pytest.raises(AirflowFailException):
        batch(rows(2)).execute({"ti": make_ti("monday")})
    items = [rows(2)[0], {"key": "sku-1", "prompt": "something else"}]

    assert statuses(batch(items).execute({"ti": make_ti("tuesday")})) == ["reused", "made"]


def test_a_response_that_was_lost_stays_lost_in_a_retry_and_is_asked_for_after_a_clear(
    make_ti: Any, emulator: Any
) -> None:
    emulator.order_fault(Fault("generate", reset=True, after_work=True, prompt_contains="number 1."))
    first, retry = make_ti(max_tries=1), make_ti(try_number=2, max_tries=1)
    for ti in (first, retry):
        with pytest.raises(AirflowFailException, match="1 of 3 items"):
            batch(rows(3)).execute({"ti": ti})
        assert statuses(manifest_of(ti)) == [
            *["made" if ti is first else "reused"],
            "lost",
            *statuses(manifest_of(ti))[2:],
        ]
    asked = len(model_requests(emulator))

    cleared = batch(rows(3)).execute({"ti": make_ti(try_number=3, max_tries=3)})

    assert asked == 3
    assert statuses(cleared) == ["reused", "made", "reused"]


def test_with_resend_a_lost_response_is_asked_for_once_more(ti: Any, emulator: Any) -> None:
    emulator.order_fault(Fault("generate", reset=True, after_work=True, prompt_contains="number 1."))

    uri = batch(rows(3), on_lost="resend").execute({"ti": ti})

    assert statuses(uri) == ["made"] * 3
    assert len(model_requests(emulator)) == 4
    assert lines_of(uri)[1]["estimated_cost_usd"] > 1.5 * lines_of(uri)[0]["estimated_cost_usd"]


def test_files_of_other_keys_and_tasks_are_nobodys_images(make_ti: Any, emulator: Any) -> None:
    batch([{"key": "sku-1", "prompt": "a boat"}]).execute({"ti": make_ti("monday")})
    put(PLACE, "sku-10.png", b"another", emulator)
    put(PLACE, "sku-1/_imagen/x.json", b"{}", emulator)

    uri = batch([{"key": k, "prompt": "a boat"} for k in ("sku-1", "sku-10")]).execute({"ti": make_ti("tuesday")})

    assert statuses(uri) == ["reused", "made"]


def test_a_state_that_cannot_be_read_stops_the_task_by_name(make_ti: Any, emulator: Any) -> None:
    batch(rows(2)).execute({"ti": make_ti("monday")})
    (name,) = [each for each in records_in(PLACE, emulator) if each.endswith("state.json")]
    put(PLACE, f"_imagen/{name}", b"{", emulator)

    with pytest.raises(AirflowFailException, match=r"state of the batch cannot be read: gs://bucket/made/_imagen/"):
        batch(rows(3)).execute({"ti": make_ti("tuesday")})

    assert len(model_requests(emulator)) == 2


def test_a_record_that_cannot_be_read_stops_its_item_only(make_ti: Any, emulator: Any) -> None:
    batch(rows(2)).execute({"ti": make_ti("monday")})
    name = next(each for each in records_in(PLACE, emulator) if each.startswith("sku-1."))
    put(PLACE, f"_imagen/{name.replace('.json', '.intent.json')}", b"{", emulator)
    ti = make_ti("tuesday")

    with pytest.raises(BatchFailedError, match="cannot be read"):
        batch(rows(3)).execute({"ti": ti})

    assert statuses(manifest_of(ti)) == ["reused", "failed", "made"]
