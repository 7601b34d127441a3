"""Prompts with columns in them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_imagen.core.batch.prompt_template import columns_in, fill
from airflow_provider_imagen.errors import InvalidInputError

CHAIR = {"name": "chair", "colour": "red", "Seat height": 45, "notes": ""}


@pytest.mark.parametrize(
    ("template", "prompt"),
    [
        ("Studio photo of {name}, {colour}", "Studio photo of chair, red"),
        ("{name} {name}", "chair chair"),
        ("A {name}, {Seat height} cm high", "A chair, 45 cm high"),
        ("A {name}{notes}.", "A chair."),
        ("no braces", "no braces"),
        ('a {name} with {"json": 1}, {}, { } and {a, b}', 'a chair with {"json": 1}, {}, { } and {a, b}'),
        ("{{name}} {name} {", "{chair} chair {"),
        ("{name!r} {name:>10} {name.__class__}", "{name!r} {name:>10} {name.__class__}"),
        ("{a red fox} {name}", "{a red fox} chair"),
    ],
)
def test_only_names_of_columns_are_filled_in(template: str, prompt: str) -> None:
    if "!r" in template:
        with pytest.raises(InvalidInputError, match="Did you mean {name}"):
            fill(template, CHAIR)
        return
    assert fill(template, CHAIR) == prompt


def test_a_value_with_braces_is_not_filled_again() -> None:
    assert fill("{a}", {"a": "{b}", "b": "c"}) == "{b}"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (7, "7"),
        (1.5, "1.5"),
        (Decimal("3.50"), "3.50"),
        (date(2026, 11, 26), "2026-11-26"),
        (None, ""),
        (float("nan"), ""),
        ("nan", ""),
        ("  oak ", "  oak "),
    ],
)
def test_values_stand_in_the_prompt_as_text_and_missing_ones_as_nothing(value: Any, text: str) -> None:
    assert fill("{name}: {x}", {"name": "chair", "x": value}) == f"chair: {text}"


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("{nam}", r"{nam}, which is no column. Columns are: name, colour, Seat height, notes. Did you mean {name}\?"),
        ("{Name}", r"Did you mean {name}\?"),
        ("{seat heigth}", r"Did you mean {Seat height}\?"),
        ("{price}", r"{price}, which is no column. Columns are: name, colour, Seat height, notes.$"),
        ("{notes}", "all of them are blank"),
    ],
)
def test_what_cannot_be_filled_in_is_refused_with_what_can(template: str, said: str) -> None:
    with pytest.raises(InvalidInputError, match=said):
        fill(template, CHAIR)


@pytest.mark.parametrize("value", [["a"], {"a": 1}, b"a", ("a",), {"a"}])
def test_a_value_that_is_no_text_is_refused(value: Any) -> None:
    with pytest.raises(InvalidInputError, match="Allowed are text and numbers"):
        fill("{x}", {"x": value})


def test_every_mistake_is_told_at_once_and_many_columns_are_not_all_listed() -> None:
    columns = {f"column {number}": number for number in range(40)}
    with pytest.raises(InvalidInputError) as refused:
        fill("{price} {price} {size}", columns)
    assert len(refused.value.problems) == 2
    assert "column 29 and 10 more" in refused.value.problems[0]


def test_the_columns_of_a_template_are_known() -> None:
    assert columns_in("{name} {colour} {other} {name}", ["name", "colour", "notes"]) == {"name", "colour"}


@given(template=st.text("{}ab \n!:.", max_size=30), columns=st.dictionaries(st.text("ab ", min_size=1), st.text()))
def test_any_template_is_filled_or_refused(template: str, columns: dict[str, str]) -> None:
    try:
        filled = fill(template, columns)
    except InvalidInputError as refusal:
        assert refusal.problems  # noqa: PT017
    else:
        assert filled == template or columns_in(template, columns)
