"""What an editor shows when the mouse rests on an argument is true for every model that lives."""

from __future__ import annotations

import re
from datetime import date

import pytest

from airflow_provider_imagen.core.catalogue import catalogue
from airflow_provider_imagen.core.validation.rules import CHOICES, RANGES
from airflow_provider_imagen.operators.imagen import ImagenGenerateOperator, ImagenUpscaleOperator

TODAY = date(2026, 11, 26)
LIVING = [model for model in catalogue().for_job("generate") if not model.retired_on(TODAY)]
OPERATORS = [ImagenGenerateOperator, ImagenUpscaleOperator]


def said_of(operator: type, name: str) -> str:
    """Return what the docstring says of an argument."""
    found = re.search(rf":param {name}: (.*?)(?=\n    :)", str(operator.__doc__), re.DOTALL)
    assert found is not None, name
    return " ".join(found[1].split())


def test_sizes_are_those_of_all_living_models() -> None:
    sizes = {size for model in LIVING for size in model.image_sizes}

    assert set(re.findall(r"``(\w+)``", said_of(ImagenGenerateOperator, "image_size"))) >= sizes


def test_a_living_model_that_refuses_a_seed_is_named() -> None:
    refusing = {model.id for model in LIVING if "seed" not in model.parameters}

    assert refusing <= set(re.findall(r"``([\w.-]+)``", said_of(ImagenGenerateOperator, "seed")))


def test_a_list_of_aspect_ratios_is_no_closed_one() -> None:
    said = said_of(ImagenGenerateOperator, "aspect_ratio")

    assert "for example" in said
    assert set(re.findall(r"``(\d+:\d+)``", said)) <= {ratio for model in LIVING for ratio in model.aspect_ratios}


def test_no_living_model_makes_more_images_than_is_said() -> None:
    most = max(model.max_images for model in LIVING)

    assert f"1 to {most} with Gemini" in said_of(ImagenGenerateOperator, "number_of_images")


@pytest.mark.parametrize(("name", "choices"), [(name, choices) for name, choices in CHOICES.items()])
def test_every_choice_is_named(name: str, choices: tuple[str, ...]) -> None:
    operator = ImagenGenerateOperator if name in ImagenGenerateOperator.template_fields else ImagenUpscaleOperator
    said = said_of(operator, name)

    missing = [choice for choice in choices if f"``{choice}``" not in said]
    assert missing == [] or "others" in said


@pytest.mark.parametrize(("name", "bounds"), list(RANGES.items()))
def test_every_range_is_named(name: str, bounds: tuple[int, int]) -> None:
    operator = ImagenGenerateOperator if name in ImagenGenerateOperator.template_fields else ImagenUpscaleOperator

    assert f"{bounds[0]} to {bounds[1]}" in said_of(operator, name)


@pytest.mark.parametrize("operator", OPERATORS)
def test_every_argument_is_explained_and_said_to_be_templated(operator: type[ImagenGenerateOperator]) -> None:
    for name in operator.template_fields:
        assert said_of(operator, name).endswith("(templated)"), name


@pytest.mark.parametrize("operator", OPERATORS)
def test_nothing_is_said_to_belong_to_retired_models_only(operator: type[ImagenGenerateOperator]) -> None:
    assert "Imagen 4 only" not in str(operator.__doc__)
    assert "retry then pays again" not in str(operator.__doc__)


def test_the_type_that_each_living_model_makes_by_itself_is_said() -> None:
    said = said_of(ImagenGenerateOperator, "output_mime_type")

    assert "None: the model's own choice, which is JPEG, and PNG with " in said
    png = {model.id for model in LIVING if model.mime_type_default == "image/png"}
    assert set(re.findall(r"``([\w.-]+)``", said.partition("PNG with")[2])) == png
    assert {model.mime_type_default for model in LIVING if model.id not in png} == {"image/jpeg"}
