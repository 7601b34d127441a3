"""The parts of a ``result`` document. Each is small and JSON-ready, and holds URIs and no image bytes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, PlainValidator

from airflow_provider_imagen.core.token_usage import TokenUsage


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    raise ValueError("not a text")  # pydantic collects ValueErrors


Text = Annotated[str, PlainValidator(_text)]
"""Text as it is: a prompt that is cut within a surrogate pair is kept, pydantic's own type refuses it."""
Texts = Annotated[tuple[Text, ...], Field(strict=False)]
"""JSON has lists only."""
Scores = dict[str, Any]
"""Safety category to score, 0 to 1. Google's numbers, passed on unchecked."""


class Part(BaseModel):
    """A frozen value that is read strictly; fields of later versions are ignored."""

    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True, extra="ignore", strict=True, allow_inf_nan=False)


class StoredImage(Part):
    """One stored image.

    :param uri: ``gs://`` URI, URI of another storage, or path.
    :param mime_type: its type, by its bytes or as Google states it.
    :param prompt: the prompt as Google rewrote it.
    :param safety_attributes: safety category to score.
    :param width: in pixels, where known.
    :param height: in pixels, where known.
    """

    uri: Text
    mime_type: Text
    prompt: Text | None = None
    safety_attributes: Scores | None = None
    width: int | None = None
    height: int | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the image JSON-ready."""
        described = {
            "uri": self.uri,
            "mime_type": self.mime_type,
            "prompt": self.prompt,
            "safety_attributes": self.safety_attributes,
        }
        return described | set_fields(self, ("width", "height"))


class SupportCode(Part):
    """A support code in Google's words, and the category it stands for."""

    code: Text
    category: Text | None = None


class FilterReasonEntry(Part):
    """Why something was filtered, in Google's words."""

    reason: Text
    codes: Annotated[tuple[SupportCode, ...], Field(strict=False)] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the reason JSON-ready."""
        return {"reason": self.reason, "codes": [{"code": each.code, "category": each.category} for each in self.codes]}


class Fallback(Part):
    """The model that was wanted, why another one was asked, and which arguments that one does not take."""

    instead_of: Text
    because: Text
    given_up: Texts = ()

    def to_json(self) -> dict[str, Any]:
        """Return the fallback JSON-ready."""
        return {"instead_of": self.instead_of, "because": self.because, "given_up": list(self.given_up)}


class SizeDifference(Part):
    """One thing about an image that is not what was asked.

    :param uri: of the image.
    :param argument: ``aspect_ratio`` or ``image_size``.
    :param asked: its value in the request.
    :param delivered: the value that the image has.
    """

    uri: Text
    argument: Text
    asked: Text
    delivered: Text

    def to_json(self) -> dict[str, Any]:
        """Return the difference JSON-ready."""
        return {"uri": self.uri, "argument": self.argument, "asked": self.asked, "delivered": self.delivered}

    def __str__(self) -> str:
        return f"{self.uri} has {self.argument} {self.delivered}; {self.asked} was asked"


class UsageEntry(Part):
    """The tokens that Google counted, by the names of its ``usageMetadata``; None is a count that it did not send."""

    prompt_token_count: int | None = None
    candidates_token_count: int | None = None
    thoughts_token_count: int | None = None
    total_token_count: int | None = None
    prompt_tokens_details: dict[str, int] = {}
    candidates_tokens_details: dict[str, int] = {}

    @classmethod
    def of(cls, usage: TokenUsage | None) -> Self | None:
        """Return the entry of a usage."""
        if usage is None:
            return None
        return cls(
            prompt_token_count=usage.prompt_token_count,
            candidates_token_count=usage.candidates_token_count,
            thoughts_token_count=usage.thoughts_token_count,
            total_token_count=usage.total_token_count,
            prompt_tokens_details=dict(usage.prompt_tokens_details),
            candidates_tokens_details=dict(usage.candidates_tokens_details),
        )

    def to_json(self) -> dict[str, Any]:
        """Return the counts that are known, JSON-ready."""
        return set_fields(self, tuple(type(self).model_fields))


def set_fields(part: Part, names: Sequence[str]) -> dict[str, Any]:
    """Return the named fields that differ from their defaults, JSON-ready."""
    fields = type(part).model_fields
    values = {name: getattr(part, name) for name in names}
    return {name: _json_ready(value) for name, value in values.items() if value != fields[name].default}


def _json_ready(value: Any) -> Any:
    if isinstance(value, Fallback | SizeDifference | UsageEntry):
        return value.to_json()
    return [_json_ready(each) for each in value] if isinstance(value, tuple) else value
