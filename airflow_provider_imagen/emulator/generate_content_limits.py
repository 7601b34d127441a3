"""Limits of the Gemini image models that the catalogue's data file does not have.

From the model cards of 2026-05-28 to 2026-10-06 and Google's pages on thinking, grounding and Flex PayGo, read in
stored copies on 2026-11-25.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

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
    :param max_pictures: the number of pictures that a request may have.
    :param picture_tokens: what one of these costs in input tokens.
    :param takes_video: whether a request may have videos, which are ignored.
    :param searches: the kinds of Google Search that may be used, of "webSearch" and "imageSearch".
    :param takes_instruction: whether ``systemInstruction`` may be set.
    :param has_flex: whether the flex tier serves it.
    """

    tokens: Mapping[str, int] = field(default_factory=lambda: {"1K": 1120})
    thinking_levels: tuple[str, ...] = ()
    shows_thoughts: bool = False
    mime_type: str = "image/jpeg"
    refuses: tuple[str, ...] = ()
    max_pictures: int = 14
    picture_tokens: int = 1120
    takes_video: bool = False
    searches: tuple[str, ...] = ()
    takes_instruction: bool = True
    has_flex: bool = False


TRAITS = {
    "gemini-nano-banana-2.1": Traits(
        tokens={"1K": 1120, "2K": 1680, "4K": 3780},
        thinking_levels=("MINIMAL", "MEDIUM", "HIGH"),
        shows_thoughts=True,
        refuses=("seed", "temperature", "topP", "topK", "logprobs", "responseLogprobs"),
        takes_video=True,
        searches=("webSearch", "imageSearch"),
    ),
    "gemini-3.1-flash-image": Traits(
        tokens={"512": 747, "1K": 1120, "2K": 1680, "4K": 2520},
        thinking_levels=("MINIMAL", "HIGH"),
        shows_thoughts=True,
        takes_video=True,
        searches=("webSearch",),
        has_flex=True,
    ),
    "gemini-3.1-flash-lite-image": Traits(thinking_levels=("MINIMAL", "HIGH"), takes_video=True, has_flex=True),
    "gemini-3-pro-image": Traits(
        tokens={"1K": 1120, "2K": 1120, "4K": 2000},
        shows_thoughts=True,
        picture_tokens=560,
        searches=("webSearch",),
        has_flex=True,
    ),
    "gemini-2.5-flash-image": Traits(
        tokens={"1K": 1290}, mime_type="image/png", max_pictures=3, picture_tokens=258, takes_instruction=False
    ),
}


def pixels(aspect_ratio: str, image_size: str) -> tuple[int, int]:
    """Return width and height: near the area of a square of that size, in steps of 16 at size 1K."""
    width, height = _near(aspect_ratio)
    scale = SCALES[image_size]
    return int(width * scale), int(height * scale)


def nearest_size(size: tuple[int, int], image_sizes: list[str]) -> str:
    """Return the image size whose area is nearest to an image's."""
    area = math.log(size[0] * size[1] / AREA_AT_1K)
    return min(image_sizes, key=lambda name: abs(2 * math.log(SCALES[name]) - area))


def nearest_ratio(size: tuple[int, int], aspect_ratios: list[str]) -> str:
    """Return the aspect ratio that is nearest to a picture's."""
    wanted = math.log(size[0] / size[1])

    def distance(aspect_ratio: str) -> float:
        wide, high = (int(number) for number in aspect_ratio.split(":"))
        return abs(math.log(wide / high) - wanted)

    return min(aspect_ratios, key=distance)


def _near(aspect_ratio: str) -> tuple[int, int]:
    wide, high = (int(number) for number in aspect_ratio.split(":"))
    unit = math.sqrt(AREA_AT_1K / (wide * high))
    return round(wide * unit / STEP) * STEP, round(high * unit / STEP) * STEP
