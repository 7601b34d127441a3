"""Limits of the Gemini image models that the catalogue's data file does not have.

From ``imagen-api.md`` section 4.2: the model cards of 2026-05-28 to 2026-10-06.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from airflow_provider_imagen.emulator.predict_limits import PIXELS

SCALES = {"512": 0.5, "1K": 1, "2K": 2, "4K": 4}
AREA_AT_1K = 1024 * 1024
STEP = 16


@dataclass(frozen=True, slots=True)
class Traits:
    """Limits and defaults of one model.

    :param tokens: what an image costs in output tokens, by image size.
    :param thinking_levels: the levels that a request may set.
    :param shows_thoughts: whether interim thoughts, one of them an image, precede the image.
    :param mime_type: the format of an image by default.
    :param refuses: fields of ``generationConfig`` that are an error.
    """

    tokens: Mapping[str, int] = field(default_factory=lambda: {"1K": 1120})
    thinking_levels: tuple[str, ...] = ()
    shows_thoughts: bool = False
    mime_type: str = "image/jpeg"
    refuses: tuple[str, ...] = ()


TRAITS = {
    "gemini-nano-banana-2.1": Traits(
        tokens={"1K": 1120, "2K": 1680, "4K": 3780},
        thinking_levels=("MINIMAL", "MEDIUM", "HIGH"),
        shows_thoughts=True,
        refuses=("seed", "temperature", "topP", "topK", "logprobs", "responseLogprobs"),
    ),
    "gemini-3.1-flash-image": Traits(
        tokens={"512": 747, "1K": 1120, "2K": 1680, "4K": 2520},
        thinking_levels=("MINIMAL", "HIGH"),
        shows_thoughts=True,
    ),
    "gemini-3.1-flash-lite-image": Traits(thinking_levels=("MINIMAL", "HIGH")),
    "gemini-3-pro-image": Traits(tokens={"1K": 1120, "2K": 1120, "4K": 2000}, shows_thoughts=True),
    "gemini-2.5-flash-image": Traits(tokens={"1K": 1290}, mime_type="image/png"),
}


def pixels(aspect_ratio: str, image_size: str) -> tuple[int, int]:
    """Return width and height: near the area of a square of that size, in steps of 16 at size 1K."""
    width, height = PIXELS.get(aspect_ratio) or _near(aspect_ratio)
    scale = SCALES[image_size]
    return int(width * scale), int(height * scale)


def _near(aspect_ratio: str) -> tuple[int, int]:
    wide, high = (int(number) for number in aspect_ratio.split(":"))
    unit = math.sqrt(AREA_AT_1K / (wide * high))
    return round(wide * unit / STEP) * STEP, round(high * unit / STEP) * STEP
