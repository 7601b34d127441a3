"""Search, instructions, thinking and tiers are accepted or refused model by model; sizes can be ordered otherwise."""

from __future__ import annotations

import base64
import io
from typing import Any

import pytest
from PIL import Image

from airflow_provider_imagen.emulator import Fault

NEWEST, FLASH, LITE = "gemini-nano-banana-2.1", "gemini-3.1-flash-image", "gemini-3.1-flash-lite-image"
PRO, OLD = "gemini-3-pro-image", "gemini-2.5-flash-image"
MODELS = [NEWEST, FLASH, LITE, PRO, OLD]
SEARCH = {"tools": [{"googleSearch": {}}]}
IMAGE_SEARCH = {"tools": [{"googleSearch": {"searchTypes": {"webSearch": {}, "imageSearch": {}}}}]}
NO_SEARCH = "Search as tool is not enabled for this model"
INSTRUCTION = {"systemInstruction": {"role": "user", "parts": [{"text": "You paint."}]}}
FLEX = {"X-Vertex-AI-LLM-Request-Type": "shared", "X-Vertex-AI-LLM-Shared-Request-Type": "flex"}


def post(google: Any, model: str, headers: Any = None, **more: Any) -> Any:
    body = {
        "contents": [{"role": "user", "parts": [{"text": "a red boat"}]}],
        "generationConfig": {"responseModalities": ["IMAGE"]},
        **more,
    }
    path = f"/v1/projects/p/locations/global/publishers/google/models/{model}:generateContent"
    return google.send("POST", path, body, headers=headers)


def size_of(data: str) -> tuple[int, int]:
    with Image.open(io.BytesIO(base64.b64decode(data))) as image:
        return image.size


def content_size(answer: Any) -> tuple[int, int]:
    return size_of(answer.json["candidates"][0]["content"]["parts"][-1]["inlineData"]["data"])


@pytest.mark.parametrize("model", [NEWEST, FLASH, PRO])
@pytest.mark.parametrize("tool", [{}, {"excludeDomains": ["example.com"]}, {"searchTypes": {"webSearch": {}}}])
def test_search_grounds_an_image(google: Any, model: str, tool: dict[str, Any]) -> None:
    (candidate,) = post(google, model, tools=[{"googleSearch": tool}]).json["candidates"]

    assert candidate["groundingMetadata"] == {"webSearchQueries": ["a red boat"]}


def test_without_search_nothing_is_grounded(google: Any) -> None:
    assert "groundingMetadata" not in post(google, PRO).json["candidates"][0]


@pytest.mark.parametrize(
    ("model", "switch", "message"),
    [
        (LITE, SEARCH, NO_SEARCH),
        (OLD, SEARCH, NO_SEARCH),
        (OLD, IMAGE_SEARCH, NO_SEARCH),
        (FLASH, IMAGE_SEARCH, f"Image search as tool is not enabled for models/{FLASH}"),
        (PRO, IMAGE_SEARCH, f"Image search as tool is not enabled for models/{PRO}"),
        (
            OLD,
            {"generationConfig": {"imageConfig": {"prominentPeople": "ALLOW_PROMINENT_PEOPLE"}}},
            f"prominentPeople is not supported by model {OLD}.",
        ),
        (OLD, INSTRUCTION, "Developer instruction is not enabled for this model"),
        *[
            (model, {"tools": [{"functionDeclarations": []}]}, "Function calling is not enabled for this model")
            for model in MODELS
        ],
        (PRO, {"tools": [{"codeExecution": {}}]}, "codeExecution as tool is not enabled for this model"),
        (
            PRO,
            {"generationConfig": {"responseMimeType": "application/json"}},
            "JSON mode is not enabled for this model",
        ),
        (
            OLD,
            {"generationConfig": {"thinkingConfig": {"includeThoughts": True}}},
            "Thinking is not enabled for this model",
        ),
    ],
)
def test_a_switch_that_the_model_does_not_have_is_refused(
    google: Any, emulator: Any, model: str, switch: dict[str, Any], message: str
) -> None:
    answer = post(google, model, **switch)

    assert (answer.status, answer.message) == (400, message)
    assert emulator.accepted == 0


@pytest.mark.parametrize(
    ("model", "switch"),
    [
        (NEWEST, IMAGE_SEARCH),
        *[(model, INSTRUCTION) for model in (NEWEST, FLASH, LITE, PRO)],
        *[
            (model, {"generationConfig": {"imageConfig": {"prominentPeople": "BLOCK_PROMINENT_PEOPLE"}}})
            for model in (NEWEST, FLASH, LITE, PRO)
        ],
        *[
            (model, {"generationConfig": {"thinkingConfig": {"thinkingLevel": level}}})
            for model, level in ((NEWEST, "MEDIUM"), (FLASH, "HIGH"), (LITE, "MINIMAL"))
        ],
        (OLD, {"systemInstruction": {"parts": []}}),
        (OLD, {"tools": []}),
        (OLD, {"tools": [{}]}),
        (OLD, {"generationConfig": {"thinkingConfig": {"includeThoughts": False}}}),
        (OLD, {"generationConfig": {"responseMimeType": "text/plain"}}),
    ],
)
def test_a_switch_that_the_model_has_is_accepted(google: Any, model: str, switch: dict[str, Any]) -> None:
    assert post(google, model, **switch).status == 200


