"""The blocks of a page that are written by ``make docs``: what stands between two comments, and where it comes from."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from pages import classes, command_line, connection, errors, models

REPOSITORY = Path(__file__).resolve().parents[2]
PAGES = (REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").glob("*.md")))

BLOCKS: dict[str, Callable[[], str]] = {
    **{f"class {name}": section for name, section in classes.SECTIONS.items()},
    "allowed values": classes.allowed_values,
    "arguments by model": models.arguments_by_model,
    "command line": command_line.verbs,
    "connection": connection.extras,
    "emulator": command_line.emulator,
    "errors": errors.table_of_errors,
    "living models": models.living_models,
    "model details": models.details,
    "prices": models.prices,
    "retired models": models.retired_models,
    "sources": models.sources,
    "types": classes.types,
}
_BLOCK = re.compile(r"<!-- make docs: (.+?) -->\n.*?<!-- end -->", re.DOTALL)


def rewritten(page: str) -> str:
    """Return a page with every block written anew.

    :raises KeyError: it asks for a block that does not exist.
    """
    return _BLOCK.sub(lambda found: f"<!-- make docs: {found[1]} -->\n{BLOCKS[found[1]]()}\n<!-- end -->", page)


def blocks_in(page: str) -> list[str]:
    """Return the names of the blocks of a page."""
    return [found[1] for found in _BLOCK.finditer(page)]
