"""Pictures in a ``:generateContent`` request: inline, or by reference to Cloud Storage.

Messages as seen in public reports: unsupported and empty MIME types, the file size, too many files, an image that is
not valid, an unsupported URI, a file without permission. That of an inline picture's size is worded after the file's.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from PIL import Image

from airflow_provider_imagen.emulator.api_errors import LEARN_MORE, ApiError
from airflow_provider_imagen.emulator.generate_content_limits import TRAITS
from airflow_provider_imagen.emulator.storage import ObjectMissingError
from airflow_provider_imagen.emulator.storage_errors import StorageError
from airflow_provider_imagen.emulator.storage_front import StorageFront

IMAGES = {"image/png", "image/jpeg", "image/webp", "image/heic", "image/heif"}
DOCUMENTS = {"application/pdf", "text/plain"}
MOST_BYTES = {"inlineData": 7 * 1024 * 1024, "fileData": 30 * 1024 * 1024}
"""Bytes of one picture (model cards of 2026-05-28 to 2026-10-06)."""

HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1", b"heif"}
MOST_PIXELS = 100_000_000
"""The emulator decodes no larger picture, to spare memory."""

NOT_VALID = "Provided image is not valid."


@dataclass(frozen=True, slots=True)
class InputPicture:
    """A picture of a request.

    :param image: the decoded picture, None for HEIC and HEIF, which Pillow cannot read.
    """

    data: bytes
    image: Image.Image | None


def check_media(request: dict[str, Any], model: dict[str, Any]) -> Iterator[str]:
    """Yield the mistakes of inline data and file data that are found without reading a file."""
    parts = [(name, part[name]) for part in _parts(request) for name in MOST_BYTES if name in part]
    for name, part in parts:
        mime_type = _mime_type(part)
        if not mime_type:
            yield f"Unable to submit request because it has an empty mimeType parameter in {name}. {LEARN_MORE}"
        if not _is_supported(mime_type, model):
            yield (
                f"Unable to submit request because it has a mimeType parameter with value {part['mimeType']}, which "
                f"is not supported. Update the mimeType and try again. {LEARN_MORE}"
            )
        if name == "fileData" and not part.get("fileUri", "").startswith(("gs://", "https://", "http://")):
            yield f"Invalid or unsupported file uri: {part.get('fileUri', '')}"
        if name == "inlineData" and (size := len(part.get("data", b""))) > MOST_BYTES[name]:
            yield _too_large("inline data", size, MOST_BYTES[name], mime_type)
    count, most = count_pictures(request), TRAITS[model["id"]].max_pictures
    if count > most:
        yield (
            f"Unable to submit request because it has {count} image files but the model only supports up to {most}. "
            + LEARN_MORE
        )


def count_pictures(request: dict[str, Any]) -> int:
    """Return the number of pictures in a request."""
    return sum(_mime_type(part[name]) in IMAGES for part in _parts(request) for name in MOST_BYTES if name in part)


def inline_bytes(request: dict[str, Any]) -> int:
    """Return the size of all inline data in a request."""
    return sum(len(part["inlineData"].get("data", b"")) for part in _parts(request) if "inlineData" in part)


def read_pictures(request: dict[str, Any], storage: StorageFront) -> list[InputPicture]:
    """Return the pictures of a checked request, in its order.

    :raises ApiError: one cannot be read.
    """
    pictures: list[InputPicture] = []
    for part in _parts(request):
        for name in MOST_BYTES:
            if name in part and _mime_type(part[name]) in IMAGES:
                data = part[name].get("data", b"") if name == "inlineData" else _file(part[name], storage)
                pictures.append(InputPicture(data, _decoded(data)))
    return pictures


def _file(part: dict[str, Any], storage: StorageFront) -> bytes:
    uri = part["fileUri"]
    if not uri.startswith("gs://"):
        raise ApiError(400, f"{uri} is not fetched by the emulator. Use a gs:// URI.")
    try:
        data = storage.read_uri(uri)
    except ObjectMissingError as failure:
        raise ApiError(404, f"Could not find the object {uri}.") from failure
    except StorageError as failure:
        raise ApiError(failure.status, f"Permission denied while accessing input file {uri}. {failure}") from failure
    if len(data) > MOST_BYTES["fileData"]:
        raise ApiError(400, _too_large(f"`{uri}`", len(data), MOST_BYTES["fileData"], _mime_type(part)))
    return data


def _decoded(data: bytes) -> Image.Image | None:
    if data[4:8] == b"ftyp" and data[8:12] in HEIF_BRANDS:
        return None
    try:
        image = Image.open(io.BytesIO(data), formats=("PNG", "JPEG", "WEBP"))
        if image.width * image.height > MOST_PIXELS:
            raise ApiError(400, NOT_VALID)
        image.draft("RGB", (1024, 1024))
        return image.convert("RGB")
    except (Image.DecompressionBombError, Image.DecompressionBombWarning, OSError, SyntaxError, ValueError) as failure:
        raise ApiError(400, NOT_VALID) from failure


def _parts(request: dict[str, Any]) -> list[dict[str, Any]]:
    return [part for content in request["contents"] for part in content.get("parts", [])]


def _mime_type(part: dict[str, Any]) -> str:
    return str(part.get("mimeType", "")).partition(";")[0].strip().lower()


def _is_supported(mime_type: str, model: dict[str, Any]) -> bool:
    is_video = mime_type.startswith("video/") and TRAITS[model["id"]].takes_video
    return mime_type in IMAGES | DOCUMENTS or is_video


def _too_large(what: str, size: int, most: int, mime_type: str) -> str:
    return (
        f"The file size of {what} is {size}, which exceeds max allowed file size of {most} for `{mime_type}` files. "
        "Reduce the file size by lowering the image resolution, splitting the PDF into multiple files, and so on."
    )
