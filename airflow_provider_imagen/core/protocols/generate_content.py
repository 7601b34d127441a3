"""The wire form of Gemini's ``:generateContent`` as far as it makes images. camelCase lives here only.

One request makes one image. Source: REST reference of ``generateContent``, and requests captured from Google's SDK.
"""

from __future__ import annotations

import binascii
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from airflow_provider_imagen.core.image_format import NotAnImageError, kind_of
from airflow_provider_imagen.core.lenient_json import read_json
from airflow_provider_imagen.core.protocols.protocol import Protocol
from airflow_provider_imagen.core.requests import GenerateRequest, ImageRequest
from airflow_provider_imagen.core.responses import FilterReason, GeneratedImage, ImagesResponse
from airflow_provider_imagen.core.support_codes import codes_in
from airflow_provider_imagen.errors import UnexpectedResponseError

HARM_CATEGORIES = (
    "HARM_CATEGORY_HATE_SPEECH",
    "HARM_CATEGORY_DANGEROUS_CONTENT",
    "HARM_CATEGORY_HARASSMENT",
    "HARM_CATEGORY_SEXUALLY_EXPLICIT",
)
"""The categories a ``safety_filter_level`` is set for; Imagen had one level for all."""

LONGEST_QUOTE = 300
NO_IMAGE_MADE = {"NO_IMAGE", "IMAGE_OTHER", "OTHER", "MALFORMED_RESPONSE"}


