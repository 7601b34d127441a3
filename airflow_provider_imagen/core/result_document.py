"""The ``result`` document of a request: the one shape that XCom, records, links, gallery and command line share.

It is small and JSON-ready, and holds URIs and no image bytes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, ValidationError

from airflow_provider_imagen.core.responses import ImagesResponse
from airflow_provider_imagen.core.support_codes import category_of

RESULT_KEY = "result"
"""The XCom key of the document."""

MOST_IMAGES = 200
"""More than any request can make; a longer list is no document of this package."""
LONGEST_URI = 2048
"""In characters. Cloud Storage allows 1,024 bytes for a name and 222 for its bucket."""


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


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", strict=True, allow_inf_nan=False)


class StoredImage(_Part):
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
        return described | _set_fields(self, ("width", "height"))


class SupportCode(_Part):
    """A support code in Google's words, and the category it stands for."""

    code: Text
    category: Text | None = None


class FilterReasonEntry(_Part):
    """Why something was filtered, in Google's words."""

    reason: Text
    codes: Annotated[tuple[SupportCode, ...], Field(strict=False)] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the reason JSON-ready."""
        return {"reason": self.reason, "codes": [{"code": each.code, "category": each.category} for each in self.codes]}


class Fallback(_Part):
    """The model that was wanted, why another one was asked, and which arguments that one does not take."""

    instead_of: Text
    because: Text
    given_up: Texts = ()

    def to_json(self) -> dict[str, Any]:
        """Return the fallback JSON-ready."""
        return {"instead_of": self.instead_of, "because": self.because, "given_up": list(self.given_up)}


class ResultDocument(_Part):
    """What one request asked for and what came of it.

    :param model: id of the model that was asked.
    :param location: Google Cloud location that was asked.
    :param parameters: the other arguments as they were sent.
    :param images: the images that the task returned.
    :param filtered: how many of the requested images were filtered.
    :param filter_reasons: Google's reasons.
    :param prompt_safety_attributes: safety category of the prompt to score.
    :param failed_requests: errors of requests beside which others succeeded.
    :param duration_seconds: from the first request to the last response.
    :param fallback: set when the fallback model was asked.
    :param imagen_conn_id: the Airflow connection that was used.
    :param reused: True when an earlier try or run made the images.
    :param estimated_cost_usd: list price of the images, where it is known.
    :param image_key: the task's ``image_key``.
    :param other_images: URIs of images of the same request beyond the number asked for.
    :param not_replaced: older files of the same key that could not be replaced or removed.
    :param kept_earlier: files of an earlier result that stay because the changed request was filtered.
    :param resent_requests: how many requests were sent again because their response was lost, or because a worker died
        that waited for it; each may be billed twice.
    """

    model: Text
    location: Text
    parameters: dict[str, Any]
    images: Annotated[tuple[StoredImage, ...], Field(strict=False)]
    filtered: int
    filter_reasons: Annotated[tuple[FilterReasonEntry, ...], Field(strict=False)]
    prompt_safety_attributes: Scores | None = None
    failed_requests: Texts = ()
    duration_seconds: float | None = None
    fallback: Fallback | None = None
    imagen_conn_id: Text | None = None
    reused: bool = False
    estimated_cost_usd: float | None = None
    image_key: Text | None = None
    other_images: Texts = ()
    not_replaced: Texts = ()
    kept_earlier: Texts = ()
    resent_requests: int = 0

    @classmethod
    def build(
        cls,
        plan_parameters: Mapping[str, Any],
        response: ImagesResponse,
        uris: Sequence[str],
        *,
        location: str,
        **notes: Any,
    ) -> Self:
        """Return the document about one request.

        :param plan_parameters: the arguments as they were sent, JSON-ready, ``model`` among them.
        :param response: the decoded response.
        :param uris: the URI of each image of the response, in the same order.
        :param location: Google Cloud location that was asked.
        :param notes: other fields of the document, ``fallback`` also as a dict.
        :raises ValueError: the numbers of URIs and images differ.
        :raises TypeError: a note is no field of the document.
        """
        if unknown := sorted(set(notes) - set(_NOTES)):
            raise TypeError(f"ResultDocument has no field {', '.join(unknown)}")
        return cls(
            model=plan_parameters["model"],
            location=location,
            parameters={name: value for name, value in plan_parameters.items() if name != "model"},
            images=tuple(
                StoredImage(
                    uri=uri,
                    mime_type=image.mime_type,
                    prompt=image.prompt,
                    safety_attributes=_as_dict(image.safety_attributes),
                )
                for image, uri in zip(response.images, uris, strict=True)
            ),
            filtered=response.filtered,
            filter_reasons=tuple(
                FilterReasonEntry(
                    reason=reason.text,
                    codes=tuple(SupportCode(code=code, category=category_of(code)) for code in reason.codes),
                )
                for reason in response.reasons
            ),
            prompt_safety_attributes=_as_dict(response.prompt_safety_attributes),
            failed_requests=tuple(response.failures),
            duration_seconds=round(response.duration_seconds, 3),
            **notes,
        )

    @classmethod
    def read(cls, value: Any) -> Self | None:
        """Return the document in an XCom value or a record, None if the value has another shape. Raises nothing.

        :param value: a dict, or JSON text; may be of any other origin.
        """
        try:
            document = cls.model_validate(json.loads(value) if isinstance(value, str | bytes) else value)
        except (ValidationError, ValueError, RecursionError):
            return None
        too_long = any(len(image.uri) > LONGEST_URI for image in document.images)
        return None if too_long or len(document.images) > MOST_IMAGES else document

    @property
    def prompt(self) -> str | None:
        """The prompt as it was sent; an upscale request has none."""
        prompt = self.parameters.get("prompt")
        return prompt if isinstance(prompt, str) else None

    @property
    def uris(self) -> tuple[str, ...]:
        """The URIs of the images that the task returned."""
        return tuple(image.uri for image in self.images)

    def to_json(self) -> dict[str, Any]:
        """Return the document JSON-ready, without the notes that say nothing."""
        return {
            "model": self.model,
            "location": self.location,
            "parameters": self.parameters,
            "images": [image.to_json() for image in self.images],
            "filtered": self.filtered,
            "filter_reasons": [reason.to_json() for reason in self.filter_reasons],
            "prompt_safety_attributes": self.prompt_safety_attributes,
            "failed_requests": list(self.failed_requests),
            "duration_seconds": self.duration_seconds,
            **_set_fields(self, _NOTES),
        }


_NOTES = (
    "fallback",
    "imagen_conn_id",
    "reused",
    "estimated_cost_usd",
    "image_key",
    "other_images",
    "not_replaced",
    "kept_earlier",
    "resent_requests",
)


def _as_dict(scores: Mapping[str, float] | None) -> Scores | None:
    return None if scores is None else dict(scores)


def _set_fields(part: _Part, names: Sequence[str]) -> dict[str, Any]:
    """Return the named fields that differ from their defaults, JSON-ready."""
    fields = type(part).model_fields
    values = {name: getattr(part, name) for name in names}
    return {name: _json_ready(value) for name, value in values.items() if value != fields[name].default}


def _json_ready(value: Any) -> Any:
    if isinstance(value, Fallback):
        return value.to_json()
    return list(value) if isinstance(value, tuple) else value
