"""A file that comes in pieces, as a binary stream: what reads tables and manifests needs no more."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from typing import Any


class ChunkStream(io.RawIOBase):
    """Reads pieces one after another; of those that were read nothing is kept.

    :param chunks: the pieces.
    """

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks: Iterator[bytes] = iter(chunks)
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        """Say yes."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer with what comes next, and return how many bytes that was: 0 at the end."""
        while not self._rest:
            piece = next(self._chunks, None)
            if piece is None:
                return 0
            self._rest = memoryview(piece)
        taken = self._rest[: len(buffer)]
        buffer[: len(taken)] = taken
        self._rest = self._rest[len(taken) :]
        return len(taken)


def buffered(chunks: Iterable[bytes]) -> io.BufferedReader:
    """Return pieces as a stream that can be read by lines.

    :param chunks: the pieces.
    """
    return io.BufferedReader(ChunkStream(chunks))