@pytest.mark.parametrize(
    ("headers", "traffic"),
    [
        ({}, "ON_DEMAND"),
        ({"X-Vertex-AI-LLM-Request-Type": "shared"}, "ON_DEMAND"),
        ({"X-Vertex-AI-LLM-Shared-Request-Type": "flex"}, "ON_DEMAND_FLEX"),
        (FLEX | {"X-Server-Timeout": "1800"}, "ON_DEMAND_FLEX"),
        ({"X-Vertex-AI-LLM-Shared-Request-Type": "priority"}, "ON_DEMAND_PRIORITY"),
    ],
)
@pytest.mark.parametrize("model", [FLASH, LITE, PRO])
def test_a_tier_serves_the_request(google: Any, model: str, headers: dict[str, str], traffic: str) -> None:
    answer = post(google, model, headers)

    assert answer.json["usageMetadata"]["trafficType"] == traffic


def test_a_tier_serves_a_stream_too(google: Any) -> None:
    path = f"/v1/projects/p/locations/global/publishers/google/models/{PRO}:streamGenerateContent"
    pieces = google.send("POST", path, {"contents": [{"parts": [{"text": "x"}]}]}, headers=FLEX).json

    assert {piece["usageMetadata"]["trafficType"] for piece in pieces} == {"ON_DEMAND_FLEX"}


@pytest.mark.parametrize(
    ("model", "headers", "message"),
    [
        (NEWEST, FLEX, f"Flex PayGo is not supported for model {NEWEST}."),
        (OLD, FLEX, f"Flex PayGo is not supported for model {OLD}."),
        (PRO, FLEX | {"X-Server-Timeout": "1801"}, "Invalid X-Server-Timeout, 1801: must be at most 1800"),
        (PRO, FLEX | {"X-Server-Timeout": "soon"}, "Invalid X-Server-Timeout, soon: must be at most 1800"),
        (
            PRO,
            {"X-Vertex-AI-LLM-Shared-Request-Type": "cheap"},
            "Invalid value of x-vertex-ai-llm-shared-request-type: cheap",
        ),
    ],
)
def test_a_tier_that_does_not_serve_the_request_is_refused(
    google: Any, emulator: Any, model: str, headers: dict[str, str], message: str
) -> None:
    answer = post(google, model, headers)

    assert answer.status == 400
    assert answer.message.startswith(message)
    assert emulator.accepted == 0


def test_a_request_that_takes_longer_than_its_server_timeout_ends_with_504(google: Any, emulator: Any) -> None:
    emulator.order_fault(Fault("generate", delay_seconds=3600))

    answer = post(google, PRO, FLEX | {"X-Server-Timeout": "0"})

    assert (answer.status, answer.json["error"]["status"]) == (504, "DEADLINE_EXCEEDED")
    assert emulator.accepted == 0
    assert post(google, PRO, FLEX | {"X-Server-Timeout": "1800"}).status == 200


def test_an_instruction_is_counted_among_the_words_of_a_request(google: Any) -> None:
    plain, instructed = post(google, PRO), post(google, PRO, **INSTRUCTION)

    counts = [answer.json["usageMetadata"]["promptTokensDetails"][0]["tokenCount"] for answer in (plain, instructed)]
    assert counts == [3, 5]


def test_flex_takes_twenty_megabytes_of_inline_data(google: Any, picture: Any) -> None:
    data = picture() + bytes(7 * 1024 * 1024 - len(picture()))
    part = {"inlineData": {"mimeType": "image/png", "data": base64.b64encode(data).decode()}}
    contents = [{"parts": [*3 * [part], {"text": "x"}]}]

    refused = post(google, PRO, FLEX, contents=contents)
    assert refused.message == f"Inline data of {21 * 1024 * 1024} bytes exceeds the limit of 20971520 for Flex PayGo."
    assert post(google, PRO, contents=contents).status == 200


def test_another_tier_than_requested_can_be_ordered(google: Any, emulator: Any) -> None:
    emulator.order_fault(Fault("generate", traffic_type="ON_DEMAND"))

    served = [post(google, PRO, FLEX).json["usageMetadata"]["trafficType"] for _ in range(2)]
    assert served == ["ON_DEMAND", "ON_DEMAND_FLEX"]


def test_an_order_for_a_tier_does_not_apply_to_imagen(google: Any, emulator: Any) -> None:
    emulator.order_fault(Fault("generate", traffic_type="ON_DEMAND"))

    assert google.generate().status == 200
    assert post(google, PRO).status == 200


@pytest.mark.parametrize(("served", "tokens"), [((512, 512), 747), ((1024, 1024), 1120), ((4096, 4096), 2520)])
def test_another_size_than_requested_can_be_ordered(
    google: Any, emulator: Any, served: tuple[int, int], tokens: int
) -> None:
    emulator.order_fault(Fault("generate", served_size=served))
    config = {"responseModalities": ["IMAGE"], "imageConfig": {"imageSize": "2K"}}

    first, second = post(google, FLASH, generationConfig=config), post(google, FLASH, generationConfig=config)
    assert (content_size(first), content_size(second)) == (served, (2048, 2048))
    assert first.json["usageMetadata"]["candidatesTokenCount"] == tokens
    assert second.json["usageMetadata"]["candidatesTokenCount"] == 1680


def test_another_size_can_be_ordered_of_imagen_over_http(google: Any) -> None:
    google.post("/emulator/faults", {"operation": "generate", "served_size": [640, 480]})

    images = google.generate(sampleCount=2, sampleImageSize="2K").predictions
    assert [size_of(image["bytesBase64Encoded"]) for image in images] == [(640, 480)] * 2
    assert size_of(google.generate().predictions[0]["bytesBase64Encoded"]) == (1024, 1024)
