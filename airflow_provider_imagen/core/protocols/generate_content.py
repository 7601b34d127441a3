"""The wire form of Gemini's ``:generateContent`` as far as it makes images; its responses are read beside it.

One request makes one image. Source: REST reference of ``generateContent``, and requests captured from Google's SDK.
"""

from __future__ import annotations

import base64
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from airflow_provider_imagen.core.protocols.generate_content_response import decode
from airflow_provider_imagen.core.protocols.protocol import Protocol
from airflow_provider_imagen.core.requests import GenerateRequest, ImageRequest, InputPicture

HARM_CATEGORIES = (
    "HARM_CATEGORY_HATE_SPEECH",
    "HARM_CATEGORY_DANGEROUS_CONTENT",
    "HARM_CATEGORY_HARASSMENT",
    "HARM_CATEGORY_SEXUALLY_EXPLICIT",
)
"""The categories a ``safety_filter_level`` is set for; Imagen had one level for all."""


class _Wire(BaseModel):
    model_config: ClassVar[ConfigDict] = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class _FileData(_Wire):
    mime_type: str
    file_uri: str


class _InlineData(_Wire):
    mime_type: str
    data: str


class _Part(_Wire):
    text: str | None = None
    file_data: _FileData | None = None
    inline_data: _InlineData | None = None


class _Content(_Wire):
    role: str
    parts: list[_Part]


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
    prominent_people: str | None = None
    image_output_options: _ImageOutputOptions | None = None


class _ThinkingConfig(_Wire):
    thinking_level: str


class _GoogleSearch(_Wire):
    """Search with Google's own settings."""


class _Tool(_Wire):
    google_search: _GoogleSearch


class _GenerationConfig(_Wire):
    response_modalities: list[str] = ["IMAGE"]
    seed: int | None = None
    thinking_config: _ThinkingConfig | None = None
    image_config: _ImageConfig | None = None


class _Body(_Wire):
    contents: list[_Content]
    system_instruction: _Content | None = None
    tools: list[_Tool] | None = None
    generation_config: _GenerationConfig
    safety_settings: list[_SafetySetting] | None = None
    labels: dict[str, str] | None = None


def encode(request: ImageRequest, index: int = 0, storage_uri: str | None = None) -> dict[str, Any]:  # noqa: ARG001
    """Return the JSON body that asks for one image. See :class:`.protocol.Encode`; no image is stored by Google.

    :raises ValueError: the request is to upscale an image, or its pictures were not read.
    """
    if not isinstance(request, GenerateRequest):
        raise ValueError("no model of generateContent upscales")  # noqa: TRY004  # Google's limit, not a wrong type
    level = request.thinking_level
    config = _GenerationConfig(
        seed=request.seed_of(index),
        thinking_config=_ThinkingConfig(thinking_level=level) if level else None,
        image_config=_image_config(request),
    )
    if len(request.pictures) != len(request.sources):
        raise ValueError("the pictures were not read")
    words = _Part(text=_words(request))
    body = _Body(
        contents=[_Content(role="user", parts=[*map(_picture, request.pictures), words])],
        system_instruction=_content_of(request.system_instruction),
        tools=[_Tool(google_search=_GoogleSearch())] if request.google_search else None,
        generation_config=config,
        safety_settings=_safety_settings(request),
        labels=request.labels,
    )
    return body.model_dump(by_alias=True, exclude_none=True)


def _picture(picture: InputPicture) -> _Part:
    """Return a picture as a part. Google's pages advise to put pictures before the text."""
    mime_type = str(picture.mime_type)
    if picture.gcs_uri is not None:
        return _Part(file_data=_FileData(mime_type=mime_type, file_uri=picture.gcs_uri))
    data = base64.b64encode(picture.data or b"").decode()
    return _Part(inline_data=_InlineData(mime_type=mime_type, data=data))


def _content_of(instruction: str | None) -> _Content | None:
    # Google's SDK gives a system instruction the role "user" too.
    return None if instruction is None else _Content(role="user", parts=[_Part(text=instruction)])


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
        prominent_people=request.prominent_people and request.prominent_people.upper(),
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
