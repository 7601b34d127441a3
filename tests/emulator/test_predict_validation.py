"""Each mistake in a request is answered with Google's status, envelope and message, and costs nothing."""

from __future__ import annotations

from typing import Any

import pytest

PROMPT = {"prompt": "a red boat"}
SOURCE = {"image": {"gcsUri": "gs://bucket/a.png"}}
LARGER = {"mode": "upscale", "sampleCount": 1, "upscaleConfig": {"upscaleFactor": "x2"}}
OLDEST, FIVE, SIX = "imagegeneration@002", "imagegeneration@005", "imagegeneration@006"
THREE, THREE_TWO = "imagen-3.0-generate-001", "imagen-3.0-generate-002"
FAST_3, EDITOR = "imagen-3.0-fast-generate-001", "imagen-3.0-capability-001"
FOUR, FAST_4, UPSCALER = "imagen-4.0-generate-001", "imagen-4.0-fast-generate-001", "imagen-4.0-upscale-preview"
SINGLE = "Only a single prompt is supported by the service: instances must have one item."
PATTERN = "must match ^gs://(.+)/(.+)$"
ONE_SOURCE = "Image must have exactly one of bytesBase64Encoded and gcsUri."
MODE = "Model {} does not support this mode."
NOT_TAKEN = "{} is not supported by model {}."
WATERMARK = "Seed is not supported when watermark is enabled"

