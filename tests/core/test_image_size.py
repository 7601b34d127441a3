"""Width and height by the first bytes of an image."""

from __future__ import annotations

import io
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from airflow_provider_imagen.core.image_size import ImageSize, size_of

FORMATS = [("PNG", {}), ("JPEG", {}), ("GIF", {}), ("BMP", {}), ("WEBP", {}), ("WEBP", {"lossless": True})]


def image(kind: str, size: tuple[int, int], mode: str = "RGB", **options: object) -> bytes:
    file = io.BytesIO()
    Image.new(mode, size, 7).save(file, kind, **options)
    return file.getvalue()


@pytest.mark.parametrize("size", [(1, 1), (300, 20), (17, 1025)])
@pytest.mark.parametrize(("kind", "options"), FORMATS)
def test_every_format_that_google_sends_says_its_size(
    kind: str, options: dict[str, object], size: tuple[int, int]
) -> None:
    assert size_of(image(kind, size, **options)) == size


def test_a_webp_with_transparency_says_its_size() -> None:
    assert size_of(image("WEBP", (300, 20), "RGBA", exif=b"Exif\0\0")) == (300, 20)


def test_a_bmp_of_the_first_kind_and_one_whose_rows_begin_at_the_top_say_their_size() -> None:
    first = b"BM" + bytes(8) + struct.pack("<IIHHHH", 26, 12, 300, 20, 1, 24)
    upside_down = b"BM" + bytes(8) + struct.pack("<IIiiHH", 54, 40, 300, -20, 1, 24)

    assert size_of(first) == size_of(upside_down) == ImageSize(300, 20)


def test_an_image_without_an_area_has_no_size() -> None:
    assert size_of(b"GIF89a" + struct.pack("<HH", 0, 20)) is None


@given(st.sampled_from([image(kind, (30, 20), **options) for kind, options in FORMATS]), st.data())
def test_damaged_or_cut_off_images_have_some_size_or_none(whole: bytes, data: st.DataObject) -> None:
    cut = bytearray(whole[: data.draw(st.integers(0, len(whole)))])
    for _ in range(data.draw(st.integers(0, 8)) if cut else 0):
        cut[data.draw(st.integers(0, len(cut) - 1))] = data.draw(st.integers(0, 255))
    size = size_of(bytes(cut))

    assert size is None or (size.width > 0 and size.height > 0)
