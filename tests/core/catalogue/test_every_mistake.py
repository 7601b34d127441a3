"""Every mistake is named together, whatever is wrong with the model; each value as it was written."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from airflow_provider_imagen.core.batch.plan import BatchArguments, ItemPlanner
from airflow_provider_imagen.core.batch.rows import Item
from airflow_provider_imagen.core.batch.settings import BatchSettings
from airflow_provider_imagen.core.catalogue import catalogue
from airflow_provider_imagen.core.catalogue.plan import ModelPreferences, Planner
from airflow_provider_imagen.core.requests import GenerateRequest, UpscaleRequest
from airflow_provider_imagen.core.validation.batch_jobs import JOB_SIZE
from airflow_provider_imagen.errors import InvalidInputError

TODAY = date(2026, 11, 26)
RIGHT = {"prompt": "a red boat", "output_uri": "gs://bucket/made/"}
WRONG: dict[str, Any] = {
    "prompt": " ",
    "output_uri": "s//x",
    "aspect_ratio": "Banana",
    "image_size": "huge",
    "number_of_images": 40,
    "on_lost": "Perhaps",
    "seed": -1,
}


def problems_of(
    arguments: dict[str, Any], model: Any = None, fallback: str | None = None, kind: Any = GenerateRequest
) -> tuple[str, ...]:
    planner = Planner(kind, arguments, ModelPreferences(model, fallback), catalogue(), TODAY)
    with pytest.raises(InvalidInputError) as caught:
        planner.first()
    return caught.value.problems


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("gemini-3-pro-imge", "model is 'gemini-3-pro-imge', which is not known. Did you mean gemini-3-pro-image?"),
        ("publishers/google/models/gemini-3-pro-image", "allowed is a bare model id"),
        ("gemini-9-pro-image", None),
        ("foo bar", "model is 'foo bar'; allowed is a bare model id"),
        (["gemini-3-pro-image"], "model is ['gemini-3-pro-image'] and must be text"),
        ("imagen-4.0-upscale-preview", "which does not generate images"),
    ],
)
def test_whatever_the_model_is_the_other_values_are_judged(model: Any, said: str | None) -> None:
    problems = problems_of(WRONG, model)

    for name in WRONG:
        assert len([each for each in problems if each.startswith(f"{name} is ")]) == 1, name
    assert [each for each in problems if said and said in each] or said is None


def test_of_a_retired_model_all_that_its_fallback_cannot_take_is_named_at_once() -> None:
    problems = problems_of(WRONG, "imagen-3.0-generate-002", "gemini-3-pro-image")

    assert {each.split()[0] for each in problems} == WRONG.keys() - {"image_size"}  # a size is given up instead


@pytest.mark.parametrize(
    "arguments", [{"aspect_ratio": "7:1"}, {"image_size": "8K"}, {"image_size": "256"}, {"number_of_images": 8}]
)
def test_what_a_new_model_may_be_able_to_do_is_left_to_google(arguments: dict[str, Any]) -> None:
    planner = Planner(
        GenerateRequest, {**RIGHT, **arguments}, ModelPreferences("gemini-9-pro-image"), catalogue(), TODAY
    )

    assert planner.first().request.model == "gemini-9-pro-image"


def test_a_misspelt_model_hides_no_rule_of_batch_jobs() -> None:
    arguments = BatchArguments({"output_uri": "/data/made", "image_size": "4k"}, "a boat")
    planner = ItemPlanner(arguments, ModelPreferences("gemini-3-pro-imge"), catalogue(), TODAY, is_job=True)

    with pytest.raises(InvalidInputError) as caught:
        planner.plan(Item(1, {}))

    first, *others = caught.value.problems
    assert "Did you mean gemini-3-pro-image?" in first
    assert others[0].startswith("output_uri is '/data/made'; a batch job writes to gs://")
    assert others[1].startswith(f"image_size is '4k'; batch jobs make images of {JOB_SIZE}.")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("image_size", "3k"),
        ("image_size", " 3K "),
        ("aspect_ratio", "Banana"),
        ("person_generation", "Nobody"),
        ("safety_filter_level", "Block_All"),
        ("output_mime_type", "Picture/PNG"),
        ("sample_image_style", "Photo"),
        ("thinking_level", "deep"),
        ("prominent_people", "Some"),
        ("service_tier", "Cheap"),
        ("language", "EN-us"),
        ("on_filtered", "Ignore"),
        ("on_lost", "Perhaps"),
        ("if_exists", "Maybe"),
    ],
)
def test_a_refused_value_is_quoted_as_it_was_written(name: str, value: str) -> None:
    problems = problems_of({**RIGHT, name: value}, "gemini-3-pro-image")

    assert problems[0].startswith(f"{name} is {value!r}; ")
    assert all(repr(value) in each for each in problems)


def test_so_is_one_of_the_other_arguments() -> None:
    given = {"image": "gs://bucket/a.png", "output_uri": "gs://bucket/", "upscale_factor": "X9"}
    assert problems_of(given, kind=UpscaleRequest)[0].startswith("upscale_factor is 'X9'; ")

    with pytest.raises(InvalidInputError) as caught:
        BatchSettings.read({"mode": "Online", "max_failed_items": "150%", "max_concurrency": "900"})
    assert [each.partition(";")[0] for each in caught.value.problems] == [
        "mode is 'Online'",
        "max_concurrency is '900'",
        "max_failed_items is '150%'",
    ]


def test_what_is_sent_is_what_was_read() -> None:
    given = {
        **RIGHT,
        "image_size": " 2k ",
        "aspect_ratio": "16:9",
        "on_lost": "RESEND",
        "output_mime_type": "Image/PNG",
    }
    request = (
        Planner(GenerateRequest, given, ModelPreferences("gemini-3-pro-image"), catalogue(), TODAY).first().request
    )

    assert (request.image_size, request.on_lost, request.output_mime_type) == ("2K", "resend", "image/png")
    assert {type(each) for each in request.sent_arguments().values()} == {str, int, bool}
