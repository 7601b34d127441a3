"""The manifest of a batch."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_imagen.core.batch.manifest import LONGEST_LINE, STATUSES, ManifestLine, read_lines
from airflow_provider_imagen.errors import RecordUnreadableError

LINE = ManifestLine(row=2, key="sku-1", status="made", uris=("gs://bucket/sku-1.png",), fingerprint="0123456789ab")

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
lines = st.builds(
    ManifestLine,
    row=st.integers(1, 10**6),
    key=text,
    status=st.sampled_from(STATUSES),
    uris=st.lists(text, max_size=3).map(tuple),
    reason=st.none() | text,
    model=st.none() | text,
    fingerprint=text,
    estimated_cost_usd=st.none() | st.floats(0, 100),
    duration_seconds=st.none() | st.floats(0, 1e4),
)


@given(written=st.lists(lines, max_size=5), size=st.integers(1, 50))
def test_a_manifest_is_read_back_as_it_was_written_in_pieces_of_any_size(
    written: list[ManifestLine], size: int
) -> None:
    content = b"".join(line.encode() for line in written)
    assert list(read_lines(content[start : start + size] for start in range(0, len(content), size))) == written


def test_every_line_has_every_field_so_that_a_table_can_be_made_of_it() -> None:
    assert LINE.encode().endswith(b"}\n")
    assert json.loads(LINE.encode()) == {
        "row": 2,
        "key": "sku-1",
        "status": "made",
        "uris": ["gs://bucket/sku-1.png"],
        "reason": None,
        "model": None,
        "fingerprint": "0123456789ab",
        "estimated_cost_usd": None,
        "duration_seconds": None,
        "is_final": False,
    }


def test_fields_of_later_versions_are_passed_over() -> None:
    line = json.dumps(json.loads(LINE.encode()) | {"later": 1}).encode()
    assert list(read_lines([line])) == [LINE]


@pytest.mark.parametrize(
    "broken",
    [
        b"{",
        b"[]",
        b'"text"',
        b'{"row": 1}',
        LINE.encode().replace(b'"made"', b'"done"'),
        LINE.encode()[:40],
        b"\xff\xfe",
        b"x" * (LONGEST_LINE + 2),
    ],
)
def test_a_line_that_cannot_be_read_is_named_and_never_passed_over(broken: bytes) -> None:
    with pytest.raises(RecordUnreadableError, match="Line 2 of the manifest") as refused:
        list(read_lines([LINE.encode(), broken.rstrip(b"\n") + b"\n", LINE.encode()]))
    assert len(str(refused.value)) < 500


def test_a_line_that_never_ends_is_refused_before_it_fills_the_memory() -> None:
    pieces = iter(lambda: b"x" * 100_000, None)
    with pytest.raises(RecordUnreadableError, match="Line 1 of the manifest"):
        list(read_lines(pieces))


def test_an_empty_manifest_has_no_lines() -> None:
    assert list(read_lines([])) == []
    assert list(read_lines([b"\n"])) == []
