"""Files are there whole or not at all, whatever ends the task."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

import pytest

from airflow_provider_imagen.core.responses import GeneratedImage
from airflow_provider_imagen.core.storage.object_names import TaskIdentity
from airflow_provider_imagen.errors import OutputError
from airflow_provider_imagen.operators import files

TASK = TaskIdentity("campaign", "manual__1", "posters", -1)
IMAGES = [GeneratedImage("image/png", data=b"first"), GeneratedImage("image/png", data=b"second")]


def found_in(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()]


def no_upload(uri: str, data: bytes, mime_type: str) -> NoReturn:
    raise AssertionError(uri)


def stop_here(*args: object) -> NoReturn:
    raise KeyboardInterrupt


@pytest.fixture(params=["nameless", "hidden"])
def file_system(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "hidden":
        monkeypatch.delattr(os, "O_TMPFILE")


@pytest.mark.usefixtures("file_system")
def test_writes_each_image_and_leaves_nothing_else(tmp_path: Path) -> None:
    uris = files.save_images(IMAGES, str(tmp_path), TASK, no_upload)

    assert [Path(uri).read_bytes() for uri in uris] == [b"first", b"second"]
    assert found_in(tmp_path) == [b"first", b"second"]


@pytest.mark.usefixtures("file_system")
def test_a_task_that_is_stopped_while_it_writes_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", stop_here)

    with pytest.raises(KeyboardInterrupt):
        files.save_images(IMAGES, str(tmp_path), TASK, no_upload)

    assert found_in(tmp_path) == []


@pytest.mark.skipif(sys.platform != "linux", reason="files without a name are Linux's")
def test_a_worker_that_is_killed_while_it_writes_leaves_no_file(tmp_path: Path) -> None:
    code = f"""
import os, signal
from pathlib import Path
from airflow_provider_imagen.operators import files
os.fsync = lambda number: os.kill(os.getpid(), signal.SIGKILL)
files.write_whole({str(tmp_path / "folder" / "sample_0.png")!r}, bytes(1000))
"""
    killed = subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=False, capture_output=True)

    assert killed.returncode == -signal.SIGKILL
    assert (tmp_path / "folder").is_dir()
    assert found_in(tmp_path) == []


def test_names_what_was_written_before_it_failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = files.write_whole

    def write_first_only(uri: str, data: bytes) -> None:
        if uri.startswith(str(tmp_path)) and data != b"first":
            raise OSError("disk full")
        write(uri, data)

    monkeypatch.setattr(files, "write_whole", write_first_only)

    with pytest.raises(OutputError, match=r"1 of 2 images could not.*disk full.*Written: .*sample_0.png") as caught:
        files.save_images(IMAGES, str(tmp_path), TASK, no_upload)

    assert found_in(tmp_path) == [b"first"]
    (rescued,) = re.findall(r"kept on this worker in (\S+)\. ", str(caught.value))
    assert found_in(Path(rescued)) == [b"second"]
    shutil.rmtree(rescued)


def test_files_get_the_rights_that_the_worker_gives_to_all_its_files(tmp_path: Path) -> None:
    (tmp_path / "usual").touch()
    (uri,) = files.save_images(IMAGES[:1], str(tmp_path), TASK, no_upload)

    assert Path(uri).stat().st_mode == (tmp_path / "usual").stat().st_mode
