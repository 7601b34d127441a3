"""Gemini's wire form: each argument in its place."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_imagen.core.protocols.generate_content import HARM_CATEGORIES, encode
from airflow_provider_imagen.core.requests import LARGEST_SEED, GenerateRequest, InputPicture, UpscaleRequest


def body_of(index: int = 0, **arguments: Any) -> dict[str, Any]:
    given = {"model": "gemini-3.1-flash-image", "prompt": "a cat", "output_uri": "gs://bucket/x/", **arguments}
    return encode(GenerateRequest(**given), index)


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
        ("prominent_people", "allow_prominent_people", ("imageConfig", "prominentPeople"), "ALLOW_PROMINENT_PEOPLE"),
        ("thinking_level", "high", ("thinkingConfig", "thinkingLevel"), "HIGH"),
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


PICTURES = (
    InputPicture(gcs_uri="gs://bucket/a.png", mime_type="image/png"),
    InputPicture(data=b"pixels", mime_type="image/webp"),
)


def test_pictures_stand_before_the_text_in_their_order() -> None:
    parts = body_of(reference_images=["gs://bucket/a.png", "/data/b.webp"], pictures=PICTURES)["contents"][0]["parts"]

    assert parts == [
        {"fileData": {"mimeType": "image/png", "fileUri": "gs://bucket/a.png"}},
        {"inlineData": {"mimeType": "image/webp", "data": "cGl4ZWxz"}},
        {"text": "a cat"},
    ]


def test_pictures_that_were_not_read_are_a_programming_error() -> None:
    with pytest.raises(ValueError, match="the pictures were not read"):
        body_of(reference_images="/data/b.webp")


def test_what_holds_for_every_image_stands_apart_from_the_prompt() -> None:
    body = body_of(system_instruction="In oil", google_search=True)

    assert body["systemInstruction"] == {"role": "user", "parts": [{"text": "In oil"}]}
    assert body["tools"] == [{"googleSearch": {}}]
    assert body["contents"] == body_of()["contents"]


def test_a_tier_changes_nothing_in_the_body() -> None:
    assert body_of(service_tier="flex") == body_of()


def test_an_image_to_upscale_is_a_programming_error() -> None:
    request = UpscaleRequest(model="x", image="gs://bucket/a.png", output_uri="/data", upscale_factor="x2")

    with pytest.raises(ValueError, match="no model of generateContent upscales"):
        encode(request)
