"""Checks a table of prompts as a whole: plans each row, and gathers every mistake with the rows that have it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from airflow_provider_imagen.core.batch.plan import ItemPlanner, PlannedItem
from airflow_provider_imagen.core.batch.rows import KEY, Item, RowProblem, row_in_words
from airflow_provider_imagen.core.text import counted, quoted
from airflow_provider_imagen.errors import InvalidInputError

MOST_PROBLEMS = 50
MOST_ROWS = 5


@dataclass(slots=True)
class Problems:
    """What is wrong with a table: each mistake once, with its rows; the first ``MOST_PROBLEMS``, the rest counted."""

    _rows: dict[str, list[str]] = field(default_factory=dict)
    _counts: dict[str, int] = field(default_factory=dict)
    not_shown: int = 0

    def add(self, row: int, key: object, problem: str) -> None:
        """Note a mistake in a row, which has a key or None."""
        if problem not in self._counts and len(self._counts) >= MOST_PROBLEMS:
            self.not_shown += 1
            return
        rows = self._rows.setdefault(problem, [])
        if len(rows) < MOST_ROWS:
            rows.append(row_in_words(row, key))
        self._counts[problem] = self._counts.get(problem, 0) + 1

    def sentences(self, most: int = MOST_PROBLEMS) -> tuple[str, ...]:
        """Return the first mistakes, each with its rows, and the number of the others.

        :param most: how many to name.
        """
        shown = [f"{self._where(problem)}: {problem}" for problem in list(self._counts)[:most]]
        others = self.not_shown + len(self._counts) - len(shown)
        return (*shown, *([f"{counted(others, 'more problem')} in other rows."] if others else []))

    def _where(self, problem: str) -> str:
        rows, count = self._rows[problem], self._counts[problem]
        listed = ", ".join(rows)
        more = f" and {count - len(rows)} more" if count > len(rows) else ""
        return f"row {listed}" if count == 1 else f"rows {listed}{more}"


class PlannedTable:
    """Plans a table row by row. Once it was read to its end, :meth:`check` says whether it may be asked for.

    :param planner: plans each item.
    """

    def __init__(self, planner: ItemPlanner) -> None:
        self._planner = planner
        self._seen: dict[str, tuple[str, int]] = {}
        self._problems = Problems()
        self._rows = 0
        self.ignored_columns: set[str] = set()

    def items(self, rows: Iterable[Item | RowProblem]) -> Iterator[PlannedItem]:
        """Yield the items that are right. Those that are not are noted.

        :param rows: the rows of the table.
        """
        for row in rows:
            self._rows += 1
            if isinstance(row, RowProblem):
                self._problems.add(row.row, row.key, row.problem)
                continue
            self.ignored_columns |= self._planner.ignored_columns(row)
            try:
                item = self._planner.plan(row)
            except InvalidInputError as failure:
                for problem in failure.problems:
                    self._problems.add(row.row, row.columns.get(KEY), problem)
                continue
            fingerprint, first = self._seen.setdefault(item.key, (item.fingerprint, item.row))
            if fingerprint != item.fingerprint:
                self._problems.add(
                    item.row,
                    item.key,
                    f"key is {quoted(item.key)}, which row {first} has too, with other content. Give each its own key.",
                )
            yield item if first == item.row else item._replace(same_as=first)

    def problems(self, most: int = MOST_PROBLEMS) -> tuple[str, ...]:
        """Return what is wrong with the rows that were read, see :meth:`Problems.sentences`."""
        return self._problems.sentences(most)

    def check(self) -> None:
        """Refuse a table with mistakes. Without rows, the arguments of the task are checked all the same.

        :raises InvalidInputError: names the rows.
        """
        if not self._rows:
            self._planner.plan(Item(0, {"prompt": "-"}))
        if problems := self.problems():
            raise InvalidInputError(problems)
