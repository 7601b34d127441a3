"""Gemini's wire form: each argument in its place, each kind of answer read as what it is."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from airflow_provider_imagen.core.protocols import generate_content
from airflow_provider_imagen.core.protocols.generate_content import HARM_CATEGORIES, encode
from airflow_provider_imagen.core.requests import LARGEST_SEED, GenerateRequest, UpscaleRequest
from airflow_provider_imagen.core.responses import ImagesResponse
from airflow_provider_imagen.errors import UnexpectedResponseError

PIXELS = base64.b64encode(b"\xff\xd8\xff pixels").decode()
IMAGE = {"inlineData": {"mimeType": "image/jpeg", "data": PIXELS}}


def body_of(index: int = 0, **arguments: Any) -> dict[str, Any]:
    given = {"model": "gemini-3.1-flash-image", "prompt": "a cat", "output_uri": "gs://bucket/x/", **arguments}
    return encode(GenerateRequest(**given), index)


def decode(body: bytes) -> ImagesResponse:
    return generate_content.decode(body, 1)


def answer(*parts: dict[str, Any], **candidate: Any) -> bytes:
    return json.dumps({"candidates": [{"content": {"role": "model", "parts": list(parts)}, **candidate}]}).encode()


def test_what_is_not_given_is_not_sent() -> None:
    assert body_of() == {
        "contents": [{"role": "user", "parts": [{"text": "a cat"}]}],
        "generationConfig": {"responseModalities": ["IMAGE"]},
    }


@pytest.mark.parametrize(
    ("argument", "value", "place", "sent"),
    [
        ("aspect_ratio", "21:9", ("imageConfig", "aspectRatio"), "21:9"),
        ("image_size", "2k", ("imageConfig", "imageSize"), "2K"),
        ("person_generation", "dont_allow", ("imageConfig", "personGeneration"), "ALLOW_NONE"),
        ("person_generation", "ALLOW_ADULT", ("imageConfig", "personGeneration"), "ALLOW_ADULT"),
        ("person_generation", "allow_all", ("imageConfig", "personGeneration"), "ALLOW_ALL"),
        ("output_mime_type", "image/png", ("imageConfig", "imageOutputOptions"), {"mimeType": "image/png"}),
        ("seed", 7, ("seed",), 7),
    ],
)
def test_each_argument_has_its_place(argument: str, value: Any, place: tuple[str, ...], sent: Any) -> None:
    found = body_of(**{argument: value})["generationConfig"]
    for key in place:
        found = found[key]

    assert found == sent


def test_the_compression_quality_stands_beside_the_format() -> None:
    config = body_of(output_mime_type="image/jpeg", compression_quality=80)["generationConfig"]["imageConfig"]

    assert config["imageOutputOptions"] == {"mimeType": "image/jpeg", "compressionQuality": 80}


def test_one_safety_level_counts_for_every_category() -> None:
    settings = body_of(safety_filter_level="block_few")["safetySettings"]

    assert settings == [{"category": category, "threshold": "BLOCK_ONLY_HIGH"} for category in HARM_CATEGORIES]


def test_labels_stand_at_the_top() -> None:
    assert body_of(labels={"team": "ads"})["labels"] == {"team": "ads"}


def test_a_negative_prompt_becomes_words() -> None:
    assert body_of(negative_prompt="dogs")["contents"][0]["parts"][0]["text"] == "a cat\n\nDo not show: dogs"


@pytest.mark.parametrize(("seed", "index", "sent"), [(7, 3, 10), (LARGEST_SEED, 1, 1), (1, 0, 1)])
def test_each_image_of_a_task_has_a_seed_of_its_own(seed: int, index: int, sent: int) -> None:
    assert body_of(index, seed=seed)["generationConfig"]["seed"] == sent


def test_reads_the_image_and_skips_thoughts() -> None:
    thought = {"inlineData": {"mimeType": "image/png", "data": PIXELS}, "thought": True}
    read = decode(answer({"text": "let me see", "thought": True}, thought, IMAGE, finishReason="STOP"))

    assert [(image.mime_type, image.data) for image in read.images] == [("image/jpeg", b"\xff\xd8\xff pixels")]
    assert read.reasons == ()


def test_keeps_every_image_that_came() -> None:
    assert len(decode(answer(IMAGE, IMAGE)).images) == 2


@pytest.mark.parametrize(
    "finish_reason",
    [
        "IMAGE_SAFETY",
        "IMAGE_PROHIBITED_CONTENT",
        "IMAGE_RECITATION",
        "PROHIBITED_CONTENT",
        "SAFETY",
        "BLOCKLIST",
        "SPII",
        "RECITATION",
        "MODEL_ARMOR",
        "NO_IMAGE",
        "IMAGE_OTHER",
        "OTHER",
        "MALFORMED_RESPONSE",
        "MAX_TOKENS",
        "CONTINUATION",
        "A_REASON_OF_TOMORROW",
    ],
)
def test_a_refused_image_is_a_reason_in_words(finish_reason: str) -> None:
    read = decode(answer(finishReason=finish_reason, finishMessage="Blocked. Support code: 42876398"))

    (reason,) = read.reasons
    assert finish_reason in reason.text
    assert "Blocked." in reason.text
    assert reason.codes == ("42876398",)
    assert (read.images, read.filtered) == ((), 1)


@pytest.mark.parametrize("reason", ["SAFETY", "OTHER", "BLOCKLIST", "PROHIBITED_CONTENT", "IMAGE_SAFETY", "JAILBREAK"])
def test_a_blocked_prompt_is_a_reason_in_words(reason: str) -> None:
    feedback = {"blockReason": reason, "blockReasonMessage": "No. Support code: 58061214"}
    read = decode(json.dumps({"promptFeedback": feedback}).encode())

    assert read.reasons[0].text == f"The prompt was blocked ({reason}). No. Support code: 58061214"
    assert read.reasons[0].codes == ("58061214",)


def test_words_instead_of_an_image_are_quoted() -> None:
    read = decode(answer({"text": "I would rather not. " * 100}, finishReason="STOP"))

    assert read.reasons[0].text.startswith("The model answered with words instead of an image: I would rather not.")
    assert len(read.reasons[0].text) < 400


@pytest.mark.parametrize(
    "body",
    [
        b"<html>",
        b"[]",
        b"{}",
        b'{"error": {"code": 500}}',
        b'{"candidates": []}',
        b'{"candidates": [{}]}',
        b'{"candidates": [{"content": {"parts": [{"inlineData": {"mimeType": "image/png", "data": "!"}}]}}]}',
        b'{"candidates": [{"content": {"parts": [{"inlineData": {"mimeType": "image/png", "data": ""}}]}}]}',
    ],
)
def test_an_answer_of_unknown_shape_says_so(body: bytes) -> None:
    with pytest.raises(UnexpectedResponseError, match="Google answered 200 with"):
        decode(body)


def test_an_image_to_upscale_is_a_programming_error() -> None:
    request = UpscaleRequest(model="x", image="gs://bucket/a.png", output_uri="/data", upscale_factor="x2")

    with pytest.raises(ValueError, match="no model of generateContent upscales"):
        encode(request)
