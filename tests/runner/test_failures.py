"""What the errors of storage libraries mean for the next try."""

from __future__ import annotations

import errno
from typing import Any

import pytest

from airflow_provider_imagen.core.catalogue import catalogue
from airflow_provider_imagen.core.requests import GenerateRequest
from airflow_provider_imagen.errors import ImagenError, InvalidInputError, NotSentError
from airflow_provider_imagen.runner.batch_rows import rows_of
from airflow_provider_imagen.runner.failures import place_errors
from airflow_provider_imagen.runner.input_pictures import PictureReader

PASSING = [
    TimeoutError("planted"),
    ConnectionResetError("planted"),
    OSError(errno.EBUSY, "planted: slow down"),
    OSError(errno.ESTALE, "planted: stale file handle"),
]
LASTING = [
    FileNotFoundError("planted"),
    PermissionError(errno.EACCES, "planted"),
    OSError(errno.ENOSPC, "planted"),
    ImportError("planted"),
]
EACH = pytest.mark.parametrize(
    ("failure", "kind"), [*((each, NotSentError) for each in PASSING), *((each, InvalidInputError) for each in LASTING)]
)


class Path:
    """Plays a file of a storage that fails."""

    def __init__(self, failure: Exception) -> None:
        self._failure = failure

    def open(self, mode: str) -> Any:
        raise self._failure


@EACH
def test_a_place_that_fails_for_a_moment_may_be_tried_again(failure: Exception, kind: type[ImagenError]) -> None:
    with pytest.raises(kind, match="planted"), place_errors("s3://bucket/images"):
        raise failure


@EACH
def test_so_may_a_picture(failure: Exception, kind: type[ImagenError]) -> None:
    model = catalogue().find("gemini-2.5-flash-image")
    assert model is not None
    request = GenerateRequest(
        model=model.id, prompt="a boat", output_uri="gs://bucket/made/", reference_images="s3://bucket/a.png"
    )
    reader = PictureReader(object(), lambda uri: Path(failure))  # type: ignore[arg-type]

    if kind is InvalidInputError:
        _, problems = reader.read(request, model, can_upload=True)
        assert "could not be read" in problems[0]
        return
    with pytest.raises(kind, match="could not be read now.*costs nothing"):
        reader.read(request, model, can_upload=True)


@EACH
def test_so_may_a_table(failure: Exception, kind: type[ImagenError]) -> None:
    rows = rows_of("s3://bucket/table.csv", None, object(), lambda uri: Path(failure))  # type: ignore[arg-type]

    with pytest.raises(kind, match="could not be read"):
        next(rows)
