"""How a batch runs, read from arguments that may come from templates."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_imagen.core.batch.settings import BatchSettings
from airflow_provider_imagen.errors import InvalidInputError


def test_arguments_may_be_rendered_text() -> None:
    settings = BatchSettings.read(
        {"max_concurrency": "16", "max_cost_usd": "2.5", "retry_filtered": "true", "requests_per_minute": "None"}
    )

    assert (settings.max_concurrency, settings.max_cost_usd) == (16, 2.5)
    assert settings.retry_filtered
    assert settings.requests_per_minute is None


@pytest.mark.parametrize(
    ("given", "items", "allowed"),
    [(0, 10, 0), ("3", 10, 3), (0.1, 10, 1), ("0.1", 19, 1), ("5%", 100, 5), ("100%", 7, 7), (1, 10, 1), (0.3, 10, 3)],
)
def test_so_many_items_may_fail(given: Any, items: int, allowed: int) -> None:
    assert BatchSettings.read({"max_failed_items": given}).may_fail(items) == allowed


def test_every_mistake_is_told_at_once() -> None:
    with pytest.raises(InvalidInputError) as refused:
        BatchSettings.read(
            {"max_concurrency": 0, "max_cost_usd": "x", "mode": "later", "max_failed_items": -1, "dry_run": "maybe"}
        )

    named = {problem.split(" ")[0] for problem in refused.value.problems}
    assert named == {"max_concurrency", "max_cost_usd", "mode", "max_failed_items", "dry_run"}


@pytest.mark.parametrize("given", [float("nan"), "nan%", "many", "5 %%", True, 1.5, "120%", "-1"])
def test_a_limit_that_is_none_is_refused(given: Any) -> None:
    with pytest.raises(InvalidInputError, match="max_failed_items"):
        BatchSettings.read({"max_failed_items": given})


def test_an_unknown_argument_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="width is no argument of a batch"):
        BatchSettings.read({"width": 3})
