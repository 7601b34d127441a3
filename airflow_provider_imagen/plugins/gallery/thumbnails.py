"""Thumbnails, made with Pillow where it is installed. Nothing large is decoded."""

from __future__ import annotations

import importlib.util
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_provider_imagen.core.image_header import read_header
from airflow_provider_imagen.plugins.gallery.bounded_cache import BoundedCache

if TYPE_CHECKING:
    from PIL import Image

EDGE_PIXELS = 384
SMALLEST_TEXT_PIXELS = 16
MAX_PIXELS = 25_000_000
"""The largest image that is decoded, in pixels; Google's largest have 17 million."""
MAX_BYTES_WITHOUT_PILLOW = 8 << 20
CACHE_BYTES = 64 << 20
FORMATS = {"image/png": "PNG", "image/jpeg": "JPEG", "image/webp": "WEBP", "image/gif": "GIF", "image/bmp": "BMP"}
"""What every browser shows, by MIME type, with Pillow's name for it."""


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A small version of an image, with size and dimensions of the image itself."""

    data: bytes
    mime_type: str
    original_bytes: int
    width: int | None = None
    height: int | None = None


class ThumbnailError(Exception):
    """No small version of an image can be made; the text gives the reason."""


def new_thumbnail_cache(max_bytes: int = CACHE_BYTES) -> BoundedCache[Thumbnail]:
    """Return an empty cache.

    :param max_bytes: bound on the bytes of all thumbnails.
    """
    return BoundedCache(max_bytes, lambda thumbnail: len(thumbnail.data))


def pillow_is_installed() -> bool:
    """Return whether Pillow can be imported."""
    return importlib.util.find_spec("PIL") is not None


def make_thumbnail(data: bytes, mime_type: str, label: str = "") -> Thumbnail:
    """Return a small version, or without Pillow the image itself if it is small enough to be sent as one.

    :param data: the image.
    :param mime_type: its MIME type.
    :param label: a short text that Pillow draws into a corner.
    :raises ThumbnailError: it is too large to be decoded, damaged, or too large to be sent whole.
    """
    header = read_header(data)
    if header is not None:
        _check_pixels(header.width, header.height)
    if pillow_is_installed():
        return _pillow_thumbnail(data, mime_type, label)
    if len(data) > MAX_BYTES_WITHOUT_PILLOW:
        raise ThumbnailError("No preview: Pillow is not installed on the API server, and the image is large.")
    size = (header.width, header.height) if header else (None, None)
    return Thumbnail(data, mime_type, len(data), *size)


def _pillow_thumbnail(data: bytes, mime_type: str, label: str) -> Thumbnail:
    from PIL import Image

    try:
        with Image.open(io.BytesIO(data), formats=[FORMATS[mime_type]]) as image:
            width, height = image.size
            _check_pixels(width, height)
            small, small_type = _scaled_down(image, label)
    except ThumbnailError:
        raise
    except Exception as failure:  # damaged images make Pillow raise anything
        raise ThumbnailError(f"No preview: the image is damaged ({type(failure).__name__}).") from failure
    return Thumbnail(small, small_type, len(data), width, height)


def _check_pixels(width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        raise ThumbnailError(f"No preview: the image says that it has {width} x {height} pixels.")


def _scaled_down(image: Image.Image, label: str) -> tuple[bytes, str]:
    image.draft("RGB", (EDGE_PIXELS, EDGE_PIXELS))  # a JPEG is decoded at a fraction of its size
    has_alpha = "A" in image.getbands() or "transparency" in image.info
    mode = "RGBA" if has_alpha else "RGB"
    small = image if image.mode == mode else image.convert(mode)  # no copy without need: it is 100 MB at full size
    small.thumbnail((EDGE_PIXELS, EDGE_PIXELS))
    if label:
        _draw_label(small, label)
    target = io.BytesIO()
    small.save(target, "PNG" if has_alpha else "JPEG", quality=82)
    return target.getvalue(), "image/png" if has_alpha else "image/jpeg"


def _draw_label(image: Image.Image, label: str) -> None:
    """Draw a text in white on black into the upper left corner: it is read on every image."""
    from PIL import ImageDraw, ImageFont

    text_pixels = max(SMALLEST_TEXT_PIXELS, min(image.size) // 7)
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(text_pixels)
    height = text_pixels * 3 // 2
    width = max(height, round(draw.textlength(label, font=font)) + text_pixels)
    draw.rectangle((0, 0, width, height), fill="black")
    draw.text((width / 2, height / 2), label, font=font, fill="white", anchor="mm")
