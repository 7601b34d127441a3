"""What a task recorded about its images: the shape of its ``result`` document. Anything else is not shown."""

from __future__ import annotations

import json
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

MOST_IMAGES = 200
"""More than any request can make; a document with more is none of ours."""
LONGEST_URI = 2048


class _Recorded(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)


class Image(_Recorded):
    """One image: where it is, and how its prompt was rewritten."""

    uri: str = Field(max_length=LONGEST_URI)
    mime_type: str
    prompt: str | None = None


class SupportCode(_Recorded):
    """A support code and what it stands for."""

    code: str
    category: str | None = None


class Reason(_Recorded):
    """Why something was filtered."""

    reason: str
    codes: list[SupportCode] = []


class Fallback(_Recorded):
    """Which model was wanted, and why another one was asked."""

    instead_of: str
    because: str
    given_up: list[str] = []


class Record(_Recorded):
    """The ``result`` document of one request, see :func:`airflow_provider_imagen.core.responses.record`."""

    model: str
    location: str
    parameters: dict[str, Any]
    images: list[Image] = Field(max_length=MOST_IMAGES)
    filtered: int
    filter_reasons: list[Reason]
    failed_requests: list[str] = []
    duration_seconds: float | int | None = None
    fallback: Fallback | None = None
    imagen_conn_id: str | None = None
    reused: bool = False

    @property
    def prompt(self) -> str | None:
        """The prompt as it was sent; an upscale request has none."""
        prompt = self.parameters.get("prompt")
        return prompt if isinstance(prompt, str) else None


def read_record(value: Any) -> Record | None:
    """Return the record in an XCom value, None when the value has another shape."""
    try:
        return Record.model_validate(json.loads(value) if isinstance(value, str) else value)
    except (ValidationError, ValueError, RecursionError):
        return None
