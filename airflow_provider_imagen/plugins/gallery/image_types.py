"""The MIME types of images that the gallery shows, by their first bytes. Only plain raster formats are known."""

from __future__ import annotations

_WEBP_MARK = slice(8, 12)


def image_type(data: bytes) -> str | None:
    """Return the MIME type of a PNG, JPEG, WebP, GIF or BMP image; None for anything else, SVG and HTML among it."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if data.startswith(b"RIFF") and data[_WEBP_MARK] == b"WEBP":
        return "image/webp"
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    return "image/bmp" if data.startswith(b"BM") and data[6:10] == b"\0\0\0\0" else None
