"""What is told of a DAG file that cannot be imported: its own lines, not those of Airflow, and the error."""

from __future__ import annotations

import re
from typing import NamedTuple

FRAME = re.compile(r'  File "(?P<file>[^"]+)", line (?P<line>\d+)')
MOST_LINES = 12


class ImportProblem(NamedTuple):
    """Why a file cannot be imported.

    :param text: the error, after the lines that led to it.
    :param line: the line of the file, None where it is not known.
    """

    text: str
    line: int | None


def read_traceback(text: str, file: str, folder: str) -> ImportProblem:
    """Return what matters of an error that Airflow recorded.

    :param text: a traceback, or a sentence.
    :param file: the DAG file.
    :param folder: where the author's files lie; the frames of other files are left out.
    """
    _, *rest = re.split(r"(?m)^(?=  File \")", text.strip())
    if not rest:
        return ImportProblem(_last(text), None)
    # What follows the source line of the last frame is the error.
    frames = [each.splitlines() for each in rest]
    end = next((n for n, line in enumerate(frames[-1]) if n and not line.startswith("    ")), len(frames[-1]))
    error, frames[-1] = frames[-1][end:], frames[-1][:end]
    shown = [each for each in frames if (found := FRAME.match(each[0])) and found["file"].startswith(folder)]
    lines = [int(found["line"]) for each in frames if (found := FRAME.match(each[0])) and found["file"] == file]
    told = "\n".join([*(line for each in shown for line in each), *error]) if error else text
    return ImportProblem(_last(told), lines[-1] if lines else None)


def _last(text: str) -> str:
    lines = [line for line in text.strip("\n").splitlines() if line.strip(" ~^") or not line]
    return "\n".join(lines[-MOST_LINES:])
