"""The contact sheet of the demo: an edited image stands beside its photo."""

from __future__ import annotations

from pathlib import Path

import pytest
from contact_sheet import CAPTION, CELL, COLUMNS, GAP, PHOTO, cells_of, contact_sheet
from PIL import Image


def test_images_fill_one_row_after_the_other() -> None:
    assert list(cells_of(["posters"] * 7)) == [*((column, 0) for column in range(5)), (0, 1), (1, 1)]


@pytest.mark.parametrize("before", range(2 * COLUMNS + 1))
@pytest.mark.parametrize("photos", range(1, COLUMNS))
def test_photos_and_what_was_made_from_them_are_side_by_side(before: int, photos: int) -> None:
    cells = list(cells_of([*["posters"] * before, *[PHOTO] * photos, "scenes", *[PHOTO] * photos, "scenes"]))

    assert len(set(cells)) == len(cells)
    for first in (before, before + photos + 1):
        group = cells[first : first + photos + 1]
        assert {row for _, row in group} == {group[0][1]}
        assert [column for column, _ in group] == list(range(group[0][0], group[0][0] + photos + 1))


def test_more_photos_than_a_row_has_room_for_go_on_in_the_next() -> None:
    assert list(cells_of([PHOTO] * 6 + ["scenes"])) == [*((column, 0) for column in range(5)), (0, 1), (1, 1)]


def test_the_sheet_shows_each_image_in_its_cell(tmp_path: Path) -> None:
    for name in ("red", "blue"):
        Image.new("RGB", (400, 400), name).save(tmp_path / f"{name}.png")
    contact_sheet([(tmp_path / "red.png", PHOTO), (tmp_path / "blue.png", "scenes")], tmp_path / "sheet.png")

    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.size == (COLUMNS * (CELL + GAP) + GAP, CELL + CAPTION + 2 * GAP)
        centres = [(GAP + CELL // 2 + column * (CELL + GAP), GAP + CELL // 2) for column in range(3)]
        assert [sheet.getpixel(centre) for centre in centres] == [(255, 0, 0), (0, 0, 255), (246, 246, 243)]
