"""One odd detail anywhere in a good answer loses no image that is paid for.

Every field of an answer is in turn null, absent, of each other type, and doubled.
"""

from __future__ import annotations

import base64
import copy
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from airflow_provider_imagen.core.protocols import generate_content, predict
from airflow_provider_imagen.core.responses import ImagesResponse

PIXELS = b"\x89PNG\r\n\x1a\n pixels\xff\xfe\xfb."
"""Their base64 has both letters that the URL-safe alphabet writes in another way, and padding."""
DATA = base64.b64encode(PIXELS).decode()
DRAFT = base64.b64encode(b"\xff\xd8\xff draft").decode()
OTHER_TYPES: list[Any] = [True, False, 0, 7, 1.5, "", "text", {}, {"text": "x"}, [], [[]], [None], [{"a": 1}]]

GEMINI = {
    "candidates": [
        {
            "index": 0,
            "content": {
                "role": "model",
                "parts": [
                    {"text": "let me see", "thought": True},
                    {"thought": True, "inlineData": {"mimeType": "image/jpeg", "data": DRAFT}},
                    {"text": "Here it is."},
                    {"inlineData": {"mimeType": "image/png", "data": DATA}, "thoughtSignature": "c2ln"},
                ],
            },
            "finishReason": "STOP",
            "finishMessage": "Done.",
            "safetyRatings": [{"category": "HARM_CATEGORY_HARASSMENT", "probability": "NEGLIGIBLE", "blocked": False}],
            "citationMetadata": {"citations": [{"uri": "https://example.org"}]},
            "groundingMetadata": {"webSearchQueries": ["boats"]},
        }
    ],
    "promptFeedback": {"safetyRatings": [], "blockReason": "BLOCKED_REASON_UNSPECIFIED"},
    "usageMetadata": {
        "promptTokenCount": 4,
        "candidatesTokenCount": 1290,
        "thoughtsTokenCount": 180,
        "totalTokenCount": 1474,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 4}],
        "candidatesTokensDetails": [{"modality": "IMAGE", "tokenCount": 1290}],
        "trafficType": "ON_DEMAND",
    },
    "modelVersion": "gemini-3-pro-image",
    "createTime": "2026-11-22T00:00:00Z",
    "responseId": "abc",
}
IMAGEN = {
    "predictions": [
        {"gcsUri": "gs://bucket/1/sample_0.png", "mimeType": "image/png"},
        {
            "mimeType": "image/png",
            "bytesBase64Encoded": DATA,
            "prompt": "a boat",
            "safetyAttributes": {"categories": ["Violence"], "scores": [0.1]},
        },
        {"raiFilteredReason": "Filtered. Support codes: 58061214"},
        {"contentType": "Positive Prompt", "safetyAttributes": {"categories": ["Hate"], "scores": [0.2]}},
    ],
    "deployedModelId": "1",
    "model": "publishers/google/models/imagen-4.0-generate-001",
    "modelDisplayName": "imagen",
    "modelVersionId": "2",
    "metadata": {"a": [1]},
}
ANSWERS: dict[str, Any] = {"generateContent": GEMINI, "predict": IMAGEN}
READERS: dict[str, Callable[[bytes], ImagesResponse]] = {
    "generateContent": lambda body: generate_content.decode(body, 1),
    "predict": lambda body: predict.decode(body, 4),
}
DATA_IN: dict[str, tuple[Any, ...]] = {
    "generateContent": ("candidates", 0, "content", "parts", 3, "inlineData", "data"),
    "predict": ("predictions", 1, "bytesBase64Encoded"),
}


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    keys: Any = value.keys() if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield (*path, key)
        yield from places(value[key], (*path, key))


