"""Where a model stands on a given day, and what to use instead of it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from airflow_provider_imagen.core.catalogue import Catalogue, Model, catalogue
from airflow_provider_imagen.core.catalogue.lifecycle import (
    RETIRING_SOON_DAYS,
    advice_when_missing,
    living_replacement,
    state_of,
)

LAST_DAY = date(2027, 3, 15)
DEPRECATED = date(2026, 9, 1)


def model(name: str = "m", **changes: Any) -> Model:
    facts = {
        "id": name,
        "jobs": ("generate",),
        "protocol": "predict",
        "location": "us-central1",
        "max_images": 4,
        "watermark_default": True,
        "parameters": frozenset(),
        "source": ("s",),
        "checked": date(2026, 11, 22),
    }
    return Model(**{**facts, **changes})


@pytest.mark.parametrize(
    ("deprecated", "discontinued", "today", "state"),
    [
        (None, None, date(2100, 1, 1), "active"),
        (None, LAST_DAY, LAST_DAY - timedelta(days=RETIRING_SOON_DAYS + 1), "active"),
        (None, LAST_DAY, LAST_DAY - timedelta(days=RETIRING_SOON_DAYS), "retiring"),
        (None, LAST_DAY, LAST_DAY, "retiring"),
        (None, LAST_DAY, LAST_DAY + timedelta(days=1), "retired"),
        (DEPRECATED, None, DEPRECATED - timedelta(days=1), "active"),
        (DEPRECATED, None, DEPRECATED, "deprecated"),
        (DEPRECATED, None, date(2100, 1, 1), "deprecated"),
        (DEPRECATED, LAST_DAY, DEPRECATED, "deprecated"),
        (DEPRECATED, LAST_DAY, LAST_DAY, "retiring"),
        (DEPRECATED, LAST_DAY, date(2100, 1, 1), "retired"),
        (LAST_DAY + timedelta(days=9), LAST_DAY, date(2100, 1, 1), "retired"),
    ],
)
def test_a_model_is_retired_on_the_day_after_its_last(
    deprecated: date | None, discontinued: date | None, today: date, state: str
) -> None:
    assert state_of(model(deprecated=deprecated, discontinued=discontinued), today) == state


def chain(**replacements: tuple[date | None, str | None]) -> Catalogue:
    rows = [
        model(name, discontinued=last_day, replacement=replacement)
        for name, (last_day, replacement) in replacements.items()
    ]
    upscaler = model("up", jobs=("generate", "upscale"), upscale_factors=("x2",))
    return Catalogue(defaults={"generate": "up", "upscale": "up"}, sources={"s": "said"}, models=(*rows, upscaler))


PAST, FUTURE, TODAY = date(2026, 1, 1), date(2028, 1, 1), date(2027, 1, 1)


@pytest.mark.parametrize(
    ("models", "replacement"),
    [
        (chain(a=(PAST, None)), None),
        (chain(a=(PAST, "b"), b=(None, None)), "b"),
        (chain(a=(PAST, "b"), b=(FUTURE, "c"), c=(None, None)), "b"),
        (chain(a=(PAST, "b"), b=(PAST, "c"), c=(PAST, "d"), d=(FUTURE, None)), "d"),
        (chain(a=(PAST, "b"), b=(PAST, "not-in-the-catalogue")), "not-in-the-catalogue"),
        (chain(a=(PAST, "b"), b=(PAST, None)), "b"),
    ],
)
def test_no_retired_model_is_recommended_when_a_later_one_is_known(models: Catalogue, replacement: str | None) -> None:
    assert living_replacement(models.models[0], models, TODAY) == replacement


def test_replacements_that_name_each_other_come_to_an_end() -> None:
    models = chain(a=(PAST, "b"), b=(PAST, "a"))

    assert living_replacement(models.models[0], models, TODAY) in {"a", "b"}


@pytest.mark.parametrize(
    ("name", "today", "advice"),
    [
        (
            "imagen-4.0-generate-002",
            date(2026, 11, 22),
            "Check the model id and the location. Did you mean imagen-4.0",
        ),
        ("something-else", date(2026, 11, 22), "Check the model id and the location."),
        (
            "imagen-4.0-generate-001",
            date(2026, 11, 22),
            "imagen-4.0-generate-001 is retired. Google announced 2026-06",
        ),
        ("gemini-3-pro-image", date(2026, 11, 22), "Check the model id, the location, and that the project may use"),
        ("gemini-2.5-flash-image", date(2027, 1, 1), "Check the model id, the location, and that the project may use"),
    ],
)
def test_the_advice_on_a_missing_model_begins_with_the_likeliest_cause(name: str, today: date, advice: str) -> None:
    assert advice_when_missing(name, catalogue(), today).startswith(advice)


def test_the_end_of_a_living_model_is_told_only_when_it_is_near() -> None:
    assert "2027-03-15" in advice_when_missing("gemini-2.5-flash-image", catalogue(), date(2027, 1, 1))
    assert "2027" not in advice_when_missing("gemini-2.5-flash-image", catalogue(), date(2026, 11, 22))
