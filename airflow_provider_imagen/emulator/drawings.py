"""Image files for responses: drawn anew for each, or, where speed is measured, a few drawings over and over."""

from __future__ import annotations

import random
import struct
import threading
import zlib
from collections.abc import Sequence
from hashlib import sha256

from PIL import Image

from airflow_provider_imagen.emulator import pictures

PNG_HEADER_BYTES = 33
"""Signature and first chunk of a PNG, which every other chunk follows."""


LONGEST_NOTE = 65_000
"""So long a comment may be in a JPEG, about."""


class Drawings:
    """Makes image files.

    With a number of drawings, an image is one of so many, made once for each size and format, and only a note in the
    file is its own: drawing takes some 10 ms, too long to measure a client beside it. Thread-safe.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._count = 0
        self._least_bytes = 0
        self._files: dict[tuple[object, ...], bytes] = {}

    def reuse(self, count: int, least_bytes: int = 0) -> None:
        """Make no more than so many drawings for each size and format; 0: one for each image.

        :param least_bytes: how large the files of these drawings are made, with notes.
        """
        with self._lock:
            self._count, self._least_bytes = count, least_bytes
            self._files = {}

    def file(
        self,
        prompt: str,
        size: tuple[int, int],
        seed: str,
        inputs: Sequence[Image.Image | None],
        encoding: tuple[str, int],
    ) -> bytes:
        """Return the content of an image file.

        :param encoding: the MIME type and the quality.
        """
        if not self._count or inputs:
            return pictures.encode(pictures.draw(prompt, size, seed, inputs), *encoding)
        with self._lock:
            number = int.from_bytes(sha256(seed.encode()).digest()[:4]) % (self._count or 1)
            key = (number, size, encoding)
            if key not in self._files:
                file = pictures.encode(pictures.draw(f"drawing {number}", size, str(number)), *encoding)
                self._files[key] = _padded(file, encoding[0], self._least_bytes)
            return _with_note(self._files[key], encoding[0], seed.encode())


def _padded(data: bytes, mime_type: str, least_bytes: int) -> bytes:
    """Return an image file of at least so many bytes, with notes that do not compress."""
    chance = random.Random(0)  # noqa: S311  # no secret
    size = len(data)
    while size < least_bytes and mime_type in {"image/jpeg", "image/png"}:
        data = _with_note(data, mime_type, chance.randbytes(min(LONGEST_NOTE, least_bytes - size)))
        size = len(data)
    return data


def _with_note(data: bytes, mime_type: str, note: bytes) -> bytes:
    """Return an image file with a note in it, which changes its bytes and nothing that is seen."""
    note = note[:LONGEST_NOTE]
    if mime_type == "image/jpeg":
        return data[:2] + b"\xff\xfe" + struct.pack(">H", len(note) + 2) + note + data[2:]
    if mime_type == "image/png":
        chunk = b"tEXtComment\0" + note
        length, check = struct.pack(">I", len(chunk) - 4), struct.pack(">I", zlib.crc32(chunk))
        return data[:PNG_HEADER_BYTES] + length + chunk + check + data[PNG_HEADER_BYTES:]
    return data