class _Wire(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class _Blob(_Wire):
    mime_type: str
    data: str


class _Part(_Wire):
    text: str | None = None
    thought: bool | None = None
    inline_data: _Blob | None = None


class _Content(_Wire):
    role: str | None = None
    parts: list[_Part] = []


class _SafetySetting(_Wire):
    category: str
    threshold: str


class _ImageOutputOptions(_Wire):
    mime_type: str | None = None
    compression_quality: int | None = None


class _ImageConfig(_Wire):
    aspect_ratio: str | None = None
    image_size: str | None = None
    person_generation: str | None = None
    image_output_options: _ImageOutputOptions | None = None


class _GenerationConfig(_Wire):
    response_modalities: list[str] = ["IMAGE"]
    seed: int | None = None
    image_config: _ImageConfig | None = None


class _Body(_Wire):
    contents: list[_Content]
    generation_config: _GenerationConfig
    safety_settings: list[_SafetySetting] | None = None
    labels: dict[str, str] | None = None


class _Candidate(_Wire):
    content: _Content = _Content()
    finish_reason: str | None = None
    finish_message: str | None = None


class _PromptFeedback(_Wire):
    block_reason: str | None = None
    block_reason_message: str | None = None


class _Response(_Wire):
    candidates: list[_Candidate] = []
    prompt_feedback: _PromptFeedback | None = None


def encode(request: ImageRequest, index: int = 0, storage_uri: str | None = None) -> dict[str, Any]:  # noqa: ARG001
    """Return the JSON body that asks for one image. See :class:`.protocol.Encode`; no image is stored by Google.

    :raises ValueError: the request is to upscale an image.
    """
    if not isinstance(request, GenerateRequest):
        raise ValueError("no model of generateContent upscales")  # noqa: TRY004  # Google's limit, not a wrong type
    config = _GenerationConfig(seed=request.seed_of(index), image_config=_image_config(request))
    body = _Body(
        contents=[_Content(role="user", parts=[_Part(text=_words(request))])],
        generation_config=config,
        safety_settings=_safety_settings(request),
        labels=request.labels,
    )
    return body.model_dump(by_alias=True, exclude_none=True)


def decode(body: bytes, requested: int) -> ImagesResponse:
    """Read the body of an HTTP 200: images, or the reason why there is none.

    :param body: the body as it came.
    :param requested: how many images were asked for.
    :raises UnexpectedResponseError: it holds neither an image nor a reason.
    """
    size = len(body)
    try:
        response = _Response.model_validate(read_json(body))
        del body
        parts = [part for each in response.candidates for part in each.content.parts if not part.thought]
        blobs = [_image_or_why_not(part.inline_data) for part in parts if part.inline_data]
    except (ValidationError, binascii.Error, ValueError) as failure:
        raise _unexpected(f"{size} bytes that are no documented answer") from failure
    images = tuple(blob for blob in blobs if isinstance(blob, GeneratedImage))
    strange = tuple(blob for blob in blobs if isinstance(blob, str))
    if images:
        return ImagesResponse(images, requested, not_understood=strange)
    if strange:
        raise _unexpected("; ".join(strange))
    return ImagesResponse((), requested, (_reason(response, parts),))


def _words(request: GenerateRequest) -> str:
    if request.negative_prompt is None:
        return request.prompt
    return f"{request.prompt}\n\nDo not show: {request.negative_prompt}"


def _image_config(request: GenerateRequest) -> _ImageConfig | None:
    options = _ImageOutputOptions(mime_type=request.output_mime_type, compression_quality=request.compression_quality)
    config = _ImageConfig(
        aspect_ratio=request.aspect_ratio,
        image_size=request.image_size,
        person_generation=_person_generation(request.person_generation),
        image_output_options=options if options.model_dump(exclude_none=True) else None,
    )
    return config if config.model_dump(exclude_none=True) else None


def _person_generation(value: str | None) -> str | None:
    return "ALLOW_NONE" if value == "dont_allow" else value and value.upper()


def _safety_settings(request: GenerateRequest) -> list[_SafetySetting] | None:
    if request.safety_filter_level is None:
        return None
    threshold = request.safety_filter_level.upper()
    return [_SafetySetting(category=category, threshold=threshold) for category in HARM_CATEGORIES]


def _image_or_why_not(blob: _Blob) -> GeneratedImage | str:
    try:
        return _image(blob)
    except NotAnImageError as failure:
        return str(failure)


def _image(blob: _Blob) -> GeneratedImage:
    data = binascii.a2b_base64(blob.data, strict_mode=True)
    if not data:
        raise ValueError("an image without bytes")
    kind = kind_of(data, blob.mime_type)
    return GeneratedImage(kind.mime_type, data=data, remark=kind.remark)


def _reason(response: _Response, parts: list[_Part]) -> FilterReason:
    feedback = response.prompt_feedback
    if not response.candidates and feedback and feedback.block_reason:
        message = feedback.block_reason_message or ""
        return FilterReason(f"The prompt was blocked ({feedback.block_reason}). {message}".strip(), codes_in(message))
    for candidate in response.candidates:
        if candidate.finish_reason is not None:
            return _finish_reason(candidate, " ".join(part.text for part in parts if part.text))
    raise _unexpected("neither an image nor a reason for its absence")


def _finish_reason(candidate: _Candidate, said: str) -> FilterReason:
    message = candidate.finish_message or ""
    if candidate.finish_reason == "STOP":
        text = f"The model answered with words instead of an image: {said[:LONGEST_QUOTE] or '(none)'}"
    elif candidate.finish_reason in NO_IMAGE_MADE:
        text = f"The model made no image ({candidate.finish_reason}). {message}"
    elif candidate.finish_reason == "MAX_TOKENS":
        text = f"The model reached its token limit before the image was complete (MAX_TOKENS). {message}"
    else:
        text = f"The image was blocked ({candidate.finish_reason}). {message}"
    return FilterReason(text.strip(), codes_in(message))


def _unexpected(what: str) -> UnexpectedResponseError:
    return UnexpectedResponseError(
        f"Google answered 200 with {what}. The image may have been made and billed; report the answer's shape to the "
        "maintainers of this provider before you run the task again."
    )


GENERATE_CONTENT = Protocol(
    name="generateContent",
    verb="generateContent",
    encode=encode,
    decode=decode,
    one_image_per_request=True,
    stores_output=False,
    not_sent={
        "language": "it understands prompts in every language by itself",
        "enhance_prompt": "it has no prompt rewriting to switch, and returns no rewritten prompt",
        "include_safety_attributes": "it returns no safety scores",
    },
    approximated={
        "negative_prompt": "it has no field for it, so the prompt ends with 'Do not show: ...'",
        "seed": "it only tries to repeat an image",
    },
)
"""Source of what is lost: Google's migration guide from Imagen to Gemini image models."""
