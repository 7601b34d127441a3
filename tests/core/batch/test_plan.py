"""Rows become checked requests: what overrides what, under which key, at which price, and what is wrong where."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from airflow_provider_imagen.core.batch.plan import (
    ITEM_ARGUMENTS,
    BatchArguments,
    ItemPlanner,
    PlannedItem,
    arguments_for_items,
)
from airflow_provider_imagen.core.batch.rows import Item, RowProblem
from airflow_provider_imagen.core.batch.table_check import MOST_PROBLEMS, PlannedTable
from airflow_provider_imagen.core.catalogue import catalogue
from airflow_provider_imagen.core.catalogue.plan import ModelPreferences
from airflow_provider_imagen.core.recovery.request_record import fingerprint_of
from airflow_provider_imagen.core.requests import GenerateRequest
from airflow_provider_imagen.errors import InvalidInputError

TODAY = date(2026, 11, 26)
MODEL = "gemini-2.5-flash-image"
DEFAULTS = {"output_uri": "gs://bucket/made/", "if_exists": "reuse"}


def planner(
    prompt: str | None = None,
    *,
    item_arguments: Sequence[str] | None = None,
    model: str | None = MODEL,
    fallback: str | None = None,
    **defaults: Any,
) -> ItemPlanner:
    arguments = BatchArguments({**DEFAULTS, **defaults}, prompt, item_arguments)
    return ItemPlanner(arguments, ModelPreferences(model, fallback), catalogue(), TODAY)


def planned(columns: dict[str, Any], **options: Any) -> PlannedItem:
    return planner(**options).plan(Item(1, columns))


def test_an_item_is_the_request_of_a_single_task() -> None:
    item = planned({"key": "a", "prompt": "a boat", "aspect_ratio": "16:9"})

    alone = GenerateRequest(model=MODEL, prompt="a boat", aspect_ratio="16:9", output_uri="gs://elsewhere/")
    assert item.fingerprint == fingerprint_of(alone, MODEL)
    assert (item.key, item.images, item.requests, item.model) == ("a", 1, 1, MODEL)


def test_what_is_sent_is_made_again_from_what_is_kept() -> None:
    plans = planner("A {name}", number_of_images=2)
    item = PlannedItem.decode(plans.plan(Item(3, {"key": 7, "name": "boat", "seed": Decimal(5)})).encode())

    request = plans.request_plan(item).request
    assert (request.prompt, request.image_key, request.seed, request.count) == ("A boat", "7", 5, 2)


def test_an_items_own_prompt_is_taken_as_it_is() -> None:
    assert planned({"prompt": "a {name}", "name": "boat"}, prompt="A {name}").arguments["prompt"] == "a {name}"


def test_a_key_is_derived_from_what_is_asked() -> None:
    one, same, other = (planned({"prompt": words}) for words in ("A red boat", "A red boat", "A blue boat"))

    assert one.key == same.key == f"a-red-boat-{one.fingerprint[:12]}"
    assert other.key != one.key


@pytest.mark.parametrize("blank", [None, "", " ", float("nan")])
def test_a_blank_cell_leaves_the_tasks_argument(blank: Any) -> None:
    item = planned({"prompt": "a boat", "aspect_ratio": blank}, aspect_ratio="16:9")

    assert item.fingerprint == planned({"prompt": "a boat"}, aspect_ratio="16:9").fingerprint


def test_columns_override_only_what_is_listed() -> None:
    columns = {"prompt": "a boat", "language": "de", "model": "no-model", "labels": "x", "name": "y"}
    plans = planner()

    assert plans.plan(Item(1, columns)).model == MODEL
    assert plans.ignored_columns(Item(1, columns)) == {"language", "model", "labels"}


def test_a_model_may_differ_by_item_where_the_task_lists_it() -> None:
    plans = planner(item_arguments=["prompt", "model"])
    item = plans.plan(Item(1, {"prompt": "a boat", "model": "gemini-3-pro-image"}))

    assert item.model == plans.request_plan(item).request.model == "gemini-3-pro-image"
    assert item.fingerprint == planned({"prompt": "a boat"}, model="gemini-3-pro-image").fingerprint


def test_place_identity_and_policy_never_differ_by_item() -> None:
    assert not arguments_for_items() & {"output_uri", "image_key", "on_filtered", "on_lost", "if_exists", "pictures"}
    assert set(ITEM_ARGUMENTS) <= arguments_for_items()
    with pytest.raises(InvalidInputError, match="item_arguments names 'max_cost_usd'"):
        planner(item_arguments=["prompt", "max_cost_usd"])


@pytest.mark.parametrize(
    "named", [["prompt", "model"], ("prompt", "model"), "prompt, model", '["prompt", "model"]', "['prompt', 'model']"]
)
def test_columns_are_named_in_a_list_or_in_the_text_of_one(named: Any) -> None:
    item = planned({"prompt": "a boat", "model": "gemini-3-pro-image", "seed": "no"}, item_arguments=named)

    assert item.model == "gemini-3-pro-image"


@pytest.mark.parametrize("named", [5, {"prompt": "x"}, True])
def test_what_names_no_columns_is_refused(named: Any) -> None:
    with pytest.raises(InvalidInputError, match="and must be a list of names of columns, such as"):
        planner(item_arguments=named)


@pytest.mark.parametrize(
    ("columns", "options", "words"),
    [
        ({"key": "a"}, {}, "The row has no prompt"),
        ({"key": "a", "prompt": "x"}, {"item_arguments": ["key"]}, "item_arguments does not name prompt"),
        ({"key": "", "prompt": "x"}, {}, "key is blank"),
        ({"key": "a b", "prompt": "x"}, {}, "key is 'a b'"),
        ({"prompt": "x", "seed": "many"}, {}, "seed is 'many' and must be a whole number"),
        ({"prompt": "x", "aspect_ratio": "7:5"}, {}, "aspect_ratio is '7:5'"),
        ({"prompt": "x", "number_of_images": 99}, {}, "number_of_images is 99"),
        ({"name": "x"}, {"prompt": "a {nam}"}, "Did you mean {name}?"),
    ],
)
def test_a_mistake_is_told_as_with_a_single_task(columns: dict[str, Any], options: Any, words: str) -> None:
    with pytest.raises(InvalidInputError, match=words.replace("{", r"\{").replace("?", r"\?")):
        planned(columns, **options)


def test_the_dearer_of_model_and_fallback_is_reserved() -> None:
    item = planned({"prompt": "a boat"}, fallback="gemini-3-pro-image", number_of_images=2)

    assert item.cost_usd == pytest.approx(0.078)
    assert item.most_usd == pytest.approx(2 * catalogue().find("gemini-3-pro-image").prices_usd["1K"])  # type: ignore[union-attr]
    assert planned({"prompt": "a boat"}, fallback="gemini-9").most_usd is None


def test_pictures_are_identified_by_what_is_told_of_them() -> None:
    arguments = BatchArguments({**DEFAULTS, "reference_images": "gs://b/a.png"}, "a boat")

    def fingerprint(identity: str) -> str:
        plans = ItemPlanner(
            arguments,
            ModelPreferences(MODEL),
            catalogue(),
            TODAY,
            lambda request, _: ({request.sources[0]: identity}, []),
        )
        return plans.plan(Item(1, {})).fingerprint

    assert fingerprint("md5:1") != fingerprint("md5:2")


def table_of(rows: list[Any], **options: Any) -> tuple[PlannedTable, list[PlannedItem]]:
    table = PlannedTable(planner(**options))
    items = table.items(row if isinstance(row, RowProblem) else Item(n, row) for n, row in enumerate(rows, 1))
    return table, list(items)


def test_equal_rows_name_the_first_and_differing_ones_of_one_key_are_a_mistake() -> None:
    table, items = table_of([{"key": "a", "prompt": "x"}, {"key": "b", "prompt": "x"}, {"key": "a", "prompt": "x"}])
    table.check()
    assert [item.same_as for item in items] == [None, None, 1]

    table, _ = table_of([{"key": "a", "prompt": "x"}, {"key": "a", "prompt": "y"}])
    with pytest.raises(InvalidInputError, match=r"row 2 \(key 'a'\): key is 'a', which row 1 has too"):
        table.check()


def test_three_broken_rows_among_ten_thousand_are_told_by_number() -> None:
    rows: list[Any] = [{"key": f"k{n}", "prompt": "x"} for n in range(10_000)]
    rows[17], rows[5000], rows[9999] = {"key": "a/"}, RowProblem(5001, "The line is broken."), {"key": "z"}

    table, items = table_of(rows)
    with pytest.raises(InvalidInputError) as refused:
        table.check()

    assert len(items) == 9997
    text = "\n".join(refused.value.problems)
    assert "row 18 (key 'a/'): key is 'a/'" in text
    assert "row 5001: The line is broken." in text
    assert "rows 18 (key 'a/'), 10000 (key 'z'): The row has no prompt" in text


def test_more_than_fifty_kinds_of_mistakes_are_counted() -> None:
    table, _ = table_of([{"prompt": "x", "seed": -number} for number in range(1, MOST_PROBLEMS + 8)])

    with pytest.raises(InvalidInputError) as refused:
        table.check()

    assert len(refused.value.problems) == MOST_PROBLEMS + 1
    assert refused.value.problems[-1] == "7 more problems in other rows."


def test_without_rows_the_arguments_of_the_task_are_checked() -> None:
    table, _ = table_of([], aspect_ratio="7:5")

    with pytest.raises(InvalidInputError, match="aspect_ratio is '7:5'"):
        table.check()
