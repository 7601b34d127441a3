"""Puts thumbnails of many images onto one sheet."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

COLUMNS = 5
CELL = 260
CAPTION = 40
GAP = 16
PAPER = "#f6f6f3"
INK = "#333333"


def contact_sheet(images: Sequence[tuple[Path, str]], target: Path) -> None:
    """Write a sheet with one cell for each image: thumbnail, task, size in pixels.

    :param images: file and task id of each image.
    :param target: the PNG to write.
    """
    rows = -(-len(images) // COLUMNS)
    size = (COLUMNS * (CELL + GAP) + GAP, rows * (CELL + CAPTION + GAP) + GAP)
    sheet = Image.new("RGB", size, PAPER)
    for number, (path, task_id) in enumerate(images):
        corner = (
            GAP + number % COLUMNS * (CELL + GAP),
            GAP + number // COLUMNS * (CELL + CAPTION + GAP),
        )
        _place(sheet, corner, path, task_id)
    sheet.save(target)


def _place(sheet: Image.Image, corner: tuple[int, int], path: Path, task_id: str) -> None:
    with Image.open(path) as image:
        caption = f"{task_id}  {image.width} x {image.height}"
        image.thumbnail((CELL, CELL))
        left = corner[0] + (CELL - image.width) // 2
        sheet.paste(image.convert("RGB"), (left, corner[1] + (CELL - image.height) // 2))
    font = ImageFont.load_default(size=18)
    place = (corner[0] + CELL // 2, corner[1] + CELL + CAPTION // 2)
    ImageDraw.Draw(sheet).text(place, caption, fill=INK, font=font, anchor="mm")
