"""Faults apply to ``:generateContent`` too, in Gemini's fields, and to the right request."""

from __future__ import annotations

import http.client
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from airflow_provider_imagen.emulator import Fault

MODEL = "gemini-3-pro-image"
PLACE = "/v1/projects/p/locations/global/publishers/google/models"
BODY = {
    "contents": [{"role": "user", "parts": [{"text": "a red boat"}]}],
    "generationConfig": {"responseModalities": ["IMAGE"]},
}
UNSHOWN = (
    "Unable to show the generated image. The image was filtered out because it violated Google's Responsible AI "
    "practices. Try rephrasing the prompt. If you think this was an error, send feedback."
)
BROKEN = (ConnectionError, http.client.HTTPException)


def ask(google: Any) -> Any:
    return google.post(f"{PLACE}/{MODEL}:generateContent", BODY)


@pytest.mark.parametrize(
    ("fault", "finish"),
    [
        (Fault("generate", finish_reason="NO_IMAGE"), {"finishReason": "NO_IMAGE"}),
        (
            Fault("generate", finish_reason="NO_IMAGE", finish_message="Nothing came of it."),
            {"finishReason": "NO_IMAGE", "finishMessage": "Nothing came of it."},
        ),
        (Fault("any", finish_reason="IMAGE_SAFETY"), {"finishReason": "IMAGE_SAFETY", "finishMessage": UNSHOWN}),
        (
            Fault("generate", finish_reason="IMAGE_SAFETY", support_codes=("42876398", "17301594")),
            {"finishReason": "IMAGE_SAFETY", "finishMessage": f"{UNSHOWN} Support code: 42876398, 17301594."},
        ),
        (
            Fault("generate", filtered=1, support_codes=("39322892",)),
            {"finishReason": "IMAGE_SAFETY", "finishMessage": f"{UNSHOWN} Support code: 39322892."},
        ),
    ],
)
def test_a_candidate_may_end_without_a_picture(
    google: Any, emulator: Any, fault: Fault, finish: dict[str, str]
) -> None:
    emulator.order_fault(fault)

    answer = ask(google)

    assert answer.status == 200
    assert answer.json["candidates"] == [{"content": {"role": "model"}, **finish}]
    assert "candidatesTokenCount" not in answer.json["usageMetadata"]
    assert "inlineData" in ask(google).body.decode()


@pytest.mark.parametrize(
    ("fault", "reason", "end"),
    [
        (Fault("generate", block_reason="IMAGE_SAFETY"), "IMAGE_SAFETY", "send feedback."),
        (Fault("generate", block_reason="OTHER", finish_message="No."), "OTHER", "No."),
        (Fault("generate", block_reason="SAFETY", support_codes=("90789179",)), "SAFETY", " Support code: 90789179."),
        (Fault("generate", blocked_prompt=True), "PROHIBITED_CONTENT", "send feedback."),
    ],
)
def test_a_blocked_prompt_has_feedback_and_no_candidates(
    google: Any, emulator: Any, fault: Fault, reason: str, end: str
) -> None:
    emulator.order_fault(fault)

    answer = ask(google)

    assert answer.status == 200
    assert answer.json.keys() == {"promptFeedback", "usageMetadata", "modelVersion", "createTime", "responseId"}
    assert answer.json["promptFeedback"]["blockReason"] == reason
    assert answer.json["promptFeedback"]["blockReasonMessage"].endswith(end)


def test_a_model_may_answer_with_words_alone(google: Any, emulator: Any) -> None:
    emulator.order_fault(Fault("generate", text_only="What kind of boat?"))

    (candidate,) = ask(google).json["candidates"]

    content = {"role": "model", "parts": [{"text": "What kind of boat?"}]}
    assert candidate == {"content": content, "finishReason": "STOP"}


def test_a_status_is_an_error_with_headers_and_details(google: Any, emulator: Any) -> None:
    fault = Fault("generate", status=429, message="Slow down.", headers={"Retry-After": "3"}, details=({"a": 1},))
    emulator.order_fault(fault)

    answer = ask(google)

    assert (answer.status, answer.headers["Retry-After"]) == (429, "3")
    error = {"code": 429, "message": "Slow down.", "status": "RESOURCE_EXHAUSTED", "details": [{"a": 1}]}
    assert answer.json == {"error": error}


