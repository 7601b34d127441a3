"""Google's front end refuses unknown names and wrong values before any model sees them, with their paths."""

from __future__ import annotations

from typing import Any

import pytest

CONTENTS = [{"role": "user", "parts": [{"text": "a red boat"}]}]
PATH = "/v1/projects/p/locations/global/publishers/google/models/gemini-3-pro-image:generateContent"
TYPE = "type.googleapis.com/google.cloud.aiplatform.master"
PERSON = ".ImageConfig.PersonGeneration"
CATEGORIES = [
    "HARM_CATEGORY_HATE_SPEECH",
    "HARM_CATEGORY_IMAGE_HATE",
    "HARM_CATEGORY_JAILBREAK",
    "HARM_CATEGORY_CIVIC_INTEGRITY",
    "HARM_CATEGORY_UNSPECIFIED",
    *[f"HARM_CATEGORY_{word}" for word in ("HARASSMENT", "DANGEROUS_CONTENT", "SEXUALLY_EXPLICIT")],
    *[f"HARM_CATEGORY_IMAGE_{word}" for word in ("HARASSMENT", "DANGEROUS_CONTENT", "SEXUALLY_EXPLICIT")],
]

VALUES = [
    ({"imageConfig": {"personGeneration": "DONT_ALLOW"}}, "image_config.person_generation", PERSON, '"DONT_ALLOW"'),
    ({"imageConfig": {"personGeneration": "allow all"}}, "image_config.person_generation", PERSON, '"allow all"'),
    ({"imageConfig": {"personGeneration": "7"}}, "image_config.person_generation", PERSON, '"7"'),
    ({"responseModalities": ["IMAGE", "PICTURE"]}, "response_modalities[1]", ".GenerationConfig.Modality", '"PICTURE"'),
    ({"imageConfig": []}, "image_config", ".ImageConfig", "[]"),
    ({"seed": 2**31}, "seed", "INT32", str(2**31)),
    ({"seed": 7.5}, "seed", "INT32", "7.5"),
    ({"seed": "seven"}, "seed", "INT32", '"seven"'),
    ({"seed": " 7"}, "seed", "INT32", '" 7"'),
    ({"temperature": True}, "temperature", "FLOAT", "true"),
    ({"responseLogprobs": 1}, "response_logprobs", "BOOL", "1"),
    ({"stopSequences": [1]}, "stop_sequences[0]", "STRING", "1"),
    ({"candidateCount": True}, "candidate_count", "INT32", "true"),
    ({"imageConfig": {"imageSize": 512}}, "image_config.image_size", "STRING", "512"),
]
UNKNOWN = [
    ({"prompt": "a red boat"}, "prompt", ""),
    ({"image_config": {}}, "image_config", ""),
    ({"generationConfig": {"sampleCount": 2}}, "sampleCount", "generation_config"),
    ({"generationConfig": {"imageConfig": {"mimeType": "image/png"}}}, "mimeType", "generation_config.image_config"),
    (
        {"generationConfig": {"imageConfig": {"imageOutputOptions": {"quality": 1}}}},
        "quality",
        "generation_config.image_config.image_output_options",
    ),
    ({"contents": [{"parts": [{"txt": "a"}]}]}, "txt", "contents[0].parts[0]"),
    ({"safetySettings": [{"level": "OFF"}]}, "level", "safety_settings[0]"),
]


def post(google: Any, body: Any) -> Any:
    return google.post(PATH, body)


def asked(**config: Any) -> dict[str, Any]:
    return {"contents": CONTENTS, "generationConfig": {"responseModalities": ["IMAGE"], **config}}


