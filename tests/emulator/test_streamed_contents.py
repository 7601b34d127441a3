"""``:streamGenerateContent`` answers with the same content in pieces; ``:countTokens`` counts and costs nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest

from airflow_provider_imagen.emulator import Fault

PRO = "gemini-3-pro-image"
BODY = {
    "contents": [{"role": "user", "parts": [{"text": "a red boat"}]}],
    "generationConfig": {"responseModalities": ["TEXT", "IMAGE"], "seed": 7},
}


def path(method: str, model: str = PRO) -> str:
    return f"/v1/projects/p/locations/global/publishers/google/models/{model}:{method}"


def pieces(google: Any, query: str, body: Any = BODY) -> list[dict[str, Any]]:
    answer = google.post(path(f"streamGenerateContent{query}"), body)
    assert answer.status == 200
    if not query:
        assert answer.headers["Content-Type"] == "application/json"
        return list(answer.json)
    assert answer.headers["Content-Type"].startswith("text/event-stream")
    *events, rest = answer.body.decode().split("\r\n\r\n")
    assert rest == ""
    assert all(event.startswith("data: ") for event in events)
    return [json.loads(event.removeprefix("data: ")) for event in events]


@pytest.mark.parametrize("query", ["", "?alt=sse"])
def test_a_stream_holds_the_parts_of_the_whole_response(google: Any, query: str) -> None:
    whole = google.post(path("generateContent"), BODY).json

    streamed = pieces(google, query)

    parts = [part for piece in streamed for part in piece["candidates"][0]["content"]["parts"]]
    assert parts == whole["candidates"][0]["content"]["parts"]
    assert len(streamed) == len(parts) == 4
    assert len({piece["responseId"] for piece in streamed}) == 1
    assert {piece["modelVersion"] for piece in streamed} == {PRO}


def test_the_last_piece_has_the_end_and_the_usage(google: Any) -> None:
    *others, last = pieces(google, "?alt=sse")

    assert last["candidates"][0]["finishReason"] == "STOP"
    assert last["usageMetadata"]["candidatesTokenCount"] > 1000
    for piece in others:
        assert "finishReason" not in piece["candidates"][0]
        assert piece["usageMetadata"] == {"trafficType": "ON_DEMAND"}


@pytest.mark.parametrize("query", ["", "?alt=sse"])
@pytest.mark.parametrize("fault", [{"finish_reason": "IMAGE_SAFETY"}, {"block_reason": "OTHER"}])
def test_a_stream_without_parts_is_one_piece(google: Any, emulator: Any, query: str, fault: dict[str, str]) -> None:
    emulator.order_fault(Fault("generate", **fault))

    (piece,) = pieces(google, query)
    assert ("promptFeedback" in piece) is ("block_reason" in fault)


def test_a_mistake_is_an_error_in_an_array_or_alone(google: Any) -> None:
    error = {"code": 400, "message": "Multiple candidates is not enabled for this model", "status": "INVALID_ARGUMENT"}
    body = BODY | {"generationConfig": {"candidateCount": 2}}

    (in_array,) = google.post(path("streamGenerateContent"), body).json
    alone = google.post(path("streamGenerateContent?alt=sse"), body)

    assert alone.status == 400
    assert alone.json == in_array == {"error": {**error, "details": []}}


def test_a_streamed_image_is_billed_and_faults_apply(google: Any, emulator: Any) -> None:
    emulator.order_fault(Fault("generate", status=503))

    assert google.post(path("streamGenerateContent?alt=sse"), BODY).status == 503
    assert emulator.accepted == 0
    pieces(google, "?alt=sse")
    assert emulator.accepted == 1


def test_a_client_may_ask_for_numbers_of_enums(google: Any) -> None:
    *_, last = google.post(path("streamGenerateContent?%24alt=json%3Benum-encoding%3Dint"), BODY).json

    assert last["candidates"][0]["finishReason"] == 1
    modalities = [detail["modality"] for detail in last["usageMetadata"]["candidatesTokensDetails"]]
    assert modalities == [2, 1]


def test_a_reason_that_has_no_number_keeps_its_name(google: Any, emulator: Any) -> None:
    emulator.order_fault(Fault("generate", finish_reason="IMAGE_SAFETY"))

    answer = google.post(path("generateContent?%24alt=json%3Benum-encoding%3Dint"), BODY)
    assert answer.json["candidates"][0]["finishReason"] == "IMAGE_SAFETY"


def test_tokens_are_counted_without_charge(google: Any, emulator: Any) -> None:
    answer = google.post(path("countTokens"), {"contents": BODY["contents"]})

    details = [{"modality": "TEXT", "tokenCount": 3}]
    counted = {"totalTokens": 3, "totalBillableCharacters": 8, "promptTokensDetails": details}
    assert (answer.status, answer.json) == (200, counted)
    assert emulator.accepted == 0


@pytest.mark.parametrize(
    ("model", "body", "status"),
    [
        (PRO, {}, 400),
        (PRO, {"contents": [{"parts": [{"text": "x"}]}], "safetySettings": []}, 400),
        (PRO, b"{", 400),
        ("gemini-9", {"contents": [{"parts": [{"text": "x"}]}]}, 404),
        ("imagen-4.0-generate-001", {"contents": [{"parts": [{"text": "x"}]}]}, 400),
    ],
)
def test_what_cannot_be_counted_is_refused(google: Any, model: str, body: Any, status: int) -> None:
    answer = google.post(path("countTokens", model), body)

    assert (answer.status, answer.json["error"]["code"]) == (status, status)


def test_a_fault_applies_to_a_count(google: Any, emulator: Any) -> None:
    emulator.order_fault(Fault("count_tokens", status=429))

    assert google.post(path("countTokens"), {"contents": BODY["contents"]}).status == 429
    assert google.post(path("countTokens"), {"contents": BODY["contents"]}).status == 200
