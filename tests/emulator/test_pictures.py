"""The images are real: the asked size, format and quality, and the same bytes for the same seed."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image, ImageChops

Decode = Callable[[dict[str, Any]], Image.Image]
SIZES = {"1:1": (1024, 1024), "3:4": (896, 1280), "4:3": (1280, 896), "9:16": (768, 1408), "16:9": (1408, 768)}
SEEDED = {"addWatermark": False, "seed": 7}


def only(answer: Any) -> dict[str, Any]:
    (prediction,) = answer.predictions
    return dict(prediction)


@pytest.mark.parametrize(("ratio", "size"), SIZES.items())
@pytest.mark.parametrize(("image_size", "times"), [(None, 1), ("1K", 1), ("2K", 2), ("2k", 2)])
def test_an_image_has_the_size_that_google_publishes(
    google: Any, image_of: Decode, ratio: str, size: tuple[int, int], image_size: str | None, times: int
) -> None:
    wanted = {"sampleImageSize": image_size} if image_size else {}

    image = image_of(only(google.generate(aspectRatio=ratio, outputOptions={"mimeType": "image/jpeg"}, **wanted)))

    assert image.size == (times * size[0], times * size[1])


def test_an_image_is_a_square_png_by_default(google: Any, image_of: Decode) -> None:
    prediction = only(google.generate())

    image = image_of(prediction)
    assert (prediction["mimeType"], image.format, image.size) == ("image/png", "PNG", (1024, 1024))


@pytest.mark.parametrize(
    ("mime_type", "kind", "size"),
    [
        ("image/png", "PNG", (1024, 1024)),
        ("image/jpeg", "JPEG", (1024, 1024)),
        ("image/gif", "GIF", (1024, 1024)),
        ("image/webp", "WEBP", (1024, 1024)),
        ("image/bmp", "BMP", (1024, 1024)),
        ("image/tiff", "TIFF", (1024, 1024)),
        ("image/vnd.microsoft.icon", "ICO", (256, 256)),  # the format has no larger ones
    ],
)
def test_each_documented_format_is_that_format(
    google: Any, image_of: Decode, mime_type: str, kind: str, size: tuple[int, int]
) -> None:
    prediction = only(google.generate(outputOptions={"mimeType": mime_type}))

    image = image_of(prediction)
    assert (prediction["mimeType"], image.format, image.size) == (mime_type, kind, size)


def test_a_lower_quality_makes_a_smaller_jpeg_and_75_is_the_default(google: Any) -> None:
    def encoded(**quality: int) -> str:
        options = {"mimeType": "image/jpeg", **quality}
        return str(only(google.generate(**SEEDED, outputOptions=options))["bytesBase64Encoded"])

    by_quality = {quality: encoded(compressionQuality=quality) for quality in (0, 30, 75, 100)}

    lengths = [len(each) for each in by_quality.values()]
    assert lengths == sorted(set(lengths))
    assert encoded() == by_quality[75]


def test_a_png_has_no_quality(google: Any) -> None:
    low = only(google.generate(**SEEDED, outputOptions={"compressionQuality": 1}))

    assert low == only(google.generate(**SEEDED))


def test_the_same_seed_makes_the_same_bytes(google: Any) -> None:
    first, second = (google.generate(**SEEDED, sampleCount=2).body for _ in range(2))

    assert first == second


def test_the_images_of_one_request_differ(google: Any) -> None:
    images = {each["bytesBase64Encoded"] for each in google.generate(**SEEDED, sampleCount=4).predictions}

    assert len(images) == 4


@pytest.mark.parametrize(
    "other",
    [{"seed": 8}, {"prompt": "a blue boat"}, {"model": "imagen-4.0-ultra-generate-001"}, {"aspectRatio": "16:9"}],
    ids=["seed", "prompt", "model", "ratio"],
)
def test_another_request_with_a_seed_makes_another_image(google: Any, other: dict[str, Any]) -> None:
    usual = only(google.generate(**SEEDED))

    assert only(google.generate(**SEEDED | other))["bytesBase64Encoded"] != usual["bytesBase64Encoded"]


def test_without_seed_each_request_makes_another_image(google: Any) -> None:
    images = {only(google.generate())["bytesBase64Encoded"] for _ in range(3)}

    assert len(images) == 3


def test_the_prompt_is_drawn_near_the_lower_edge(google: Any, image_of: Decode) -> None:
    from airflow_provider_imagen.emulator import pictures

    shown = pictures.draw("a red boat", (1024, 1024), "x")
    unsaid = pictures.draw("", (1024, 1024), "x")

    left, top, right, bottom = ImageChops.difference(shown, unsaid).getbbox() or (0, 0, 0, 0)
    assert (left < 60, top > 900, right > 200, bottom > 950) == (True, True, True, True)
    assert image_of(only(google.generate(prompt="word " * 400))).size == (1024, 1024)


def test_a_prompt_in_any_language_can_be_drawn(google: Any, image_of: Decode) -> None:
    assert image_of(only(google.generate(prompt="赤い船 🚢 \u202e ägäisch\n\tنص"))).size == (1024, 1024)


def test_the_bytes_are_plain_base64(google: Any) -> None:
    assert base64.b64decode(only(google.generate())["bytesBase64Encoded"], validate=True).startswith(b"\x89PNG")
