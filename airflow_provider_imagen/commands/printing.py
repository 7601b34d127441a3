"""Results on standard output, in 80 columns or as JSON, and nothing else there."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from textwrap import fill
from typing import Any

COLUMNS = 80
"""What a line has room for on any terminal."""


def wrapped(text: str, first: str = "", rest: str | None = None) -> str:
    """Return a text in 80 columns; an URI or a path that is longer stays whole.

    :param text: what to write.
    :param first: what its first line begins with.
    :param rest: what the others begin with; as many blanks if None.
    """
    following = " " * len(first) if rest is None else rest
    lines = [
        fill(
            line,
            COLUMNS,
            initial_indent=first if number == 0 else following,
            subsequent_indent=following,
            break_long_words=False,
            break_on_hyphens=False,
        )
        for number, line in enumerate(text.splitlines() or [""])
    ]
    return "\n".join(lines)


def as_json(rows: Iterable[Mapping[str, Any]]) -> str:
    """Return a JSON list of objects; days are written YYYY-MM-DD."""
    return json.dumps(list(rows), indent=2, default=str)


def say(text: str) -> None:
    """Print a result. A reader that has seen enough, as ``head`` has, is no error."""
    try:
        print(text, flush=True)  # noqa: T201
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what Python flushes at its end goes there


def remark(text: str) -> None:
    """Print something that is not the result."""
    print(text, file=sys.stderr)  # noqa: T201


@contextmanager
def standard_output_kept_clean() -> Iterator[None]:
    """Send what others print to standard error: DAG files, their subprocesses, and Airflow's log."""
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(kept)
