"""Files on disk are there whole or not at all, whatever ends the task."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NoReturn

import pytest

from airflow_provider_imagen.core.storage.locations import LocalFolder, parse_location
from airflow_provider_imagen.errors import OutputError
from airflow_provider_imagen.runner.local_store import LocalStore


def store(folder: Path) -> LocalStore:
    return LocalStore(LocalFolder(str(folder), str(folder)))


def found_in(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()]


def stop_here(*args: object) -> NoReturn:
    raise KeyboardInterrupt


def test_writes_a_file_and_leaves_nothing_else(tmp_path: Path) -> None:
    store(tmp_path).write("own/0.png", b"first", "image/png")

    assert (tmp_path / "own" / "0.png").read_bytes() == b"first"
    assert found_in(tmp_path) == [b"first"]


def test_a_task_that_is_stopped_while_it_writes_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", stop_here)

    with pytest.raises(KeyboardInterrupt):
        store(tmp_path).write("own/0.png", b"first", "image/png")

    assert found_in(tmp_path) == []


def test_a_worker_that_is_killed_while_it_writes_leaves_no_visible_file(
    tmp_path: Path,
) -> None:
    code = f"""
import os, signal
from pathlib import Path
from airflow_provider_imagen.core.storage.locations import LocalFolder
from airflow_provider_imagen.runner.local_store import LocalStore
os.fsync = lambda number: os.kill(os.getpid(), signal.SIGKILL)
folder = {str(tmp_path)!r}
LocalStore(LocalFolder(folder, folder)).write("own/0.png", bytes(1000), "image/png")
"""
    killed = subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=False, capture_output=True)

    assert killed.returncode == -signal.SIGKILL
    assert list(store(tmp_path).files("own/")) == []
    assert not (tmp_path / "own" / "0.png").exists()
    store(tmp_path).write("own/0.png", b"whole", "image/png")
    assert [(file.name, file.size) for file in store(tmp_path).files("")] == [("own/0.png", 5)]


def test_two_writers_of_one_file_do_not_disturb_each_other(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        written = [
            threads.submit(store(tmp_path).write, "own/0.png", bytes([number]) * 100_000, "image/png")
            for number in range(40)
        ]
    assert [each.exception() for each in written] == [None] * 40
    (content,) = found_in(tmp_path)
    assert content in [bytes([number]) * 100_000 for number in range(40)]


def test_files_get_the_rights_that_the_worker_gives_to_all_its_files(tmp_path: Path) -> None:
    (tmp_path / "usual").touch()
    store(tmp_path).write("0.png", b"x", "image/png")

    assert (tmp_path / "0.png").stat().st_mode == (tmp_path / "usual").stat().st_mode


def test_a_replaced_file_has_another_version(tmp_path: Path) -> None:
    place = store(tmp_path)
    place.write("0.png", b"x", "image/png")
    (first,) = place.files("")
    place.write("0.png", b"x", "image/png")
    (second,) = place.files("")

    assert first.version != second.version
    assert (first.name, first.size) == ("0.png", 1)


@pytest.mark.parametrize(
    ("prefix", "names"),
    [
        ("", ["a.png", "ab/1/x.png", "ab/2.png", "b.png"]),
        ("a", ["a.png", "ab/1/x.png", "ab/2.png"]),
        ("ab/", ["ab/1/x.png", "ab/2.png"]),
        ("ab/2", ["ab/2.png"]),
        ("c/", []),
        ("a.png/", []),
    ],
)
def test_files_are_listed_by_the_beginning_of_their_names(tmp_path: Path, prefix: str, names: list[str]) -> None:
    for name in ("a.png", "b.png", "ab/2.png", "ab/1/x.png"):
        store(tmp_path).write(name, b"x", "image/png")

    assert [file.name for file in store(tmp_path).files(prefix)] == names


def test_reads_what_was_written_and_no_more_than_allowed(tmp_path: Path) -> None:
    place = store(tmp_path)
    place.write("note.json", b"12345", "application/json")

    assert place.read("note.json", 5) == b"12345"
    assert place.read("other.json", 5) is None
    with pytest.raises(OutputError, match="more than 4 bytes"):
        place.read("note.json", 4)


def test_what_is_removed_is_gone_and_may_be_gone_already(tmp_path: Path) -> None:
    place = store(tmp_path)
    place.write("0.png", b"x", "image/png")
    place.remove("0.png")
    place.remove("0.png")

    assert found_in(tmp_path) == []


@pytest.mark.parametrize(
    ("uri", "first", "path"),
    [
        ("/data/a/", "/data/a/0.png", "/data/a"),
        ("/data/a", "/data/a/0.png", "/data/a"),
        ("file:///data/a/", "file:///data/a/0.png", "/data/a"),
        ("local:///data/a", "local:///data/a/0.png", "/data/a"),
    ],
)
def test_a_uri_keeps_the_form_that_the_task_wrote(uri: str, first: str, path: str) -> None:
    location = parse_location(uri)

    assert isinstance(location, LocalFolder)
    assert location.path == path
    assert LocalStore(location).uri("0.png") == first
