"""CSV as spreadsheets write it."""

from __future__ import annotations

import csv
import io
import string
from collections.abc import Iterator

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from airflow_provider_imagen.core.batch.csv_rows import SEPARATORS, items_in_csv
from airflow_provider_imagen.core.batch.rows import LONGEST_ROW, Item, RowProblem, is_missing


def items_of(content: bytes) -> list[Item | RowProblem]:
    return list(items_in_csv(io.BytesIO(content)))


def problems_of(content: bytes) -> list[RowProblem]:
    return [each for each in items_of(content) if isinstance(each, RowProblem)]


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_marks_separators_and_line_ends_of_every_spreadsheet_are_read(mark: bytes, separator: str, end: str) -> None:
    lines = [separator.join(("key", "name")), separator.join(("1", '"Stuhl, grün; ""Oslo"""')), ""]
    assert items_of(mark + end.join(lines).encode()) == [Item(2, {"key": "1", "name": 'Stuhl, grün; "Oslo"'})]


def test_a_line_break_in_quotes_belongs_to_its_cell_and_rows_count_as_a_spreadsheet_shows_them() -> None:
    content = b'key,"the\nname"\r\n1,"two\r\nlines"\r\n\r\n2,one\r\n'
    assert items_of(content) == [
        Item(2, {"key": "1", "the\nname": "two\r\nlines"}),
        Item(4, {"key": "2", "the\nname": "one"}),
    ]


def test_blank_rows_are_passed_over_also_those_of_separators_only() -> None:
    assert [each.row for each in items_of(b"key;name\n;\n1;a\n\n ; \n2;b\n;\n\n\n")] == [3, 6]


def test_a_blank_cell_stays_blank() -> None:
    assert items_of(b"key,name\n1,\n") == [Item(2, {"key": "1", "name": ""})]


def test_the_line_by_which_excel_is_told_the_separator_is_no_row() -> None:
    assert items_of(b"sep=;\r\nkey;name, long\r\n1;a\r\n") == [Item(2, {"key": "1", "name, long": "a"})]


def test_a_single_column_needs_no_separator() -> None:
    assert items_of(b"prompt\na boat\n") == [Item(2, {"prompt": "a boat"})]


def test_blanks_around_names_do_not_count() -> None:
    assert items_of(b"key , name\n1,a\n") == [Item(2, {"key": "1", "name": "a"})]


def test_the_separator_is_the_one_that_the_header_has_most() -> None:
    assert items_of(b"key;Preis, EUR;name\n1;3,50;a\n") == [Item(2, {"key": "1", "Preis, EUR": "3,50", "name": "a"})]


def test_a_separator_in_quotes_does_not_count() -> None:
    assert items_of(b'"size, w, h";name\n1;a\n') == [Item(2, {"size, w, h": "1", "name": "a"})]


@pytest.mark.parametrize(
    ("content", "row", "said"),
    [
        (b"", 1, "no row"),
        (b"\r\n\r\n", 1, "no row"),
        (b"key,,name\n1,2,3\n", 1, "no name for column 2 of 3"),
        (b"key,name,key\n1,2,3\n", 1, "'key' more than once"),
        (b"key;Preis, EUR\n1;2\n", 1, "a comma and a semicolon"),
        (b"key,name\n1,a\n2\n", 3, "1 cell, the header 2"),
        (b"key,name\n1,a\n2,b,c\n", 3, "3 cells, the header 2"),
        ("key,name\n1,a\n2,grün\n".encode("latin-1"), 3, "Column 2 holds bytes that are not UTF-8"),
        ("größe,name\n1,a\n".encode("cp1252"), 1, "Column 1 holds bytes that are not UTF-8"),
        (b'key,name\n1,"a"b\n', 2, "no CSV"),
        (b'key,name\n1,a\n2,"b\n3,c\n', 3, "A quote"),
        (b'key,name\n1,"' + b"x\n" * 200_000, 2, "A quote"),
        (b"key,name\n1," + b"x" * (LONGEST_ROW + 1), 2, "A line is longer"),
        (b"key,name\n1,a\x00\n", 2, "NUL"),
    ],
)
def test_what_would_have_to_be_guessed_is_refused_with_its_row(content: bytes, row: int, said: str) -> None:
    problem = problems_of(content)[0]
    assert (problem.row, said in problem.problem) == (row, True), problem


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_is_refused_by_its_name(encoding: str) -> None:
    [problem] = problems_of("key\tname\r\n1\tgrün\r\n".encode(encoding))
    assert problem.row == 1
    assert "UTF-16" in problem.problem
    assert "CSV UTF-8" in problem.problem


