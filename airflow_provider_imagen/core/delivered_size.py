"""Compares what was delivered with what was asked: Google at times ignores a size without a word.

An ``image_size`` names an area and no pixels: with ``1K`` a Gemini model makes 1024x1024, 1200x896 or 1184x864, an
Imagen model 1408x768 or 896x1280, near the area of 1024x1024. ``2K`` doubles width and height, ``4K`` does so again.
So a delivered size is the named one whose area is nearest.

An ``aspect_ratio`` is not pixel-exact either: 896x1280 is Imagen's 3:4, 1184x864 is the 4:3 of
``gemini-2.5-flash-image``. So an image has the ratio that was asked if that is the nearest of those that the model
makes, and not too far from it.

Sources: pixel sizes on Google's page of ``imagen-4.0-ultra-generate-001`` (read 2026-11-22); measured sizes of Gemini
models as their users report them (gemimg issue 16, js-genai issue 1682; read 2026-11-25).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Literal, NamedTuple

from airflow_provider_imagen.core.catalogue import Model
from airflow_provider_imagen.core.image_size import ImageSize
from airflow_provider_imagen.core.requests import GenerateRequest, ImageRequest

AREAS = {name: side * side for name, side in {"512": 512, "1K": 1024, "2K": 2048, "4K": 4096}.items()}
"""The area of a square of each size, in pixels."""

EXACT = 1.03
"""An image that is no more than 3 % off has the ratio that was asked, whatever lies nearer."""
FARTHEST = 1.10
"""An image that is more than 10 % off has not."""


class Difference(NamedTuple):
    """One thing about an image that is not what was asked.

    :param argument: ``aspect_ratio`` or ``image_size``.
    :param asked: its value in the request.
    :param delivered: the value that the image has.
    """

    argument: Literal["aspect_ratio", "image_size"]
    asked: str
    delivered: str


def nearest_size(size: ImageSize, names: Iterable[str] = AREAS) -> str:
    """Return the name of the image size that an image has.

    :param size: of the image.
    :param names: the sizes to choose from, at least one.
    """
    return min(names, key=lambda name: abs(math.log(size.width * size.height / AREAS[name])))


def differences(size: ImageSize | None, request: ImageRequest, model: Model) -> tuple[Difference, ...]:
    """Return in what an image is not what was asked. Nothing is known where its size is not.

    :param size: of the image; None for one that Google stored, whose bytes are not here.
    :param request: what was asked; what it leaves to Google cannot differ.
    :param model: the catalogue's row that the request is planned with.
    """
    if size is None or not isinstance(request, GenerateRequest):
        return ()
    found: list[Difference] = []
    asked, delivered = request.aspect_ratio, _ratio_of(size, request, model)
    if asked is not None and delivered != asked:
        found.append(Difference("aspect_ratio", asked, delivered))
    if request.image_size in AREAS and (name := nearest_size(size)) != request.image_size:
        found.append(Difference("image_size", str(request.image_size), name))
    return tuple(found)


def _ratio_of(size: ImageSize, request: GenerateRequest, model: Model) -> str:
    """Return the aspect ratio that an image has; one that the model does not make is told by its pixels."""
    asked, actual = _number(request.aspect_ratio), math.log(size.width / size.height)
    if request.aspect_ratio is None or asked is None or abs(actual - asked) <= math.log(EXACT):
        return request.aspect_ratio or ""
    others = model.aspect_ratios if model.is_named(request.model) else (request.aspect_ratio,)
    near = {name: abs(actual - number) for name in others if (number := _number(name)) is not None}
    name = min(near, key=lambda each: near[each], default=str(size))
    return name if near.get(name, math.inf) <= math.log(FARTHEST) else str(size)


def _number(ratio: str | None) -> float | None:
    """Return the logarithm of a ratio, None where the text is none."""
    wide, _, high = (ratio or "").partition(":")
    if not (wide.isdecimal() and high.isdecimal() and int(wide) and int(high)):
        return None
    return math.log(int(wide) / int(high))
