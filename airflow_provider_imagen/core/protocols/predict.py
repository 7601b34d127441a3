"""The wire form of Imagen's ``:predict``: requests to JSON, JSON to an answer. camelCase lives here only.

Source: API reference "Generate images" and "Upscale images"; answers as Google's published fixtures show them.
"""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError, ValidatorFunctionWrapHandler, WrapValidator
from pydantic.alias_generators import to_camel

from airflow_provider_imagen.core.image_format import Kind, NotAnImageError, kind_of
from airflow_provider_imagen.core.lenient_json import read_json
from airflow_provider_imagen.core.protocols.protocol import Protocol
from airflow_provider_imagen.core.requests import GenerateRequest, ImageRequest, UpscaleRequest
from airflow_provider_imagen.core.responses import FilterReason, GeneratedImage, ImagesResponse
from airflow_provider_imagen.core.storage.locations import is_object
from airflow_provider_imagen.core.support_codes import codes_in
from airflow_provider_imagen.core.text import shortened
from airflow_provider_imagen.errors import UnexpectedResponseError

POSITIVE_PROMPT = "Positive Prompt"
"""``contentType`` of the extra item that carries the prompt's own safety scores and no image."""

ENVELOPE = {"predictions", "deployedModelId", "model", "modelDisplayName", "modelVersionId", "metadata"}
"""Keys of ``PredictResponse``. An answer without predictions and with any other key is not a filtered one."""


class _Wire(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


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


class _SafetyAttributes(_Wire):
    categories: list[str] = []
    scores: list[float] = []


def _none_if_strange(value: Any, read: ValidatorFunctionWrapHandler) -> Any:
    """Let go of scores that nobody can read rather than of the image beside them, which is paid for."""
    try:
        return read(value)
    except ValidationError:
        return None


def _stored_object(uri: str | None) -> str | None:
    """Let only Cloud Storage objects pass: the next task may read what stands here."""
    if uri and not is_object(uri):
        raise ValueError("not of the form gs://bucket/name")
    return uri


class _Prediction(_Wire):
    bytes_base64_encoded: str | None = None
    gcs_uri: Annotated[str | None, AfterValidator(_stored_object)] = None
    mime_type: str | None = None
    prompt: str | None = None
    rai_filtered_reason: str | None = None
    content_type: str | None = None
    safety_attributes: Annotated[_SafetyAttributes | None, WrapValidator(_none_if_strange)] = None


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
    source = request.source
    if source is None:
        raise ValueError("the source image was not read")
    data = base64.b64encode(source.data).decode() if source.data is not None else None
    return _Image(gcs_uri=source.gcs_uri, bytes_base64_encoded=data, mime_type=source.mime_type)


def decode(body: bytes, requested: int) -> ImagesResponse:
    """Read the body of an HTTP 200.

    An item that nobody documented does not lose the images beside it: it is kept in ``not_understood``.

    :param body: the body as it came.
    :param requested: how many images were asked for.
    :raises UnexpectedResponseError: there is no image in it, and it does not say that images were filtered either.
    """
    predictions = _predictions(body)[::-1]
    images: list[GeneratedImage] = []
    reasons: list[FilterReason] = []
    prompt_scores: dict[str, float] | None = None
    strange: list[str] = []
    del body
    while predictions:
        item = predictions.pop()  # no longer held than its turn takes: each may be 20 MB of base64
        match _read(item):
            case GeneratedImage() as image:
                images.append(image)
            case FilterReason() as reason:
                reasons.append(reason)
            case dict() as scores:
                prompt_scores = scores
            case str() as what:
                strange.append(what)
            case _:
                strange.append(_shape_of(item))
    if strange and not images:
        raise _unexpected(f"predictions that hold neither an image nor a reason: {'; '.join(strange)}")
    return ImagesResponse(tuple(images), requested, tuple(reasons), prompt_scores, tuple(strange))


def _predictions(body: bytes) -> list[Any]:
    try:
        answer = read_json(body)
    except ValueError as failure:
        raise _unexpected(f"{len(body)} bytes that are no JSON") from failure
    if not isinstance(answer, dict):
        raise _unexpected(_shape_of(answer))
    predictions = answer.get("predictions", [])
    is_strange = answer.keys() - ENVELOPE if "predictions" not in answer else "error" in answer and not predictions
    if not isinstance(predictions, list) or is_strange:
        raise _unexpected(_shape_of(answer))
    return predictions


def _read(item: Any) -> GeneratedImage | FilterReason | dict[str, float] | str | None:
    """Return what a prediction holds; in words what only claims to be an image; None for anything else."""
    try:
        prediction = _Prediction.model_validate(item)
        data = _bytes_of(prediction)
        kind = kind_of(data, prediction.mime_type or "image/png") if data else Kind(prediction.mime_type or "image/png")
    except NotAnImageError as failure:
        return str(failure)
    except (ValidationError, binascii.Error, ValueError):
        return None
    scores = _scores_of(prediction)
    if data or prediction.gcs_uri:
        return GeneratedImage(kind.mime_type, prediction.gcs_uri, data or None, prediction.prompt, scores, kind.remark)
    if prediction.rai_filtered_reason:
        return FilterReason(prediction.rai_filtered_reason, codes_in(prediction.rai_filtered_reason))
    return (scores or {}) if prediction.content_type == POSITIVE_PROMPT else None


def _bytes_of(prediction: _Prediction) -> bytes | None:
    encoded = prediction.bytes_base64_encoded
    return binascii.a2b_base64(encoded, strict_mode=True) if encoded else None


def _scores_of(prediction: _Prediction) -> dict[str, float] | None:
    attributes = prediction.safety_attributes
    return dict(zip(attributes.categories, attributes.scores, strict=False)) if attributes else None


def _output_options(request: ImageRequest) -> _OutputOptions | None:
    if request.output_mime_type is None and request.compression_quality is None:
        return None
    return _OutputOptions(mime_type=request.output_mime_type, compression_quality=request.compression_quality)


def _shape_of(value: Any) -> str:
    if not isinstance(value, dict):
        return type(value).__name__
    return shortened(f"an object with the keys {sorted(map(str, value))}")


def _unexpected(what: str) -> UnexpectedResponseError:
    return UnexpectedResponseError(
        f"Google answered 200 with {what}. The images may have been made and billed; look at the output folder before "
        "you run the task again, and report the answer's shape to the maintainers of this provider."
    )


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
