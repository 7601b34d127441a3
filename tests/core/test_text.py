"""How values and numbers stand in messages."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import airflow_provider_imagen
from airflow_provider_imagen.core.text import ReadText, counted, quoted

PACKAGE = Path(airflow_provider_imagen.__file__).parent


@pytest.mark.parametrize(("number", "words"), [(0, "0 images"), (1, "1 image"), (2, "2 images"), (-1, "-1 images")])
def test_a_number_takes_the_singular_or_the_plural(number: int, words: str) -> None:
    assert counted(number, "image") == words


def test_so_does_what_has_another_plural() -> None:
    assert [counted(n, "entry is", "entries are") for n in (1, 2)] == ["1 entry is", "2 entries are"]


def test_a_text_is_quoted_as_it_was_written() -> None:
    read = ReadText("3K", "3k")

    assert (read, quoted(read), hash(read)) == ("3K", "'3k'", hash("3K"))
    assert quoted(ReadText("a")) == "'a'"


def texts_in(file: Path) -> Iterator[str]:
    """Yield the texts of a module that are no docstrings."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    statements = {each.value for each in ast.walk(tree) if isinstance(each, ast.Expr)}
    for each in ast.walk(tree):
        if isinstance(each, ast.Constant) and isinstance(each.value, str) and each not in statements:
            yield each.value


def test_no_message_leaves_the_plural_to_its_reader() -> None:
    found = [text for file in PACKAGE.rglob("*.py") for text in texts_in(file) if re.search(r"[a-z]\((s|es)\)", text)]

    assert found == []
