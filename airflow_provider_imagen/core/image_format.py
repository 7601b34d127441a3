"""What bytes really are, whatever their sender calls them. Only their beginning is looked at; nothing is decoded.

So an image that unpacks to gigabytes does no harm here: it is never unpacked.
"""

from __future__ import annotations

import codecs
import unicodedata
from typing import NamedTuple

UNKNOWN = "application/octet-stream"
"""The type of bytes that are stored without a claim about what they are."""

_IMAGES = (
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (0, b"II*\x00", "image/tiff"),
    (0, b"MM\x00*", "image/tiff"),
    (0, b"\x00\x00\x01\x00", "image/vnd.microsoft.icon"),
    (0, b"BM", "image/bmp"),
)
_OTHERS = (
    (b"MZ", "a Windows program"),
    (b"\x7fELF", "a Linux program"),
    (b"\xca\xfe\xba\xbe", "a program"),
    (b"\xcf\xfa\xed\xfe", "a macOS program"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"%PDF", "a PDF document"),
)
_START_BYTES = 512


class NotAnImageError(ValueError):
    """The bytes are something else, and the text says what."""


class Kind(NamedTuple):
    """The true MIME type, and a sentence when it is not the one that was claimed."""

    mime_type: str
    remark: str | None = None


def kind_of(data: bytes, claimed: str) -> Kind:
    """Return what an image is. Paid images are kept even when they are not what they should be.

    :param data: the bytes of an answer.
    :param claimed: the MIME type that came with them.
    :raises NotAnImageError: they are a text, a program or an archive; these are stored under no image's name.
    """
    found = next((kind for place, mark, kind in _IMAGES if data[place : place + len(mark)] == mark), None)
    if found == claimed:
        return Kind(found)
    if found is not None:
        return Kind(found, f"Google called an image {claimed[:60]!r}, but it is {found} and is stored as that.")
    if other := _other_than_an_image(data):
        raise NotAnImageError(f"{other} of {len(data)} bytes that claims to be {claimed[:60]!r}")
    remark = f"Google sent {len(data)} bytes as {claimed[:60]!r} in a format nobody here knows; they are kept as .bin."
    return Kind(UNKNOWN, remark)


def _other_than_an_image(data: bytes) -> str | None:
    for mark, name in _OTHERS:
        if data.startswith(mark):
            return name
    return "a text" if _is_text(data[:_START_BYTES]) else None


def _is_text(start: bytes) -> bool:
    """Say whether the bytes read as text: HTML, SVG, a script, JSON, a message of a proxy."""
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):  # UTF-16
        return True
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(start)  # a letter cut in two at the end is no mistake
    except UnicodeDecodeError:
        return False
    return not any(unicodedata.category(letter) == "Cc" and letter not in "\t\n\r\f" for letter in text)
