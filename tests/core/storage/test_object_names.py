"""Names of a request's own place and of the files in it."""

from __future__ import annotations

import re
from typing import Any

import pytest

from airflow_provider_imagen.core.image_format import EXTENSIONS
from airflow_provider_imagen.core.storage.object_names import (
    OwnPlace,
    in_order,
    is_output,
    mime_type_of,
    newest_complete,
    own_name,
)

TASK = {"dag_id": "dag", "run_id": "scheduled__2026-11-22T00:00:00+00:00", "task_id": "posters", "map_index": -1}
KEY = OwnPlace("sku1", is_key=True, requested=1)
KEY_OF_FOUR = OwnPlace("sku1", is_key=True, requested=4)
OWN = OwnPlace("posters-0123456789ab", is_key=False, requested=1)


def test_a_second_try_of_a_task_writes_to_the_same_place() -> None:
    assert own_name(**TASK) == own_name(**dict(TASK)) == "posters-e2e0a60611da"


@pytest.mark.parametrize(
    "change",
    [
        {"dag_id": "other"},
        {"run_id": "manual__2026-11-22T00:00:00+00:00"},
        {"task_id": "posters2"},
        {"map_index": 0},
        {"dag_id": "dags", "run_id": TASK["run_id"][1:]},
    ],
)
def test_two_tasks_never_share_a_place(change: dict[str, Any]) -> None:
    assert own_name(**TASK | change) != own_name(**TASK)


@pytest.mark.parametrize("task_id", ["group.posters", "x" * 250, "../../etc", "a b/ü\n", "."])
def test_a_place_is_one_short_part_of_a_path(task_id: str) -> None:
    assert re.fullmatch(r"[A-Za-z0-9._-]{1,60}-[0-9a-f]{12}", own_name(**TASK | {"task_id": task_id}))


@pytest.mark.parametrize(
    ("place", "number", "mime_type", "copy", "name"),
    [
        (OWN, 0, "image/png", 1, "posters-0123456789ab/sample_0.png"),
        (OWN, 3, "image/jpeg", 1, "posters-0123456789ab/sample_3.jpg"),
        (OWN, 0, "image/png", 2, "posters-0123456789ab/sample_0~2.png"),
        (OWN, 0, "application/x-new", 1, "posters-0123456789ab/sample_0.bin"),
        (KEY, 0, "image/png", 1, "sku1.png"),
        (KEY, 0, "image/png", 3, "sku1~3.png"),
        (KEY, 1, "image/png", 1, "sku1/1.png"),
        (KEY_OF_FOUR, 0, "image/webp", 1, "sku1/0.webp"),
        (KEY_OF_FOUR, 3, "image/webp", 2, "sku1/3~2.webp"),
    ],
)
def test_files_are_named_by_place_and_number(
    place: OwnPlace, number: int, mime_type: str, copy: int, name: str
) -> None:
    assert place.file_name(number, mime_type, copy) == name
    assert place.owns(name)
    assert place.number_of(name) == number


@pytest.mark.parametrize(
    "name",
    ["sku1.png", "sku1.JPG".lower(), "sku1~2.png", "sku1/0.png", "sku1/12~3.jpg", "sku1/1733000000000/sample_0.png"],
)
def test_a_key_owns_its_files(name: str) -> None:
    assert KEY.owns(name)
    assert KEY_OF_FOUR.owns(name)


@pytest.mark.parametrize(
    "name",
    [
        *("sku10.png", "sku1.v2.png", "sku1-a.png", "sku1.txt", "sku1.png.txt", "xsku1.png", "sku1", "sku1/"),
        *("sku1/other/0.png", "sku1/notes.png", "sku10/0.png", "_imagen/sku1.png", "a/sku1.png", ".sku1.png.part"),
        *("sku1/_imagen/0.png", "sku1~x.png", "sku1/0.png/x"),
    ],
)
def test_a_key_owns_no_other_file(name: str) -> None:
    assert not KEY.owns(name)


@pytest.mark.parametrize(
    ("name", "owned"),
    [
        ("posters-0123456789ab/sample_0.png", True),
        ("posters-0123456789ab/1733000000000/sample_0.png", True),
        ("posters-0123456789ab/1733000000000/sample_0", True),
        ("posters-0123456789ab/sample_0.bin", True),
        ("posters-0123456789ab/notes.txt", False),
        ("posters-0123456789ab/.sample_0.png.part", False),
        ("posters-0123456789ab/_imagen/sample_0.png", False),
        ("posters-0123456789abc/sample_0.png", False),
        ("sample_0.png", False),
    ],
)
def test_a_place_without_a_key_owns_the_images_in_its_folder(name: str, owned: bool) -> None:
    assert OWN.owns(name) is owned


def test_in_a_folder_of_other_tasks_a_key_owns_what_google_wrote_and_no_number() -> None:
    google, beside = "sku1/1733000000000/sample_0.png", "sku1.png"
    names = [google, beside, "sku1/0.png", "sku1/0/1733000000000/sample_0.png"]

    assert KEY.owned(names) == {google, beside, "sku1/0.png"}
    assert KEY.owned([*names, "sku1/_imagen/0.0123456789ab.json"]) == {google, beside}


def test_numbers_go_on_after_files_that_stay() -> None:
    after = OWN.after(["posters-0123456789ab/sample_0.png", "posters-0123456789ab/sample_10.jpg"])

    assert after.file_name(0, "image/png") == "posters-0123456789ab/sample_11.png"
    assert after.number_of("posters-0123456789ab/sample_12.png") == 1
    assert OWN.after([]) == OWN


def test_of_images_that_google_stored_the_newest_complete_folder_counts() -> None:
    def folder(time: str, images: int) -> list[str]:
        return [f"own/{time}/sample_{number}.png" for number in range(images)]

    early, late, half = folder("1733000000000", 2), folder("1733000000001", 3), folder("1733000000002", 1)

    assert newest_complete([*half, *late, *early], 2) == (late[:2], [*early, *late[2:], *half])
    assert newest_complete([*half, *early], 3) == (early, half)
    assert newest_complete([], 3) == ([], [])


def test_images_are_in_the_order_of_their_numbers() -> None:
    assert in_order(["b/sample_10.png", "b/sample_9.png", "a/sample_1.png"]) == [
        "a/sample_1.png",
        "b/sample_9.png",
        "b/sample_10.png",
    ]


@pytest.mark.parametrize("mime_type", sorted(EXTENSIONS))
def test_a_name_tells_the_type_it_was_made_of(mime_type: str) -> None:
    assert mime_type_of(f"gs://bucket/a/{OWN.file_name(0, mime_type)}") == mime_type


def test_a_name_of_another_kind_tells_nothing() -> None:
    assert mime_type_of("notes.txt") == "application/octet-stream"


@pytest.mark.parametrize(
    ("name", "output"),
    [("a/_imagen/b.png", False), ("_imagen/b.png", False), ("a/_imagen.png", True), ("a/x_imagen/b.png", True)],
)
def test_nothing_in_a_folder_of_records_is_an_output(name: str, output: bool) -> None:
    assert is_output(name) is output
