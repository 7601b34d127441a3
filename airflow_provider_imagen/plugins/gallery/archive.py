"""A ZIP archive of a run's images, written while it is sent: one image at a time is in memory."""

from __future__ import annotations

import zipfile
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime

from airflow_provider_imagen.plugins.gallery.recorded_images import RecordedImage
from airflow_provider_imagen.plugins.gallery.stored_files import FileUnavailableError

MAX_ARCHIVE_BYTES = 2 << 30
MAX_ARCHIVE_IMAGES = 2000
MISSING_FILE = "missing.txt"
"""Lists what is not in the archive, and why. An archive without it is complete."""
OLDEST = (1980, 1, 1, 0, 0, 0)
"""ZIP knows no earlier time."""

Read = Callable[[Callable[[], tuple[bytes, str]]], Awaitable[tuple[bytes, str]]]


class _Buffer:
    """What the archive wrote and nothing has sent yet."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, data: bytes) -> int:
        """Keep data."""
        self._parts.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Do nothing: what is kept is taken by :meth:`take`."""

    def close(self) -> None:
        """Do nothing: the end of the archive is still to be taken."""

    def take(self) -> bytes:
        """Return what was written since the last call."""
        taken = b"".join(self._parts)
        self._parts.clear()
        return taken


async def archive_of(images: AsyncIterator[RecordedImage | str], read: Read) -> AsyncIterator[bytes]:
    """Yield the parts of a ZIP archive of images.

    :param images: images, and lines about images that cannot be found.
    :param read: runs what reads an image, in turn with the other readers of this server.
    """
    buffer, missing, names = _Buffer(), list[str](), set[str]()
    total = 0
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        async for recorded in images:
            if isinstance(recorded, str):
                missing.append(recorded)
                continue
            uri = recorded.image.uri
            if total >= MAX_ARCHIVE_BYTES or len(names) >= MAX_ARCHIVE_IMAGES:
                missing.append(f"{uri}: this archive is full. Download the image by itself.")
                continue
            try:
                data, mime_type = await read(recorded.read)
            except FileUnavailableError as failure:
                missing.append(f"{uri}: {failure.message}")
                continue
            name = _free(recorded.file_name(mime_type), names)
            archive.writestr(zipfile.ZipInfo(name, _time_of(recorded)), data)
            total += len(data)
            yield buffer.take()
        if missing:
            archive.writestr(MISSING_FILE, "\n".join(missing).encode("utf-8", "replace"))
    yield buffer.take()


def _free(name: str, names: set[str]) -> str:
    """Return a name that no earlier file of the archive has, also where upper and lower case are the same."""
    stem, _, ending = name.rpartition(".")
    free, again = name, 1
    while free.casefold() in names:
        again += 1
        free = f"{stem}~{again}.{ending}"
    names.add(free.casefold())
    return free


def _time_of(recorded: RecordedImage) -> tuple[int, int, int, int, int, int]:
    moment = (recorded.timestamp or datetime.min.replace(tzinfo=UTC)).timetuple()[:6]
    return max(OLDEST, (moment[0], moment[1], moment[2], moment[3], moment[4], moment[5]))
