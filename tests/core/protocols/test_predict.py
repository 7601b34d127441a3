"""Requests as JSON: every argument in the place that Google's reference documents."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from airflow_provider_imagen.core.protocols.predict import encode
from airflow_provider_imagen.core.requests import LARGEST_SEED, GenerateRequest, InputPicture, UpscaleRequest

PLACES: list[tuple[str, Any, str, Any]] = [
    ("prompt", "a dog", "instances.0.prompt", "a dog"),
    ("number_of_images", 3, "parameters.sampleCount", 3),
    ("negative_prompt", "rain", "parameters.negativePrompt", "rain"),
    ("aspect_ratio", "16:9", "parameters.aspectRatio", "16:9"),
    ("seed", 7, "parameters.seed", 7),
    ("enhance_prompt", False, "parameters.enhancePrompt", False),
    ("language", "zh-TW", "parameters.language", "zh-TW"),
    ("safety_filter_level", "block_few", "parameters.safetySetting", "block_only_high"),
    ("person_generation", "dont_allow", "parameters.personGeneration", "dont_allow"),
    ("add_watermark", False, "parameters.addWatermark", False),
    ("sample_image_style", "sketch", "parameters.sampleImageStyle", "sketch"),
    ("guidance_scale", 7.5, "parameters.guidanceScale", 7.5),
    ("image_size", "2K", "parameters.sampleImageSize", "2K"),
    ("include_rai_reason", False, "parameters.includeRaiReason", False),
    ("include_safety_attributes", True, "parameters.includeSafetyAttributes", True),
    ("output_mime_type", "image/jpeg", "parameters.outputOptions.mimeType", "image/jpeg"),
    ("compression_quality", 0, "parameters.outputOptions.compressionQuality", 0),
    ("labels", {"team": "art"}, "labels.team", "art"),
]
UPSCALE_PLACES: list[tuple[str, Any, str, Any]] = [
    ("upscale_factor", "x4", "parameters.upscaleConfig.upscaleFactor", "x4"),
    ("enhance_input_image", True, "parameters.upscaleConfig.enhanceInputImage", True),
    ("image_preservation_factor", 0.5, "parameters.upscaleConfig.imagePreservationFactor", 0.5),
    ("safety_filter_level", "block_none", "parameters.safetySetting", "block_none"),
    ("person_generation", "allow_all", "parameters.personGeneration", "allow_all"),
    ("include_rai_reason", False, "parameters.includeRaiReason", False),
    ("output_mime_type", "image/png", "parameters.outputOptions.mimeType", "image/png"),
    ("compression_quality", 90, "parameters.outputOptions.compressionQuality", 90),
    ("labels", {"team": "art"}, "labels.team", "art"),
]
NOT_ON_THE_WIRE = {"model", "output_uri", "image_key", "on_filtered", "if_exists", "on_lost"}


def flat(value: Any, path: str = "") -> dict[str, Any]:
    """Return every leaf of a JSON value by its dotted path."""
    if not isinstance(value, (dict, list)):
        return {path: value}
    items = value.items() if isinstance(value, dict) else enumerate(value)
    return {place: leaf for key, each in items for place, leaf in flat(each, f"{path}.{key}".strip(".")).items()}


def generate(index: int = 0, storage_uri: str | None = None, **arguments: Any) -> dict[str, Any]:
    given = {"model": "some-model", "prompt": "a cat", "output_uri": "/data/cats", **arguments}
    return encode(GenerateRequest(**given), index, storage_uri)


def upscale(source: InputPicture | None, storage_uri: str | None = None, **arguments: Any) -> dict[str, Any]:
    given = {"model": "some-model", "image": "/a.png", "output_uri": "/data", "upscale_factor": "x2", **arguments}
    return encode(UpscaleRequest(**given, pictures=() if source is None else (source,)), 0, storage_uri)


OF_GEMINI = {
    "pictures",
    "reference_images",
    "thinking_level",
    "system_instruction",
    "google_search",
    "prominent_people",
    "service_tier",
}
"""Arguments that no Imagen model takes."""

BYTES = InputPicture(data=b"pixels", mime_type="image/png")
LEAST = {"instances": [{"prompt": "a cat"}], "parameters": {"sampleCount": 1, "includeRaiReason": True}}
LEAST_UPSCALE = {
    "instances": [{"image": {"bytesBase64Encoded": base64.b64encode(b"pixels").decode(), "mimeType": "image/png"}}],
    "parameters": {
        "sampleCount": 1,
        "mode": "upscale",
        "includeRaiReason": True,
        "upscaleConfig": {"upscaleFactor": "x2"},
    },
}


@pytest.mark.parametrize(("argument", "value", "place", "sent"), PLACES)
def test_an_argument_lands_in_its_documented_place_and_changes_nothing_else(
    argument: str, value: object, place: str, sent: object
) -> None:
    assert flat(generate(**{argument: value})) == {**flat(LEAST), place: sent}


@pytest.mark.parametrize(("argument", "value", "place", "sent"), UPSCALE_PLACES)
def test_an_argument_of_an_upscale_lands_in_its_documented_place(
    argument: str, value: object, place: str, sent: object
) -> None:
    assert flat(upscale(BYTES, **{argument: value})) == {**flat(LEAST_UPSCALE), place: sent}


@pytest.mark.parametrize(
    ("kind", "places", "elsewhere"),
    [(GenerateRequest, PLACES, OF_GEMINI), (UpscaleRequest, UPSCALE_PLACES, {"image", "pictures"})],
)
def test_no_argument_is_forgotten_here(kind: type, places: list[tuple[Any, ...]], elsewhere: set[str]) -> None:
    assert {place[0] for place in places} == set(kind.model_fields) - NOT_ON_THE_WIRE - elsewhere  # type: ignore[attr-defined]


def test_what_was_not_given_is_not_sent() -> None:
    """The number of images always is: Google makes four when it is missing."""
    assert generate() == LEAST
    assert generate(**dict.fromkeys(["seed", "labels", "aspect_ratio", "number_of_images"])) == LEAST


def test_everything_at_once_is_what_google_s_own_sdk_sends() -> None:
    """Captured from google-genai 3.4.0, except that it writes the enumerations in upper case."""
    body = generate(
        storage_uri="gs://b/o/",
        negative_prompt="dog",
        number_of_images=3,
        aspect_ratio="16:9",
        guidance_scale=7.5,
        seed=7,
        safety_filter_level="BLOCK_ONLY_HIGH",
        person_generation="ALLOW_ADULT",
        include_safety_attributes=True,
        language="ja",
        output_mime_type="image/jpeg",
        compression_quality=80,
        add_watermark=False,
        image_size="2K",
        enhance_prompt=False,
        labels={"a": "b"},
    )
    captured = """{"instances":[{"prompt":"a cat"}],
     "parameters":{"storageUri":"gs://b/o/","negativePrompt":"dog","sampleCount":3,"aspectRatio":"16:9",
       "guidanceScale":7.5,"seed":7,"safetySetting":"block_only_high","personGeneration":"allow_adult",
       "includeSafetyAttributes":true,"includeRaiReason":true,"language":"ja",
       "outputOptions":{"mimeType":"image/jpeg","compressionQuality":80},"addWatermark":false,
       "sampleImageSize":"2K","enhancePrompt":false},
     "labels":{"a":"b"}}"""

    assert body == json.loads(captured)


def test_an_image_in_cloud_storage_is_sent_by_reference() -> None:
    body = upscale(InputPicture(gcs_uri="gs://bucket/cat.png"))

    assert body == {**LEAST_UPSCALE, "instances": [{"image": {"gcsUri": "gs://bucket/cat.png"}}]}


def test_an_upscale_without_its_source_is_a_programming_error() -> None:
    with pytest.raises(ValueError, match="the source image was not read"):
        upscale(None)


@pytest.mark.parametrize("output_uri", ["/data/cats", "gs://bucket/cats/", "s3://bucket/cats/"])
def test_google_writes_only_to_the_folder_that_is_handed_in(output_uri: str) -> None:
    own = f"{output_uri}posters-0123456789ab/"

    assert generate(output_uri=output_uri) == LEAST
    assert flat(generate(output_uri=output_uri, storage_uri=own)) == {**flat(LEAST), "parameters.storageUri": own}
    assert upscale(BYTES, output_uri=output_uri) == LEAST_UPSCALE
    assert flat(upscale(BYTES, own)) == {**flat(LEAST_UPSCALE), "parameters.storageUri": own}


@pytest.mark.parametrize(("seed", "index", "sent"), [(7, 0, 7), (7, 3, 10), (LARGEST_SEED, 1, 1)])
def test_the_images_that_are_missing_have_seeds_of_their_own(seed: int, index: int, sent: int) -> None:
    assert generate(index, seed=seed)["parameters"]["seed"] == sent


def test_bodies_are_json() -> None:
    body = generate(labels={"a": "b"}, prompt="„Kätzchen“ \U0001f408")

    assert json.loads(json.dumps(body)) == body
