"""Each mistake in a ``:generateContent`` is answered with Google's status, envelope and message."""

from __future__ import annotations

from typing import Any

import pytest

NEWEST, FLASH, LITE = "gemini-nano-banana-2.1", "gemini-3.1-flash-image", "gemini-3.1-flash-lite-image"
PRO, OLD, IMAGEN = "gemini-3-pro-image", "gemini-2.5-flash-image", "imagen-4.0-generate-001"
CONTENTS = [{"role": "user", "parts": [{"text": "a red boat"}]}]
LEARN = "Learn more: https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/gemini"
NO_CONTENTS = f"Unable to submit request because at least one contents field is required. {LEARN}"
NO_PARTS = (
    "Unable to submit request because it must include at least one parts field, which describes the prompt input. "
    + LEARN
)
NO_TEXT = f"Unable to submit request because it must have a text parameter. Add a text parameter and try again. {LEARN}"
ONE_DATA = 'Unable to submit request because each part must have exactly one "data" field, such as text.'
MODALITY = "Model does not support the requested response modalities: {}"
NOT_TAKEN = "Unable to submit request because {} is not supported by model {}. Remove it."
LEVEL = "Thinking level {} is not supported for this model. Please retry with other thinking level."

BODIES = [
    (b"{", "Invalid JSON payload received."),
    (b"", NO_CONTENTS),
    ([], "Invalid JSON payload received."),
    ({}, NO_CONTENTS),
    ({"contents": []}, NO_CONTENTS),
    ({"contents": None}, NO_CONTENTS),
    ({"contents": [{"role": "user"}]}, NO_PARTS),
    ({"contents": [{"role": "user", "parts": []}]}, NO_PARTS),
    ({"contents": [{"role": "user", "parts": [{"text": ""}]}]}, NO_TEXT),
    ({"contents": [{"role": "user", "parts": [{}]}]}, ONE_DATA),
    ({"contents": [{"role": "painter", "parts": [{"text": "x"}]}]}, "Please use a valid role: user, model."),
    (
        {"contents": CONTENTS, "outputConfig": {"outputUriPrefix": "gs://b/p/"}},
        "outputConfig is not served by the emulator.",
    ),
]
CONFIGS = [
    (PRO, {"candidateCount": 2}, "Multiple candidates is not enabled for this model"),
    (PRO, {"candidateCount": 0}, "Unable to submit request because it has a candidateCount value of 0: it must be 1."),
    *[
        (NEWEST, {name: 1}, NOT_TAKEN.format(name, NEWEST))
        for name in ("seed", "temperature", "topP", "topK", "logprobs")
    ],
    (PRO, {"responseModalities": ["TEXT"]}, MODALITY.format("text")),
    (PRO, {"responseModalities": [1]}, MODALITY.format("text")),
    (PRO, {"responseModalities": [99]}, MODALITY.format("99")),
    (PRO, {"responseModalities": ["IMAGE", "AUDIO"]}, MODALITY.format("image, audio")),
    (PRO, {"thinkingConfig": {"thinkingLevel": "HIGH"}}, LEVEL.format("HIGH")),
    (OLD, {"thinkingConfig": {"thinkingLevel": "MINIMAL"}}, LEVEL.format("MINIMAL")),
    (FLASH, {"thinkingConfig": {"thinkingLevel": "MEDIUM"}}, LEVEL.format("MEDIUM")),
    (PRO, {"responseFormat": []}, "responseFormat is not served by the emulator."),
]
IMAGE_CONFIGS = [
    (PRO, {"aspectRatio": "7:4"}, "Invalid aspect ratio, 7:4"),
    (PRO, {"aspectRatio": "1:8"}, "Invalid aspect ratio, 1:8"),
    (LITE, {"aspectRatio": "9:21"}, "Invalid aspect ratio, 9:21"),
    (OLD, {"aspectRatio": "4:1"}, "Invalid aspect ratio, 4:1"),
    *[(FLASH, {"imageSize": size}, f"Invalid image size, {size}") for size in ("1k", "4k", "8K", "1024", "")],
    (NEWEST, {"imageSize": "512"}, "Invalid image size, 512"),
    (PRO, {"imageSize": "512"}, "Invalid image size, 512"),
    (LITE, {"imageSize": "2K"}, "Invalid image size, 2K"),
    (OLD, {"imageSize": "1K"}, f"imageSize is not supported by model {OLD}."),
    (OLD, {"personGeneration": "ALLOW_ALL"}, f"personGeneration is not supported by model {OLD}."),
    (OLD, {"prominentPeople": "BLOCK_PROMINENT_PEOPLE"}, f"prominentPeople is not supported by model {OLD}."),
    (PRO, {"imageOutputOptions": {"mimeType": "image/gif"}}, "Invalid mimeType, image/gif"),
    *[
        (
            PRO,
            {"imageOutputOptions": {"compressionQuality": quality}},
            f"Invalid compressionQuality, {quality}: must be between 0 and 100.",
        )
        for quality in (-1, 101)
    ],
]


