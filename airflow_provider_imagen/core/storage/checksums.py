"""The checksums of Cloud Storage: what an object holds, in base64.

Source: Cloud Storage, "Data validation and change detection", and RFC 3720 for CRC32C (Castagnoli).
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from functools import cache

LARGEST_CRC_BYTES = 4 << 20
"""How much is checked by CRC32C, which Python computes slowly. Only composite objects have no MD5."""
_POLYNOMIAL = 0x82F63B78


def md5_of(data: bytes) -> str:
    """Return the MD5 of some bytes as Cloud Storage writes it."""
    return base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()


def crc32c_of(data: bytes) -> str:
    """Return the CRC32C of some bytes as Cloud Storage writes it."""
    table, crc = _table(), 0xFFFFFFFF
    for byte in data:
        crc = table[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return base64.b64encode((crc ^ 0xFFFFFFFF).to_bytes(4, "big")).decode()


def is_corrupted(headers: Mapping[str, str], data: bytes) -> bool:
    """Say whether the content of an object differs from what Cloud Storage says that it is.

    :param headers: the headers of the response, names in lower case. ``x-goog-hash`` is about the stored bytes, so it
        says nothing of content that was stored compressed and came unpacked.
    :param data: the content.
    """
    named = _named(headers)
    if "md5" in named:
        return named["md5"] != md5_of(data)
    return "crc32c" in named and len(data) <= LARGEST_CRC_BYTES and named["crc32c"] != crc32c_of(data)


def is_other_md5(headers: Mapping[str, str], md5: bytes) -> bool:
    """Say whether content that was read in pieces differs from what Cloud Storage says that it is.

    :param headers: as for :func:`is_corrupted`.
    :param md5: the MD5 of the content.
    """
    written = base64.b64encode(md5).decode()
    return _named(headers).get("md5", written) != written


def _named(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the checksums that are about the content as it came, by their names."""
    if headers.get("x-goog-stored-content-encoding", "identity") != "identity" or "content-encoding" in headers:
        return {}
    return dict(part.strip().partition("=")[::2] for part in headers.get("x-goog-hash", "").split(","))


@cache
def _table() -> tuple[int, ...]:
    return tuple(_entry(value) for value in range(256))


def _entry(value: int) -> int:
    for _ in range(8):
        value = (value >> 1) ^ (_POLYNOMIAL if value & 1 else 0)
    return value
