"""What a listing alone tells of an item."""

from __future__ import annotations

import pytest

from airflow_provider_imagen.core.batch.plan import PlannedItem
from airflow_provider_imagen.core.batch.reuse import Listed, finished_images, own_files
from airflow_provider_imagen.core.recovery.request_record import record_name

HEX = "0123456789ab" * 5
OTHER = "b" * 60


def item(images: int = 1, key: str = "sku.1") -> PlannedItem:
    return PlannedItem(1, key, HEX, {}, images, images, "m")


def listed(*names: str, keys: tuple[str, ...] = ("sku.1",)) -> Listed:
    found = Listed()
    for number, name in enumerate(names):
        found.add(keys, name, str(number), 0 if name.endswith(".empty") else 7)
    return found


RECORD = f"_imagen/{record_name('sku.1', HEX, is_intent=False)}"


@pytest.mark.parametrize(
    "name", ["sku.1.png", "sku.1~2.jpg", "sku.1/0.png", "sku.1/1700000000000/sample_0.png", "sku.1/deep/er.png"]
)
def test_files_that_may_be_of_a_key_are_kept(name: str) -> None:
    assert [file.name for file in listed(name).files["sku.1"]] == [name]


@pytest.mark.parametrize("name", ["sku.10.png", "sku.png", "other/sku.1.png", "_imagen/batches/b/plan.jsonl", "sku.1"])
def test_others_are_not(name: str) -> None:
    assert not listed(name).files


def test_records_are_kept_by_key_with_their_versions() -> None:
    found = listed(RECORD, f"_imagen/{record_name('other', HEX, is_intent=False)}", "_imagen/sku.1.json")

    assert found.records == {"sku.1": {RECORD.removeprefix("_imagen/"): "0"}}


def test_only_images_of_the_key_itself_are_its_own() -> None:
    names = ("sku.1.png", "sku.1.txt", "sku.1/0.png", "sku.1/notes/0.png")

    assert own_files(item(), listed(*names).files["sku.1"]) == {"sku.1.png": "0", "sku.1/0.png": "2"}


def test_a_folder_that_other_tasks_write_to_is_not_the_keys() -> None:
    names = ("sku.1.png", "sku.1/0.png", "sku.1/_imagen/x.json")

    assert own_files(item(), listed(*names).files["sku.1"]) == {"sku.1.png": "0"}


def finished(*names: str, images: int = 1) -> list[str] | None:
    found = listed(*names)
    return finished_images(
        item(images), own_files(item(images), found.files.get("sku.1", ())), found.records.get("sku.1", {})
    )


def test_one_record_and_its_images_are_a_finished_item() -> None:
    assert finished("sku.1.png", RECORD) == ["sku.1.png"]
    assert finished("sku.1/1.png", "sku.1/0.png", RECORD, images=2) == ["sku.1/0.png", "sku.1/1.png"]
    assert finished("sku.1/0.png", RECORD, images=2) == ["sku.1/0.png"]
    assert finished("sku.1/1700000000000/sample_0.png", RECORD) == ["sku.1/1700000000000/sample_0.png"]


@pytest.mark.parametrize(
    "names",
    [
        (RECORD,),
        ("sku.1.png",),
        ("sku.1.png", f"_imagen/{record_name('sku.1', OTHER, is_intent=False)}"),
        ("sku.1.png", f"_imagen/{record_name('sku.1', HEX, is_intent=True)}"),
        ("sku.1.png", RECORD, f"_imagen/{record_name('sku.1', OTHER, is_intent=False)}"),
        ("sku.1.png", RECORD, f"_imagen/{record_name('sku.1', HEX, is_intent=True)}"),
        ("sku.1.png", "sku.1~2.png", RECORD),
        ("sku.1~2.png", RECORD),
        ("sku.1.png", "sku.1/0.png", RECORD),
    ],
)
def test_whatever_else_is_there_is_read_or_asked_for(names: tuple[str, ...]) -> None:
    assert finished(*names) is None
