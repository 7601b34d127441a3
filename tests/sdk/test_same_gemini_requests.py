"""For the same arguments our operator asks a Gemini image model as Google's own SDK does, field by field.

One thing is evened out: the API version in the path (the SDK says v1beta1, we say v1).
"""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image

from airflow_provider_imagen.core.protocols.generate_content import HARM_CATEGORIES
from airflow_provider_imagen.operators.imagen import ImagenGenerateOperator

TWO, THREE, FLASH = "gemini-nano-banana-2.1", "gemini-3-pro-image", "gemini-3.1-flash-image"
LITE, OLD = "gemini-3.1-flash-lite-image", "gemini-2.5-flash-image"


def safety(threshold: str) -> list[dict[str, str]]:
    return [{"category": category, "threshold": threshold} for category in HARM_CATEGORIES]


Row = tuple[str, dict[str, Any], dict[str, Any]]
TABLE: dict[str, Row] = {
    "nothing but a prompt": (TWO, {}, {}),
    "Gemini 3": (THREE, {}, {}),
    "lite": (LITE, {}, {}),
    "Gemini 2.5": (OLD, {}, {}),
    "aspect ratio": (TWO, {"aspect_ratio": "21:9"}, {"image_config": {"aspect_ratio": "21:9"}}),
    "size": (TWO, {"image_size": "4K"}, {"image_config": {"image_size": "4K"}}),
    "smallest size": (FLASH, {"image_size": "512"}, {"image_config": {"image_size": "512"}}),
    "no persons": (TWO, {"person_generation": "dont_allow"}, {"image_config": {"person_generation": "ALLOW_NONE"}}),
    "adults": (TWO, {"person_generation": "allow_adult"}, {"image_config": {"person_generation": "ALLOW_ADULT"}}),
    "all persons": (TWO, {"person_generation": "allow_all"}, {"image_config": {"person_generation": "ALLOW_ALL"}}),
    "format": (TWO, {"output_mime_type": "image/png"}, {"image_config": {"output_mime_type": "image/png"}}),
    "quality": (
        TWO,
        {"output_mime_type": "image/jpeg", "compression_quality": 80},
        {"image_config": {"output_mime_type": "image/jpeg", "output_compression_quality": 80}},
    ),
    "safety low": (
        TWO,
        {"safety_filter_level": "block_low_and_above"},
        {"safety_settings": safety("BLOCK_LOW_AND_ABOVE")},
    ),
    "safety high": (TWO, {"safety_filter_level": "block_only_high"}, {"safety_settings": safety("BLOCK_ONLY_HIGH")}),
    "safety none": (TWO, {"safety_filter_level": "block_none"}, {"safety_settings": safety("BLOCK_NONE")}),
    "seed": (FLASH, {"seed": 7}, {"seed": 7}),
    "labels": (TWO, {"labels": {"team": "ads"}}, {"labels": {"team": "ads"}}),
    "everything": (
        FLASH,
        {
            "aspect_ratio": "16:9",
            "image_size": "2K",
            "person_generation": "allow_adult",
            "output_mime_type": "image/jpeg",
            "compression_quality": 90,
            "safety_filter_level": "block_medium_and_above",
            "seed": 11,
            "labels": {"team": "ads"},
        },
        {
            "image_config": {
                "aspect_ratio": "16:9",
                "image_size": "2K",
                "person_generation": "ALLOW_ADULT",
                "output_mime_type": "image/jpeg",
                "output_compression_quality": 90,
            },
            "safety_settings": safety("BLOCK_MEDIUM_AND_ABOVE"),
            "seed": 11,
            "labels": {"team": "ads"},
        },
    ),
}


@pytest.fixture(scope="module")
def asked_by_sdk(running_emulator: Any, google_sdk: Callable[..., Any]) -> dict[str, tuple[dict[str, Any], Any, Any]]:
    """What the SDK sent and got for each row."""
    running_emulator.reset()
    calls = [
        {
            "call": "generate_content",
            "model": model,
            "prompt": "a red boat",
            "config": {"response_modalities": ["IMAGE"], **config},
        }
        for model, _, config in TABLE.values()
    ]
    results = google_sdk(running_emulator.endpoint, calls)
    received = {int(call.headers["x-call"]): call for call in running_emulator.requests}
    return {name: (received[number].json, received[number].path, results[number]) for number, name in enumerate(TABLE)}


@pytest.mark.parametrize("name", TABLE)
def test_the_same_arguments_ask_gemini_the_same(
    name: str,
    emulator: Any,
    asked_by_sdk: dict[str, tuple[dict[str, Any], Any, Any]],
    set_connection: Callable[..., None],
    context: dict[str, Any],
) -> None:
    model, arguments, _ = TABLE[name]
    set_connection(**emulator.connection["extra"])
    task = ImagenGenerateOperator(
        task_id="t", model=model, prompt="a red boat", output_uri="gs://bucket/made/", **arguments
    )
    task.execute(context)

    (ours,) = [call for call in emulator.requests if call.path.endswith(":generateContent")]
    theirs, path, _ = asked_by_sdk[name]
    assert ours.json == theirs
    assert ours.path == path.replace("/v1beta1/", "/v1/")


@pytest.mark.parametrize("name", TABLE)
def test_the_sdk_gets_an_image_from_the_emulator(
    name: str, asked_by_sdk: dict[str, tuple[dict[str, Any], Any, Any]]
) -> None:
    (image,) = asked_by_sdk[name][2]["images"]

    with Image.open(io.BytesIO(base64.b64decode(image["base64"]))) as picture:
        assert picture.get_format_mimetype() == image["mime_type"]
