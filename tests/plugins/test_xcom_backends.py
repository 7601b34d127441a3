"""Results that an XCom backend keeps elsewhere: read below the configured path only, within bounds, or said why not."""

from __future__ import annotations

import gzip
import json
import os
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.bases.xcom import BaseXCom

from airflow_provider_imagen.plugins.gallery import xcom_backend
from airflow_provider_imagen.plugins.gallery.bounded_cache import BoundedCache

GALLERY = "/imagen-gallery"
DAG = f"{GALLERY}/dags/posters_dag"
PAGE = f"{DAG}/runs/manual__1/tasks/posters/-1"
URI = "gs://bucket/made/sample_0.png"
OBJECT_STORAGE = "airflow.providers.common.io.xcom.backend.XComObjectStorageBackend"
Record = Callable[..., dict[str, Any]]
Visit = Callable[..., Any]


class ForeignBackend(BaseXCom):
    """Keeps values in a place of its own, of which the gallery must not call anything."""

    @staticmethod
    def deserialize_value(result: Any) -> Any:
        pytest.fail("was called")


FOREIGN = f"{__name__}.ForeignBackend"


@pytest.fixture(autouse=True)
def empty_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xcom_backend, "_files", BoundedCache(1 << 20, len))


@pytest.fixture
def base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Airflow keeps every XCom below this folder."""
    from airflow.providers.common.io.xcom import backend

    folder = tmp_path / "xcoms é"
    folder.mkdir()
    monkeypatch.setenv("AIRFLOW__CORE__XCOM_BACKEND", OBJECT_STORAGE)
    monkeypatch.setenv("AIRFLOW__COMMON_IO__XCOM_OBJECTSTORAGE_PATH", f"file://{folder}")
    monkeypatch.setenv("AIRFLOW__COMMON_IO__XCOM_OBJECTSTORAGE_THRESHOLD", "0")
    cached = (backend._get_base_path, backend._get_compression, backend._get_threshold)
    for each in cached:
        each.cache_clear()
    yield folder
    for each in cached:
        each.cache_clear()


def stored(value: Any) -> str:
    """Return what Airflow's backend leaves in the database, after it wrote the file."""
    from airflow.providers.common.io.xcom.backend import XComObjectStorageBackend

    names = {"dag_id": "posters_dag", "run_id": "manual__1", "task_id": "posters", "map_index": -1}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what a library of Airflow 3.1 says of Airflow is not ours
        reference = XComObjectStorageBackend.serialize_value(value, key="result", **names)
    assert isinstance(reference, str)
    return reference


@pytest.mark.parametrize("compression", ["", "gzip"])
@pytest.mark.usefixtures("posters")
def test_images_of_a_result_in_object_storage_are_shown(
    site: Any, visit: Visit, make_record: Record, base: Path, monkeypatch: pytest.MonkeyPatch, compression: str
) -> None:
    monkeypatch.setenv("AIRFLOW__COMMON_IO__XCOM_OBJECTSTORAGE_COMPRESSION", compression)
    site.clear()
    site.add_task(stored(make_record(URI)), run=site.add_run())

    for path in (PAGE, DAG):
        assert visit(path).thumbnails() == [f"{PAGE}/images/0/thumbnail"]
    assert site.as_user().get(f"{PAGE}/images/0").status_code == 200
    assert site.as_user().get(f"{PAGE}/images/0/thumbnail").status_code == 200


@pytest.mark.usefixtures("posters", "base")
def test_results_that_are_still_in_the_database_are_shown_beside_them(
    site: Any, visit: Visit, make_record: Record
) -> None:
    run = site.add_run("manual__2")
    site.add_task(stored(make_record("gs://bucket/x.png")), run=run, run_id="manual__2")

    assert len(visit(DAG).thumbnails()) == 3


@pytest.mark.usefixtures("base")
def test_a_file_is_read_once_until_the_xcom_is_pushed_again(site: Any, visit: Visit, make_record: Record) -> None:
    reference = stored(make_record(URI))
    file = Path(reference.removeprefix("file://"))
    site.add_task(reference, run=site.add_run())
    assert len(visit(PAGE).thumbnails()) == 1

    file.write_text(json.dumps(make_record(URI, URI)))
    assert len(visit(PAGE).thumbnails()) == 1
    site.clear()
    site.add_task(reference, run=site.add_run())
    assert len(visit(PAGE).thumbnails()) == 2


def unread(visit: Visit, site: Any, name: str) -> None:
    """Both pages name the backend, and nothing that the value names is sent."""
    for path in (PAGE, DAG):
        page = visit(path)
        assert name in page.text
        assert "images cannot be shown" in page.text
        assert page.thumbnails() == []
    assert site.as_user().get(f"{PAGE}/images/0").status_code == 404


@pytest.mark.usefixtures("base")
def test_a_file_that_is_gone_is_said(site: Any, visit: Visit, make_record: Record) -> None:
    reference = stored(make_record(URI))
    Path(reference.removeprefix("file://")).unlink()
    site.add_task(reference, run=site.add_run())

    unread(visit, site, OBJECT_STORAGE)
    assert "FileNotFoundError" in visit(PAGE).text
    assert reference not in visit(PAGE).answer.text