BODIES = [
    ({}, SINGLE),
    ({"instances": []}, SINGLE),
    ({"instances": [PROMPT, PROMPT]}, SINGLE),
    ({"instances": ["a red boat"]}, SINGLE),
    ({"instances": [{}]}, "Prompt is required."),
    ({"instances": [{"prompt": ""}]}, "Prompt is required."),
    ({"instances": [{"prompt": 5}]}, "Invalid prompt: it must be a string."),
    ({"instances": [{"prompt": None}]}, "Prompt is required."),
    (b"", SINGLE),
    ([PROMPT], "Invalid JSON payload received."),
    (b"{", "Invalid JSON payload received."),
    (b"\xff{}", "Invalid JSON payload received."),
    ({"instances": [PROMPT], "parameters": [1]}, "parameters must be an object."),
]
GENERATE = [
    (FOUR, {"sampleCount": 0}, "Invalid sampleCount, 0: must be between 1 and 4."),
    (FOUR, {"sampleCount": -1}, "Invalid sampleCount, -1: must be between 1 and 4."),
    (FOUR, {"sampleCount": 5}, "Invalid sampleCount, 5: must be between 1 and 4."),
    (FOUR, {"sampleCount": "5"}, "Invalid sampleCount, 5: must be between 1 and 4."),
    (FOUR, {"sampleCount": "two"}, "Invalid sampleCount, two: must be between 1 and 4."),
    (FOUR, {"sampleCount": True}, "Invalid sampleCount, True: must be between 1 and 4."),
    (FOUR, {"sampleCount": 1.5}, "Invalid sampleCount, 1.5: must be between 1 and 4."),
    (OLDEST, {"sampleCount": 9}, "Invalid sampleCount, 9: must be between 1 and 8."),
    ("imagen-4.0-ultra-generate-preview-06-06", {"sampleCount": 2}, "Invalid sampleCount, 2: must be between 1 and 1."),
    (FOUR, {"aspectRatio": "4:5"}, "Invalid aspect ratio, 4:5"),
    (FIVE, {"aspectRatio": "16:9"}, "Invalid aspect ratio, 16:9"),
    (OLDEST, {"aspectRatio": "9:16"}, "Invalid aspect ratio, 9:16"),
    (FOUR, {"storageUri": "gs://bucket"}, f"Invalid storageUri, gs://bucket: {PATTERN}"),
    (FOUR, {"storageUri": "gs://bucket/"}, f"Invalid storageUri, gs://bucket/: {PATTERN}"),
    (FOUR, {"storageUri": "s3://bucket/x"}, f"Invalid storageUri, s3://bucket/x: {PATTERN}"),
    (FOUR, {"storageUri": "/tmp/x"}, f"Invalid storageUri, /tmp/x: {PATTERN}"),
    (FOUR, {"safetySetting": "none"}, "Invalid safetySetting, none"),
    (FOUR, {"personGeneration": "ALLOW_NONE"}, "Invalid personGeneration, ALLOW_NONE"),
    (FOUR, {"language": "fr"}, "Invalid language, fr"),
    (OLDEST, {"sampleImageStyle": "oil"}, "Invalid sampleImageStyle, oil"),
    (FOUR, {"sampleImageSize": "4K"}, "Invalid sampleImageSize, 4K"),
    (FAST_4, {"sampleImageSize": "2K"}, "Invalid sampleImageSize, 2K"),
    (FOUR, {"outputOptions": {"mimeType": "image/avif"}}, "Invalid mimeType, image/avif"),
    (
        FOUR,
        {"outputOptions": {"compressionQuality": 101}},
        "Invalid compressionQuality, 101: must be between 0 and 100.",
    ),
    (FOUR, {"outputOptions": {"compressionQuality": -1}}, "Invalid compressionQuality, -1: must be between 0 and 100."),
    (FOUR, {"outputOptions": {"compressionQuality": "x"}}, "Invalid compressionQuality, x: must be between 0 and 100."),
    (FOUR, {"seed": 7}, WATERMARK),
    (SIX, {"seed": 7}, WATERMARK),
    (FIVE, {"seed": 7, "addWatermark": True}, WATERMARK),
    (FOUR, {"seed": -1, "addWatermark": False}, "Invalid seed, -1"),
    (FOUR, {"seed": 2**32, "addWatermark": False}, f"Invalid seed, {2**32}"),
    (FOUR, {"seed": "7.5", "addWatermark": False}, "Invalid seed, 7.5"),
    (THREE_TWO, {"negativePrompt": "dogs"}, NOT_TAKEN.format("negativePrompt", THREE_TWO)),
    (THREE, {"enhancePrompt": True}, NOT_TAKEN.format("enhancePrompt", THREE)),
    (FAST_3, {"language": "en"}, NOT_TAKEN.format("language", FAST_3)),
    (THREE_TWO, {"sampleImageSize": "1K"}, NOT_TAKEN.format("sampleImageSize", THREE_TWO)),
    (FOUR, {"sampleImageStyle": "sketch"}, NOT_TAKEN.format("sampleImageStyle", FOUR)),
    (FIVE, {"personGeneration": "allow_all"}, NOT_TAKEN.format("personGeneration", FIVE)),
    (FIVE, {"safetySetting": "block_some"}, NOT_TAKEN.format("safetySetting", FIVE)),
    (FOUR, {"addWatermark": "maybe"}, "Invalid addWatermark, maybe"),
    (FOUR, {"includeRaiReason": 1}, "Invalid includeRaiReason, 1"),
    (FOUR, {"guidanceScale": "much"}, "Invalid guidanceScale, much"),
    (EDITOR, {}, MODE.format(EDITOR)),
    (UPSCALER, {}, MODE.format(UPSCALER)),
]
UPSCALE = [
    (FOUR, SOURCE, {}, MODE.format(FOUR)),
    (UPSCALER, SOURCE, {"sampleCount": 2}, "Invalid sampleCount, 2: must be between 1 and 1."),
    (UPSCALER, SOURCE, {"upscaleConfig": {"upscaleFactor": "x5"}}, "Invalid upscaleFactor, x5"),
    (UPSCALER, SOURCE, {"upscaleConfig": {"upscaleFactor": 2}}, "Invalid upscaleFactor, 2"),
    (OLDEST, SOURCE, {"upscaleConfig": {"upscaleFactor": "x3"}}, "Invalid upscaleFactor, x3"),
    (UPSCALER, SOURCE, {"upscaleConfig": {}}, "Invalid upscaleFactor, None"),
    (UPSCALER, SOURCE, {"upscaleConfig": None}, "Invalid upscaleFactor, None"),
    (UPSCALER, {}, {}, ONE_SOURCE),
    (UPSCALER, {"image": {}}, {}, ONE_SOURCE),
    (UPSCALER, {"image": {"gcsUri": "gs://bucket/a.png", "bytesBase64Encoded": "AAAA"}}, {}, ONE_SOURCE),
    (UPSCALER, SOURCE, {"outputOptions": {"mimeType": "image/avif"}}, "Invalid mimeType, image/avif"),
    (UPSCALER, SOURCE, {"storageUri": "gs://bucket"}, f"Invalid storageUri, gs://bucket: {PATTERN}"),
    (UPSCALER, SOURCE, {"safetySetting": "none"}, "Invalid safetySetting, none"),
    (UPSCALER, SOURCE, {"personGeneration": "children"}, "Invalid personGeneration, children"),
]


def assert_refused(answer: Any, message: str, status: int = 400, word: str = "INVALID_ARGUMENT") -> None:
    assert answer.status == status
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json == {"error": {"code": status, "message": message, "status": word, "details": []}}


@pytest.mark.parametrize(("body", "message"), BODIES)
def test_a_body_that_is_no_request_is_refused(google: Any, body: Any, message: str) -> None:
    assert_refused(google.predict(body), message)


@pytest.mark.parametrize(("model", "parameters", "message"), GENERATE)
def test_a_parameter_that_the_model_does_not_take_is_refused(
    google: Any, emulator: Any, model: str, parameters: dict[str, Any], message: str
) -> None:
    elsewhere = {} if "storageUri" in parameters else {"storageUri": "gs://bucket/x/"}

    assert_refused(google.generate(model=model, **parameters, **elsewhere), message)
    assert emulator.list_objects("bucket") == []