@pytest.mark.parametrize("after_work", [False, True])
@pytest.mark.parametrize("kind", ["reset", "truncated"])
def test_a_connection_breaks_before_or_after_the_work(google: Any, emulator: Any, kind: str, after_work: bool) -> None:
    emulator.order_fault(Fault("generate", after_work=after_work, **{kind: True}))

    with pytest.raises(BROKEN):
        ask(google)

    assert ask(google).status == 200


def test_after_the_work_half_of_the_real_answer_comes(google: Any, emulator: Any) -> None:
    emulator.order_fault(Fault("generate", truncated=True, after_work=True))

    with pytest.raises(http.client.IncompleteRead) as broken:
        ask(google)

    assert broken.value.partial.startswith(b'{"candidates"')


@pytest.mark.parametrize(
    ("fault", "body"), [(Fault("generate", empty=True), b"{}"), (Fault("generate", body="<html>"), b"<html>")]
)
def test_an_answer_may_be_empty_or_nonsense(google: Any, emulator: Any, fault: Fault, body: bytes) -> None:
    emulator.order_fault(fault)

    assert (ask(google).body, ask(google).status) == (body, 200)


def test_an_answer_may_be_late(google: Any, emulator: Any) -> None:
    emulator.order_fault(Fault("generate", delay_seconds=0.2))

    start = time.monotonic()
    assert ask(google).status == 200
    assert time.monotonic() - start > 0.2


@pytest.mark.parametrize(
    ("faults", "statuses"),
    [
        ([Fault("generate", status=503, skip=1)], [200, 503, 200, 200]),
        ([Fault("generate", status=503, skip=1, times=2)], [200, 503, 503, 200]),
        ([Fault("generate", status=429, skip=1), Fault("generate", status=503, skip=2)], [200, 429, 503, 200]),
        ([Fault("generate", status=429), Fault("generate", status=503)], [429, 503, 200, 200]),
    ],
)
def test_a_fault_skips_requests_before_it_fires(
    google: Any, emulator: Any, faults: list[Fault], statuses: list[int]
) -> None:
    for fault in faults:
        emulator.order_fault(fault)

    assert [ask(google).status for _ in statuses] == statuses


def test_a_fault_applies_to_one_of_four_simultaneous_requests(google: Any, emulator: Any) -> None:
    emulator.order_fault(Fault("generate", finish_reason="IMAGE_SAFETY", skip=1))

    with ThreadPoolExecutor(4) as pool:
        answers = [each.json for each in pool.map(lambda _: ask(google), range(4))]

    reasons = sorted(each["candidates"][0]["finishReason"] for each in answers)
    assert reasons == ["IMAGE_SAFETY", "STOP", "STOP", "STOP"]


def test_calls_of_another_kind_are_not_counted(google: Any, emulator: Any) -> None:
    emulator.order_fault(Fault("generate", status=503, skip=1))

    lookup = google.get(f"/v1/publishers/google/models/{MODEL}")

    assert [lookup.status, ask(google).status, ask(google).status] == [200, 200, 503]


@pytest.mark.parametrize("fault", [{"finish_reason": "NO_IMAGE"}, {"block_reason": "OTHER"}, {"text_only": "No."}])
def test_a_fault_with_a_field_of_gemini_applies_to_gemini_only(
    google: Any, emulator: Any, fault: dict[str, str]
) -> None:
    emulator.order_fault(Fault("any", **fault))

    assert google.generate().status == 200
    assert len(emulator.unfired_faults()) == 1
    assert "inlineData" not in ask(google).body.decode()


def test_a_mistake_is_refused_although_a_picture_would_have_been_filtered(google: Any, emulator: Any) -> None:
    emulator.order_fault(Fault("generate", finish_reason="IMAGE_SAFETY"))

    assert google.post(f"{PLACE}/{MODEL}:generateContent", {"contents": []}).status == 400


def test_faults_for_gemini_can_be_ordered_over_http(google: Any) -> None:
    order = {"operation": "generate", "finish_reason": "NO_IMAGE", "skip": 1}

    assert google.post("/emulator/faults", order).json["skip"] == 1

    assert [ask(google).json["candidates"][0]["finishReason"] for _ in range(2)] == ["STOP", "NO_IMAGE"]