def assert_unreadable(answer: Any, message: str, field: str) -> None:
    violation = {"field": field, "description": message} if field else {"description": message}
    detail = {"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [violation]}
    error = {"code": 400, "message": message, "status": "INVALID_ARGUMENT", "details": [detail]}
    assert (answer.status, answer.json) == (400, {"error": error})


@pytest.mark.parametrize(("config", "path", "kind", "shown"), VALUES)
def test_a_value_of_the_wrong_kind_is_refused_with_its_path(
    google: Any, config: dict[str, Any], path: str, kind: str, shown: str
) -> None:
    place = f"generation_config.{path}"
    named = f"{TYPE}{kind}" if kind.startswith(".") else f"TYPE_{kind}"

    assert_unreadable(post(google, asked(**config)), f"Invalid value at '{place}' ({named}), {shown}", place)


@pytest.mark.parametrize(
    ("setting", "path", "kind", "shown"),
    [
        ({"category": "HARM_CATEGORY_VIOLENCE"}, "category", "HarmCategory", "HARM_CATEGORY_VIOLENCE"),
        ({"threshold": "BLOCK_SOME"}, "threshold", "SafetySetting.HarmBlockThreshold", "BLOCK_SOME"),
        ({"threshold": "-1"}, "threshold", "SafetySetting.HarmBlockThreshold", "-1"),
    ],
)
def test_a_safety_setting_that_google_does_not_know_is_refused(
    google: Any, setting: dict[str, str], path: str, kind: str, shown: str
) -> None:
    usual = {"category": "HARM_CATEGORY_HARASSMENT", "threshold": "OFF"}
    place = f"safety_settings[1].{path}"

    answer = post(google, asked() | {"safetySettings": [usual, usual | setting]})

    assert_unreadable(answer, f"Invalid value at '{place}' ({TYPE}.{kind}), \"{shown}\"", place)


@pytest.mark.parametrize(("extra", "name", "path"), UNKNOWN)
def test_an_unknown_name_is_refused_with_its_path(google: Any, extra: dict[str, Any], name: str, path: str) -> None:
    place = f" at '{path}'" if path else ""

    answer = post(google, asked() | extra)

    assert_unreadable(answer, f'Invalid JSON payload received. Unknown name "{name}"{place}: Cannot find field.', path)


def test_all_unknown_names_are_reported_at_once(google: Any) -> None:
    answer = post(google, asked(style="oil") | {"instances": []})

    assert answer.message.count("Cannot find field.") == 2
    assert len(answer.json["error"]["details"][0]["fieldViolations"]) == 2


@pytest.mark.parametrize("category", CATEGORIES)
def test_every_safety_category_is_taken(google: Any, category: str) -> None:
    levels = ["BLOCK_LOW_AND_ABOVE", "BLOCK_MEDIUM_AND_ABOVE", "BLOCK_ONLY_HIGH", "BLOCK_NONE", "OFF"]
    settings = [{"category": category, "threshold": level} for level in levels]

    assert post(google, asked() | {"safetySettings": settings}).status == 200


def test_a_label_has_to_be_text(google: Any) -> None:
    answer = post(google, asked() | {"labels": {"team": "ads", "cost_center": 4711}})

    assert_unreadable(answer, "Invalid value at 'labels[cost_center]' (TYPE_STRING), 4711", "labels[cost_center]")


def test_data_has_to_be_base64(google: Any) -> None:
    parts = [{"text": "x"}, {"inlineData": {"mimeType": "image/png", "data": "a%b"}}]

    answer = post(google, asked() | {"contents": [{"parts": parts}]})

    place = "contents[0].parts[1].inline_data.data"
    message = f"Invalid value at '{place}' (TYPE_BYTES), Base64 decoding failed for \"a%b\""
    assert_unreadable(answer, message, place)


@pytest.mark.parametrize(
    ("part", "second"),
    [
        ({"text": "a", "inlineData": {"mimeType": "image/png", "data": ""}}, "inlineData"),
        ({"inline_data": {"data": ""}, "inlineData": {"data": ""}}, "inlineData"),
        ({"text": "a", "file_data": {"fileUri": "gs://b/o"}}, "file_data"),
    ],
)
def test_a_part_holds_one_kind_of_data(google: Any, part: dict[str, Any], second: str) -> None:
    answer = post(google, asked() | {"contents": [{"parts": [part]}]})

    text = f"oneof field 'data' is already set. Cannot set '{second}'"
    assert_unreadable(answer, f"Invalid value at 'contents[0].parts[0]' (oneof), {text}", "contents[0].parts[0]")
