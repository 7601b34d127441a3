"""Resumable uploads as values, and files cut into lines."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_imagen.core.storage.resumable import (
    content_range,
    in_pieces,
    lines_in,
    md5_in,
    stored_bytes,
    upload_id_in,
)
from airflow_provider_imagen.errors import UnexpectedResponseError


@given(st.lists(st.binary(max_size=9), max_size=9), st.integers(1, 6))
def test_pieces_hold_everything_and_all_but_the_last_have_one_size(chunks: list[bytes], size: int) -> None:
    pieces = list(in_pieces(chunks, size))

    assert b"".join(piece for piece, _ in pieces) == b"".join(chunks)
    assert [is_last for _, is_last in pieces] == [False] * (len(pieces) - 1) + [True]
    assert all(len(piece) == size for piece, _ in pieces[:-1])
    assert len(pieces[-1][0]) <= size


@pytest.mark.parametrize(
    ("start", "size", "is_last", "header"),
    [
        (0, 10, False, "bytes 0-9/*"),
        (10, 5, True, "bytes 10-14/15"),
        (0, 0, True, "bytes */0"),
        (8, 0, True, "bytes */8"),
    ],
)
def test_each_piece_says_where_it_belongs(start: int, size: int, is_last: bool, header: str) -> None:
    assert content_range(start, size, is_last=is_last) == header


def test_the_answer_says_how_much_is_stored() -> None:
    assert stored_bytes({"range": "bytes=0-9"}) == 10
    assert stored_bytes({}) == 0
    assert stored_bytes({"range": "bytes=5-9"}) == 0


def test_of_the_place_of_a_session_only_its_id_counts() -> None:
    place = "https://elsewhere.example/upload/storage/v1/b/b/o?uploadType=resumable&upload_id=a%2Fb"

    assert upload_id_in({"location": place}, "gs://b/o") == "a/b"
    with pytest.raises(UnexpectedResponseError, match="gs://b/o"):
        upload_id_in({"location": "https://elsewhere.example/"}, "gs://b/o")


@pytest.mark.parametrize(("body", "md5"), [(b'{"md5Hash": "x=="}', "x=="), (b"{}", None), (b"", None), (b"[]", None)])
def test_the_checksum_is_told_where_there_is_one(body: bytes, md5: str | None) -> None:
    assert md5_in(body) == md5


@given(st.lists(st.binary(max_size=6), max_size=8), st.integers(1, 5))
def test_lines_are_whole_however_the_file_is_cut(lines: list[bytes], size: int) -> None:
    clean = [line.replace(b"\n", b"").replace(b"\r", b"") for line in lines]
    content = b"\n".join(clean)
    chunks = [content[at : at + size] for at in range(0, len(content), size)]

    assert list(lines_in(chunks, 100)) == [line for line in clean if line]


def test_line_breaks_of_windows_are_line_breaks() -> None:
    assert list(lines_in([b"a\r\nb\r\n"], 10)) == [b"a", b"b"]


def test_a_line_without_end_is_no_line() -> None:
    with pytest.raises(UnexpectedResponseError, match="more than 4 bytes"):
        list(lines_in([b"abc", b"def"], 4))
