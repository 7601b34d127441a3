"""Ordered faults apply where, how and as often as ordered."""

from __future__ import annotations

import http.client
import time
from collections.abc import Callable
from typing import Any

import pytest

from airflow_provider_imagen.emulator import Fault

Send = Callable[[Any], Any]
STORED = "gs://bucket/x/"
LOOKUP = "/v1beta1/publishers/google/models/imagen-4.0-generate-001"
BROKEN = (ConnectionResetError, http.client.RemoteDisconnected)
CALLS: dict[str, Send] = {
    "generate": lambda google: google.generate(storageUri=STORED, outputOptions={"mimeType": "image/jpeg"}),
    "upscale": lambda google: google.upscale({"gcsUri": "gs://bucket/a.png"}),
    "lookup": lambda google: google.get(LOOKUP),
    "list": lambda google: google.objects(query="prefix=a"),
    "upload": lambda google: google.upload("new.txt", b"new"),
    "download": lambda google: google.download("a.png"),
}
every_call = pytest.mark.parametrize("operation", CALLS)


@pytest.fixture(autouse=True)
def stored(emulator: Any, picture: Any) -> None:
    emulator.put_object("bucket", "a.png", picture(), "image/png")


@every_call
def test_nothing_goes_wrong_unless_ordered(google: Any, operation: str) -> None:
    assert CALLS[operation](google).status == 200


@every_call
@pytest.mark.parametrize("status", [401, 429, 503])
def test_a_status_comes_with_headers_message_and_details(
    google: Any, emulator: Any, operation: str, status: int
) -> None:
    retry_info = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "3s"}
    fault = Fault(operation, status=status, message="No.", headers={"Retry-After": "3"}, details=(retry_info,))
    emulator.order_fault(fault)

    answer = CALLS[operation](google)

    word = {401: "UNAUTHENTICATED", 429: "RESOURCE_EXHAUSTED", 503: "UNAVAILABLE"}[status]
    assert (answer.status, answer.headers["Retry-After"]) == (status, "3")
    assert answer.json == {"error": {"code": status, "message": "No.", "status": word, "details": [retry_info]}}
    assert CALLS[operation](google).status == 200


@pytest.mark.parametrize(
    ("status", "word"),
    [
        (400, "INVALID_ARGUMENT"),
        (403, "PERMISSION_DENIED"),
        (404, "NOT_FOUND"),
        (408, "DEADLINE_EXCEEDED"),
        (500, "INTERNAL"),
        (504, "DEADLINE_EXCEEDED"),
        (418, "UNKNOWN"),
    ],
)
def test_each_status_has_the_word_that_google_uses(google: Any, emulator: Any, status: int, word: str) -> None:
    emulator.order_fault(Fault("generate", status=status))

    assert google.generate().json["error"]["status"] == word


@every_call
def test_a_reset_breaks_the_connection_without_an_answer(google: Any, emulator: Any, operation: str) -> None:
    emulator.order_fault(Fault(operation, reset=True))

    with pytest.raises(ConnectionResetError) as caught:
        CALLS[operation](google)
    assert not isinstance(caught.value, http.client.RemoteDisconnected), "closed politely"
    assert len(emulator.requests) == 1
    assert CALLS[operation](google).status == 200


@every_call
def test_a_truncated_answer_ends_too_early(google: Any, emulator: Any, operation: str) -> None:
    emulator.order_fault(Fault(operation, truncated=True))

    with pytest.raises(http.client.IncompleteRead) as caught:
        CALLS[operation](google)
    assert len(caught.value.partial) > 0
    assert CALLS[operation](google).status == 200


@every_call
@pytest.mark.parametrize("kind", [{"reset": True}, {"truncated": True}, {"status": 503}], ids=str)
def test_after_work_the_answer_is_lost_and_not_before(
    google: Any, emulator: Any, operation: str, kind: dict[str, Any]
) -> None:
    emulator.order_fault(Fault(operation, after_work=True, **kind))

    if "status" in kind:
        assert CALLS[operation](google).status == 503
    else:
        with pytest.raises((*BROKEN, http.client.IncompleteRead)):
            CALLS[operation](google)


@pytest.mark.parametrize(("after_work", "made"), [(True, 1), (False, 0)])
@pytest.mark.parametrize("kind", [{"reset": True}, {"truncated": True}, {"status": 500}], ids=str)
def test_images_exist_only_when_the_fault_comes_after_the_work(
    google: Any, emulator: Any, after_work: bool, made: int, kind: dict[str, Any]
) -> None:
    emulator.order_fault(Fault("generate", after_work=after_work, **kind))

    try:
        CALLS["generate"](google)
    except (*BROKEN, http.client.IncompleteRead):
        pass
    assert len(emulator.list_objects("bucket", "x/")) == made


