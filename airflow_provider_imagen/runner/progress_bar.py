"""A progress bar for people who run a batch in a terminal; elsewhere nothing is drawn."""

from __future__ import annotations

import shutil
import sys
from contextlib import suppress
from typing import TextIO

BAR_CHARACTERS = 30


class ProgressBar:
    """Draws how far a batch is, over itself, in one line of a terminal.

    :param stream: where to draw. None: standard error, if that is a terminal.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        chosen = stream or sys.stderr
        self._stream = chosen if chosen is not None and chosen.isatty() else None
        self._is_drawn = False

    def show(self, done: int, items: int, text: str) -> None:
        """Draw the bar, in place of the one before.

        :param done: how many items have ended.
        :param items: how many there are.
        :param text: what else to say; cut at the width of the terminal.
        """
        if self._stream is None or not items:
            return
        filled = BAR_CHARACTERS * done // items
        line = f"[{'#' * filled}{'.' * (BAR_CHARACTERS - filled)}] {text}"
        width = shutil.get_terminal_size().columns - 1
        with suppress(OSError, ValueError):  # a terminal that is gone ends no batch
            self._stream.write(f"\r{line[:width]:<{width}}")
            self._stream.flush()
            self._is_drawn = True

    def end(self) -> None:
        """Leave the line, so that what is written next does not overwrite it."""
        if self._stream is not None and self._is_drawn:
            with suppress(OSError, ValueError):
                self._stream.write("\n")
                self._stream.flush()
            self._is_drawn = False
