"""A mistake in a table names its rows by their numbers, and by their keys where they have one."""

from __future__ import annotations

import io
from collections.abc import Iterable
from datetime import date
from typing import Any

import pytest

from airflow_provider_imagen.core.batch.csv_rows import items_in_csv
from airflow_provider_imagen.core.batch.items import items_in_list
from airflow_provider_imagen.core.batch.plan import BatchArguments, ItemPlanner
from airflow_provider_imagen.core.batch.rows import Item, RowProblem
from airflow_provider_imagen.core.batch.table_check import PlannedTable
from airflow_provider_imagen.core.catalogue import catalogue
from airflow_provider_imagen.core.catalogue.plan import ModelPreferences

TODAY = date(2026, 11, 26)
PLACE = {"output_uri": "gs://bucket/made/"}


def problems_in(rows: Iterable[Item | RowProblem]) -> list[str]:
    table = PlannedTable(ItemPlanner(BatchArguments(PLACE), ModelPreferences(), catalogue(), TODAY))
    list(table.items(rows))
    return [problem.partition(": ")[0] for problem in table.problems()]


@pytest.mark.parametrize(
    ("row", "name"),
    [
        ({"key": "sku-7", "prompt": ""}, "row 1 (key 'sku-7')"),
        ({"key": 4711, "prompt": ""}, "row 1 (key 4711)"),
        ({"key": "sku 7", "prompt": "x"}, "row 1 (key 'sku 7')"),
        ({"key": "nan", "prompt": "x"}, "row 1"),
        ({"prompt": ""}, "row 1"),
        ({"key": "sku-7", 3: "x"}, "row 1 (key 'sku-7')"),
        (7, "row 1"),
    ],
)
def test_a_row_is_named_by_its_key_where_it_has_one(row: Any, name: str) -> None:
    assert set(problems_in(items_in_list([row], None))) == {name}


@pytest.mark.parametrize(
    ("content", "names"),
    [
        (b"key,prompt\nsku-1,a,b\n", ["row 2 (key 'sku-1')"]),
        (b"key,prompt\nsku-1\n", ["row 2 (key 'sku-1')"]),
        (b"prompt,key\na,b,sku-1\n", ["row 2"]),
        (b"key,prompt\nsku-1,\n\nsku-2,\n", ["rows 2 (key 'sku-1'), 4 (key 'sku-2')"]),
    ],
)
def test_so_is_a_row_of_a_file_whose_cells_are_too_many_or_too_few(content: bytes, names: list[str]) -> None:
    assert problems_in(items_in_csv(io.BytesIO(content))) == names


def test_a_key_that_is_there_twice_is_named_with_both_rows() -> None:
    rows = [Item(1, {"key": "a", "prompt": "x"}), Item(2, {"key": "a", "prompt": "y"})]

    assert problems_in(rows) == ["row 2 (key 'a')"]
