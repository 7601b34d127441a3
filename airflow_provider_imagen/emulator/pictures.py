"""Real images: right size, right format, the prompt drawn on them, the same for the same seed."""

from __future__ import annotations

import colorsys
import io
import random
import textwrap
from collections.abc import Callable, Sequence

from PIL import Image, ImageDraw, ImageFont

FORMATS = {
    "image/png": "PNG",
    "image/jpeg": "JPEG",
    "image/gif": "GIF",
    "image/webp": "WEBP",
    "image/bmp": "BMP",
    "image/tiff": "TIFF",
    "image/vnd.microsoft.icon": "ICO",
}
MOST_PIXELS = 17_000_000
LARGEST_INPUT_BYTES = 10 * 1024 * 1024
Color = tuple[int, int, int]


class UnusableImageError(ValueError):
    """The bytes are not an image that can be upscaled."""


def draw(prompt: str, size: tuple[int, int], seed: str, inputs: Sequence[Image.Image | None] = ()) -> Image.Image:
    """Return a drawn landscape with the prompt as its caption.

    :param prompt: the caption.
    :param size: width and height in pixels.
    :param seed: decides colours and shapes.
    :param inputs: pictures of the request, which are shown small; None for one that cannot be shown.
    """
    chance = random.Random(seed)  # noqa: S311  # for looks
    hue = chance.random()
    image = _sky(size, _color(hue, 0.55, 0.98), _color(hue + 0.12, 0.35, 0.62))
    pen = ImageDraw.Draw(image)
    _sun(pen, size, chance, _color(hue + 0.5, 0.45, 1.0))
    for layer in range(4):
        _hills(pen, size, chance, 0.5 + layer * 0.13, _color(hue + 0.08 * layer, 0.6, 0.62 - layer * 0.13))
    _thumbnails(image, inputs)
    _caption(pen, size, prompt)
    return image


def upscale(data: bytes, factor_of: Callable[[tuple[int, int]], int]) -> Image.Image:
    """Return an image that is larger by a whole factor.

    :param factor_of: returns the factor for an image's width and height.

    :raises UnusableImageError: too many bytes or pixels, or neither PNG nor JPEG.
    """
    if len(data) > LARGEST_INPUT_BYTES:
        raise UnusableImageError("Image size exceeds the limit of 10 MB.")
    try:
        image = Image.open(io.BytesIO(data), formats=("PNG", "JPEG"))
        factor = factor_of(image.size)
        width, height = image.width * factor, image.height * factor
        if width * height > MOST_PIXELS:
            raise UnusableImageError(f"Output of {width} x {height} pixels exceeds the limit of 17 megapixels.")
        return image.convert("RGB").resize((width, height), Image.Resampling.BICUBIC)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as failure:
        raise UnusableImageError("The output exceeds the limit of 17 megapixels.") from failure
    except (OSError, SyntaxError) as failure:
        raise UnusableImageError("Unable to decode the image: it must be PNG or JPEG.") from failure


def encode(image: Image.Image, mime_type: str, quality: int) -> bytes:
    """Return the file content of an image. ``quality`` (0 to 100) counts for JPEG only."""
    options: dict[str, int] = {}
    if mime_type == "image/jpeg":
        options = {"quality": quality}
    elif mime_type == "image/png":
        options = {"compress_level": 1}
    file = io.BytesIO()
    image.save(file, FORMATS[mime_type], **options)
    return file.getvalue()


def _color(hue: float, saturation: float, value: float) -> Color:
    red, green, blue = colorsys.hsv_to_rgb(hue % 1, saturation, value)
    return int(red * 255), int(green * 255), int(blue * 255)


def _sky(size: tuple[int, int], top: Color, bottom: Color) -> Image.Image:
    gradient = Image.new("RGB", (1, 2))
    gradient.putpixel((0, 0), top)
    gradient.putpixel((0, 1), bottom)
    return gradient.resize(size, Image.Resampling.BILINEAR)


def _sun(pen: ImageDraw.ImageDraw, size: tuple[int, int], chance: random.Random, color: Color) -> None:
    radius = min(size) * chance.uniform(0.07, 0.14)
    x, y = size[0] * chance.uniform(0.15, 0.85), size[1] * chance.uniform(0.12, 0.4)
    pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=color)


def _hills(pen: ImageDraw.ImageDraw, size: tuple[int, int], chance: random.Random, level: float, color: Color) -> None:
    width, height = size
    points = [(width * step / 6, height * (level + chance.uniform(-0.1, 0.08))) for step in range(7)]
    pen.polygon([(0, height), *points, (width, height)], fill=color)


def _thumbnails(image: Image.Image, inputs: Sequence[Image.Image | None]) -> None:
    """Draw pictures in rows from the upper left corner, each in a white frame."""
    cell = max(16, min(image.size) // 5)
    margin = max(1, cell // 10)
    columns = max(1, (image.width - margin) // (cell + margin))
    pen = ImageDraw.Draw(image)
    for index, picture in enumerate(inputs):
        left, top = margin + index % columns * (cell + margin), margin + index // columns * (cell + margin)
        thumbnail = _unshown(cell) if picture is None else picture.copy()
        thumbnail.thumbnail((cell, cell))
        border = max(1, margin // 4)
        frame = (left - border, top - border, left + thumbnail.width + border - 1, top + thumbnail.height + border - 1)
        pen.rectangle(frame, fill="white")
        image.paste(thumbnail, (left, top))


def _unshown(side: int) -> Image.Image:
    """Return a grey square in place of a picture that Pillow cannot read."""
    square = Image.new("RGB", (side, side), "grey")
    font = ImageFont.load_default(size=max(8, side // 6))
    ImageDraw.Draw(square).text((side / 2, side / 2), "HEIC", font=font, fill="white", anchor="mm")
    return square


def _caption(pen: ImageDraw.ImageDraw, size: tuple[int, int], prompt: str) -> None:
    font_size = max(10, min(size) // 24)
    text = textwrap.fill(prompt, max(10, int(size[0] / (font_size * 0.58))), max_lines=5, placeholder=" ...")
    font = ImageFont.load_default(size=font_size)
    pen.multiline_text(
        (font_size, size[1] - font_size),
        text,
        font=font,
        fill="white",
        anchor="ld",
        stroke_width=2,
        stroke_fill="black",
    )
