"""The response of ``:predict``: images, filter reasons, and what is neither.

Source: API reference "Generate images" and "Upscale images"; answers as Google's published fixtures show them.
"""

from __future__ import annotations

from typing import Any

from airflow_provider_imagen.core.image_format import UNKNOWN, NotAnImageError, kind_of, type_of_name
from airflow_provider_imagen.core.image_size import size_of
from airflow_provider_imagen.core.lenient_json import read_json
from airflow_provider_imagen.core.protocols.json_fields import bytes_of, leaves, objects, shape_of, text_of
from airflow_provider_imagen.core.responses import FilterReason, GeneratedImage, ImagesResponse
from airflow_provider_imagen.core.storage.locations import is_object
from airflow_provider_imagen.core.support_codes import codes_in
from airflow_provider_imagen.core.text import counted
from airflow_provider_imagen.errors import UnexpectedResponseError

POSITIVE_PROMPT = "Positive Prompt"
"""``contentType`` of the extra item that carries the prompt's own safety scores and no image."""

ENVELOPE = {"predictions", "deployedModelId", "model", "modelDisplayName", "modelVersionId", "metadata"}
"""Keys of ``PredictResponse``. An answer without predictions and with any other key is not a filtered one."""

DEFAULT_TYPE = "image/png"
"""What an image in Cloud Storage is when neither Google nor its name says so."""


def decode(body: bytes, requested: int) -> ImagesResponse:
    """Read the body of an HTTP 200.

    An item that is not documented does not lose the images beside it: it is kept in ``not_understood``.

    :param body: the body as it came.
    :param requested: how many images were asked for.
    :raises UnexpectedResponseError: there is no image in it, and it does not say that images were filtered either.
    """
    items = _predictions(body)
    images: list[GeneratedImage] = []
    reasons: list[FilterReason] = []
    prompt_scores: dict[str, float] | None = None
    not_understood: list[str] = []
    del body
    while items:
        item = items.pop()  # no longer held than its turn takes: each may be 20 MB of base64
        if isinstance(item, list):
            items.extend(reversed(item))
            continue
        match _read(item):
            case GeneratedImage() as image:
                images.append(image)
            case FilterReason() as reason:
                reasons.append(reason)
            case dict() as scores:
                prompt_scores = scores
            case str() as what:
                not_understood.append(what)
    if not_understood and not images:
        raise _unexpected(f"predictions that hold neither an image nor a reason: {'; '.join(not_understood)}")
    return ImagesResponse(tuple(images), requested, tuple(reasons), prompt_scores, tuple(not_understood))


def _predictions(body: bytes) -> list[Any]:
    """Return the predictions, the last one first. None at all is what Google answers when all images were filtered."""
    try:
        answer = read_json(body)
    except ValueError as failure:
        raise _unexpected(counted(len(body), "byte that is no JSON", "bytes that are no JSON")) from failure
    shape = shape_of(answer)
    found = [each.pop("predictions", None) for each in objects(answer)]
    filled = [each for each in found if each not in (None, [])]
    others = {key for each in objects(answer) for key, value in each.items() if value is not None}
    if not filled and (not isinstance(answer, dict) or not others <= ENVELOPE):
        raise _unexpected(f"an answer of another shape: {shape}")
    return filled[::-1]


def _read(item: Any) -> GeneratedImage | FilterReason | dict[str, float] | str:
    """Return what a prediction holds; in words what is none of it."""
    if not isinstance(item, dict):
        return shape_of(item)
    image = _image_in(item)
    if image is not None:
        return image
    if reason := text_of(item.get("raiFilteredReason")):
        return FilterReason(reason, codes_in(reason))
    if text_of(item.get("contentType")) == POSITIVE_PROMPT:
        return _scores_of(item) or {}
    return shape_of(item)


def _image_in(item: dict[str, Any]) -> GeneratedImage | str | None:
    """Return the image of a prediction; in words what is no image; None when there is nothing like it."""
    claimed, prompt, scores = text_of(item.get("mimeType")), text_of(item.get("prompt")) or None, _scores_of(item)
    # Only Cloud Storage objects pass: the next task may read what stands here.
    uri = next((each for each in leaves(item.get("gcsUri")) if isinstance(each, str) and is_object(each)), None)
    problem: str | None = None
    try:
        data = bytes_of(item.get("bytesBase64Encoded"))
        if data is not None:
            kind = kind_of(data, claimed)
            return GeneratedImage(kind.mime_type, uri, data, prompt, scores, kind.remark, size=size_of(data))
    except NotAnImageError as failure:
        problem = str(failure)
    except ValueError:
        problem = shape_of(item)
    return GeneratedImage(_type_of(uri, claimed), uri, None, prompt, scores, problem) if uri else problem


def _type_of(uri: str, claimed: str) -> str:
    by_name = type_of_name(uri)
    return claimed or (DEFAULT_TYPE if by_name == UNKNOWN else by_name)


def _scores_of(item: dict[str, Any]) -> dict[str, float] | None:
    """Return the safety scores by category, as far as they can be read."""
    for attributes in objects(item.get("safetyAttributes")):
        categories, scores = list(leaves(attributes.get("categories"))), list(leaves(attributes.get("scores")))
        return {
            category: float(score)
            for category, score in zip(categories, scores, strict=False)
            if isinstance(category, str) and isinstance(score, int | float) and not isinstance(score, bool)
        }
    return None


def _unexpected(what: str) -> UnexpectedResponseError:
    return UnexpectedResponseError(
        f"Google answered 200 with {what}. The images may have been made and billed; look at the output folder before "
        "you run the task again, and report the answer's shape to the maintainers of this provider."
    )
