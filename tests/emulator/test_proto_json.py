"""Every field of every request is read with the leniency of proto3 JSON, and refused where that ends."""

from __future__ import annotations

import base64
import math
from typing import Any

import pytest

from airflow_provider_imagen.emulator.api_errors import ApiError
from airflow_provider_imagen.emulator.messages import ENUMS, MESSAGES
from airflow_provider_imagen.emulator.proto_json import read, read_known

FORMS: dict[str, list[tuple[Any, Any]]] = {
    "STRING": [("text", "text"), ("", ""), ("7", "7")],
    "INT32": [(form, 7) for form in (7, 7.0, 70e-1, "7", "7.0", "7e0", "+7")] + [(-7.0, -7), (str(-(2**31)), -(2**31))],
    "UINT32": [(form, 7) for form in (7, 7.0, "7", "7.0")] + [(2**32 - 1, 2**32 - 1), (4294967295.0, 2**32 - 1)],
    "FLOAT": [(form, 0.5) for form in (0.5, "0.5", "5e-1", ".5")] + [(2, 2), ("2", 2), ("Infinity", math.inf)],
    "DOUBLE": [(0.5, 0.5), ("0.5", 0.5)],
    "BOOL": [(form, True) for form in (True, "true", "True", "t", "yes", "1")] + [(False, False), ("false", False)],
    "BYTES": [(form, b"\xfb\xff") for form in ("+/8=", "+/8", "-_8=", "-_8", "+/\n8=\n")] + [("", b"")],
}
WRONG: dict[str, list[Any]] = {
    "STRING": [7, True, [], {}],
    "INT32": [
        7.5,
        "7.5",
        "",
        " 7",
        "7 ",
        "seven",
        True,
        2**31,
        -(2**31) - 1,
        "2147483648",
        [7],
        {},
        "NaN",
        "Infinity",
        10**400,
        "1e400",
    ],
    "UINT32": [-1, "-1", 2**32, 0.5, True, [], {}],
    "FLOAT": ["", "half", True, [0.5], {}, "nan", "inf"],
    "DOUBLE": ["", "half", True],
    "BOOL": [1, 0, "", "maybe", [True], {}],
    "BYTES": [7, "a", "%%%%", [], {}],
}
FIELDS = [(message, name, kind) for message, row in MESSAGES.items() for name, kind in row.items()]
SCALARS = [field for field in FIELDS if field[2] in FORMS]
ENUM_FIELDS = [field for field in FIELDS if field[2] in ENUMS]
LISTS = [field for field in FIELDS if field[2].endswith("*")]


def snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


@pytest.mark.parametrize(("message", "name", "kind"), SCALARS)
def test_a_scalar_is_read_in_every_form(message: str, name: str, kind: str) -> None:
    for form, value in FORMS[kind]:
        for spelled in (name, snake(name)):
            assert read({spelled: form}, message) == {name: value}, form
        assert type(read({name: form}, message)[name]) is type(value) or kind in {"FLOAT", "DOUBLE"}


@pytest.mark.parametrize(("message", "name", "kind"), SCALARS)
def test_a_scalar_of_another_kind_is_refused_with_its_path(message: str, name: str, kind: str) -> None:
    for form in WRONG[kind]:
        with pytest.raises(ApiError) as caught:
            read({name: form}, message)
        assert caught.value.message.startswith(f"Invalid value at '{snake(name)}' (TYPE_{kind}), "), form


@pytest.mark.parametrize("message", MESSAGES)
def test_null_is_as_good_as_nothing(message: str) -> None:
    assert read(dict.fromkeys(MESSAGES[message]), message) == {}


@pytest.mark.parametrize("message", MESSAGES)
def test_an_unknown_name_is_refused(message: str) -> None:
    with pytest.raises(ApiError, match='Unknown name "nonsense": Cannot find field.'):
        read({"nonsense": 1}, message)


@pytest.mark.parametrize(("message", "name", "kind"), ENUM_FIELDS)
def test_an_enum_is_read_by_name_in_any_case_by_number_and_by_number_as_text(
    message: str, name: str, kind: str
) -> None:
    for word, number in ENUMS[kind].items():
        numbers = [number, float(number), str(number)] if number >= 0 else []
        for form in (word, word.lower(), word.capitalize(), word.replace("_", "-"), *numbers):
            assert read({name: form}, message) == ({} if number == 0 else {name: word}), form


@pytest.mark.parametrize(("message", "name", "kind"), ENUM_FIELDS)
def test_a_number_that_an_enum_does_not_have_is_kept(message: str, name: str, kind: str) -> None:
    assert read({name: 99}, message) == {name: 99}
    assert read({name: -1}, message) == {name: -1}


@pytest.mark.parametrize(("message", "name", "kind"), ENUM_FIELDS)
@pytest.mark.parametrize("form", ["", "NONSENSE", "99", "-1", 1.5, True, [], {}])
def test_what_no_enum_has_is_refused(message: str, name: str, kind: str, form: Any) -> None:
    with pytest.raises(ApiError, match=r"\(type.googleapis.com/google.cloud.aiplatform.master\."):
        read({name: form}, message)


@pytest.mark.parametrize(("message", "name", "kind"), LISTS)
def test_one_value_stands_for_a_list_of_one(message: str, name: str, kind: str) -> None:
    value: Any = {"STRING*": "x", "GenerationConfig.Modality*": "IMAGE"}.get(kind, {})

    assert read({name: value}, message) == read({name: [value]}, message) == {name: [value]}


def test_unspecified_values_fall_out_of_a_list() -> None:
    modalities = ["MODALITY_UNSPECIFIED", 2, 0, "text"]

    assert read({"responseModalities": modalities}, "GenerationConfig") == {"responseModalities": ["IMAGE", "TEXT"]}


