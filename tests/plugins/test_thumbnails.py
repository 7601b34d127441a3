"""Small versions of images: within bounds, from damaged, huge, transparent and odd ones."""

from __future__ import annotations

import io
from typing import Any

import pytest
from PIL import Image

from airflow_provider_imagen.core.image_format import image_type
from airflow_provider_imagen.plugins.gallery import thumbnails
from airflow_provider_imagen.plugins.gallery.thumbnails import (
    Thumbnail,
    ThumbnailError,
    make_thumbnail,
    new_thumbnail_cache,
)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16"])
def test_every_kind_of_pixel_can_be_scaled_down(mode: str) -> None:
    kind = "JPEG" if mode == "CMYK" else "PNG"
    target = io.BytesIO()
    Image.new(mode, (1000, 500)).save(target, kind)

    small = make_thumbnail(target.getvalue(), f"image/{kind.lower()}")

    with Image.open(io.BytesIO(small.data)) as image:
        assert image.size == (384, 192)
        assert f"image/{str(image.format).lower()}" == small.mime_type == image_type(small.data)
    assert (small.width, small.height) == (1000, 500)


def test_what_can_be_seen_through_stays_so(make_picture: Any) -> None:
    assert make_thumbnail(make_picture(mode="RGBA", color=(0, 0, 0, 0)), "image/png").mime_type == "image/png"
    assert make_thumbnail(make_picture(), "image/png").mime_type == "image/jpeg"


@pytest.mark.parametrize("color", ["white", "black", "teal"])
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_a_label_is_read_on_every_image(make_picture: Any, color: str, mode: str) -> None:
    whole = make_picture((1000, 500), color=color, mode=mode)
    plain, labelled = (make_thumbnail(whole, "image/png", label) for label in ("", "12"))

    with Image.open(io.BytesIO(labelled.data)) as image:
        corner = image.convert("L").crop((4, 4, 48, 36))
        darkest, brightest = corner.getextrema()
        rest = image.convert("RGB").crop((100, 60, 384, 192))
    assert darkest < 30
    assert brightest > 225
    with Image.open(io.BytesIO(plain.data)) as image:
        assert rest.tobytes() == image.convert("RGB").crop((100, 60, 384, 192)).tobytes()


def test_a_small_image_is_not_enlarged(make_picture: Any) -> None:
    with Image.open(io.BytesIO(make_thumbnail(make_picture((20, 10)), "image/png").data)) as image:
        assert image.size == (20, 10)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP"])
def test_a_damaged_image_is_refused(make_picture: Any, kind: str) -> None:
    whole = make_picture(kind=kind)

    with pytest.raises(ThumbnailError, match="damaged"):
        make_thumbnail(whole[: min(60, len(whole) // 2)], f"image/{kind.lower()}")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP"])
def test_an_image_with_too_many_pixels_is_refused(
    make_picture: Any, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(thumbnails, "MAX_PIXELS", 100 * 100)
    monkeypatch.setattr(thumbnails, "_scaled_down", lambda *_: pytest.fail("was decoded"))

    with pytest.raises(ThumbnailError, match="101 x 100 pixels"):
        make_thumbnail(make_picture((101, 100), kind), f"image/{kind.lower()}")


def test_pixels_are_not_copied_before_they_are_few(make_picture: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = make_picture((2000, 1000))
    monkeypatch.setattr(Image.Image, "convert", lambda *_: pytest.fail("was copied at full size"))

    make_thumbnail(whole, "image/png")


def test_an_image_is_only_read_as_what_it_was_found_to_be(make_picture: Any) -> None:
    with pytest.raises(ThumbnailError, match="damaged"):
        make_thumbnail(make_picture(kind="TIFF"), "image/png")


def thumbnail_of(size: int) -> Thumbnail:
    return Thumbnail(b"x" * size, "image/jpeg", size)


def test_the_cache_drops_the_least_recently_used() -> None:

    cache, made = new_thumbnail_cache(max_bytes=100), []

    def ask(key: str, size: int = 40) -> None:
        cache.get(key, lambda: made.append(key) or thumbnail_of(size))  # type: ignore[func-returns-value]

    for key in ("a", "b", "a", "c", "a", "b"):
        ask(key)

    assert made == ["a", "b", "c", "b"]
    assert cache.size_bytes == 80
    ask("huge", 101)
    assert cache.size_bytes == 80
    ask("d", 100)
    assert cache.size_bytes == 100


def test_the_cache_counts_a_thumbnail_that_two_people_made_limit_once() -> None:

    cache = new_thumbnail_cache(max_bytes=100)

    def make_while_another_does() -> Thumbnail:
        cache.get("a", lambda: thumbnail_of(40))
        return thumbnail_of(30)

    cache.get("a", make_while_another_does)

    assert cache.size_bytes == 30
