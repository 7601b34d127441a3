"""A name from elsewhere is answered with the one here; what is unknown is left to Airflow."""

from __future__ import annotations

import pytest

from airflow_provider_imagen.core.validation.argument_names import OTHER_NAMES, meant_by, problem_with_names

GENERATE = ("prompt", "output_uri", "number_of_images", "reference_images", "image_key", "negative_prompt", "model")
UPSCALE = ("image", "output_uri", "upscale_factor", "image_key", "model")


@pytest.mark.parametrize(
    ("name", "allowed", "meant"),
    [
        ("sample_count", GENERATE, "number_of_images"),
        ("sampleCount", GENERATE, "number_of_images"),
        ("numberOfImages", GENERATE, "number_of_images"),
        ("number_of_image", GENERATE, "number_of_images"),
        ("negativePrompt", GENERATE, "negative_prompt"),
        ("gcs_uri", GENERATE, "output_uri"),
        ("gcs_uri", UPSCALE, "image"),
        ("storageUri", UPSCALE, "output_uri"),
        ("image", GENERATE, "reference_images"),
        ("source_image", UPSCALE, "image"),
        ("factor", UPSCALE, "upscale_factor"),
        ("factor", GENERATE, None),
        ("colour", GENERATE, None),
    ],
)
def test_a_name_from_elsewhere_stands_for_one_that_the_operator_has(
    name: str, allowed: tuple[str, ...], meant: str | None
) -> None:
    assert meant_by(name, allowed) == meant


def test_all_names_are_answered_at_once_and_with_advice() -> None:
    told = problem_with_names("ImagenGenerateOperator", ["image", "n"], GENERATE, "generate")

    assert told == (
        "ImagenGenerateOperator has other names for its arguments: instead of image write reference_images. To enlarge "
        "an image use ImagenUpscaleOperator. instead of n write number_of_images."
    )


def test_what_nobody_knows_is_left_to_airflow() -> None:
    assert problem_with_names("ImagenGenerateOperator", ["colour"], GENERATE, "generate") is None


def test_every_name_from_elsewhere_leads_to_an_argument_of_some_operator() -> None:
    from airflow_provider_imagen.core.batch.settings import BatchSettings
    from airflow_provider_imagen.core.requests import GenerateRequest, UpscaleRequest

    known = {
        *GenerateRequest.model_fields,
        *UpscaleRequest.model_fields,
        *BatchSettings.model_fields,
        *("items", "fallback_model", "project_id", "location", "imagen_conn_id", "min_images"),
    }
    assert {name for names in OTHER_NAMES.values() for name in names} - known == set()
