"""The ``usageMetadata`` of a response. What cannot be read in it is left out; it never costs an image.

Source: ``GenerateContentResponse.UsageMetadata`` of the REST reference, and google-genai 3.4.0 (2026-11-22).
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from airflow_provider_imagen.core.protocols.json_fields import enum_of, field, leaves, objects
from airflow_provider_imagen.core.token_usage import TokenUsage

MODALITIES = {1: "TEXT", 2: "IMAGE", 3: "VIDEO", 4: "AUDIO", 5: "DOCUMENT"}
TRAFFIC_TYPES = {1: "ON_DEMAND", 2: "PROVISIONED_THROUGHPUT"}
"""The names of the enums by their numbers, as far as these are published."""

MOST_TOKENS = 2**31 - 1
"""Google's counts are of type int32."""
MOST_DIGITS = 10
LONGEST_NAME = 60


def usage_of(answer: Any, images: int) -> TokenUsage | None:
    """Return the usage in an answer, None where it has none that can be read.

    :param answer: the JSON value of the response.
    :param images: how many images the answer has.
    """
    metadata = next((each for item in objects(answer) for each in objects(field(item, "usageMetadata"))), None)
    if metadata is None:
        return None
    usage = TokenUsage(
        _count(field(metadata, "promptTokenCount")),
        _count(field(metadata, "candidatesTokenCount")),
        _count(field(metadata, "thoughtsTokenCount")),
        _count(field(metadata, "totalTokenCount")),
        _by_modality(field(metadata, "promptTokensDetails")),
        _by_modality(field(metadata, "candidatesTokensDetails")),
        _name(field(metadata, "trafficType"), TRAFFIC_TYPES),
        images,
    )
    return None if usage == TokenUsage(images=images) else usage


def _count(value: Any) -> int | None:
    """Return the first number of tokens in a value: a number, or a number as text, as proto3 JSON allows."""
    for each in leaves(value):
        number: int | float
        if isinstance(each, str) and each.isascii() and each.strip().isdigit() and len(each.strip()) <= MOST_DIGITS:
            number = int(each)
        elif isinstance(each, int | float) and not isinstance(each, bool):
            number = each
        else:
            continue
        if 0 <= number <= MOST_TOKENS and number == int(number):
            return int(number)
    return None


def _by_modality(value: Any) -> dict[str, int]:
    tokens: Counter[str] = Counter()
    for each in objects(value):
        modality, count = _name(field(each, "modality"), MODALITIES), _count(field(each, "tokenCount"))
        if modality and count is not None:
            tokens[modality] += count
    return dict(tokens)


def _name(value: Any, numbers: dict[int, str]) -> str:
    """Return the name of an enum value; empty for what is too long or too odd to be one."""
    try:
        name = enum_of(value, numbers)
    except (ValueError, OverflowError):  # infinity, or no number
        return ""
    return name if len(name) <= LONGEST_NAME and name.replace("_", "").isalnum() and name.isascii() else ""
