"""Names of the files that the worker writes."""

from __future__ import annotations

import re

import pytest

from airflow_provider_imagen.core.image_format import EXTENSIONS
from airflow_provider_imagen.core.storage.object_names import (
    TaskIdentity,
    file_name,
    folder_name,
    mime_type_of,
    next_number,
)

TASK = TaskIdentity("dag", "scheduled__2026-11-22T00:00:00+00:00", "posters", -1)


def test_a_second_try_of_a_task_writes_to_the_same_folder() -> None:
    assert folder_name(TASK) == folder_name(TaskIdentity(*TASK))
    assert folder_name(TASK) == "posters-e2e0a60611da"


@pytest.mark.parametrize(
    "other",
    [
        TASK._replace(dag_id="other"),
        TASK._replace(run_id="manual__2026-11-22T00:00:00+00:00"),
        TASK._replace(task_id="posters2"),
        TASK._replace(map_index=0),
        TASK._replace(dag_id="dags", run_id=TASK.run_id[1:]),
    ],
)
def test_two_tasks_never_share_a_folder(other: TaskIdentity) -> None:
    assert folder_name(other) != folder_name(TASK)


@pytest.mark.parametrize("task_id", ["group.posters", "x" * 250, "../../etc", "a b/ü\n", "."])
def test_a_folder_name_is_one_short_part_of_a_path(task_id: str) -> None:
    name = folder_name(TASK._replace(task_id=task_id))

    assert re.fullmatch(r"[A-Za-z0-9._-]{1,60}-[0-9a-f]{12}", name)


@pytest.mark.parametrize(
    ("index", "mime_type", "name"),
    [
        (0, "image/png", "sample_0.png"),
        (3, "image/jpeg", "sample_3.jpg"),
        (0, "image/webp", "sample_0.webp"),
        (0, "application/x-new", "sample_0.bin"),
    ],
)
def test_files_are_named_as_google_names_them(index: int, mime_type: str, name: str) -> None:
    assert file_name(index, mime_type) == name


@pytest.mark.parametrize("mime_type", sorted(EXTENSIONS))
def test_a_name_tells_the_type_it_was_made_of(mime_type: str) -> None:
    assert mime_type_of(f"gs://bucket/a/{file_name(0, mime_type)}") == mime_type


def test_a_name_of_another_kind_tells_nothing() -> None:
    assert mime_type_of("notes.txt") == "application/octet-stream"


@pytest.mark.parametrize(
    ("names", "number"),
    [
        ([], 0),
        (["sample_0.png"], 1),
        (["/a/sample_9.png", "gs://b/sample_10.jpg"], 11),
        (["notes.txt", "sample_x.png", "my_sample_7.png", "sample_8/other.png"], 0),
    ],
)
def test_the_next_number_is_one_that_no_file_has(names: list[str], number: int) -> None:
    assert next_number(names) == number