def at(value: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        value = value[key]
    return value


def changed(answer: Any, path: tuple[Any, ...], change: Callable[[Any, Any], None]) -> bytes:
    copied = copy.deepcopy(answer)
    change(at(copied, path[:-1]), path[-1])
    return json.dumps(copied).encode()


def absent(place: Any, key: Any) -> None:
    del place[key]


def doubled(place: Any, key: Any) -> None:
    place[key] = place[key] * 2 if isinstance(place[key], list) else [place[key], place[key]]


def in_an_array(place: Any, key: Any) -> None:
    place[key] = [place[key]]


def out_of_its_array(place: Any, key: Any) -> None:
    if isinstance(place[key], list) and len(place[key]) == 1:
        place[key] = place[key][0]


def replaced(value: Any) -> Callable[[Any, Any], None]:
    def change(place: Any, key: Any) -> None:
        place[key] = value

    return change


ALL = [(name, path) for name, answer in ANSWERS.items() for path in places(answer)]
BESIDE = [(name, path) for name, path in ALL if DATA_IN[name][: len(path)] != path]


def survives(name: str, body: bytes) -> bool:
    return PIXELS in [image.data for image in READERS[name](body).images]


@pytest.mark.parametrize("name", ANSWERS)
def test_the_answers_themselves_are_good(name: str) -> None:
    assert survives(name, json.dumps(ANSWERS[name]).encode())
    assert at(ANSWERS[name], DATA_IN[name]) == DATA
    assert len(READERS[name](json.dumps(ANSWERS[name]).encode()).images) == {"generateContent": 1, "predict": 2}[name]


@pytest.mark.parametrize("change", [absent, *map(replaced, [None, *OTHER_TYPES])])
def test_a_field_beside_the_image_may_be_anything(change: Callable[[Any, Any], None]) -> None:
    assert [(name, path) for name, path in BESIDE if not survives(name, changed(ANSWERS[name], path, change))] == []


@pytest.mark.parametrize("change", [doubled, in_an_array, out_of_its_array])
def test_a_field_may_be_there_twice_or_in_an_array(change: Callable[[Any, Any], None]) -> None:
    assert [(name, path) for name, path in ALL if not survives(name, changed(ANSWERS[name], path, change))] == []


@pytest.mark.parametrize("name", ANSWERS)
def test_a_whole_answer_may_be_an_array_of_one(name: str) -> None:
    assert survives(name, json.dumps([ANSWERS[name]]).encode())


@pytest.mark.parametrize(
    "written",
    [
        DATA.rstrip("="),
        base64.urlsafe_b64encode(PIXELS).decode(),
        base64.urlsafe_b64encode(PIXELS).decode().rstrip("="),
        base64.encodebytes(PIXELS).decode(),
        "\r\n".join(DATA[place : place + 4] for place in range(0, len(DATA), 4)),
        f" {DATA} ",
        f"data:image/png;base64,{DATA}",
        f"{DATA}==",
        [DATA],
        ["?", DATA],
    ],
    ids=str,
)
@pytest.mark.parametrize("name", ANSWERS)
def test_base64_is_read_in_every_form_that_loses_nothing(name: str, written: Any) -> None:
    assert survives(name, changed(ANSWERS[name], DATA_IN[name], replaced(written)))


@pytest.mark.parametrize("name", ["generateContent", "predict"])
@pytest.mark.parametrize("claim", [None, "", "text/html", "IMAGE/PNG; charset=utf-8", 7, {}])
def test_the_bytes_decide_the_type(name: str, claim: Any) -> None:
    path = (*DATA_IN[name][:-1], "mimeType")
    read = READERS[name](changed(ANSWERS[name], path, replaced(claim)))

    (image,) = [image for image in read.images if image.data]
    assert image.mime_type == "image/png"
    assert bool(image.remark) == (claim == "text/html")


@pytest.mark.parametrize(
    "beside",
    [
        {"mimeType": "image/png"},
        {"mimeType": "image/png", "data": ""},
        {"mimeType": "image/png", "data": None},
        {"mimeType": "image/png", "data": "?"},
        {"data": 7},
        {},
        None,
        "text",
    ],
)
def test_what_cannot_be_read_is_reported_beside_what_can(beside: Any) -> None:
    answer = copy.deepcopy(GEMINI)
    at(answer, DATA_IN["generateContent"][:4]).insert(0, {"inlineData": beside})
    read = READERS["generateContent"](json.dumps(answer).encode())

    assert [image.data for image in read.images] == [PIXELS]
    is_unreadable = isinstance(beside, dict) and beside.get("data") in {"?", 7}
    assert len(read.not_understood) == is_unreadable
    assert not is_unreadable or "data: " in read.not_understood[0]


@pytest.mark.parametrize("sibling", [{"content": None}, {"content": {"parts": None}}, {"index": 1}, None, 7, "text"])
@pytest.mark.parametrize("before", [True, False])
def test_a_candidate_without_content_loses_no_image_of_another(sibling: Any, before: bool) -> None:
    answer = copy.deepcopy(GEMINI)
    at(answer, ("candidates",)).insert(0 if before else 1, sibling)

    assert survives("generateContent", json.dumps(answer).encode())


def test_an_image_in_cloud_storage_survives_bytes_that_cannot_be_read() -> None:
    item = {"gcsUri": "gs://bucket/1/sample_0.jpg", "bytesBase64Encoded": "?"}
    (image,) = predict.decode(json.dumps({"predictions": [item]}).encode(), 1).images

    assert (image.uri, image.mime_type) == ("gs://bucket/1/sample_0.jpg", "image/jpeg")
    assert image.remark == "{gcsUri: string, bytesBase64Encoded: string}"