def post(google: Any, body: Any, model: str = PRO, location: str = "global", method: str = "generateContent") -> Any:
    return google.post(f"/v1/projects/p/locations/{location}/publishers/google/models/{model}:{method}", body)


def asked(**config: Any) -> dict[str, Any]:
    return {"contents": CONTENTS, "generationConfig": {"responseModalities": ["IMAGE"], **config}}


def assert_refused(answer: Any, message: str, status: int = 400, word: str = "INVALID_ARGUMENT") -> None:
    assert answer.json == {"error": {"code": status, "message": message, "status": word, "details": []}}
    assert answer.status == status


@pytest.mark.parametrize(("body", "message"), BODIES)
def test_a_body_that_is_no_request_is_refused(google: Any, body: Any, message: str) -> None:
    assert_refused(post(google, body), message)


@pytest.mark.parametrize(("model", "config", "message"), CONFIGS)
def test_a_setting_that_the_model_does_not_take_is_refused(
    google: Any, model: str, config: dict[str, Any], message: str
) -> None:
    assert_refused(post(google, asked(**config), model), message)


@pytest.mark.parametrize(("model", "config", "message"), IMAGE_CONFIGS)
def test_an_image_setting_that_the_model_does_not_take_is_refused(
    google: Any, model: str, config: dict[str, Any], message: str
) -> None:
    assert_refused(post(google, asked(imageConfig=config), model), message)


@pytest.mark.parametrize(
    ("model", "config"),
    [
        (PRO, {"seed": 2**31 - 1, "temperature": 1.0, "topP": 0.9, "topK": 5, "candidateCount": 1}),
        (NEWEST, {"thinkingConfig": {"thinkingLevel": "MEDIUM", "includeThoughts": True}}),
        (LITE, {"thinkingConfig": {"thinkingLevel": "HIGH"}}),
        (OLD, {"seed": 7, "imageConfig": {"aspectRatio": "21:9", "imageOutputOptions": {"compressionQuality": 0}}}),
        *[(PRO, {"imageConfig": {"personGeneration": f"ALLOW_{word}"}}) for word in ("ALL", "ADULT", "NONE")],
    ],
)
def test_what_the_model_takes_is_taken(google: Any, model: str, config: dict[str, Any]) -> None:
    assert post(google, asked(**config), model).status == 200


@pytest.mark.parametrize(("model", "tokens"), [(OLD, 32768), (LITE, 65536)])
def test_a_prompt_may_be_as_long_as_the_model_reads(google: Any, model: str, tokens: int) -> None:
    def sent(count: int) -> Any:
        return post(google, asked() | {"contents": [{"role": "user", "parts": [{"text": "word " * count}]}]}, model)

    assert sent(tokens).status == 200
    message = f"The input token count ({tokens + 1}) exceeds the maximum number of tokens allowed ({tokens})."
    assert_refused(sent(tokens + 1), message)


@pytest.mark.parametrize(
    ("model", "location", "status"),
    [
        *[(model, "us-central1", 404) for model in (NEWEST, FLASH, LITE, PRO)],
        *[(OLD, location, 200) for location in ("global", "us-central1", "us-east5", "europe-west4")],
        *[(OLD, location, 404) for location in ("us", "eu", "asia-east1")],
        ("gemini-9-image", "global", 404),
        ("gemini-3-pro-image-preview", "global", 404),
    ],
)
def test_a_model_is_found_only_where_google_serves_it(google: Any, model: str, location: str, status: int) -> None:
    answer = post(google, asked(), model, location)

    assert answer.status == status
    if status == 404:
        name = f"projects/p/locations/{location}/publishers/google/models/{model}"
        message = f"Publisher Model `{name}` was not found or your project does not have access to it."
        assert_refused(answer, message, 404, "NOT_FOUND")


def test_a_retired_model_is_not_found(google: Any, emulator: Any) -> None:
    emulator.retire(PRO)

    assert post(google, asked()).status == 404
    assert post(google, asked(), FLASH).status == 200


def test_a_model_is_asked_with_its_own_method_only(google: Any) -> None:
    predicted = post(google, {"instances": [{"prompt": "x"}]}, method="predict")
    generated = post(google, asked(), IMAGEN, "us-central1")

    assert (predicted.status, predicted.json["error"]["status"]) == (400, "FAILED_PRECONDITION")
    assert predicted.message.startswith("Gemini cannot be accessed through Vertex Predict/RawPredict API.")
    assert_refused(generated, f"{IMAGEN} is not supported in the generateContent API.", 400, "FAILED_PRECONDITION")
