"""What a batch prediction job cannot do is refused by name."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from support.plans import generate_plan

from airflow_provider_imagen.core.catalogue import catalogue
from airflow_provider_imagen.core.validation.batch_jobs import problems_with_job

GEMINI = "gemini-3.1-flash-image"


def problems(model: str = GEMINI, **arguments: Any) -> list[str]:
    return problems_with_job(generate_plan(model, **arguments), catalogue())


@pytest.mark.parametrize("model", [model.id for model in catalogue().models if model.id.startswith("gemini-")])
def test_every_gemini_image_model_makes_images_in_jobs(model: str) -> None:
    assert problems(model) == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"model": "imagen-4.0-generate-001"}, "model imagen-4.0-generate-001 makes no images in batch jobs"),
        ({"image_size": "2K"}, "image_size is '2K'; batch jobs make images of 1K"),
        ({"service_tier": "flex"}, "service_tier is 'flex'"),
        ({"output_uri": "/tmp/images"}, "output_uri is '/tmp/images'; a batch job writes to gs://"),
        ({"output_uri": "s3://bucket/a/"}, "output_uri is 's3://bucket/a/'"),
        ({"labels": {"cost-center": "a"}}, "labels has the key 'cost-center'"),
        ({"labels": {f"k{number}": "a" for number in range(64)}}, "labels has 64 keys"),
    ],
)
def test_what_it_cannot_do_is_named_with_the_value_and_what_to_do(arguments: dict[str, Any], said: str) -> None:
    (problem,) = problems(**arguments)

    assert problem.startswith(said)


def test_1k_is_what_it_makes() -> None:
    assert problems(image_size="1K", labels={"team": "ads"}) == []


def test_a_place_where_no_jobs_of_the_model_run_is_named() -> None:
    assert problems("gemini-2.5-flash-image", location="us-central1") == []
    elsewhere = replace(generate_plan("gemini-2.5-flash-image"), location="asia-east1")
    (problem,) = problems_with_job(elsewhere, catalogue())
    assert "'asia-east1', where batch jobs of gemini-2.5-flash-image do not run" in problem


def test_all_mistakes_are_named_at_once() -> None:
    assert len(problems("imagen-4.0-generate-001", output_uri="/tmp/a", labels={"a-b": "c"})) == 3
