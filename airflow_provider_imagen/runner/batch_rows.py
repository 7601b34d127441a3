"""The rows of a batch, wherever they come from: a list, rendered text, or a file that is read as a stream."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, BinaryIO

from airflow_provider_imagen.client.storage import CloudStorage
from airflow_provider_imagen.core.batch.csv_rows import items_in_csv
from airflow_provider_imagen.core.batch.items import (
    FileKind,
    file_kind,
    items_in_jsonl,
    items_in_list,
    items_in_text,
    lines_in,
)
from airflow_provider_imagen.core.batch.rows import Item, RowProblem
from airflow_provider_imagen.core.storage.locations import is_object
from airflow_provider_imagen.core.text import quoted
from airflow_provider_imagen.errors import ImagenError, InvalidInputError, NotSentError
from airflow_provider_imagen.runner.chunk_stream import buffered
from airflow_provider_imagen.runner.failures import is_passing
from airflow_provider_imagen.runner.store import OpenPath

ALLOWED = "Allowed are a list, its JSON text, and the URI of a .jsonl or .csv file."


def rows_of(
    items: Any, item_columns: Sequence[str] | str | None, storage: CloudStorage, open_path: OpenPath
) -> Iterator[Item | RowProblem]:
    """Yield the rows of a table.

    :param items: a list of prompts, dicts or tuples; the same as JSON text; or the URI of a file.
    :param item_columns: the names of the values of tuples: a list, or one text with commas.
    :param storage: the buckets that the connection reaches.
    :param open_path: opens any other URI.
    :raises InvalidInputError: it is none of these, or the file cannot be read.
    """
    kind = file_kind(items)
    if kind is not None:
        with opened("items", items.strip(), storage, open_path) as stream:
            yield from rows_in_file(items, kind, stream)
        return
    yield from rows_in_value(items, item_columns)


def rows_in_value(items: Any, item_columns: Sequence[str] | str | None) -> Iterator[Item | RowProblem]:
    """Return the rows of a list or of the text of one.

    :param items: the list, or its JSON text.
    :param item_columns: the names of the values of tuples: a list, or one text with commas.
    :raises InvalidInputError: it is neither.
    """
    rows = items_in_text(items) if isinstance(items, str) else items
    if isinstance(rows, Mapping | bytes) or not isinstance(rows, Iterable):
        raise InvalidInputError((f"items is {quoted(items)}. {ALLOWED}",))
    return items_in_list(rows, item_columns)


def rows_in_file(items: str, kind: FileKind, stream: BinaryIO) -> Iterator[Item | RowProblem]:
    """Yield the rows of an open file.

    :param items: its URI or path.
    :param kind: what its ending says.
    :param stream: its content.
    :raises InvalidInputError: it has none.
    """
    if _is_empty(stream):
        problem = f"items is {quoted(items)}, an empty file. Write it anew; a table without rows has a header."
        raise InvalidInputError((problem,))
    yield from items_in_csv(stream) if kind == "csv" else items_in_jsonl(lines_in(stream))


@contextmanager
def opened(name: str, uri: str, storage: CloudStorage, open_path: OpenPath) -> Iterator[BinaryIO]:
    """Open a file that holds something.

    :param name: the argument that names it.
    :param uri: the file.
    :param storage: the buckets that the connection reaches.
    :param open_path: opens any URI but ``gs://``.
    :raises InvalidInputError: it cannot be read.
    :raises ImagenError: it is not there, or its storage does not answer.
    """
    try:
        with buffered(storage.chunks(uri)) if is_object(uri) else open_path(uri).open("rb") as stream:
            yield stream
    except ImagenError:
        raise
    except Exception as failure:  # storage libraries raise anything, also in the middle of a file
        if is_passing(failure):
            raise NotSentError(
                f"{name} {quoted(uri)} could not be read now ({type(failure).__name__}: {failure}). No model was "
                "asked, so another try costs nothing."
            ) from failure
        problem = (
            f"{name} is {quoted(uri)} and could not be read ({type(failure).__name__}: {failure}). Check that the file "
            "is there, that this worker may read it, and that the provider for its scheme is installed."
        )
        raise InvalidInputError((problem,)) from failure


def _is_empty(stream: Any) -> bool:
    """Say whether a file has no byte; its reader stays at the beginning."""
    if hasattr(stream, "peek"):
        return not stream.peek(1)
    first = stream.read(1)
    stream.seek(0)
    return not first
