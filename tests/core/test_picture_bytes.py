"""Input pictures by their bytes: what they are, and whether they are whole."""

from __future__ import annotations

import io
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from airflow_provider_imagen.core.picture_bytes import is_damaged, picture_type


def encoded(kind: str) -> bytes:
    file = io.BytesIO()
    Image.effect_noise((60, 40), 80).convert("RGB").save(file, kind)
    return file.getvalue()


def heif(brand: bytes) -> bytes:
    return struct.pack(">I", 16) + b"ftyp" + brand + bytes(4) + struct.pack(">I", 108) + b"mdat" + bytes(range(100))


FILES = {
    "image/png": encoded("PNG"),
    "image/jpeg": encoded("JPEG"),
    "image/webp": encoded("WEBP"),
    "image/heic": heif(b"heic"),
    "image/heif": heif(b"mif1"),
}


@pytest.mark.parametrize("mime_type", FILES)
def test_a_picture_is_what_its_bytes_say_and_whole(mime_type: str) -> None:
    assert picture_type(FILES[mime_type]) == mime_type
    assert not is_damaged(FILES[mime_type], mime_type)


@pytest.mark.parametrize("data", [b"", b"<svg/>", b"%PDF-1.7", b"plain", heif(b"isom"), heif(b"avif"), b"\0" * 12])
def test_anything_else_is_no_picture(data: bytes) -> None:
    assert picture_type(data) is None


@pytest.mark.parametrize("mime_type", FILES)
@pytest.mark.parametrize("share", [0.4, 0.7, 0.97])
def test_a_cut_is_noticed(mime_type: str, share: float) -> None:
    data = FILES[mime_type]

    assert is_damaged(data[: int(len(data) * share)], mime_type)


@pytest.mark.parametrize("place", [40, 200, 1000])
def test_a_changed_byte_of_a_png_is_noticed_by_its_checksum(place: int) -> None:
    data = bytearray(FILES["image/png"])
    data[place] ^= 0xFF

    assert is_damaged(bytes(data), "image/png")


@given(data=st.binary(), start=st.sampled_from([b"", *(file[:30] for file in FILES.values())]))
def test_any_bytes_are_judged_without_a_crash(data: bytes, start: bytes) -> None:
    mime_type = picture_type(start + data)

    assert mime_type is None or isinstance(is_damaged(start + data, mime_type), bool)
