"""Draws the photos of products that the demo edits: made by code, free of any rights."""

from __future__ import annotations

import io

from PIL import Image, ImageDraw

from airflow_provider_imagen.emulator import Emulator

SIZE = (960, 720)
PAPER, SHADE = "#e9e6df", "#d3cfc4"


def mug() -> bytes:
    """Return a PNG of a red mug on a table."""
    image, pen = _table()
    pen.ellipse((560, 270, 760, 500), outline="#b8322a", width=38)
    pen.rounded_rectangle((320, 220, 640, 560), radius=40, fill="#c8382f")
    pen.rounded_rectangle((350, 250, 390, 530), radius=20, fill="#dd5b50")
    pen.ellipse((320, 190, 640, 260), fill="#8f241e")
    return _png(image)


def boots() -> bytes:
    """Return a PNG of two brown boots on a table."""
    image, pen = _table()
    for left in (220, 490):
        pen.rounded_rectangle((left, 180, left + 130, 500), radius=30, fill="#7a4a26")
        pen.rounded_rectangle((left, 400, left + 240, 540), radius=60, fill="#8a5630")
        pen.rounded_rectangle((left - 10, 530, left + 250, 565), radius=14, fill="#2f2a26")
        for height in range(230, 400, 45):
            pen.line((left + 70, height, left + 130, height), fill="#e8d9b0", width=8)
    return _png(image)


PHOTOS = {"mug": mug, "boots": boots}
"""By product, a function that draws its photo."""


def put_photos(emulator: Emulator, bucket: str) -> None:
    """Put a photo of each product into a bucket, where the examples look for it."""
    for product, draw in PHOTOS.items():
        emulator.put_object(bucket, f"photos/{product}.png", draw(), "image/png")


def _table() -> tuple[Image.Image, ImageDraw.ImageDraw]:
    image = Image.new("RGB", SIZE, PAPER)
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, 520, *SIZE), fill=SHADE)
    return image, pen


def _png(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()
