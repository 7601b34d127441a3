"""``@task.imagen_batch``: a function returns the rows of a table."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import DAG, AirflowFailException, DecoratedOperator
from support.batches import lines_of
from support.emulated import model_requests

from airflow_provider_imagen.decorators.batch import ImagenBatchDecoratedOperator, imagen_batch_task
from airflow_provider_imagen.operators.batch import ImagenBatchOperator


def task_of(function: Callable[..., Any], *args: Any, **arguments: Any) -> ImagenBatchDecoratedOperator:
    with DAG("decorated", schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC)):
        given = {"output_uri": "gs://bucket/made/", "model": "gemini-2.5-flash-image", **arguments}
        decorated: Any = imagen_batch_task(**given)(function)
        operator = decorated(*args).operator
    assert isinstance(operator, ImagenBatchDecoratedOperator)
    return operator


def test_the_rows_that_it_returns_are_made(emulator: Any, context: dict[str, Any]) -> None:
    def catalogue(colour: str, ds: str | None = None) -> list[dict[str, Any]]:
        return [{"key": f"{name}-{ds}", "name": name, "colour": colour} for name in ("boat", "house")]

    uri = task_of(catalogue, "red", prompt="A {colour} {name}").execute(context)

    assert [line["key"] for line in lines_of(uri)] == ["boat-2026-11-22", "house-2026-11-22"]
    prompts = {each.json["contents"][0]["parts"][0]["text"] for each in model_requests(emulator)}
    assert prompts == {"A red boat", "A red house"}


def test_it_may_be_a_generator(emulator: Any, context: dict[str, Any]) -> None:
    def catalogue() -> Iterator[str]:
        yield from ("a boat", "a {{ house }}")

    assert len(lines_of(task_of(catalogue).execute(context))) == 2


def test_what_is_no_table_is_refused(context: dict[str, Any]) -> None:
    def catalogue() -> int:
        return 7

    with pytest.raises(AirflowFailException, match=r"items is 7\. Allowed are"):
        task_of(catalogue).execute(context)


def test_its_arguments_are_those_of_the_operator_without_items() -> None:
    named = {*DecoratedOperator.template_fields, *ImagenBatchOperator.template_fields} - {"items"}

    assert set(ImagenBatchDecoratedOperator.template_fields) == named
