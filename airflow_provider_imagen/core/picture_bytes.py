"""What the bytes of an input picture are, and whether all of them are there. Nothing is decoded.

Source: the PNG, JPEG (ITU T.81), WebP (RFC 9649) and ISO base media (HEIF) file formats.
"""

from __future__ import annotations

import struct
import zlib

from airflow_provider_imagen.core.image_format import image_type
from airflow_provider_imagen.core.image_header import is_cut_off, read_header

HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"}
HEIF_BRANDS = {b"mif1", b"msf1", b"heif", b"mif2"}
_BOX_BYTES = 8
_PNG_SIGNATURE_BYTES = 8
_CHUNK_FRAME_BYTES = 12
_RIFF_BYTES = 8


def picture_type(data: bytes) -> str | None:
    """Return the MIME type of a picture by its bytes, HEIC and HEIF among them; None for anything else."""
    if data[4:8] == b"ftyp":
        brand = data[8:12]
        return "image/heic" if brand in HEIC_BRANDS else "image/heif" if brand in HEIF_BRANDS else None
    return image_type(data)


def is_damaged(data: bytes, mime_type: str) -> bool:
    """Say whether a picture lacks a part, or says of itself that a part was changed; unknown types never do.

    :param data: the file.
    :param mime_type: what it is by its first bytes.
    """
    if mime_type in {"image/png", "image/jpeg"}:
        header = read_header(data)
        if header is None or 0 in (header.width, header.height) or is_cut_off(data):
            return True
        return mime_type == "image/png" and not _has_whole_chunks(data)
    if mime_type == "image/webp":
        return len(data) < _RIFF_BYTES + int.from_bytes(data[4:8], "little")
    return mime_type in {"image/heic", "image/heif"} and not _has_whole_boxes(data)


def _has_whole_chunks(data: bytes) -> bool:
    """Check each chunk of a PNG against its checksum, up to the end; what follows the end is ignored."""
    place, view = _PNG_SIGNATURE_BYTES, memoryview(data)
    while place + _CHUNK_FRAME_BYTES <= len(data):
        (length,) = struct.unpack(">I", view[place : place + 4])
        end = place + 8 + length
        if end + 4 > len(data) or zlib.crc32(view[place + 4 : end]) != int.from_bytes(view[end : end + 4], "big"):
            return False
        if data[place + 4 : place + 8] == b"IEND":
            return True
        place = end + 4
    return False


def _has_whole_boxes(data: bytes) -> bool:
    """Check that the last box of a HEIF file ends with the file."""
    place = 0
    while place + _BOX_BYTES <= len(data):
        length = int.from_bytes(data[place : place + 4], "big")
        if length == 1:
            length = int.from_bytes(data[place + 8 : place + 16], "big")
        if length == 0:
            return True  # up to the end of the file
        if length < _BOX_BYTES:
            return False
        place += length
    return place == len(data)
