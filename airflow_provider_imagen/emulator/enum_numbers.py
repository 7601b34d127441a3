"""Responses with enum numbers, which generated clients ask for with ``$alt=json;enum-encoding=int``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def _numbered(*words: str) -> dict[str, int]:
    return {word: number for number, word in enumerate(words)}


NUMBERS: dict[str, Mapping[str, int]] = {
    "finishReason": _numbered(
        "FINISH_REASON_UNSPECIFIED",
        "STOP",
        "MAX_TOKENS",
        "SAFETY",
        "RECITATION",
        "OTHER",
        "BLOCKLIST",
        "PROHIBITED_CONTENT",
        "SPII",
        "MALFORMED_FUNCTION_CALL",
        "MODEL_ARMOR",
    ),
    "blockReason": _numbered(
        "BLOCKED_REASON_UNSPECIFIED", "SAFETY", "OTHER", "BLOCKLIST", "PROHIBITED_CONTENT", "MODEL_ARMOR"
    ),
    "modality": _numbered("MODALITY_UNSPECIFIED", "TEXT", "IMAGE", "VIDEO", "AUDIO", "DOCUMENT"),
    "launchStage": _numbered("LAUNCH_STAGE_UNSPECIFIED", "EXPERIMENTAL", "PRIVATE_PREVIEW", "PUBLIC_PREVIEW", "GA"),
    "state": _numbered(
        "JOB_STATE_UNSPECIFIED",
        "JOB_STATE_QUEUED",
        "JOB_STATE_PENDING",
        "JOB_STATE_RUNNING",
        "JOB_STATE_SUCCEEDED",
        "JOB_STATE_FAILED",
        "JOB_STATE_CANCELLING",
        "JOB_STATE_CANCELLED",
        "JOB_STATE_PAUSED",
        "JOB_STATE_EXPIRED",
        "JOB_STATE_UPDATING",
        "JOB_STATE_PARTIALLY_SUCCEEDED",
    ),
    "openSourceCategory": _numbered("OPEN_SOURCE_CATEGORY_UNSPECIFIED", "PROPRIETARY"),
}
"""Numbers of enum values by field (google-cloud-aiplatform 2.7.0). A value that is newer is left as a name."""


def with_numbers(value: Any) -> Any:
    """Return a response with numbers in place of the names of enum values."""
    if isinstance(value, list):
        return [with_numbers(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        name: NUMBERS[name].get(each, each) if name in NUMBERS else with_numbers(each) for name, each in value.items()
    }
