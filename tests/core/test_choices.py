"""The lists that an editor completes from are those that the rules and the catalogue have."""

from __future__ import annotations

from datetime import date
from typing import Any, get_args

import pytest

from airflow_provider_imagen.core import choices
from airflow_provider_imagen.core.batch.settings import MODES
from airflow_provider_imagen.core.catalogue import catalogue
from airflow_provider_imagen.core.image_format import EXTENSIONS
from airflow_provider_imagen.core.validation.rules import CHOICES

CHECKED = date(2026, 11, 22)
LISTS = {
    "on_filtered": choices.OnFiltered,
    "if_exists": choices.IfExists,
    "on_lost": choices.OnLost,
    "safety_filter_level": choices.SafetyFilterLevel,
    "person_generation": choices.PersonGeneration,
    "language": choices.Language,
    "sample_image_style": choices.SampleImageStyle,
    "thinking_level": choices.ThinkingLevel,
    "prominent_people": choices.ProminentPeople,
    "service_tier": choices.ServiceTier,
    "upscale_factor": choices.UpscaleFactor,
}


@pytest.mark.parametrize("name", LISTS)
def test_a_closed_list_is_the_one_of_the_rules(name: str) -> None:
    assert get_args(LISTS[name]) == CHOICES[name]


def test_every_list_of_the_rules_is_one_that_an_editor_has() -> None:
    assert set(CHOICES) == {*LISTS, "output_mime_type"}
    assert set(get_args(choices.OutputMimeType)) <= set(EXTENSIONS)
    assert get_args(choices.BatchMode) == MODES


@pytest.mark.parametrize(
    ("literal", "field"),
    [
        (choices.AspectRatio, "aspect_ratios"),
        (choices.ImageSize, "image_sizes"),
        (choices.ThinkingLevel, "thinking_levels"),
        (choices.ServiceTier, "service_tiers"),
    ],
)
def test_what_depends_on_the_model_is_what_some_model_takes(literal: Any, field: str) -> None:
    assert set(get_args(literal)) == {value for model in catalogue().models for value in getattr(model, field)}


@pytest.mark.parametrize(("literal", "job"), [(choices.GenerateModel, "generate"), (choices.UpscaleModel, "upscale")])
def test_the_models_that_an_editor_suggests_are_the_living_ones(literal: Any, job: str) -> None:
    assert set(get_args(literal)) == {each.id for each in catalogue().for_job(job) if not each.retired_on(CHECKED)}
