"""What a picture that a request sends may be: by its URI, by the metadata of its object, or by its bytes.

Source of the limits: the catalogue. A picture in Cloud Storage is judged by its metadata only; it is never downloaded.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from airflow_provider_imagen.core.catalogue import PictureLimits
from airflow_provider_imagen.core.image_format import canonical_type
from airflow_provider_imagen.core.picture_bytes import is_damaged, picture_type
from airflow_provider_imagen.core.requests import InputPicture
from airflow_provider_imagen.core.storage.locations import problem_with_source

FLEX_INLINE_BYTES = 20 * 1024 * 1024
"""The most inline data of a request in the flex tier (Google's Flex PayGo page), read as MiB."""


@dataclass(frozen=True, slots=True)
class ReadPicture:
    """A picture that was looked at.

    :param name: how it stands in error texts.
    :param picture: what is sent.
    :param identity: is the same for the same picture, under whatever name.
    :param size: in bytes, where known.
    """

    name: str
    picture: InputPicture
    identity: str
    size: int | None = None

    @property
    def inline_bytes(self) -> int:
        """How many bytes are sent with the request."""
        return len(self.picture.data or b"")


def picture_name(number: int, count: int, uri: str) -> str:
    """Return how a reference image stands in error texts.

    :param number: which one it is, from 0.
    :param count: how many there are.
    :param uri: its URI.
    """
    return f"reference_images {uri}" if count == 1 else f"reference_images[{number}] {uri}"


def problems_with_uris(uris: Sequence[str]) -> Iterator[str]:
    """Yield one sentence for each reference image that cannot be one by its URI alone."""
    for number, uri in enumerate(uris):
        name = "reference_images" if len(uris) == 1 else f"reference_images[{number}]"
        if problem := problem_with_source(uri, name):
            yield problem


def problems_with_content(name: str, data: bytes) -> list[str]:
    """Return what is wrong with a picture's bytes, whatever model reads them.

    :param name: how the picture stands in the sentence.
    :param data: the file.
    """
    if not data:
        return [f"{name} is empty (0 bytes). Save or copy it again."]
    mime_type = picture_type(data)
    if mime_type is None:
        return [f"{name} is no image that is known here, whatever its name says. Convert it to PNG or JPEG first."]
    return [f"{name} is damaged or cut off. Save or copy it again."] if is_damaged(data, mime_type) else []


def problems_with_picture(read: ReadPicture, limits: PictureLimits, who: str) -> Iterator[str]:
    """Yield what a model does not take about a picture.

    :param read: the picture.
    :param limits: what the model takes.
    :param who: the model's id.
    """
    mime_type = canonical_type(read.picture.mime_type or "")
    if mime_type not in limits.mime_types:
        yield (
            f"{read.name} is {mime_type or 'of no known type'}; {who} takes {', '.join(limits.mime_types)}. Convert "
            "it, or store it with its right content type."
        )
    in_cloud = read.picture.gcs_uri is not None
    most = limits.object_bytes if in_cloud else limits.inline_bytes
    if read.size == 0:
        yield f"{read.name} is empty (0 bytes). Save or copy it again."
    if (read.size or 0) > limits.object_bytes or (in_cloud and (read.size or 0) > most):
        yield f"{read.name} has {read.size} bytes; {who} takes at most {limits.object_bytes}. Make it smaller."
    elif (read.size or 0) > most:
        yield (
            f"{read.name} has {read.size} bytes; {who} takes at most {most} with a request. Larger ones, up to "
            f"{limits.object_bytes}, are uploaded first where output_uri is in Cloud Storage, and this one is not: set "
            "such an output_uri, name the picture by a gs:// URI, or make it smaller."
        )


def problem_with_all(pictures: Sequence[ReadPicture], service_tier: str | None) -> list[str]:
    """Return what is wrong with pictures together: what the flex tier takes with a request is bounded.

    :param pictures: the pictures as they would be sent.
    :param service_tier: the request's.
    """
    inline = sum(read.inline_bytes for read in pictures)
    if service_tier != "flex" or inline <= FLEX_INLINE_BYTES:
        return []
    return [
        f"reference_images have {inline} bytes together; service_tier 'flex' takes at most {FLEX_INLINE_BYTES} with a "
        "request. More are uploaded first where output_uri is in Cloud Storage, and this one is not: set such an "
        "output_uri, name the pictures by gs:// URIs, make them smaller, or leave out service_tier."
    ]


def those_to_upload(pictures: Sequence[ReadPicture], limits: PictureLimits, service_tier: str | None) -> list[int]:
    """Return the numbers of the pictures that are too large to be sent with the request, the largest first.

    :param pictures: the pictures as they were read.
    :param limits: what the model takes.
    :param service_tier: the request's; ``flex`` takes fewer bytes.
    """
    inline = sum(read.inline_bytes for read in pictures)
    chosen: list[int] = []
    for number in sorted(range(len(pictures)), key=lambda each: pictures[each].inline_bytes, reverse=True):
        size = pictures[number].inline_bytes
        if size > limits.inline_bytes or (service_tier == "flex" and inline > FLEX_INLINE_BYTES):
            chosen.append(number)
            inline -= size
    return chosen
