"""What an image may be called: a key that is a name everywhere, or a refusal with one that would do."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.checked_requests import checked_generate

from airflow_provider_imagen.core.validation.output_paths import problems_with_key
from airflow_provider_imagen.errors import InvalidInputError

GENERATE = {"model": "gemini-nano-banana-2.1", "prompt": "a cat", "output_uri": "gs://bucket/cats/"}


def problem(key: str) -> str:
    (text,) = problems_with_key(key)
    return text


@pytest.mark.parametrize("key", ["a", "0", "sku-4711", "A.b_c-d", "2026-11-22", "x" * 100, "sku..1", "banana", "Nancy"])
def test_a_key_is_letters_digits_and_three_marks(key: str) -> None:
    assert list(problems_with_key(key)) == []


def test_no_key_is_no_problem() -> None:
    assert list(problems_with_key(None)) == []


@pytest.mark.parametrize(
    ("key", "suggestion"),
    [
        ("sku 4711", "sku-4711"),
        (" sku-4711 ", "sku-4711"),
        ("sku/4711", "sku-4711"),
        ("../../etc", "etc"),
        ("_imagen", "imagen"),
        (".hidden", "hidden"),
        ("-1", "1"),
        ("sku\n", "sku"),
        ("Caf\u00e9 cr\u00e8me", "Cafe-creme"),
        ("sku~2", "sku-2"),
        ("2026-11-22T00:00:00+00:00", "2026-11-22T00-00-00-00-00"),
        ("x" * 101, "x" * 100),
    ],
)
def test_any_other_key_is_refused_with_one_that_would_do(key: str, suggestion: str) -> None:
    text = problem(key)

    assert "1 to 100 characters of A-Z a-z 0-9 . _ -, beginning with a letter or digit" in text
    assert f"Use {suggestion!r}, for example." in text


@pytest.mark.parametrize("key", ["\u6d77", "\U0001f408", "...", "/", "\u0661", "/nan/"])
def test_where_nothing_of_a_key_would_do_none_is_suggested(key: str) -> None:
    assert "Make one of the item's number or code." in problem(key)


@pytest.mark.parametrize("key", ["", " ", "\n", "None", " None ", "nan", "NaN"])
def test_a_key_that_renders_to_nothing_is_refused_and_never_not_given(key: str) -> None:
    assert "what a template makes of a missing value" in problem(key)
    with pytest.raises(InvalidInputError, match="image_key is"):
        checked_generate({**GENERATE, "image_key": key})


@given(st.text(st.characters(exclude_categories=[]), max_size=120))
def test_whatever_a_key_is_the_suggestion_is_one(key: str) -> None:
    for text in problems_with_key(key):
        text.encode()
        if found := re.search(r"Use '(.*)', for example\.", text):
            assert list(problems_with_key(found[1])) == []


def test_a_wrong_key_is_named_beside_the_other_mistakes() -> None:
    arguments: dict[str, Any] = {**GENERATE, "prompt": "", "image_key": "a b", "on_lost": "retry"}
    with pytest.raises(InvalidInputError) as caught:
        checked_generate(arguments)

    assert sorted(text.split()[0] for text in caught.value.problems) == ["image_key", "on_lost", "prompt"]
