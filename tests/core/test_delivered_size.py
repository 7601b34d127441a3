"""What is delivered is compared with what was asked, and what is published as right is never called wrong."""

from __future__ import annotations

import pytest

from airflow_provider_imagen.core.catalogue import catalogue
from airflow_provider_imagen.core.delivered_size import differences, nearest_size
from airflow_provider_imagen.core.image_size import ImageSize
from airflow_provider_imagen.core.requests import GenerateRequest, UpscaleRequest
from airflow_provider_imagen.emulator.generate_content_limits import pixels

IMAGEN_PIXELS = {
    "1:1": (1024, 1024),
    "3:4": (896, 1280),
    "4:3": (1280, 896),
    "9:16": (768, 1408),
    "16:9": (1408, 768),
}
"""At 1K, as Google's page of imagen-4.0-ultra-generate-001 has them; at 2K each is doubled."""

GEMINI = [model.id for model in catalogue().models if model.protocol == "generateContent"]


def found(model: str, size: tuple[int, int] | None, **asked: str) -> list[tuple[str, str, str]]:
    request = GenerateRequest(model=model, prompt="a boat", output_uri="/x", **asked)
    row = catalogue().find_or_default(model, "generate")
    return [tuple(each) for each in differences(ImageSize(*size) if size else None, request, row)]


@pytest.mark.parametrize(("name", "scale"), [("1K", 1), ("2K", 2)])
@pytest.mark.parametrize(("ratio", "size"), IMAGEN_PIXELS.items())
def test_imagen_s_published_sizes_are_what_was_asked(ratio: str, size: tuple[int, int], name: str, scale: int) -> None:
    delivered = (size[0] * scale, size[1] * scale)

    assert found("imagen-4.0-ultra-generate-001", delivered, aspect_ratio=ratio, image_size=name) == []


@pytest.mark.parametrize(
    ("model", "size", "ratio"),
    [
        ("gemini-3-pro-image", (1200, 896), "4:3"),
        ("gemini-2.5-flash-image", (1184, 864), "4:3"),
        ("gemini-2.5-flash-image", (864, 1184), "3:4"),
    ],
)
def test_sizes_that_users_measured_are_what_was_asked(model: str, size: tuple[int, int], ratio: str) -> None:
    assert found(model, size, aspect_ratio=ratio) == []


@pytest.mark.parametrize("model", GEMINI)
def test_every_ratio_and_size_of_the_catalogue_is_told_from_every_other(model: str) -> None:
    row = catalogue().find_or_default(model, "generate")
    sizes = row.image_sizes or ("1K",)
    for ratio in row.aspect_ratios:
        for name in sizes:
            size = pixels(ratio, name)
            asked = {"image_size": name} if row.image_sizes else {}
            assert found(model, size, aspect_ratio=ratio, **asked) == []
            assert nearest_size(ImageSize(*size)) == name
            others = [other for other in row.aspect_ratios if other != ratio]
            assert all(found(model, size, aspect_ratio=other) == [("aspect_ratio", other, ratio)] for other in others)


def test_a_size_that_google_ignored_is_named() -> None:
    assert found("gemini-3.1-flash-image", (1024, 1024), image_size="2K") == [("image_size", "2K", "1K")]
    assert found("gemini-3.1-flash-image", (1376, 768), aspect_ratio="1:1", image_size="4K") == [
        ("aspect_ratio", "1:1", "16:9"),
        ("image_size", "4K", "1K"),
    ]


def test_a_ratio_that_no_model_makes_is_told_by_its_pixels() -> None:
    assert found("gemini-2.5-flash-image", (3000, 1000), aspect_ratio="21:9") == [("aspect_ratio", "21:9", "3000x1000")]
    assert found("imagen-4.0-generate-001", (2000, 1000), aspect_ratio="16:9") == [
        ("aspect_ratio", "16:9", "2000x1000")
    ]


def test_what_was_left_to_google_cannot_differ() -> None:
    assert found("gemini-2.5-flash-image", (3000, 20)) == []


def test_nothing_is_said_of_an_image_whose_bytes_were_never_here() -> None:
    assert found("gemini-2.5-flash-image", None, aspect_ratio="1:1") == []


def test_a_model_that_the_catalogue_does_not_know_is_held_to_what_was_asked_alone() -> None:
    assert found("imagen-9.0-generate-001", (1280, 896), aspect_ratio="4:3") == []
    assert found("imagen-9.0-generate-001", (1024, 1024), aspect_ratio="4:3") == [("aspect_ratio", "4:3", "1024x1024")]


def test_a_ratio_that_is_none_differs_from_nothing() -> None:
    assert found("imagen-9.0-generate-001", (1024, 1024), aspect_ratio="square", image_size="HUGE") == []


def test_an_upscaled_image_is_compared_with_nothing() -> None:
    request = UpscaleRequest(model="imagen-4.0-upscale-preview", image="/i", output_uri="/x", upscale_factor="x2")
    row = catalogue().find_or_default(request.model, "upscale")

    assert differences(ImageSize(9, 9), request, row) == ()
