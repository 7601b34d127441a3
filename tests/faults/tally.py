"""Compares what was seen in a cell with what the matrix says, and adds everything up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from faults.matrix import CHAPTERS, OPERATIONS, Cell, Row
from faults.operations import RUN
from faults.running import Seen


def complaints(row: Row, name: str, seen: Seen) -> Iterator[str]:
    """Yield what is wrong with a cell, in words."""
    cell = row.cells[name]
    assert isinstance(cell, Cell)
    if (seen.state, seen.error) != (cell.state, cell.error):
        yield f"ends as {seen.state} {seen.error}, expected {cell.state} {cell.error}: {seen.text}"
    if cell.text not in seen.text:
        yield f"the error does not say {cell.text!r}: {seen.text}"
    if over := requests_over(cell, seen):
        yield f"{over} requests over the budget of {cell.requests}"
    if not seen.fired:
        yield "the fault never fired"
    if row.tokens and len(seen.tokens) < row.tokens:
        yield f"{seen.tokens} were sent, expected are at least {row.tokens} different tokens"
    if row.pause_at_least and cell.state == "success" and max(seen.pauses, default=0.0) < row.pause_at_least:
        yield f"paused for {seen.pauses} s, at least {row.pause_at_least} s were asked for"
    yield from _about_images(row, name, seen)


def _about_images(row: Row, name: str, seen: Seen) -> Iterator[str]:
    operation, cell = RUN[name], row.cells[name]
    assert isinstance(cell, Cell)
    files = operation.images if cell.files == "all" else cell.files
    if seen.files != files:
        yield f"{seen.files} images are in the output folder, expected {files}"
    if seen.state == "success" and seen.files + seen.told_missing != operation.images:
        yield f"{seen.told_missing} images are told to be missing, and {seen.files} are there"
    if seen.lost:
        yield f"nobody names {', '.join(seen.lost)}"
    if duplicates(row, name, seen):
        yield f"{seen.accepted} requests were accepted, at most {operation.accepted + row.uncharged} may be"


def requests_over(cell: Cell, seen: Seen) -> int:
    """Return how many requests were sent too many."""
    return max(0, seen.requests - cell.requests)


def duplicates(row: Row, name: str, seen: Seen) -> int:
    """Return how many requests were accepted, and would be billed, too many."""
    return max(0, seen.accepted - row.uncharged - RUN[name].accepted)


@dataclass
class Tally:
    """Adds up cells."""

    cells: int = 0
    fired: int = 0
    requests_over: int = 0
    lost: int = 0
    duplicates: int = 0
    marks: dict[tuple[str, str], str] = field(default_factory=dict)

    def add(self, row: Row, name: str, seen: Seen) -> list[str]:
        """Count a cell and return what is wrong with it."""
        cell = row.cells[name]
        assert isinstance(cell, Cell)
        wrong = list(complaints(row, name, seen))
        self.cells += 1
        self.fired += seen.fired
        self.requests_over += requests_over(cell, seen)
        self.lost += len(seen.lost)
        self.duplicates += duplicates(row, name, seen)
        self.marks[row.name, name] = f"{seen.state}/{seen.requests}/{seen.files}{'!' if wrong else ''}"
        return wrong

    def closing_line(self) -> str:
        """Return the sum of all cells."""
        return (
            f"cells run: {self.cells}, faults fired: {self.fired}, requests over budget: {self.requests_over}, "
            f"images lost: {self.lost}, duplicates beyond budget: {self.duplicates}"
        )

    def table(self, rows: list[Row]) -> Iterator[str]:
        """Yield the lines of a table: what became of each cell, as state/requests/images in the output folder."""
        parts = [name.split("-") for name in OPERATIONS]
        for chapter, title in CHAPTERS.items():
            yield f"{title}: state/requests/images in the output folder"
            for line in range(max(map(len, parts))):
                yield _line("", [part[line] if line < len(part) else "" for part in parts])
            for row in [row for row in rows if row.chapter == chapter]:
                yield _line(row.name, [self.marks.get((row.name, name), "-") for name in OPERATIONS])
            yield ""


def _line(start: str, columns: list[str]) -> str:
    return f"{start:25}" + "".join(f"{column:>12}" for column in columns)