@pytest.mark.parametrize(
    "below",
    [
        *("../outside.json", "a/../../outside.json", "link.json", "folder/outside.json", "a//b.json", "./a.json", ""),
        *("/etc/passwd", "a.json::zip://x", "simplecache::a.json", "pipe.json", "folder", "a\n.json", "\0.json"),
    ],
)
def test_nothing_but_files_below_the_configured_path_is_read(
    site: Any, visit: Visit, make_record: Record, base: Path, below: str
) -> None:
    (base.parent / "outside.json").write_text(json.dumps(make_record(URI)))
    (base / "link.json").symlink_to(base.parent / "outside.json")
    (base / "folder").symlink_to(base.parent, target_is_directory=True)
    (base / "a").mkdir()
    os.mkfifo(base / "pipe.json")
    site.add_task(f"file://{base}/{below}", run=site.add_run())

    unread(visit, site, OBJECT_STORAGE)


@pytest.mark.parametrize("path", ["file://{base}x/a.json", "file:///etc/passwd", "s3://bucket/a.json", "{base}/a.json"])
def test_other_paths_are_values_of_other_operators(
    site: Any, visit: Visit, make_record: Record, base: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setattr(xcom_backend, "ObjectStoragePath", opened := OpenedPaths())
    (base / "a.json").write_text(json.dumps(make_record(URI)))
    site.add_task(path.format(base=base), run=site.add_run())

    assert "recorded no images" in visit(PAGE).text
    assert visit(DAG).thumbnails() == []
    assert opened.paths == []


class OpenedPaths:
    """A storage path that must not be opened."""

    def __init__(self) -> None:
        self.paths: list[str] = []

    def __call__(self, path: str) -> Any:
        return SimpleNamespace(__str__=lambda: path, open=lambda *_, **__: self.paths.append(path))


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"[" * 100_000, b'{"images": []}', b'"gs://bucket/x.png"'])
def test_a_file_that_holds_no_result_is_a_value_of_another_operator(
    site: Any, visit: Visit, base: Path, content: bytes
) -> None:
    (base / "a.json").write_bytes(content)
    site.add_task(f"file://{base}/a.json", run=site.add_run())

    assert "recorded no images" in visit(PAGE).text
    assert "No images." in visit(DAG).text


@pytest.mark.parametrize("name", ["a.json", "a.json.gz"])
def test_a_file_is_not_read_beyond_the_bound(
    site: Any, visit: Visit, make_record: Record, base: Path, name: str
) -> None:
    text = json.dumps({**make_record(URI), "more": "x" * xcom_backend.MAX_FILE_BYTES}).encode()
    (base / name).write_bytes(gzip.compress(text) if name.endswith(".gz") else text)
    site.add_task(f"file://{base}/{name}", run=site.add_run())

    unread(visit, site, OBJECT_STORAGE)


@pytest.mark.parametrize("value", ["vault:17", {"at": 5}, 3, ["a"], None])
def test_another_backend_is_named_and_never_called(
    site: Any, visit: Visit, monkeypatch: pytest.MonkeyPatch, value: Any
) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__XCOM_BACKEND", FOREIGN)
    site.add_task("vault:1" if value is None else value, run=site.add_run())

    unread(visit, site, FOREIGN)


@pytest.mark.parametrize("name", ["no.such.Backend", "", "json.loads"])
def test_a_backend_that_cannot_be_imported_is_named(
    site: Any, visit: Visit, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__XCOM_BACKEND", name)
    site.add_task("vault:1", run=site.add_run())

    page = visit(PAGE)

    assert ("recorded no images" if name == "" else f"keeps XComs through {name}") in page.text


def test_a_result_that_another_backend_left_in_the_database_is_shown(
    site: Any, visit: Visit, posters: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__XCOM_BACKEND", FOREIGN)

    assert len(visit(posters).thumbnails()) == 2


def test_a_task_without_a_result_says_nothing_of_backends(
    site: Any, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__XCOM_BACKEND", FOREIGN)
    site.add_task(run=site.add_run(), state="success")

    assert "keeps XComs" not in visit(PAGE).text + visit(DAG).text


def test_object_storage_without_a_path_opens_nothing(
    site: Any, visit: Visit, base: Path, make_record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    (base / "a.json").write_text(json.dumps(make_record(URI)))
    monkeypatch.setenv("AIRFLOW__COMMON_IO__XCOM_OBJECTSTORAGE_PATH", "")
    site.add_task(f"file://{base}/a.json", run=site.add_run())

    unread(visit, site, OBJECT_STORAGE)


@pytest.mark.parametrize("path", ["s3://conn@bucket", "s3://conn@bucket/", "s3://conn@bucket/xcoms/"])
def test_the_path_may_be_a_bucket_of_a_connection(monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__XCOM_BACKEND", OBJECT_STORAGE)
    monkeypatch.setenv("AIRFLOW__COMMON_IO__XCOM_OBJECTSTORAGE_PATH", path)

    backend = xcom_backend.configured_backend()

    assert backend.base == path.rstrip("/")
    assert backend.is_reference(f"{path.rstrip('/')}/dag/run/task/a.json")
    assert not backend.is_reference("s3://bucket/dag/run/task/a.json")


@pytest.mark.parametrize(
    "below", ["../secret.json", "a/../../secret.json", "./a.json", "a//b.json", "a.json::file:///x"]
)
def test_no_path_that_leads_out_of_a_bucket_is_opened(monkeypatch: pytest.MonkeyPatch, below: str) -> None:
    monkeypatch.setattr(xcom_backend, "ObjectStoragePath", lambda *_: pytest.fail("was opened"))
    backend = xcom_backend.XComBackend(OBJECT_STORAGE, is_default=False, base="s3://bucket/xcoms")

    with pytest.raises(xcom_backend.UnreadableResultError, match="ValueError"):
        backend.read(f"{backend.base}/{below}", "1")
