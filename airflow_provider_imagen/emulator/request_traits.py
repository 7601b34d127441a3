"""What orders tell requests for images apart by: prompts and labels, read from any JSON, valid or not."""

from __future__ import annotations

from typing import Any


def prompts(body: Any) -> str:
    """Return the texts of the prompts of a ``:predict`` or ``:generateContent``, one a line."""
    instances = [_of(instance, "prompt") for instance in _list(body, "instances")]
    texts = [_of(part, "text") for content in _list(body, "contents") for part in _list(content, "parts")]
    return "\n".join(text for text in instances + texts if isinstance(text, str))


def labels(body: Any) -> dict[str, Any]:
    """Return the labels of a request."""
    found = _of(body, "labels")
    return found if isinstance(found, dict) else {}


def _of(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None


def _list(value: Any, name: str) -> list[Any]:
    found = _of(value, name)
    return found if isinstance(found, list) else [found]
