"""Puts thumbnails of many images onto one sheet, an edited image beside its photos."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

COLUMNS = 5
CELL = 260
CAPTION = 40
GAP = 16
PAPER = "#f6f6f3"
INK = "#333333"
PHOTO = "photo"
"""The caption of a photo; the image that was made from it comes next."""


def contact_sheet(images: Sequence[tuple[Path, str]], target: Path) -> None:
    """Write a sheet with one cell for each image: thumbnail, task, size in pixels.

    :param images: file and task id of each image; photos, before the image that was made from them, as :data:`PHOTO`.
    :param target: the PNG to write.
    """
    cells = list(cells_of([task_id for _, task_id in images]))
    rows = max((row for _, row in cells), default=-1) + 1
    size = (COLUMNS * (CELL + GAP) + GAP, rows * (CELL + CAPTION + GAP) + GAP)
    sheet = Image.new("RGB", size, PAPER)
    for (path, task_id), (column, row) in zip(images, cells, strict=True):
        corner = (GAP + column * (CELL + GAP), GAP + row * (CELL + CAPTION + GAP))
        _place(sheet, corner, path, task_id)
    sheet.save(target)


def cells_of(task_ids: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Yield column and row of each image: photos and the image that was made from them are in one row, if it has room.

    :param task_ids: of each image, :data:`PHOTO` for a photo.
    """
    column = row = 0
    for number, task_id in enumerate(task_ids):
        begins_group = task_id == PHOTO and (number == 0 or task_ids[number - 1] != PHOTO)
        photos = next((n for n, each in enumerate(task_ids[number:]) if each != PHOTO), 0)
        if column == COLUMNS or (begins_group and column + photos >= COLUMNS > photos):
            column, row = 0, row + 1
        yield column, row
        column += 1


def _place(sheet: Image.Image, corner: tuple[int, int], path: Path, task_id: str) -> None:
    with Image.open(path) as image:
        caption = f"{task_id}  {image.width} x {image.height}"
        image.thumbnail((CELL, CELL))
        left = corner[0] + (CELL - image.width) // 2
        sheet.paste(image.convert("RGB"), (left, corner[1] + (CELL - image.height) // 2))
    font = ImageFont.load_default(size=18)
    place = (corner[0] + CELL // 2, corner[1] + CELL + CAPTION // 2)
    ImageDraw.Draw(sheet).text(place, caption, fill=INK, font=font, anchor="mm")
