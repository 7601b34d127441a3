"""What a task does when an earlier try died between its request and its return."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from operators.earlier_tries import (
    PLACES,
    BrokenStore,
    StateStore,
    images_in,
    leave_receipt,
    operator,
    questions,
    receipt_for,
)

from airflow_provider_imagen.emulator import Fault


def test_what_a_dead_worker_left_on_disk_is_kept_and_only_the_rest_is_asked_for(
    emulator: Any, ti: Any, tmp_path: Path
) -> None:
    folder = leave_receipt(str(tmp_path), ti, emulator, number_of_images=3, seed=7, add_watermark=False)
    (folder / "sample_0.png").write_bytes(b"paid for")

    uris = operator(str(tmp_path), number_of_images=3, seed=7, add_watermark=False).execute({"ti": ti})

    (request,) = emulator.requests
    assert request.json["parameters"]["sampleCount"] == 2
    assert request.json["parameters"]["seed"] == 8
    assert uris == [f"{folder}/sample_{number}.png" for number in range(3)]
    assert (folder / "sample_0.png").read_bytes() == b"paid for"
    assert [image["uri"] for image in ti.pushed["result"]["images"]] == uris


def test_all_that_a_dead_worker_wrote_is_returned_without_a_request(emulator: Any, ti: Any, tmp_path: Path) -> None:
    folder = leave_receipt(str(tmp_path), ti, emulator)
    (folder / "sample_0.jpg").write_bytes(b"paid for")

    assert operator(str(tmp_path)).execute({"ti": ti}) == [f"{folder}/sample_0.jpg"]
    assert emulator.requests == []
    assert ti.pushed["result"]["images"][0]["mime_type"] == "image/jpeg"


def test_images_that_came_after_a_worker_died_are_found_in_the_bucket(emulator: Any, ti: Any) -> None:
    leave_receipt("gs://bucket/made/", ti, emulator)
    emulator.put_object("bucket", "made/1733000000000/sample_0.png", b"paid for", "image/png")

    assert operator("gs://bucket/made/").execute({"ti": ti}) == ["gs://bucket/made/1733000000000/sample_0.png"]
    assert questions(emulator) == 0
    assert ti.pushed["result"]["reused"] is True


def test_a_dead_workers_request_that_brought_nothing_is_sent_again(emulator: Any, ti: Any) -> None:
    leave_receipt("gs://bucket/made/", ti, emulator)

    assert len(operator("gs://bucket/made/").execute({"ti": ti})) == 1
    assert questions(emulator) == 1


def test_an_unreadable_receipt_counts_as_none(emulator: Any, ti: Any, tmp_path: Path) -> None:
    folder = leave_receipt(str(tmp_path), ti, emulator)
    (folder / "request.json").write_text("{half")

    assert len(operator(str(tmp_path)).execute({"ti": ti})) == 1


@pytest.mark.parametrize("place", PLACES, indirect=True)
def test_the_state_store_bridges_a_worker_that_died_before_it_returned(
    place: str, emulator: Any, ti: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = StateStore()
    with monkeypatch.context() as dying:
        dying.setattr("airflow_provider_imagen.operators.memory.Memory.returned", die)
        with pytest.raises(KeyboardInterrupt):
            operator(place, if_exists="generate").execute({"ti": ti, "task_state_store": store})

    uris = operator(place, if_exists="generate").execute({"ti": ti, "task_state_store": store})

    assert questions(emulator) == 1
    assert uris == images_in(place, emulator)
    assert not store


def die(memory: Any) -> None:
    raise KeyboardInterrupt


def test_the_state_store_knows_a_request_whose_worker_died_before_the_answer(emulator: Any, ti: Any) -> None:
    receipt = receipt_for("gs://bucket/made/")
    emulator.put_object("bucket", "made/1733000000000/sample_0.png", b"paid for", "image/png")
    store = StateStore(imagen_request=receipt.encode().decode())

    uris = operator("gs://bucket/made/", if_exists="generate").execute({"ti": ti, "task_state_store": store})

    assert uris == ["gs://bucket/made/1733000000000/sample_0.png"]
    assert questions(emulator) == 0


def test_a_broken_state_store_fails_no_task(emulator: Any, ti: Any, tmp_path: Path) -> None:
    assert len(operator(str(tmp_path)).execute({"ti": ti, "task_state_store": BrokenStore()})) == 1


def test_fail_names_what_a_dead_worker_left_on_disk(emulator: Any, ti: Any, tmp_path: Path) -> None:
    folder = leave_receipt(str(tmp_path), ti, emulator, number_of_images=2)
    (folder / "sample_0.png").write_bytes(b"paid for")

    with pytest.raises(AirflowFailException, match="ImagesExistError: .*sample_0.png"):
        operator(str(tmp_path), number_of_images=2, if_exists="fail").execute({"ti": ti})
    assert emulator.requests == []


def test_fail_names_what_came_into_the_bucket_after_a_worker_died(emulator: Any, ti: Any) -> None:
    leave_receipt("gs://bucket/made/", ti, emulator)
    emulator.put_object("bucket", "made/1733000000000/sample_0.png", b"paid for", "image/png")

    with pytest.raises(AirflowFailException, match="ImagesExistError: .*1733000000000"):
        operator("gs://bucket/made/", if_exists="fail").execute({"ti": ti})
    assert questions(emulator) == 0


def test_images_of_an_older_request_are_not_taken_for_those_of_a_dead_worker(
    emulator: Any, ti: Any, tmp_path: Path
) -> None:
    (older,) = operator(str(tmp_path), prompt="another prompt").execute({"ti": ti})
    note = Path(older).with_name("request.json")
    note.write_bytes(receipt_for(str(tmp_path), earlier=(older,)).encode())

    (uri,) = operator(str(tmp_path)).execute({"ti": ti})

    assert uri != older
    assert questions(emulator) == 2


def test_a_second_death_does_not_forget_what_the_first_left(emulator: Any, ti: Any, tmp_path: Path) -> None:
    folder = leave_receipt(str(tmp_path), ti, emulator, number_of_images=2)
    (folder / "sample_0.png").write_bytes(b"paid for")
    emulator.order_fault(Fault("generate", status=400))
    with pytest.raises(AirflowFailException):
        operator(str(tmp_path), number_of_images=2).execute({"ti": ti})
    asked = json.loads((folder / "request.json").read_text())

    assert asked["earlier"] == []


def test_when_the_missing_images_are_refused_those_that_are_there_are_returned(
    emulator: Any, ti: Any, tmp_path: Path
) -> None:
    folder = leave_receipt(str(tmp_path), ti, emulator, number_of_images=2)
    (folder / "sample_0.png").write_bytes(b"paid for")
    emulator.order_fault(Fault("generate", blocked_prompt=True, support_codes=("58061214",)))

    uris = operator(str(tmp_path), number_of_images=2).execute({"ti": ti})

    assert uris == [f"{folder}/sample_0.png"]
    assert ti.pushed["result"]["filtered"] == 1


def test_a_dead_workers_request_of_an_hour_ago_is_not_waited_for(emulator: Any, ti: Any, pauses: list[float]) -> None:
    leave_receipt("gs://bucket/made/", ti, emulator, minutes_ago=60)

    operator("gs://bucket/made/").execute({"ti": ti})
    assert pauses == []


def test_after_a_person_was_asked_the_next_try_asks_anew(emulator: Any, ti: Any) -> None:
    leave_receipt("gs://bucket/made/", ti, emulator)
    for folder in ("1733000000000", "1733000000001"):
        emulator.put_object("bucket", f"made/{folder}/sample_0.png", b"whose?", "image/png")
    with pytest.raises(AirflowFailException, match=r"An earlier try .* may belong to this task or to another one"):
        operator("gs://bucket/made/").execute({"ti": ti})

    assert len(operator("gs://bucket/made/").execute({"ti": ti})) == 1
    assert questions(emulator) == 1


def test_the_state_store_forgets_a_refused_request(emulator: Any, ti: Any) -> None:
    store = StateStore()
    emulator.order_fault(Fault("generate", status=400))
    with pytest.raises(AirflowFailException):
        operator("gs://bucket/made/", if_exists="generate").execute({"ti": ti, "task_state_store": store})

    assert not store


def test_the_state_store_helps_where_the_receipt_could_not_be_replaced(emulator: Any, ti: Any) -> None:
    store = StateStore()
    emulator.order_fault(Fault("upload", skip=1, status=403))
    uris = operator("gs://bucket/made/").execute({"ti": ti, "task_state_store": store})

    assert operator("gs://bucket/made/").execute({"ti": ti, "task_state_store": store}) == uris
    assert questions(emulator) == 1


def test_images_of_an_earlier_try_come_in_their_order(emulator: Any, ti: Any, tmp_path: Path) -> None:
    folder = leave_receipt(str(tmp_path), ti, emulator, number_of_images=2)
    for number in (10, 9):
        (folder / f"sample_{number}.png").write_bytes(b"paid for")
    (folder / ".sample_11.png.part").write_bytes(b"half")

    uris = operator(str(tmp_path), number_of_images=2).execute({"ti": ti})
    assert uris == [f"{folder}/sample_9.png", f"{folder}/sample_10.png"]
