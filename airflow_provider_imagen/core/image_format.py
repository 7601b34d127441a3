"""What bytes really are, whatever their sender calls them. Only their beginning is looked at; nothing is decoded.

So an image that unpacks to gigabytes does no harm here: it is never unpacked.
"""

from __future__ import annotations

import codecs
import struct
import unicodedata
from collections.abc import Callable
from typing import NamedTuple

from airflow_provider_imagen.core.text import counted

UNKNOWN = "application/octet-stream"
"""The type of bytes that are stored without a claim about what they are."""

EXTENSIONS = {
    "image/png": "png",
    "image/jpeg": "jpg",
    "image/gif": "gif",
    "image/webp": "webp",
    "image/bmp": "bmp",
    "image/tiff": "tiff",
    "image/vnd.microsoft.icon": "ico",
}
"""The MIME types of images that Google's reference names, each with the ending of its files."""

ALIASES = {
    "image/apng": "image/png",
    "image/x-png": "image/png",
    "image/x-citrix-png": "image/png",
    "image/jpg": "image/jpeg",
    "image/pjpeg": "image/jpeg",
    "image/x-jpeg": "image/jpeg",
    "image/x-jpg": "image/jpeg",
    "image/x-citrix-jpeg": "image/jpeg",
    "image/x-gif": "image/gif",
    "image/x-webp": "image/webp",
    "image/x-bmp": "image/bmp",
    "image/x-ms-bmp": "image/bmp",
    "image/x-windows-bmp": "image/bmp",
    "image/tif": "image/tiff",
    "image/x-tif": "image/tiff",
    "image/x-tiff": "image/tiff",
    "image/x-icon": "image/vnd.microsoft.icon",
    "image/ico": "image/vnd.microsoft.icon",
    "image/icon": "image/vnd.microsoft.icon",
}
"""Other names under which these types are stored and sent."""

ENDINGS = {ending: mime_type for mime_type, ending in EXTENSIONS.items()} | {
    "jpeg": "image/jpeg",
    "jpe": "image/jpeg",
    "jfif": "image/jpeg",
    "apng": "image/png",
    "dib": "image/bmp",
    "tif": "image/tiff",
    "svg": "image/svg+xml",
    "avif": "image/avif",
    "heic": "image/heic",
    "heif": "image/heif",
    "jxl": "image/jxl",
}
"""MIME types by the ending of a file's name: a table of our own, because those of machines differ."""

UNSPECIFIC = {
    "",
    UNKNOWN,
    "binary/octet-stream",
    "application/x-octet-stream",
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    "application/force-download",
    "application/x-download",
}
"""Types of objects that were stored without a statement of what they are."""

_BMP_HEADERS = {12, 16, 40, 52, 56, 64, 108, 124}
"""Sizes in bytes that the second header of a BMP file has in one of its versions."""

_TIFF_HEADER_BYTES = 8


def _is_webp(data: bytes) -> bool:
    return data[:4] == b"RIFF" and data[8:12] == b"WEBP"


def _is_bmp(data: bytes) -> bool:
    """Check the header behind ``BM``: reserved bytes, where the pixels begin, and the size of the second header."""
    if data[:2] != b"BM" or data[6:10] != bytes(4) or len(data) < 18:  # noqa: PLR2004  # both headers begin in these
        return False
    pixels, header = struct.unpack("<II", data[10:18])
    return header in _BMP_HEADERS and pixels >= 14 + header


def _is_tiff(data: bytes) -> bool:
    """Check the byte order, and that the tags begin behind the header."""
    if data[:4] == b"II*\x00":
        return int.from_bytes(data[4:8], "little") >= _TIFF_HEADER_BYTES
    return data[:4] == b"MM\x00*" and int.from_bytes(data[4:8], "big") >= _TIFF_HEADER_BYTES


def _is_icon(data: bytes) -> bool:
    """Check the directory: at least one image, whose bytes begin behind the directory."""
    if data[:4] != b"\x00\x00\x01\x00" or len(data) < 22:  # noqa: PLR2004  # header and one entry
        return False
    count = int.from_bytes(data[4:6], "little")
    return count > 0 and int.from_bytes(data[18:22], "little") >= 6 + 16 * count


_SIGNATURES: tuple[tuple[str, Callable[[bytes], bool]], ...] = (
    ("image/png", lambda data: data.startswith(b"\x89PNG\r\n\x1a\n")),
    ("image/jpeg", lambda data: data.startswith(b"\xff\xd8\xff")),
    ("image/gif", lambda data: data.startswith((b"GIF87a", b"GIF89a"))),
    ("image/webp", _is_webp),
    ("image/bmp", _is_bmp),
    ("image/tiff", _is_tiff),
    ("image/vnd.microsoft.icon", _is_icon),
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


def canonical_type(mime_type: str) -> str:
    """Return the registered name of a MIME type: in lower case, without parameters, no alias."""
    plain = mime_type.partition(";")[0].strip().lower()
    return ALIASES.get(plain, plain)


def type_of_name(name: str) -> str:
    """Return the MIME type by the ending of a file's name, :data:`UNKNOWN` for an ending that is no image's."""
    return ENDINGS.get(name.rpartition(".")[2].lower(), UNKNOWN)


def extension_of_picture(mime_type: str) -> str:
    """Return the usual ending of a file of this MIME type, also of types that are only read; ``bin`` for others."""
    return EXTENSIONS.get(mime_type) or next((end for end, known in ENDINGS.items() if known == mime_type), "bin")


def image_type(data: bytes) -> str | None:
    """Return the MIME type of an image by its first bytes; None for anything else, SVG and other text among it.

    A text that begins like an image (``GIF89a<script>``) is a text.
    """
    if _is_text(data[:_START_BYTES]):
        return None
    return next((mime_type for mime_type, has_signature in _SIGNATURES if has_signature(data)), None)


def kind_of(data: bytes, claimed: str) -> Kind:
    """Return what an image is. Paid images are kept even when they are not what they should be.

    :param data: the bytes of an answer.
    :param claimed: the MIME type that came with them, empty when none did.
    :raises NotAnImageError: they are a text, a program or an archive; these are stored under no image's name.
    """
    found, claim = image_type(data), repr(claimed[:60]) if claimed else "an image"
    if found is not None and canonical_type(claimed) in {found, ""}:
        return Kind(found)
    if found is not None:
        return Kind(found, f"Google called an image {claim}, but it is {found} and is stored as that.")
    if other := _other_than_an_image(data):
        raise NotAnImageError(f"{other} of {counted(len(data), 'byte')} that claims to be {claim}")
    size = counted(len(data), "byte")
    return Kind(UNKNOWN, f"Google sent {size} as {claim} in an unknown format, kept as .bin.")


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
