"""The ``result`` document of a request: the one shape that XCom, records, links, gallery and command line share.

It is small and JSON-ready, and holds URIs and no image bytes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Self

from pydantic import Field, ValidationError

from airflow_provider_imagen.core.responses import ImagesResponse
from airflow_provider_imagen.core.result_parts import (
    Fallback,
    FilterReasonEntry,
    Part,
    Scores,
    SizeDifference,
    StoredImage,
    SupportCode,
    Text,
    Texts,
    UsageEntry,
    set_fields,
)
from airflow_provider_imagen.core.support_codes import category_of

RESULT_KEY = "result"
"""The XCom key of the document."""

MOST_IMAGES = 200
"""More than any request can make; a longer list is no document of this package."""
LONGEST_URI = 2048
"""In characters. Cloud Storage allows 1,024 bytes for a name and 222 for its bucket."""


class ResultDocument(Part):
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
    :param estimated_cost_usd: what they cost by list price, where it is known.
    :param cost_basis: what the estimate counts: ``usage``, the tokens that Google counted, or ``images``.
    :param usage: the tokens of the answers of this try.
    :param traffic_type: how Google served them, for example ``ON_DEMAND`` or ``ON_DEMAND_FLEX``.
    :param size_differences: where an image is not what ``aspect_ratio`` and ``image_size`` asked for.
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
    cost_basis: Text | None = None
    usage: UsageEntry | None = None
    traffic_type: Text | None = None
    size_differences: Annotated[tuple[SizeDifference, ...], Field(strict=False)] = ()
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
                    width=image.size.width if image.size else None,
                    height=image.size.height if image.size else None,
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
    def sources(self) -> tuple[str, ...]:
        """The URIs of the pictures that the request started from: reference images, or the image to upscale."""
        given = self.parameters.get("reference_images") or self.parameters.get("image")
        listed = given if isinstance(given, list | tuple) else [given]
        return tuple(uri for uri in listed if isinstance(uri, str))

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
            **set_fields(self, _NOTES),
        }


_NOTES = (
    "fallback",
    "imagen_conn_id",
    "reused",
    "estimated_cost_usd",
    "cost_basis",
    "usage",
    "traffic_type",
    "size_differences",
    "image_key",
    "other_images",
    "not_replaced",
    "kept_earlier",
    "resent_requests",
)


def _as_dict(scores: Mapping[str, float] | None) -> Scores | None:
    return None if scores is None else dict(scores)