def test_a_model_server_reads_what_it_can_and_leaves_the_rest() -> None:
    given = {
        "sample_count": "2",
        "seed": 7.0,
        "addWatermark": "false",
        "guidanceScale": "7.5",
        "negativePrompt": None,
        "outputOptions": {"compressionQuality": "80", "other": 1},
        "aspectRatio": 1,
        "unknown": [1],
    }

    assert read_known(given, "VisionGenerativeModelParams") == {
        "sampleCount": 2,
        "seed": 7,
        "addWatermark": False,
        "guidanceScale": 7.5,
        "outputOptions": {"compressionQuality": 80, "other": 1},
        "aspectRatio": 1,
        "unknown": [1],
    }


def test_a_lenient_gemini_request_makes_the_same_image_as_a_strict_one(google: Any) -> None:
    path = "/v1/projects/p/locations/global/publishers/google/models/gemini-3.1-flash-image:generateContent"
    strict = {
        "contents": [{"role": "user", "parts": [{"text": "a red boat"}]}],
        "generationConfig": {
            "seed": 7,
            "candidateCount": 1,
            "responseModalities": ["TEXT", "IMAGE"],
            "thinkingConfig": {"includeThoughts": False, "thinkingLevel": "HIGH"},
            "imageConfig": {
                "personGeneration": "ALLOW_ADULT",
                "imageOutputOptions": {"mimeType": "image/jpeg", "compressionQuality": 80},
            },
        },
        "safetySettings": [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_ONLY_HIGH"}],
    }
    lenient = {
        "contents": {"role": None, "parts": {"text": "a red boat"}},
        "generation_config": {
            "seed": "7",
            "candidate_count": 1.0,
            "top_k": None,
            "response_modalities": [1.0, "Image"],
            "thinking_config": {"include_thoughts": "false", "thinking_level": "high"},
            "image_config": {
                "person_generation": 2,
                "prominent_people": "PROMINENT_PEOPLE_UNSPECIFIED",
                "image_output_options": {"mime_type": "image/jpeg", "compression_quality": "80"},
            },
        },
        "safety_settings": {"category": "3", "threshold": "block-only-high", "method": 0},
    }

    images = [google.post(path, body).json["candidates"][0]["content"]["parts"] for body in (strict, lenient)]
    assert images[0] == images[1]
    assert [part.keys() for part in images[0]] == [{"text"}, {"inlineData", "thoughtSignature"}]


def test_a_lenient_imagen_request_makes_the_same_image_as_a_strict_one(google: Any) -> None:
    strict = {
        "instances": [{"prompt": "a red boat"}],
        "parameters": {
            "sampleCount": 2,
            "seed": 7,
            "addWatermark": False,
            "outputOptions": {"mimeType": "image/jpeg", "compressionQuality": 80},
        },
    }
    lenient = {
        "instances": {"prompt": "a red boat", "image": None},
        "parameters": {
            "sample_count": 2.0,
            "seed": "7",
            "add_watermark": "false",
            "output_options": {"mime_type": "image/jpeg", "compression_quality": 80.0},
            "storage_uri": None,
        },
        "labels": {"team": "ads"},
    }

    assert google.predict(strict).predictions == google.predict(lenient).predictions
    assert len(google.predict(lenient).predictions) == 2


def test_a_lenient_upscale_makes_the_same_image_as_a_strict_one(google: Any, picture: Any) -> None:
    image = {"bytesBase64Encoded": base64.b64encode(picture()).decode(), "mimeType": "image/png"}
    lenient = {"bytes_base64_encoded": image["bytesBase64Encoded"], "gcs_uri": None}

    bodies = [
        {"instances": [{"image": image}], "parameters": {"mode": "upscale", "upscaleConfig": {"upscaleFactor": "x2"}}},
        {
            "instances": {"prompt": "", "image": lenient},
            "parameters": {
                "mode": "upscale",
                "sampleCount": "1",
                "upscale_config": {
                    "upscale_factor": "x2",
                    "enhance_input_image": "true",
                    "image_preservation_factor": "0.5",
                },
            },
        },
    ]
    first, second = [google.predict(body, "imagen-4.0-upscale-preview").predictions for body in bodies]
    assert first == second


@pytest.mark.parametrize("config", [{}, None, {"responseModalities": []}, {"responseModalities": [0]}])
def test_without_modalities_a_model_answers_with_text_and_image(google: Any, config: Any) -> None:
    path = "/v1/projects/p/locations/global/publishers/google/models/gemini-2.5-flash-image:generateContent"
    body = {"contents": [{"parts": [{"text": "a red boat"}]}], "generationConfig": config}

    (candidate,) = google.post(path, body).json["candidates"]
    assert [set(part) for part in candidate["content"]["parts"]] == [{"text"}, {"inlineData"}]


@pytest.mark.parametrize(("include", "thoughts"), [(False, 0), (True, 2), (None, 2)])
def test_thoughts_can_be_left_out(google: Any, include: bool | None, thoughts: int) -> None:
    path = "/v1/projects/p/locations/global/publishers/google/models/gemini-3-pro-image:generateContent"
    config = {"responseModalities": ["IMAGE"], "thinkingConfig": {"includeThoughts": include}}
    body = {"contents": [{"parts": [{"text": "a red boat"}]}], "generationConfig": config}

    answer = google.post(path, body).json
    parts = answer["candidates"][0]["content"]["parts"]
    assert len([part for part in parts if part.get("thought")]) == thoughts
    assert answer["usageMetadata"]["thoughtsTokenCount"] > 0
