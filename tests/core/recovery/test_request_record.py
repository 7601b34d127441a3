"""What one try of a task leaves for the next."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from airflow_provider_imagen.core.recovery.request_record import (
    RequestRecord,
    TaskIdentity,
    fingerprint_of,
    read_record,
    record_name,
    record_names,
    relevant_record,
)
from airflow_provider_imagen.core.requests import GenerateRequest, UpscaleRequest
from airflow_provider_imagen.core.result_document import ResultDocument

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
TASK = TaskIdentity(dag_id="dag", run_id="run", task_id="task", try_number=1, max_tries=2)
DOCUMENT = ResultDocument(model="m", location="l", parameters={}, images=(), filtered=0, filter_reasons=())


def request(**arguments: Any) -> GenerateRequest:
    return GenerateRequest(**{"model": "m", "prompt": "a boat", "output_uri": "gs://bucket/a/", **arguments})


def record(seconds: float = 0, **fields: Any) -> RequestRecord:
    given = {"fingerprint": "f", "writer": TASK, "sent_at": NOW + timedelta(seconds=seconds), "timeout_seconds": 300}
    if fields.get("state") == "finished":
        given["result"] = DOCUMENT
    return RequestRecord(**given | fields)


@pytest.mark.parametrize("state", ["in_flight", "lost", "finished"])
def test_a_record_survives_being_written_and_read(state: str) -> None:
    written = record(state=state, before={"a/0.png": "17"}, requested=3)

    assert read_record(written.encode()) == written


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"{", b"[]", b"null", b"1", b'"x"', b'{"version": 2}', b"\xff", b'{"fingerprint": 1}', b"[" * 100_000),
        json.dumps({**json.loads(record().encode()), "version": 2}).encode(),
        json.dumps({**json.loads(record().encode()), "state": "finished"}).encode(),
        json.dumps({**json.loads(record(state="finished").encode()), "result": {"images": 1}}).encode(),
        json.dumps({**json.loads(record(state="finished").encode()), "state": "in_flight"}).encode(),
        json.dumps({**json.loads(record().encode()), "sent_at": "yesterday"}).encode(),
    ],
)
def test_what_cannot_be_read_is_said_to_be_unreadable(content: bytes) -> None:
    assert read_record(content) is None


@pytest.mark.parametrize(
    "change",
    [
        *({"prompt": "a ship"}, {"number_of_images": 2}, {"seed": 1}, {"aspect_ratio": "1:1"}, {"image_size": "2K"}),
        *({"negative_prompt": "dogs"}, {"safety_filter_level": "block_none"}, {"output_mime_type": "image/png"}),
        *({"thinking_level": "HIGH"}, {"system_instruction": "In oil"}, {"google_search": True}),
        *({"prominent_people": "block_prominent_people"}, {"reference_images": "gs://b/a.png"}),
    ],
    ids=str,
)
def test_what_decides_the_picture_changes_the_fingerprint(change: dict[str, Any]) -> None:
    assert fingerprint_of(request(**change), "m") != fingerprint_of(request(), "m")


@pytest.mark.parametrize(
    "change",
    [
        *({"on_filtered": "skip"}, {"if_exists": "reuse"}, {"on_lost": "resend"}, {"image_key": "sku1"}),
        *({"labels": {"a": "b"}}, {"output_uri": "gs://bucket/b/"}, {"include_rai_reason": None}, {"model": "other"}),
        *({"include_safety_attributes": True}, {"service_tier": "flex"}, {"google_search": False}),
    ],
    ids=str,
)
def test_what_does_not_decide_the_picture_does_not_change_the_fingerprint(change: dict[str, Any]) -> None:
    assert fingerprint_of(request(**change), "m") == fingerprint_of(request(), "m")


def test_the_model_counts_as_it_was_written() -> None:
    assert fingerprint_of(request(model="default"), None) == fingerprint_of(request(model="another default"), None)
    assert fingerprint_of(request(), "m") != fingerprint_of(request(), None)


def test_pictures_count_in_their_order_by_what_identifies_them() -> None:
    def fingerprint(uris: list[str], **identities: str) -> str:
        known = {uri: identities[uri.strip("/")] for uri in uris}
        return fingerprint_of(request(reference_images=uris), "m", known)

    first = fingerprint(["/a", "/b"], a="1", b="2")

    assert fingerprint(["/c", "/d"], c="1", d="2") == first
    assert fingerprint(["/a", "/b"], a="2", b="1") != first


def test_a_picture_counts_by_what_identifies_it() -> None:
    def upscale(image: str) -> UpscaleRequest:
        return UpscaleRequest(model="m", image=image, upscale_factor="x2", output_uri="/a")

    first = fingerprint_of(upscale("/a.png"), None, {"/a.png": "sha256:1"})

    assert fingerprint_of(upscale("/b.png"), None, {"/b.png": "sha256:1"}) == first
    assert fingerprint_of(upscale("/a.png"), None, {"/a.png": "sha256:2"}) != first


def test_fingerprints_stay_what_they_are() -> None:
    """A changed fingerprint makes every stored image of every user unknown, and its request is paid again."""
    everything = {"negative_prompt": "dogs", "aspect_ratio": "16:9", "seed": 7, "number_of_images": 4}

    assert fingerprint_of(request(), None)[:12] == GOLDEN["plain"]
    assert fingerprint_of(request(), "gemini-3-pro-image")[:12] == GOLDEN["with a model"]
    assert fingerprint_of(request(**everything), None)[:12] == GOLDEN["with arguments"]
    upscale = UpscaleRequest(model="m", image="/a.png", upscale_factor="x2", output_uri="/a")
    assert fingerprint_of(upscale, None, {"/a.png": "md5:x"})[:12] == GOLDEN["upscale"]


GOLDEN = {
    "plain": "f12b347dcd87",
    "with a model": "be6d49209b13",
    "with arguments": "f255bb350105",
    "upscale": "f80a6251cdab",
}


def test_a_fingerprint_tells_nothing_of_the_words() -> None:
    assert "boat" not in fingerprint_of(request(), None)


def test_names_of_records_are_told_apart_from_those_of_other_keys() -> None:
    own = [
        record_name("sku1", "0123456789abcdef", is_intent=False),
        record_name("sku1", "0123456789abcdef", is_intent=True),
        record_name("sku1", "0123456789abcdef", is_intent=True, number=2),
    ]
    others = [
        record_name("sku10", "0123456789abcdef", is_intent=False),
        record_name("sku1.0123456789ab", "0123456789abcdef", is_intent=False),
        "sku1.json",
        "sku1.0123456789ab.json.part",
        "xsku1.0123456789ab.json",
    ]

    assert own == ["sku1.0123456789ab.json", "sku1.0123456789ab.intent.json", "sku1.0123456789ab.intent~2.json"]
    assert [found.name for found in record_names("sku1", [*others, *own])] == own
    assert [(found.is_intent, found.number) for found in record_names("sku1", own)] == [
        (False, 1),
        (True, 1),
        (True, 2),
    ]


@pytest.mark.parametrize(
    ("writer", "seconds", "expected"),
    [
        (TASK, 0, "this_task"),
        (TASK.model_copy(update={"try_number": 3, "max_tries": 5}), 10_000, "this_task"),
        (TASK.model_copy(update={"map_index": 1}), 359, "same_run"),
        (TASK.model_copy(update={"map_index": 1}), 361, "expired"),
        (TASK.model_copy(update={"task_id": "other"}), 0, "same_run"),
        (TASK.model_copy(update={"run_id": "other"}), 359, "other_run"),
        (TASK.model_copy(update={"run_id": "other"}), 361, "expired"),
        (TASK.model_copy(update={"dag_id": "other"}), 0, "other_run"),
    ],
)
def test_the_writer_is_told_by_task_instance_and_time(writer: TaskIdentity, seconds: float, expected: str) -> None:
    assert record(writer=writer).writer_for(TASK, NOW + timedelta(seconds=seconds)) == expected


def test_a_clear_is_told_from_a_retry_by_the_bound_of_tries() -> None:
    retried = TASK.model_copy(update={"try_number": 2})
    cleared = TASK.model_copy(update={"try_number": 2, "max_tries": 3})
    another_run = TASK.model_copy(update={"run_id": "next"})

    assert [record().is_cleared_for(each) for each in (retried, cleared, another_run)] == [False, True, True]


OTHER_RUN = TASK.model_copy(update={"run_id": "other"})


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        ([], None),
        ([record(state="finished"), record(1)], 1),
        ([record(1, state="finished"), record()], 0),
        ([record(state="finished"), record()], 0),
        ([record(state="finished"), record(1, state="finished", fingerprint="g")], 1),
        ([record(fingerprint="g"), record(1)], 1),
        ([record(writer=OTHER_RUN), record(1)], 0),
        ([record(writer=OTHER_RUN), record(1, state="finished")], 1),
        ([record(writer=OTHER_RUN, fingerprint="g"), record(1, state="finished")], 0),
        ([record(writer=OTHER_RUN, state="lost"), record(1, state="finished")], 1),
        ([record(), record(state="lost")], 1),
        ([record(state="finished"), record(1, fingerprint="g", state="lost")], 1),
    ],
)
def test_another_writers_request_in_flight_counts_first_and_else_the_newest_record(
    records: list[RequestRecord], expected: int | None
) -> None:
    found = relevant_record(records, TASK, "f", {}, NOW)

    assert found == (None if expected is None else records[expected])


def test_a_result_counts_as_long_as_newer_requests_have_touched_none_of_its_files() -> None:
    uri = "gs://b/sku1.png"
    image = {"uri": uri, "mime_type": "image/png"}
    result = ResultDocument.read({**DOCUMENT.to_json(), "images": [image]})
    own = record(state="finished", result=result)
    lost = record(1, fingerprint="g", state="lost", before={"sku1.png": "1"})

    assert relevant_record([own, lost], TASK, "f", {"sku1.png": "1"}, NOW) == own
    assert relevant_record([own, lost], TASK, "f", {"sku1.png": "2"}, NOW) == lost
    assert relevant_record([own, lost], TASK, "f", {}, NOW) == lost