def test_three_broken_rows_among_ten_thousand_are_all_told_and_the_others_read() -> None:
    rows = [f"{number},name {number}\n" for number in range(2, 10_002)]
    rows[17], rows[4_000], rows[9_999] = "only one\n", "1,\xe4\n", "a,b,c\n"
    found = items_of(b"key,name\n" + b"".join(row.encode("latin-1") for row in rows))
    assert [each.row for each in found if isinstance(each, RowProblem)] == [19, 4_002, 10_001]
    assert sum(isinstance(each, Item) for each in found) == 9_997


class EndlessTable(io.RawIOBase):
    """A table that never ends, and tells how much of it was read."""

    def __init__(self, row: bytes) -> None:
        super().__init__()
        self.pieces = self._pieces(row)
        self.was_read = 0

    def _pieces(self, row: bytes) -> Iterator[bytes]:
        yield b"key,name\n"
        while True:
            yield row

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        piece = next(self.pieces)
        self.was_read += len(piece)
        return piece


def test_a_table_is_read_as_a_stream() -> None:
    table = EndlessTable(b"1,a chair\n" * 100)
    items = items_in_csv(table)  # type: ignore[arg-type]
    assert [next(items).row for _ in range(5_000)][-1] == 5_001
    assert table.was_read < 60_000
    items.close()
    assert not table.closed


def test_a_line_that_never_ends_is_refused_before_it_fills_the_memory() -> None:
    table = EndlessTable(b"x" * 10_000)
    [problem] = items_in_csv(table)  # type: ignore[arg-type]
    assert isinstance(problem, RowProblem)
    assert problem.row == 2
    assert table.was_read < 3 * LONGEST_ROW


cells = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\ufeff"), max_size=12)
names = st.lists(
    st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters=",;\t\ufeff"), min_size=1, max_size=8)
    .map(str.strip)
    .filter(lambda name: not is_missing(name) and not name.startswith("sep=")),
    min_size=1,
    max_size=4,
    unique=True,
)


@given(
    header=names,
    data=st.data(),
    separator=st.sampled_from(list(SEPARATORS)),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig"]),
)
def test_what_is_written_as_csv_in_any_dialect_is_read_back_the_same(
    header: list[str], data: st.DataObject, separator: str, end: str, quoting: int, encoding: str
) -> None:
    rows = data.draw(st.lists(st.lists(cells, min_size=len(header), max_size=len(header)), max_size=6))
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=separator, lineterminator=end, quoting=quoting)  # type: ignore[arg-type]
    writer.writerows([header, *rows])
    expected = [
        Item(number, dict(zip(header, row, strict=True)))
        for number, row in enumerate(rows, 2)
        if any(cell.strip() for cell in row)
    ]
    assert items_of(text.getvalue().encode(encoding)) == expected


@given(content=st.binary(max_size=200) | st.text(string.printable + 'ü"', max_size=200).map(str.encode))
def test_any_bytes_are_items_or_problems_with_a_row(content: bytes) -> None:
    assume(content)
    found = items_of(content)
    assert all(each.row >= 1 for each in found)
    assert all(len(each.problem) < 500 for each in found if isinstance(each, RowProblem))
