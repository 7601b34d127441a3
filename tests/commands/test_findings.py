"""What becomes of a task on a given day, and whether a fallback saves it."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from airflow_provider_imagen.commands.dag_tasks import ImagenTask
from airflow_provider_imagen.commands.findings import ModelChoice
from airflow_provider_imagen.commands.judgement import Verdict, judge
from airflow_provider_imagen.core.catalogue import Catalogue, catalogue
from airflow_provider_imagen.core.connection import ConnectionSettings

TODAY = date(2026, 11, 22)
RETIRED, RETIRING_LATER, HEALTHY = "imagen-3.0-generate-002", "gemini-2.5-flash-image", "gemini-3-pro-image"
WRITTEN = {"prompt": "a boat", "output_uri": "gs://bucket/a/"}


def verdict(
    today: date = TODAY,
    models: Catalogue | None = None,
    settings: ConnectionSettings | None = None,
    params: dict[str, str] | None = None,
    **arguments: Any,
) -> Verdict:
    task = ImagenTask("dag", "task", "generate", {**WRITTEN, **arguments}, params or {})
    return judge(task, settings, models or catalogue(), today)


def choice(found: Verdict) -> ModelChoice:
    assert found.choice is not None
    return found.choice


@pytest.mark.parametrize(
    ("fallback", "location", "breaks"),
    [
        (None, None, True),
        ("", None, True),
        ("None", None, True),
        (HEALTHY, None, False),
        (RETIRED, None, True),
        ("imagen-4.0-generate-001", None, True),
        ("imagen-4.0-upscale-preview", None, True),
        ("model-of-tomorrow", None, False),
        ("{{ var.value.fallback }}", None, False),
        ("{{ params.fallback }}", None, False),
        ("{{ params.old }}", None, True),
        (HEALTHY, "europe-west4", True),
        (HEALTHY, "global", False),
        (HEALTHY, "{{ var.value.place }}", False),
        (HEALTHY, "{{ params.place }}", True),
        (RETIRING_LATER, "europe-west4", False),
    ],
)
def test_a_fallback_saves_a_task_only_if_it_can_do_its_work(
    fallback: str | None, location: str | None, *, breaks: bool
) -> None:
    params = {"fallback": HEALTHY, "old": RETIRED, "place": "europe-west4"}
    found = verdict(model=RETIRED, fallback_model=fallback, location=location, params=params)

    assert (choice(found).state, found.breaks, choice(found).fallback_model) == ("retired", breaks, fallback or None)


def test_a_fallback_that_retires_in_its_turn_saves_nobody_any_more() -> None:
    assert not verdict(date(2027, 3, 15), model=RETIRED, fallback_model=RETIRING_LATER).breaks
    assert verdict(date(2027, 3, 16), model=RETIRED, fallback_model=RETIRING_LATER).breaks


def test_a_living_model_needs_no_fallback() -> None:
    assert not verdict(model=HEALTHY).breaks
    assert not verdict(model="model-of-tomorrow").breaks


def test_an_alias_is_the_model_it_stands_for() -> None:
    found = choice(verdict(model="imagegeneration"))

    assert (found.model, found.state, found.retirement_date) == ("imagegeneration", "retired", date(2025, 9, 24))


def test_what_is_recommended_is_not_retired_itself() -> None:
    assert choice(verdict(model="imagen-4.0-generate-preview-06-06")).replacement == "gemini-nano-banana-2.1"


def with_default(**changes: date) -> Catalogue:
    models = catalogue()
    rows = [each.model_copy(update=changes if each.id == models.defaults["generate"] else {}) for each in models.models]
    return models.model_copy(update={"models": tuple(rows)})


def test_a_task_that_names_no_model_breaks_when_the_default_is_retired() -> None:
    found = verdict(models=with_default(discontinued=date(2026, 11, 21)))

    assert (choice(found).state, choice(found).model_state, found.breaks) == ("default", "retired", True)


def test_a_deprecated_model_is_called_so() -> None:
    models = with_default(deprecated=TODAY)

    assert choice(verdict(models=models, model=models.defaults["generate"])).state == "deprecated"


@pytest.mark.parametrize("model", [[HEALTHY], {"id": HEALTHY}, 2.5])
def test_a_model_that_is_no_text_is_named_beside_the_other_mistakes(model: Any) -> None:
    found = verdict(model=model, aspect_ratio="banana", on_lost="Perhaps")

    hash((choice(found).model, choice(found).named))  # tasks are grouped by it
    said = [each.text.partition(";")[0] for each in found.findings if each.level == "error"]
    assert "aspect_ratio is 'banana'" in said
    assert "on_lost is 'Perhaps'" in said
