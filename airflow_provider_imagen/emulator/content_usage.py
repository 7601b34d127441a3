"""Token counts of a ``:generateContent``: the words of texts, and fixed numbers for pictures and images."""

from __future__ import annotations

from typing import Any

from airflow_provider_imagen.emulator.generate_content_limits import TRAITS
from airflow_provider_imagen.emulator.generate_content_validation import prompt_of
from airflow_provider_imagen.emulator.input_pictures import count_pictures

THOUGHT_TOKENS = 180
Tokens = list[tuple[str, int]]
"""Tokens by modality."""


def words(text: str) -> int:
    """Return the tokens of a text."""
    return len(text.split())


def prompt_tokens(request: dict[str, Any], model: dict[str, Any]) -> Tokens:
    """Return the tokens of a request."""
    pictures = count_pictures(request) * TRAITS[model["id"]].picture_tokens
    instruction = request.get("systemInstruction", {}).get("parts", [])
    texts = [prompt_of(request), *(part.get("text", "") for part in instruction)]
    return [("TEXT", sum(words(text) for text in texts)), *([("IMAGE", pictures)] if pictures else [])]


def counted(request: dict[str, Any], model: dict[str, Any]) -> dict[str, Any]:
    """Return the body of the response to a ``:countTokens``."""
    tokens = prompt_tokens(request, model)
    return {
        "totalTokens": _total(tokens),
        "totalBillableCharacters": len("".join(prompt_of(request).split())),
        "promptTokensDetails": _details(tokens),
    }


def usage(
    request: dict[str, Any], model: dict[str, Any], thought_tokens: int, candidate_tokens: Tokens, traffic_type: str
) -> dict[str, Any]:
    """Return the ``usageMetadata`` of a response."""
    prompt = prompt_tokens(request, model)
    metadata: dict[str, Any] = {
        "promptTokenCount": _total(prompt),
        "totalTokenCount": _total(prompt) + thought_tokens + _total(candidate_tokens),
        "trafficType": traffic_type,
        "promptTokensDetails": _details(prompt),
    }
    if candidate_tokens:
        metadata["candidatesTokenCount"] = _total(candidate_tokens)
        metadata["candidatesTokensDetails"] = _details(candidate_tokens)
    return metadata | ({"thoughtsTokenCount": thought_tokens} if thought_tokens else {})


def _total(tokens: Tokens) -> int:
    return sum(count for _, count in tokens)


def _details(tokens: Tokens) -> list[dict[str, Any]]:
    return [{"modality": modality, "tokenCount": count} for modality, count in tokens]
