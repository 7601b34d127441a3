"""Reads the size of a PNG or JPEG from its first bytes. No decoding, no Pillow."""

from __future__ import annotations

import struct
from typing import NamedTuple

_PNG = b"\x89PNG\r\n\x1a\n"
_PNG_SIZE_ENDS = 24
_MARK = 0xFF
_JPEG_SIZES = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""JPEG markers (start of frame) that carry height and width."""


class ImageHeader(NamedTuple):
    """Format and size of an image, in pixels."""

    mime_type: str
    width: int
    height: int


def read_header(data: bytes) -> ImageHeader | None:
    """Return what a PNG or JPEG says of itself, None for anything else."""
    if data.startswith(_PNG) and len(data) >= _PNG_SIZE_ENDS:
        return ImageHeader("image/png", *struct.unpack(">II", data[16:_PNG_SIZE_ENDS]))
    return _jpeg(data) if data.startswith(b"\xff\xd8") else None


def is_cut_off(data: bytes) -> bool:
    """Say whether a PNG or JPEG lacks its end, as after a download that broke off. What follows an end is ignored."""
    if data.startswith(_PNG):
        return b"IEND" not in data
    return data.rfind(b"\xff\xd9") <= _frame_of(data)


def _jpeg(data: bytes) -> ImageHeader | None:
    place = _frame_of(data)
    if place < 0:
        return None
    height, width = struct.unpack(">HH", data[place + 5 : place + 9])
    return ImageHeader("image/jpeg", width, height)


def _frame_of(data: bytes) -> int:
    """Return where the start of frame is, -1 if nowhere. A preview inside the file has one of its own, further in."""
    place = 2
    while place + 9 <= len(data) and data[place] == _MARK:
        marker, length = data[place + 1], int.from_bytes(data[place + 2 : place + 4], "big")
        if marker in _JPEG_SIZES:
            return place
        place += 1 if marker == _MARK else 2 + length
    return -1
