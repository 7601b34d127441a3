"""Which addresses the API server ever reads, whatever a task wrote into its record."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_imagen.core.result_parts import StoredImage
from airflow_provider_imagen.plugins.gallery import image_storage, stored_files
from airflow_provider_imagen.plugins.gallery.image_storage import read_image, unavailable_reason
from airflow_provider_imagen.plugins.gallery.stored_files import FileUnavailableError

FORBIDDEN = [
    *("/etc/passwd", "file:///etc/passwd", "local:///etc/passwd", "file://etc/passwd", "FILE:///etc/passwd"),
    *("http://169.254.169.254/latest/meta-data/", "https://example.com/a.png", "ftp://example.com/a.png"),
    *("data:image/png;base64,AAAA", "data://x", "memory://a.png", "github://org:repo@main/a.png"),
    *("simplecache::file:///etc/passwd", "zip://a.png::file:///etc/x.zip", "gs://bucket/a.png::file:///etc/passwd"),
    *("relative.png", "../../etc/passwd", "", "://", "gs://", "gs://bucket", "gs://bucket/", "gs://bucket/..", "gs:/x"),
    *("gs://UPPER/a.png", "gs://b/a.png", "gs://bucket@evil/a.png", "gs://evil.com:80/a", "gs://../x", "GS://bucket/a"),
    *("gs://bucket/a\r\nHost: evil", "gs://bucket/\0.png", "unknown://bucket/a.png", "s3a b://x/y", "/data/\0.png"),
]


def record(uri: str) -> tuple[StoredImage, None]:
    return StoredImage(uri=uri, mime_type="image/png"), None


@pytest.mark.parametrize("uri", FORBIDDEN)
def test_no_other_address_is_ever_opened(uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored_files, "_read", lambda *_: pytest.fail("was read"))

    with pytest.raises(FileUnavailableError) as refused:
        read_image(*record(uri))

    assert refused.value.status == 403
    assert unavailable_reason(record(uri)[0]) == refused.value.message


def test_other_storages_are_read_through_airflow_where_their_provider_is_installed(
    monkeypatch: pytest.MonkeyPatch, make_picture: Any, tmp_path: Path
) -> None:
    (tmp_path / "a.png").write_bytes(make_picture())
    asked: list[str] = []

    def storage_path(uri: str) -> Path:
        asked.append(uri)
        return tmp_path / "a.png"

    monkeypatch.setattr(stored_files, "has_fs", lambda scheme: scheme == "s3")
    monkeypatch.setattr(stored_files, "ObjectStoragePath", storage_path)

    assert read_image(*record("s3://my_conn@bucket/a.png")) == (make_picture(), "image/png")
    assert asked == ["s3://my_conn@bucket/a.png"]
    monkeypatch.setattr(image_storage, "MAX_IMAGE_BYTES", 10)
    with pytest.raises(FileUnavailableError, match="larger than"):
        read_image(*record("s3://my_conn@bucket/a.png"))


def test_what_a_storage_library_says_stays_in_the_log(monkeypatch: pytest.MonkeyPatch) -> None:
    def storage_path(uri: str) -> Path:
        raise ConnectionError("host secret.internal, key AKIA123")

    monkeypatch.setattr(stored_files, "has_fs", lambda scheme: True)
    monkeypatch.setattr(stored_files, "ObjectStoragePath", storage_path)

    with pytest.raises(FileUnavailableError) as failed:
        read_image(*record("s3://bucket/a.png"))

    assert failed.value.status == 502
    assert "ConnectionError" in failed.value.message
    assert "secret.internal" not in str(failed.value)


class Endless(io.BytesIO):
    """A file that gives as much as is asked for; asked for everything it would never end."""

    def read(self, size: int | None = -1, /) -> bytes:
        assert size is not None
        assert 0 < size <= 101
        return b"x" * size


def test_other_storages_are_not_read_to_their_end(monkeypatch: pytest.MonkeyPatch) -> None:
    class StoragePath:
        def __init__(self, uri: str) -> None: ...

        def open(self, mode: str) -> Endless:
            return Endless()

    monkeypatch.setattr(image_storage, "MAX_IMAGE_BYTES", 100)
    monkeypatch.setattr(stored_files, "has_fs", lambda scheme: True)
    monkeypatch.setattr(stored_files, "ObjectStoragePath", StoragePath)

    with pytest.raises(FileUnavailableError, match="larger than"):
        read_image(*record("s3://bucket/a.png"))


@pytest.fixture
def open_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "open"
    folder.mkdir()
    monkeypatch.setenv("AIRFLOW__IMAGEN__GALLERY_LOCAL_FOLDERS", str(folder))
    return folder


def test_local_files_are_not_read_to_their_end(open_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image_storage, "MAX_IMAGE_BYTES", 100)
    (open_folder / "a.png").write_bytes(b"x" * 1000)

    assert len(stored_files._read_local(open_folder / "a.png", 100)) == 101
    with pytest.raises(FileUnavailableError, match="larger than"):
        read_image(*record(f"{open_folder}/a.png"))


def test_a_link_that_was_put_there_after_the_check_leads_nowhere(
    open_folder: Path, monkeypatch: pytest.MonkeyPatch, make_picture: Any
) -> None:
    (open_folder.parent / "secret.png").write_bytes(make_picture())
    (open_folder / "a.png").symlink_to(open_folder.parent / "secret.png")
    monkeypatch.setattr(stored_files, "refusal_of", lambda *_: None)

    with pytest.raises(FileUnavailableError) as refused:
        read_image(*record(f"{open_folder}/a.png"))

    assert refused.value.status == 404


def test_a_pipe_is_not_waited_for(open_folder: Path) -> None:
    os.mkfifo(open_folder / "a.png")

    with pytest.raises(FileUnavailableError) as refused:
        read_image(*record(f"{open_folder}/a.png"))

    assert refused.value.status == 404


@pytest.mark.parametrize("scheme", ["http", "https", "ftp", "data", "memory", "github", "zip", "tar"])
def test_some_schemes_are_never_opened_whatever_a_provider_registers(
    monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    monkeypatch.setattr(stored_files, "has_fs", lambda _: True)
    monkeypatch.setattr(stored_files, "_read", lambda *_: pytest.fail("was read"))

    with pytest.raises(FileUnavailableError, match="cannot read"):
        read_image(*record(f"{scheme}://169.254.169.254/a.png"))
