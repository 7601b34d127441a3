"""A wrong name is answered where the DAG file is read, before Airflow says what is missing."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from airflow_provider_imagen.operators.imagen import ImagenGenerateOperator, ImagenUpscaleOperator
from airflow_provider_imagen.sensors.imagen import ImagenOutputSensor

RIGHT: dict[str, Any] = {"task_id": "a", "prompt": "a boat", "output_uri": "gs://bucket/a/"}


@pytest.mark.parametrize("given", [{"sample_count": 2}, {"numberOfImages": 2}, {"number_of_image": 2}])
def test_a_foreign_or_misspelt_name_is_answered_with_ours(given: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match="write number_of_images"):
        ImagenGenerateOperator(**RIGHT, **given)


def test_it_is_answered_before_airflow_says_what_is_missing() -> None:
    with pytest.raises(TypeError, match="instead of gcs_uri write image"):
        ImagenUpscaleOperator(task_id="a", gcs_uri="gs://bucket/i.png")  # type: ignore[call-arg]


def test_a_sensor_answers_too() -> None:
    with pytest.raises(TypeError, match="instead of bucket write output_uri. instead of min_count write min_images."):
        ImagenOutputSensor(task_id="a", bucket="bucket", min_count=2)  # type: ignore[call-arg]


def test_a_name_that_nobody_knows_is_refused_by_airflow() -> None:
    with pytest.raises(Exception, match="colour"):
        ImagenGenerateOperator(**RIGHT, colour="red")


def test_a_subclass_may_have_arguments_with_any_name() -> None:
    class Poster(ImagenGenerateOperator):
        def __init__(self, *, size: str, **kwargs: Any) -> None:
            super().__init__(image_size=size, **kwargs)

    assert Poster(**RIGHT, size="2K").image_size == "2K"


def test_an_operator_can_be_copied() -> None:
    assert copy.deepcopy(ImagenGenerateOperator(**RIGHT)).prompt == "a boat"
