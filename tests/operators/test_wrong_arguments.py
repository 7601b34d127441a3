"""Twenty mistakes a DAG author can make: each is refused before any request, in words that help."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from support.emulated import model_requests

from airflow_provider_imagen.operators.imagen import ImagenGenerateOperator, ImagenUpscaleOperator

GENERATE = {"model": "imagen-3.0-generate-002", "prompt": "a boat", "output_uri": "gs://bucket/x/"}
UPSCALE = {
    "model": "imagen-4.0-upscale-preview",
    "image": "gs://bucket/a.png",
    "upscale_factor": "x2",
    "output_uri": "gs://bucket/x/",
}


@pytest.mark.parametrize(
    ("mistake", "value", "allowed", "next_step"),
    [
        ({"number_of_images": 5}, "5", "1 to 4", "Map several tasks"),
        ({"number_of_images": "many"}, "'many'", "a whole number", "Correct the value"),
        ({"aspect_ratio": "21:9"}, "'21:9'", "1:1, 9:16, 16:9, 3:4, 4:3", "Choose one"),
        ({"prompt": " "}, "prompt is empty", "Say what the image shows", "check the template"),
        ({"prompt": ["a", "b"]}, "a list of 2", "one task takes one", ".expand(prompt=...)"),
        ({"prompt": "word " * 481}, "481 words", "at most 480 tokens", "Shorten it"),
        ({"negative_prompt": "dogs"}, "'dogs'", "gemini-nano-banana-2.1", "Leave it out"),
        ({"seed": 5}, "seed is 5", "without watermark", "add_watermark=False"),
        ({"seed": 0, "add_watermark": False}, "seed is 0", "1 to 2147483647", "Choose a value in that range"),
        ({"model": "imagen-3.0-genrate-002"}, "'imagen-3.0-genrate-002'", "imagen-3.0-generate-002", "Correct the id"),
        ({"language": "fr", "model": "imagen-3.0-generate-001"}, "'fr'", "auto, en, es, hi, ja", "Choose one"),
        ({"safety_filter_level": "none"}, "'none'", "block_low_and_above, block_medium", "Choose one"),
        ({"person_generation": "children"}, "'children'", "dont_allow, allow_adult, allow_all", "Choose one"),
        ({"sample_image_style": "sketch"}, "'sketch'", "no model does any more", "Say in the prompt"),
        ({"output_mime_type": "image/avif"}, "'image/avif'", "image/png, image/jpeg", "Choose one"),
        ({"compression_quality": 80}, "80", "image/jpeg only", "Set output_mime_type"),
        ({"compression_quality": 101, "output_mime_type": "image/jpeg"}, "101", "0 to 100", "Choose a value"),
        ({"image_size": "4K", "model": "imagen-4.0-generate-001"}, "'4K'", "1K, 2K", "Choose one"),
        ({"add_watermark": "perhaps"}, "'perhaps'", "True or False", "Correct the value"),
        ({"labels": {"Team": "Ads"}}, "'Team': 'Ads'", "lower-case letters", "Rename it"),
        ({"on_filtered": "ignore"}, "'ignore'", "fail, skip, warn", "Choose one"),
        ({"output_uri": "gs://bucket"}, "'gs://bucket'", "a folder after the bucket", "Use gs://bucket/images/"),
        ({"output_uri": "images/"}, "'images/'", "an absolute local folder", "Use gs://bucket/folder/"),
        ({"output_uri": "https://x/y"}, "'https://x/y'", "a web address", "Use gs://bucket/folder/"),
        ({"model": "imagen-3.0-capability-001"}, "'imagen-3.0-capability-001'", "gemini-nano-banana-2.1", "Models"),
        ({"model": "../../evil"}, "'../../evil'", "a bare model id", "Remove anything else"),
        ({"upscale_factor": "x5"}, "'x5'", "x2, x3, x4", "Choose one"),
        ({"upscale_factor": "x3", "model": "imagegeneration@002"}, "'x3'", "x2, x4", "Choose one"),
        ({"image": "https://x/y.png"}, "'https://x/y.png'", "gs://bucket/name.png", "Save the image"),
        ({"image_preservation_factor": 2}, "2.0", "0 to 1", "Choose a value"),
    ],
    ids=lambda value: " ".join(map(str, value.items()))[:60] if isinstance(value, dict) else "",
)
def test_each_mistake_is_refused_before_any_request_with_value_allowed_values_and_next_step(
    emulator: Any, ti: Any, mistake: dict[str, Any], value: str, allowed: str, next_step: str
) -> None:
    upscales = mistake.keys() & {"upscale_factor", "image", "image_preservation_factor"}
    task = (
        ImagenUpscaleOperator(task_id="t", **UPSCALE | mistake)
        if upscales
        else ImagenGenerateOperator(task_id="t", **GENERATE | mistake)
    )

    with pytest.raises(AirflowFailException) as caught:
        task.execute({"ti": ti})

    text = str(caught.value)
    assert value in text
    assert allowed in text
    assert next_step in text
    assert model_requests(emulator) == []


def test_all_mistakes_are_named_at_once(ti: Any) -> None:
    task = ImagenGenerateOperator(task_id="t", **GENERATE | {"number_of_images": 9, "aspect_ratio": "2:1", "seed": "x"})

    with pytest.raises(AirflowFailException, match=r"No request was sent, 3 to correct(.*\n.*){3}"):
        task.execute({"ti": ti})


def test_a_model_we_do_not_know_is_passed_through_with_a_warning(
    emulator: Any, ti: Any, logged: Callable[[], str]
) -> None:
    task = ImagenGenerateOperator(task_id="t", **GENERATE | {"model": "imagen-3.0-generate-003", "number_of_images": 1})

    with pytest.raises(AirflowFailException, match="ModelNotFoundError.*Did you mean imagen-3.0-generate-002"):
        task.execute({"ti": ti})
    said = logged()
    assert "imagen-3.0-generate-003 is not in our catalogue" in said
    assert "Did you mean imagen-3.0-generate-002?" in said
    assert len(model_requests(emulator)) == 1
