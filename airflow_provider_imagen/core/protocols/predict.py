"""The wire form of Imagen's ``:predict``; its responses are read beside it.

Source: API reference "Generate images" and "Upscale images".
"""

from __future__ import annotations

import base64
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from airflow_provider_imagen.core.protocols.predict_response import decode
from airflow_provider_imagen.core.protocols.protocol import Protocol
from airflow_provider_imagen.core.requests import GenerateRequest, ImageRequest, UpscaleRequest


class _Wire(BaseModel):
    model_config: ClassVar[ConfigDict] = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class _OutputOptions(_Wire):
    mime_type: str | None = None
    compression_quality: int | None = None


class _UpscaleConfig(_Wire):
    upscale_factor: str
    enhance_input_image: bool | None = None
    image_preservation_factor: float | None = None


class _Parameters(_Wire):
    sample_count: int
    mode: str | None = None
    negative_prompt: str | None = None
    aspect_ratio: str | None = None
    seed: int | None = None
    enhance_prompt: bool | None = None
    language: str | None = None
    safety_setting: str | None = None
    person_generation: str | None = None
    add_watermark: bool | None = None
    sample_image_style: str | None = None
    sample_image_size: str | None = None
    guidance_scale: float | None = None
    include_rai_reason: bool | None = None
    include_safety_attributes: bool | None = None
    upscale_config: _UpscaleConfig | None = None
    output_options: _OutputOptions | None = None
    storage_uri: str | None = None


class _Image(_Wire):
    gcs_uri: str | None = None
    bytes_base64_encoded: str | None = None
    mime_type: str | None = None


class _Instance(_Wire):
    prompt: str | None = None
    image: _Image | None = None


class _Body(_Wire):
    instances: list[_Instance]
    parameters: _Parameters
    labels: dict[str, str] | None = None


def encode(request: ImageRequest, index: int = 0, storage_uri: str | None = None) -> dict[str, Any]:
    """Return the JSON body of a request. See :class:`.protocol.Encode`.

    :raises ValueError: the image to upscale was not read yet.
    """
    if isinstance(request, GenerateRequest):
        instance, parameters = _Instance(prompt=request.prompt), _generation(request, index, storage_uri)
    else:
        instance, parameters = _Instance(image=_source(request)), _upscaling(request, storage_uri)
    body = _Body(instances=[instance], parameters=parameters, labels=request.labels)
    return body.model_dump(by_alias=True, exclude_none=True)


def _generation(request: GenerateRequest, index: int, storage_uri: str | None) -> _Parameters:
    return _Parameters(
        sample_count=request.number_of_images,
        negative_prompt=request.negative_prompt,
        aspect_ratio=request.aspect_ratio,
        seed=request.seed_of(index),
        enhance_prompt=request.enhance_prompt,
        language=request.language,
        safety_setting=request.safety_filter_level,
        person_generation=request.person_generation,
        add_watermark=request.add_watermark,
        sample_image_style=request.sample_image_style,
        sample_image_size=request.image_size,
        guidance_scale=request.guidance_scale,
        include_rai_reason=request.include_rai_reason,
        include_safety_attributes=request.include_safety_attributes,
        output_options=_output_options(request),
        storage_uri=storage_uri,
    )


def _upscaling(request: UpscaleRequest, storage_uri: str | None) -> _Parameters:
    return _Parameters(
        sample_count=1,
        mode="upscale",
        safety_setting=request.safety_filter_level,
        person_generation=request.person_generation,
        include_rai_reason=request.include_rai_reason,
        upscale_config=_UpscaleConfig(
            upscale_factor=request.upscale_factor,
            enhance_input_image=request.enhance_input_image,
            image_preservation_factor=request.image_preservation_factor,
        ),
        output_options=_output_options(request),
        storage_uri=storage_uri,
    )


def _source(request: UpscaleRequest) -> _Image:
    if not request.pictures:
        raise ValueError("the source image was not read")
    source = request.pictures[0]
    data = base64.b64encode(source.data).decode() if source.data is not None else None
    return _Image(gcs_uri=source.gcs_uri, bytes_base64_encoded=data, mime_type=source.mime_type)


def _output_options(request: ImageRequest) -> _OutputOptions | None:
    if request.output_mime_type is None and request.compression_quality is None:
        return None
    return _OutputOptions(mime_type=request.output_mime_type, compression_quality=request.compression_quality)


PREDICT = Protocol(
    name="predict",
    verb="predict",
    encode=encode,
    decode=decode,
    one_image_per_request=False,
    stores_output=True,
    not_sent={},
    approximated={},
)
