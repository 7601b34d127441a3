"""Keys of items."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_imagen.core.batch.keys import derived_key, given_key
from airflow_provider_imagen.core.validation.output_paths import problems_with_key
from airflow_provider_imagen.errors import InvalidInputError

FINGERPRINT = "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("prompt", "key"),
    [
        ("Studio photo of Chair, red", "studio-photo-of-chair-red-0123456789ab"),
        ("Café à la crème", "cafe-a-la-creme-0123456789ab"),
        ("青い椅子", "item-0123456789ab"),
        ("", "item-0123456789ab"),
        ("...", "item-0123456789ab"),
        ("A very long description of a chair with many words", "a-very-long-description-of-a-chair-with-0123456789ab"),
        ("x" * 60, "x" * 40 + "-0123456789ab"),
    ],
)
def test_a_derived_key_has_words_for_people_and_what_tells_it_from_others(prompt: str, key: str) -> None:
    assert derived_key(prompt, FINGERPRINT) == key


@given(prompt=st.text(st.characters(exclude_categories=[])), fingerprint=st.text("0123456789abcdef", min_size=64))
def test_a_derived_key_is_always_a_valid_image_key(prompt: str, fingerprint: str) -> None:
    assert list(problems_with_key(derived_key(prompt, fingerprint))) == []


@pytest.mark.parametrize(("value", "key"), [("sku-1", "sku-1"), (1984, "1984"), ("A.b_c", "A.b_c")])
def test_a_given_key_is_taken_as_it_is(value: Any, key: str) -> None:
    assert given_key({"key": value, "prompt": "a boat"}) == key


def test_without_the_column_no_key_is_given() -> None:
    assert given_key({"prompt": "a boat"}) is None


@pytest.mark.parametrize("value", ["", "  ", None, "None", "nan", float("nan"), "NaT"])
def test_a_key_that_is_given_and_blank_is_refused_and_never_derived(value: Any) -> None:
    with pytest.raises(InvalidInputError, match="key is blank"):
        given_key({"key": value})


@pytest.mark.parametrize(
    ("value", "said"),
    [("a/b", "key is 'a/b'; allowed are"), ("-a", "Use 'a'"), (["a"], "must be text"), (float("inf"), "must be text")],
)
def test_a_key_that_is_none_is_refused_by_the_name_of_its_column(value: Any, said: str) -> None:
    with pytest.raises(InvalidInputError, match=said):
        given_key({"key": value})
