"""The rows of files, wherever they lie."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pytest

from airflow_provider_imagen.core.batch.rows import Item
from airflow_provider_imagen.errors import InvalidInputError
from airflow_provider_imagen.runner.batch_rows import rows_of


class Bucket:
    """Plays a bucket with one file, which comes in pieces."""

    def __init__(self, *chunks: bytes) -> None:
        self._chunks = chunks
        self.given = 0

    def chunks(self, uri: str) -> Iterator[bytes]:
        assert uri.startswith("gs://bucket/table.")
        for chunk in self._chunks:
            self.given += 1
            yield chunk


class Path:
    """Plays a file of another storage."""

    def __init__(self, file: Any) -> None:
        self._file = file

    def open(self, mode: str) -> Any:
        assert mode == "rb"
        return self._file


class Breaking(io.BytesIO):
    """A file whose storage fails behind its first piece."""

    def read(self, size: int | None = -1) -> bytes:
        if self.tell():
            raise RuntimeError("the line went dead")
        return super().read(size)

    read1 = read


def test_a_table_in_a_bucket_is_read_in_pieces() -> None:
    bucket = Bucket(b'{"key": "a"}\n{"k', b'ey": "b"}\n', *[b'{"key": "c"}\n' * 10_000] * 50)
    rows = rows_of("gs://bucket/table.jsonl", None, bucket, open)  # type: ignore[arg-type]

    assert [next(rows), next(rows)] == [Item(1, {"key": "a"}), Item(2, {"key": "b"})]
    assert bucket.given < 10
    assert sum(1 for _ in rows) == 500_000


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_an_empty_file_in_a_bucket_is_an_error(kind: str) -> None:
    with pytest.raises(InvalidInputError, match="an empty file"):
        list(rows_of(f"gs://bucket/table.{kind}", None, Bucket(), open))  # type: ignore[arg-type]


def test_a_storage_that_fails_in_the_middle_of_a_file_is_named_with_it() -> None:
    file = Breaking(b"key;prompt\n" + b"a;b\n" * 100_000)

    with pytest.raises(InvalidInputError, match=r"s3://b/t.csv.*could not be read .RuntimeError: the line went dead"):
        list(rows_of("s3://b/t.csv", None, Bucket(), lambda _: Path(file)))  # type: ignore[arg-type]
