"""The progress bar of a batch in a terminal."""

from __future__ import annotations

import io

import pytest

from airflow_provider_imagen.runner.progress_bar import ProgressBar


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class GoneTerminal(Terminal):
    def write(self, text: str) -> int:
        raise OSError(text)


def test_the_bar_is_drawn_over_itself_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    terminal = Terminal()
    bar = ProgressBar(terminal)

    bar.show(1, 4, "1 made")
    bar.show(4, 4, "4 made " + "x" * 200)
    bar.end()

    first, second = terminal.getvalue().removesuffix("\n").split("\r")[1:]
    assert first.rstrip() == "[#######.......................] 1 made"
    assert second.startswith("[##############################] 4 made xxx")
    assert {len(first), len(second)} == {79}


@pytest.mark.parametrize("stream", [io.StringIO(), GoneTerminal()])
def test_elsewhere_nothing_is_drawn_and_nothing_fails(stream: io.StringIO) -> None:
    bar = ProgressBar(stream)

    bar.show(1, 4, "1 made")
    bar.end()

    assert stream.getvalue() == ""


def test_a_batch_without_items_has_no_bar() -> None:
    terminal = Terminal()

    ProgressBar(terminal).show(0, 0, "nothing")

    assert terminal.getvalue() == ""
