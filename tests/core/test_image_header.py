"""What the first bytes of an image say."""

from __future__ import annotations

import struct

import pytest

from airflow_provider_imagen.core.image_header import ImageHeader, read_header

PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"
START = b"\xff\xd8"
APP0 = b"\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"
TABLE = b"\xff\xc4\x00\x04\x00\x00"


def frame(width: int, height: int, marker: int = 0xC0) -> bytes:
    return struct.pack(">BBHBHHB", 0xFF, marker, 17, 8, height, width, 3) + b"\0" * 9


@pytest.mark.parametrize(("width", "height"), [(1, 1), (1408, 768), (100_000, 2)])
def test_a_png_says_its_size(width: int, height: int) -> None:
    data = PNG + struct.pack(">II", width, height)

    assert read_header(data) == ImageHeader("image/png", width, height)
    assert read_header(data + b"\x08\x02 and pixels") == ImageHeader("image/png", width, height)


@pytest.mark.parametrize(
    "data",
    [
        START + APP0 + frame(1408, 768),
        START + APP0 + frame(1408, 768, marker=0xC2),
        START + frame(1408, 768),
        START + APP0 + TABLE + frame(1408, 768) + b"pixels",
        START + b"\xff\xff" + frame(1408, 768),
        START + b"\xff\xe1\xff\xff" + b"\0" * 65_533 + frame(1408, 768),
    ],
)
def test_a_jpeg_says_its_size_behind_any_other_segment(data: bytes) -> None:
    assert read_header(data) == ImageHeader("image/jpeg", 1408, 768)


@pytest.mark.parametrize("marker", [0xC4, 0xC8, 0xCC])
def test_segments_that_look_like_frames_are_not_taken_for_one(marker: int) -> None:
    assert read_header(START + frame(9, 9, marker) + frame(1408, 768)) == ImageHeader("image/jpeg", 1408, 768)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"GIF89a",
        b"RIFF\x00\x00\x00\x00WEBP",
        b"<html></html>",
        PNG,
        PNG + b"\0" * 7,
        START,
        START + APP0,
        START + b"\xff\xe0\x00\x00" + b"\0" * 20,
        START + b"not a marker",
        (START + frame(1408, 768))[:10],
        START + b"\xff" * 50,
    ],
)
def test_anything_else_or_cut_off_says_nothing(data: bytes) -> None:
    assert read_header(data) is None
