"""Rows of a list, of rendered text and of a JSONL file, as items."""

from __future__ import annotations

import io
import json
from collections import namedtuple
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_imagen.core.batch.items import (
    Item,
    RowProblem,
    file_kind,
    is_missing,
    items_in_jsonl,
    items_in_list,
    items_in_text,
    lines_in,
)
from airflow_provider_imagen.core.batch.rows import LONGEST_ROW
from airflow_provider_imagen.errors import InvalidInputError

Result = namedtuple("Result", "key prompt")  # noqa: PYI024  # as database drivers make them
BOM = b"\xef\xbb\xbf"


def test_texts_are_prompts_and_dicts_are_columns() -> None:
    rows = ["a boat", {"prompt": "a red boat", "key": "red"}]
    assert list(items_in_list(rows)) == [Item(1, {"prompt": "a boat"}), Item(2, rows[1])]


@pytest.mark.parametrize("row", [("sku-1", "a boat"), ["sku-1", "a boat"], Result("sku-1", "a boat")])
def test_rows_of_a_sql_result_get_their_names_from_item_columns(row: Any) -> None:
    assert list(items_in_list([row], ["key", "prompt"])) == [Item(1, {"key": "sku-1", "prompt": "a boat"})]


def test_texts_and_dicts_stay_what_they_are_beside_item_columns() -> None:
    assert list(items_in_list(["a boat", {"prompt": "b"}], ["key"])) == [
        Item(1, {"prompt": "a boat"}),
        Item(2, {"prompt": "b"}),
    ]


@pytest.mark.parametrize(
    ("row", "columns", "said"),
    [
        (("a", "b"), None, "item_columns=['key', 'prompt']"),
        (("a", "b", "c"), ["key", "prompt"], "3 values, item_columns 2 names"),
        (7, None, "The row is 7. Allowed are"),
        (None, None, "The row is None. Allowed are"),
        (b"a boat", ["prompt"], "Allowed are"),
        ({1: "a boat"}, None, "a column named 1"),
        ({" ": "a boat"}, None, "a column named ' '"),
    ],
)
def test_a_row_that_cannot_be_read_is_told_with_its_number(row: Any, columns: list[str] | None, said: str) -> None:
    found = list(items_in_list(["a boat", row, "a ship"], columns))
    assert [each.row for each in found] == [1, 2, 3]
    assert isinstance(found[1], RowProblem)
    assert said in found[1].problem
    assert isinstance(found[2], Item)


@pytest.mark.parametrize(("names", "said"), [(["a", ""], "column 2 of 2"), (["a", "b", "a"], "'a' more than once")])
def test_names_of_columns_are_checked_before_any_row_is_read(names: list[str], said: str) -> None:
    with pytest.raises(InvalidInputError, match=said):
        items_in_list(iter(()), names)


def test_a_list_is_read_row_by_row() -> None:
    endless = iter(lambda: "a boat", None)
    assert next(items_in_list(endless)).row == 1


class _NAType:
    pass


_NAType.__name__ = "NAType"


@pytest.mark.parametrize("value", [None, "", "  ", "None", "nan", "NaN", "NaT", "<NA>", float("nan"), _NAType()])
def test_a_cell_without_a_value_is_missing_in_whatever_way_it_is_written(value: object) -> None:
    assert is_missing(value)


@pytest.mark.parametrize("value", ["a", "none of these", 0, 0.0, False, Decimal(0), [], {}])
def test_a_cell_with_a_value_is_not_missing(value: object) -> None:
    assert not is_missing(value)


