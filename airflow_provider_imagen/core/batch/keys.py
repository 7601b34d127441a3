"""The key of an item: given in a column, or derived from what is asked for."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from airflow_provider_imagen.core.batch.rows import is_missing
from airflow_provider_imagen.core.text import quoted, text_from
from airflow_provider_imagen.core.validation.output_paths import problems_with_key
from airflow_provider_imagen.errors import InvalidInputError

LONGEST_SLUG = 40
HEX_DIGITS = 12
"""Of the fingerprint: rows of one template share their slug, and 100,000 of them shall not share a key."""


def derived_key(prompt: str, fingerprint: str) -> str:
    """Return a key for an item that has none: words of its prompt for people, and what tells it from all others.

    The same request has the same key in every run. It is always a valid ``image_key``.

    :param prompt: the prompt, filled in.
    :param fingerprint: of the request, in hexadecimal digits.
    """
    plain = unicodedata.normalize("NFKD", prompt[: 4 * LONGEST_SLUG]).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    if len(slug) > LONGEST_SLUG:
        slug = slug[:LONGEST_SLUG].rpartition("-")[0] or slug[:LONGEST_SLUG]
    return f"{slug or 'item'}-{fingerprint[:HEX_DIGITS]}"


def given_key(columns: Mapping[str, Any], column: str = "key") -> str | None:
    """Return the key that an item brings, None where it has no such column.

    :raises InvalidInputError: the cell is blank, or holds what is no ``image_key``: another name would be guessed.
    """
    if column not in columns:
        return None
    value = text_from(columns[column])
    if is_missing(value):
        raise InvalidInputError((f"{column} is blank ({quoted(value)}). Give the item a key, or drop the column.",))
    if not isinstance(value, str):
        raise InvalidInputError((f"{column} is {quoted(value)} and must be text or a whole number. Correct it.",))
    if problems := [problem.replace("image_key", column, 1) for problem in problems_with_key(value)]:
        raise InvalidInputError(tuple(problems))
    return value
