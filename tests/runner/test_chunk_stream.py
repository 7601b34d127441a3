"""Pieces of a file as a stream."""

from __future__ import annotations

import io
from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_imagen.runner.chunk_stream import buffered


@given(chunks=st.lists(st.binary(max_size=50)))
def test_lines_are_those_of_the_whole_whatever_the_pieces(chunks: list[bytes]) -> None:
    assert list(buffered(chunks)) == list(io.BytesIO(b"".join(chunks)))


def test_a_piece_is_asked_for_when_it_is_needed() -> None:
    asked: list[int] = []

    def pieces() -> Iterator[bytes]:
        for number in range(100):
            asked.append(number)
            yield b"x" * (1 << 16)

    assert buffered(pieces()).read(10) == b"x" * 10
    assert len(asked) == 1
