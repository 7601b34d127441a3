"""Which images in a Cloud Storage folder are those of a request whose answer was lost.

An Imagen model writes the images of one request into a new folder of its own, named with 13 digits
(``prefix/1733000000000/sample_0.png``); the request cannot choose the name. Many tasks may share the prefix, so images
are taken only if nobody else can have asked for them.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from airflow_provider_imagen.core.responses import FilterReason, GeneratedImage, ImagesResponse
from airflow_provider_imagen.core.storage.listing import StoredObject
from airflow_provider_imagen.core.storage.locations import CloudFolder

NUMBERED = re.compile(r"^[0-9]{13}/[^/]+\Z")
LATEST_SECONDS = 60.0
"""How long after it was sent a request may still bring images; Imagen takes 5 to 20 seconds."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """What one look found.

    :param folders: the images of each new numbered folder that nobody claims.
    :param requested: how many images were asked for.
    :param others_are_asking: somebody else who uses this folder has asked and knows no answer yet.
    """

    folders: tuple[tuple[GeneratedImage, ...], ...]
    requested: int
    others_are_asking: bool = False

    @property
    def uris(self) -> tuple[str, ...]:
        """The URIs of all images that may be the ones."""
        return tuple(str(image.uri) for folder in self.folders for image in folder)

    @property
    def is_ours(self) -> bool:
        """Whether the images can only be those of this request."""
        return len(self.folders) == 1 and len(self.folders[0]) <= self.requested and not self.others_are_asking

    @property
    def is_complete(self) -> bool:
        """Whether they are ours and none is missing."""
        return self.is_ours and len(self.folders[0]) == self.requested

    def answer(self, duration_seconds: float) -> ImagesResponse:
        """Return the images as the answer that was lost. What it said besides is unknown."""
        images = self.folders[0]
        unknown = FilterReason("The answer was lost, and with it the reason.")
        reasons = (unknown,) if len(images) < self.requested else ()
        return ImagesResponse(images, self.requested, reasons, duration_seconds=duration_seconds)


def sighting(
    objects: Iterable[StoredObject],
    folder: CloudFolder,
    between: tuple[datetime, datetime],
    *,
    claimed: Collection[str],
    requested: int,
    rivals: Collection[datetime] = (),
) -> Sighting:
    """Return what a listing of ``folder`` shows of a request that was sent at ``since``.

    :param objects: everything below the folder.
    :param between: when the request was sent, and when its last image can have come, by Cloud Storage's clock.
    :param claimed: URIs that belong to somebody else.
    :param rivals: when others asked who know no answer yet; who asked after images appeared did not ask for them.
    """
    found: dict[str, list[GeneratedImage]] = {}
    appeared: list[datetime] = []
    for stored in sorted(objects, key=lambda each: (len(each.name), each.name)):
        below = stored.name.removeprefix(folder.prefix)
        uri = f"gs://{folder.bucket}/{stored.name}"
        is_new = between[0] <= stored.time_created <= between[1] and uri not in claimed
        if NUMBERED.match(below) and is_new and stored.mime_type.startswith("image/"):
            found.setdefault(below.partition("/")[0], []).append(GeneratedImage(stored.mime_type, uri))
            appeared.append(stored.time_created)
    others_are_asking = any(rival <= moment for rival in rivals for moment in appeared)
    return Sighting(tuple(tuple(images) for images in found.values()), requested, others_are_asking)