@pytest.mark.parametrize(("after_work", "stored_objects"), [(True, ["a.png", "new.txt"]), (False, ["a.png"])])
def test_an_upload_is_there_only_when_the_fault_comes_after_the_work(
    google: Any, emulator: Any, after_work: bool, stored_objects: list[str]
) -> None:
    emulator.order_fault(Fault("upload", after_work=after_work, reset=True))

    with pytest.raises(BROKEN):
        CALLS["upload"](google)
    assert emulator.list_objects("bucket") == stored_objects


def test_a_download_that_is_cut_short_gives_the_first_half_of_the_object(google: Any, emulator: Any) -> None:
    emulator.put_object("bucket", "a.png", b"0123456789", "text/plain")
    emulator.order_fault(Fault("download", truncated=True, after_work=True))

    with pytest.raises(http.client.IncompleteRead) as caught:
        google.download("a.png")
    assert caught.value.partial == b"01234"


@every_call
def test_an_ordered_delay_passes_before_the_answer(google: Any, emulator: Any, operation: str) -> None:
    emulator.order_fault(Fault(operation, delay_seconds=0.05))

    before = time.monotonic()
    assert CALLS[operation](google).status == 200
    assert time.monotonic() - before >= 0.05


@every_call
def test_an_empty_answer_is_an_empty_object(google: Any, emulator: Any, operation: str) -> None:
    emulator.order_fault(Fault(operation, empty=True))

    answer = CALLS[operation](google)
    assert (answer.status, answer.body) == (200, b"{}")


@every_call
@pytest.mark.parametrize("body", ["<html>", "", "[]"])
def test_an_answer_can_be_any_text(google: Any, emulator: Any, operation: str, body: str) -> None:
    emulator.order_fault(Fault(operation, body=body))

    answer = CALLS[operation](google)
    assert (answer.status, answer.body.decode()) == (200, body)


@every_call
def test_a_fault_applies_to_its_own_operation_only(google: Any, emulator: Any, operation: str) -> None:
    emulator.order_fault(Fault(operation, status=503))

    others = {name: send(google).status for name, send in CALLS.items() if name != operation}
    assert set(others.values()) == {200}
    assert CALLS[operation](google).status == 503


def test_a_fault_for_any_operation_applies_to_every_request(google: Any, emulator: Any) -> None:
    emulator.order_fault(Fault("any", status=503, times=len(CALLS)))

    assert {send(google).status for send in CALLS.values()} == {503}


def test_a_fault_fires_as_often_as_ordered_and_is_counted(google: Any, emulator: Any) -> None:
    fault = Fault("lookup", status=503, times=2)
    emulator.order_fault(fault)

    assert emulator.unfired_faults() == [fault]
    assert [google.get(LOOKUP).status for _ in range(3)] == [503, 503, 200]
    assert emulator.unfired_faults() == []


def test_faults_fire_in_the_order_they_were_ordered(google: Any, emulator: Any) -> None:
    for status in (503, 429, 500):
        emulator.order_fault(Fault("lookup", status=status))

    assert [google.get(LOOKUP).status for _ in range(4)] == [503, 429, 500, 200]


def test_a_fault_that_never_fires_is_reported(google: Any, emulator: Any) -> None:
    fault = Fault("upscale", reset=True)
    emulator.order_fault(fault)
    google.generate()

    assert emulator.unfired_faults() == [fault]
    emulator.reset()
    assert emulator.unfired_faults() == []


@pytest.mark.parametrize("name", ["a/o", "b/x/o", "ao"])
def test_an_object_may_end_like_a_listing(google: Any, emulator: Any, name: str) -> None:
    emulator.put_object("bucket", name, b"here", "text/plain")
    emulator.order_fault(Fault("list", status=503))

    assert google.download(name).body == b"here"
    assert google.objects().status == 503


def test_a_broken_connection_leaves_the_others_alone(google: Any, emulator: Any) -> None:
    kept = http.client.HTTPConnection(*emulator.endpoint.removeprefix("http://").split(":"), timeout=300)
    try:
        kept.request("GET", LOOKUP)
        assert kept.getresponse().read()
        emulator.order_fault(Fault("generate", reset=True))
        with pytest.raises(BROKEN):
            google.generate()
        kept.request("GET", LOOKUP)
        assert kept.getresponse().status == 200
    finally:
        kept.close()


def test_a_failure_of_the_emulator_itself_is_an_error_of_google_too(google: Any, emulator: Any) -> None:
    emulator.order_fault(Fault("generate", served_size=(0, 0)))

    answer = google.generate()
    error = {"code": 500, "message": "Internal error encountered.", "status": "INTERNAL", "details": []}
    assert (answer.status, answer.json) == (500, {"error": error})
    assert google.generate().status == 200
