"""What is sent for an item is what it was planned with."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_imagen.core.batch.plan import BatchArguments, ItemPlanner
from airflow_provider_imagen.core.batch.rows import Item
from airflow_provider_imagen.core.catalogue import catalogue
from airflow_provider_imagen.core.catalogue.plan import ModelPreferences, Planner
from airflow_provider_imagen.core.requests import GenerateRequest
from airflow_provider_imagen.errors import InvalidInputError

DEFAULTS = {"output_uri": "gs://bucket/made/", "aspect_ratio": "16:9", "if_exists": "reuse"}
TODAY = date(2026, 11, 26)
NO_CHOICE = ModelPreferences(None, None, None, None)


def planner(preferences: ModelPreferences = NO_CHOICE) -> ItemPlanner:
    return ItemPlanner(BatchArguments(DEFAULTS), preferences, catalogue(), TODAY)


def as_a_single_task(columns: dict[str, Any], key: str, preferences: ModelPreferences) -> Any:
    own = {name: value for name, value in columns.items() if name != "key"}
    return Planner(GenerateRequest, {**DEFAULTS, **own, "image_key": key}, preferences, catalogue(), TODAY).first()


columns = st.fixed_dictionaries(
    {"prompt": st.text(min_size=1, max_size=30) | st.integers(0, 9_999)},
    optional={"key": st.sampled_from(["a", "sku-1"]), "seed": st.integers(1, 9), "aspect_ratio": st.just("1:1")},
)


@given(table=st.lists(columns, min_size=1, max_size=4))
def test_a_request_is_the_one_of_a_single_task_whatever_other_items_bring(table: list[dict[str, Any]]) -> None:
    preferences = ModelPreferences("gemini-2.5-flash-image", None, None, None)
    batch = planner(preferences)
    for number, row in enumerate(table, 1):
        try:
            item = batch.plan(Item(number, row))
        except InvalidInputError:
            continue
        assert batch.request_plan(item) == as_a_single_task(row, item.key, preferences)


@pytest.mark.parametrize(
    "preferences",
    [
        ModelPreferences("imagen-3.0-generate-002", "gemini-nano-banana-2.1", None, None),
        ModelPreferences(None, None, "gemini-2.5-flash-image", "global"),
    ],
)
def test_fallback_and_connection_hold_for_every_item(preferences: ModelPreferences) -> None:
    batch = planner(preferences)
    for number in (1, 2):
        row = {"prompt": f"a boat {number}", "key": f"sku-{number}"}
        item = batch.plan(Item(number, row))
        assert batch.request_plan(item) == as_a_single_task(row, item.key, preferences)