@pytest.mark.parametrize(("model", "instance", "parameters", "message"), UPSCALE)
def test_a_mistake_in_an_upscale_is_refused(
    google: Any, model: str, instance: dict[str, Any], parameters: dict[str, Any], message: str
) -> None:
    assert_refused(google.predict({"instances": [instance], "parameters": LARGER | parameters}, model), message)


@pytest.mark.parametrize(
    ("model", "parameters"),
    [
        (FOUR, {"outputOptions": "image/png"}),
        (FOUR, {"outputOptions": {"mimeType": ["image/png"]}}),
        (UPSCALER, LARGER | {"upscaleConfig": "x2"}),
        (UPSCALER, LARGER | {"upscaleConfig": {"upscaleFactor": ["x2"]}}),
    ],
)
def test_a_parameter_of_the_wrong_shape_is_refused_too(google: Any, model: str, parameters: dict[str, Any]) -> None:
    instance = SOURCE if model == UPSCALER else PROMPT
    answer = google.predict({"instances": [instance], "parameters": parameters}, model)

    assert (answer.status, answer.json["error"]["status"]) == (400, "INVALID_ARGUMENT")


@pytest.mark.parametrize("image", ["gs://bucket/gcsUri", 5, {"bytesBase64Encoded": 5}, {"gcsUri": None}])
def test_a_source_of_the_wrong_shape_is_refused_too(google: Any, image: Any) -> None:
    assert google.upscale(image).status == 400


@pytest.mark.parametrize(("model", "tokens"), [(OLDEST, 64), (FIVE, 128), (SIX, 128), (THREE, 480), (FOUR, 480)])
def test_a_prompt_may_be_as_long_as_the_model_reads(google: Any, model: str, tokens: int) -> None:
    assert google.generate(model=model, prompt="word " * tokens).status == 200
    refused = google.generate(model=model, prompt="word " * (tokens + 1))
    assert_refused(refused, f"The input token count exceeds the maximum of {tokens}.")


@pytest.mark.parametrize(
    ("model", "parameters"),
    [
        (FOUR, {"safetySetting": "BLOCK_ONLY_HIGH", "personGeneration": "ALLOW_ALL"}),
        (FOUR, {"safetySetting": "block_fewest", "personGeneration": "dont_allow"}),
        (THREE, {"language": "zh-CN"}),
        (FOUR, {"sampleImageSize": "2k"}),
        (OLDEST, {"sampleImageStyle": "pop_art", "seed": 2**32 - 1}),
        (FIVE, {"seed": 0, "negativePrompt": "dogs"}),
        (FOUR, {"outputOptions": {"mimeType": "image/jpeg", "compressionQuality": 0}}),
        (FOUR, {"guidanceScale": 7.5, "includeRaiReason": True, "unknownParameter": 1}),
        (FOUR, {"negativePrompt": "dogs", "seed": 7, "addWatermark": False, "enhancePrompt": True, "language": "en"}),
    ],
)
def test_what_the_reference_allows_is_taken(google: Any, model: str, parameters: dict[str, Any]) -> None:
    assert google.generate(model=model, **parameters).status == 200


def test_parameters_may_be_left_out(google: Any) -> None:
    assert google.predict({"instances": [PROMPT]}).status == 200


def test_a_refusal_takes_no_folder_number(google: Any, emulator: Any) -> None:
    google.generate(storageUri="gs://bucket/x/")
    google.generate(storageUri="gs://bucket/x/", sampleCount=5)
    google.generate(storageUri="gs://bucket/x/")

    first, second = [int(name.split("/")[1]) for name in emulator.list_objects("bucket")]
    assert second == first + 1


@pytest.mark.parametrize(
    ("instance", "parameters"),
    [
        (PROMPT | {"referenceImages": [{"referenceType": "REFERENCE_TYPE_RAW", "referenceId": 1}]}, {}),
        (PROMPT | SOURCE, {}),
        (PROMPT | {"mask": SOURCE}, {}),
        (PROMPT, {"editMode": "EDIT_MODE_INPAINT_INSERTION"}),
        (PROMPT, {"editConfig": {"editMode": "inpainting-insert"}}),
    ],
)
@pytest.mark.parametrize("model", [EDITOR, SIX, FOUR])
def test_editing_is_not_served_and_the_error_says_so(
    google: Any, emulator: Any, model: str, instance: dict[str, Any], parameters: dict[str, Any]
) -> None:
    answer = google.predict({"instances": [instance], "parameters": parameters}, model)

    (field,) = (instance.keys() | parameters.keys()) - {"prompt"}
    message = f"Editing images ({field}) with {model} is not served by the emulator."
    assert_refused(answer, message, 501, "UNIMPLEMENTED")
    assert emulator.accepted == 0