def test_each_line_of_a_jsonl_file_is_an_object_or_a_text() -> None:
    lines = [BOM + b'{"prompt": "a boat"}\r\n', b"\n", '"ein Schiff mit ü"\n'.encode(), b"  \n", b""]
    assert list(items_in_jsonl(lines)) == [Item(1, {"prompt": "a boat"}), Item(3, {"prompt": "ein Schiff mit ü"})]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b'{"prompt": "a boat"\n', "no JSON"),
        (b"a boat\n", "no JSON"),
        (b"[1]\n", "holds [1]"),
        (b"7\n", "holds 7"),
        (b"null\n", "holds None"),
        ('"Größe"'.encode("latin-1"), "not written in UTF-8"),
        (b'{"": "a"}', "a column named ''"),
        (b'"' + b"a" * LONGEST_ROW + b'"', "longer than"),
        (b"[" * 5000, "no JSON"),
    ],
)
def test_a_broken_line_says_its_number_and_the_rest_is_read(line: bytes, said: str) -> None:
    found = list(items_in_jsonl([b'"a"\n', b"\n", line, b'"b"']))
    assert [each.row for each in found] == [1, 3, 4]
    assert isinstance(found[1], RowProblem)
    assert said in found[1].problem
    assert len(found[1].problem) < 400


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-16-le"])
def test_a_jsonl_file_in_utf_16_is_refused(encoding: str) -> None:
    content = '\ufeff{"prompt": "a boat"}\n'.encode(encoding)
    found = list(items_in_jsonl(io.BytesIO(content)))
    assert found
    assert all(isinstance(each, RowProblem) for each in found)


def test_an_empty_file_is_a_mistake_and_one_of_blank_lines_has_no_items() -> None:
    assert [each.row for each in items_in_jsonl([]) if isinstance(each, RowProblem)] == [1]
    assert list(items_in_jsonl([b"\n"])) == []
    assert list(items_in_jsonl([BOM + b"\r\n"])) == []


def test_lines_of_a_file_are_bounded_and_the_line_behind_a_long_one_keeps_its_number() -> None:
    stream = io.BytesIO(b'"a"\n' + b"x" * (3 * LONGEST_ROW) + b'\n"b"')
    lengths = [len(line) for line in lines_in(stream)]
    assert lengths == [4, LONGEST_ROW + 1, 3]


@given(rows=st.lists(st.text(max_size=20) | st.dictionaries(st.text(min_size=1, max_size=5), st.text(), max_size=3)))
def test_what_is_written_as_jsonl_is_read_back_the_same(rows: list[Any]) -> None:
    lines = [json.dumps(row).encode() + b"\n" for row in rows]
    found = list(items_in_jsonl(lines))
    assert [each.row for each in found] == list(range(1, len(rows) + 1)) or not rows
    for row, each in zip(rows, found, strict=False):
        expected = {"prompt": row} if isinstance(row, str) else row
        if isinstance(each, Item) and _can_be_stored(expected):
            assert each.columns == expected


def _can_be_stored(columns: Mapping[str, str]) -> bool:
    return not any("\ud800" <= character <= "\udfff" for pair in columns.items() for character in "".join(pair))


@pytest.mark.parametrize(
    ("items", "kind"),
    [
        ("gs://bucket/table.csv", "csv"),
        ("s3://bucket/TABLE.CSV", "csv"),
        ("/data/rows.jsonl", "jsonl"),
        ("file:///data/rows.JsonL ", "jsonl"),
        ("gs://bucket/table.xlsx", None),
        ("a boat", None),
        ('["a.csv"]', None),
        ('"rows.csv', None),
        ("one\ntwo.csv", None),
        (["a.csv"], None),
        (None, None),
    ],
)
def test_a_file_is_known_by_its_ending(items: Any, kind: str | None) -> None:
    assert file_kind(items) == kind


def test_rendered_text_is_a_json_list() -> None:
    assert items_in_text(' ["a", {"prompt": "b"}]\n') == ["a", {"prompt": "b"}]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("['a', 'b']", "tojson"),
        ("gs://bucket/table.xlsx", r"which is no JSON. Allowed are a list, its JSON text, and the URI of a .jsonl"),
        ('{"prompt": "a"}', "JSON and no list"),
        ("", "no JSON"),
        ("None", "no JSON"),
    ],
)
def test_other_text_is_refused_with_what_is_allowed(text: str, said: str) -> None:
    with pytest.raises(InvalidInputError, match=said):
        items_in_text(text)
