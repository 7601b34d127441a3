"""Reads width and height of an image from its first bytes. Nothing is decoded."""

from __future__ import annotations

import struct
from typing import NamedTuple

from airflow_provider_imagen.core.image_header import read_header

_WEBP_BYTES = 30
_GIF_BYTES = 10
_BMP_BYTES = 26
_OLD_BMP_HEADER = 12


class ImageSize(NamedTuple):
    """Width and height in pixels."""

    width: int
    height: int

    def __str__(self) -> str:
        return f"{self.width}x{self.height}"


def size_of(data: bytes) -> ImageSize | None:
    """Return the size of a PNG, JPEG, GIF, WebP or BMP; None for anything else, and for one without an area.

    :param data: the image file, or its beginning.
    """
    header = read_header(data)
    size = ImageSize(header.width, header.height) if header else _gif(data) or _webp(data) or _bmp(data)
    return size if size and size.width > 0 and size.height > 0 else None


def _gif(data: bytes) -> ImageSize | None:
    if not data.startswith((b"GIF87a", b"GIF89a")) or len(data) < _GIF_BYTES:
        return None
    return ImageSize(*struct.unpack("<HH", data[6:10]))


def _webp(data: bytes) -> ImageSize | None:
    """Read the first chunk. Source: RFC 9649, the container (2.5 to 2.7), and RFC 6386, 9.1, for ``VP8``."""
    if data[:4] != b"RIFF" or data[8:12] != b"WEBP" or len(data) < _WEBP_BYTES:
        return None
    kind = data[12:16]
    if kind == b"VP8X":
        return ImageSize(_number(data[24:27]) + 1, _number(data[27:30]) + 1)
    if kind == b"VP8L" and data[20] == 0x2F:  # noqa: PLR2004  # the signature byte
        bits = _number(data[21:25])
        return ImageSize((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
    if kind == b"VP8 " and data[23:26] == b"\x9d\x01\x2a":
        return ImageSize(_number(data[26:28]) & 0x3FFF, _number(data[28:30]) & 0x3FFF)
    return None


def _bmp(data: bytes) -> ImageSize | None:
    if data[:2] != b"BM" or len(data) < _BMP_BYTES:
        return None
    if _number(data[14:18]) == _OLD_BMP_HEADER:
        return ImageSize(*struct.unpack("<HH", data[18:22]))
    width, height = struct.unpack("<ii", data[18:26])
    return ImageSize(width, abs(height))  # a negative height: the rows begin at the top


def _number(data: bytes) -> int:
    return int.from_bytes(data, "little")
