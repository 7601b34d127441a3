"""When a wait for images is over. Sensor and trigger both ask here, so they cannot disagree."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from airflow_provider_imagen.core.storage.listing import StoredObject
from airflow_provider_imagen.core.storage.locations import CloudFolder, parse_folder
from airflow_provider_imagen.core.text import is_blank, quoted
from airflow_provider_imagen.errors import InvalidInputError


def _as_list(value: Any) -> Any:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _unset_when_blank(value: Any) -> Any:
    return None if is_blank(value) else value


def _names_a_folder(uri: str) -> str:
    parse_folder(uri)
    return uri


class ImageWait(BaseModel):
    """What a sensor waits for: at least ``min_images`` images in a folder, of these types, newer than a moment."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    output_uri: Annotated[str, AfterValidator(_names_a_folder)]
    min_images: Annotated[int, Field(ge=0)] = 1
    mime_types: Annotated[tuple[str, ...] | None, BeforeValidator(_as_list), BeforeValidator(_unset_when_blank)] = None
    newer_than: Annotated[datetime | None, BeforeValidator(_unset_when_blank)] = None

    @property
    def folder(self) -> CloudFolder:
        """The bucket and prefix to list."""
        return parse_folder(self.output_uri)

    def counts(self, stored: StoredObject) -> bool:
        """Say whether a stored object is one of the images waited for."""
        wanted = stored.mime_type in self.mime_types if self.mime_types else stored.mime_type.startswith("image/")
        return wanted and stored.size > 0 and (self.newer_than is None or stored.time_created > self.newer_than)

    def found_in(self, listing: Iterable[StoredObject]) -> tuple[str, ...]:
        """Return the URIs of the images in a listing, in the order of their names."""
        names = sorted(stored.name for stored in listing if self.counts(stored))
        return tuple(f"gs://{self.folder.bucket}/{name}" for name in names)

    def is_over(self, uris: Sequence[str]) -> bool:
        """Say whether enough images are there."""
        return len(uris) >= self.min_images

    def progress(self, uris: Sequence[str]) -> str:
        """Say in words how far the wait is."""
        return f"{len(uris)} of at least {self.min_images} images are in {self.output_uri}"


def check_wait(**arguments: Any) -> ImageWait:
    """Turn sensor arguments into a wait.

    A ``newer_than`` without time zone is read as UTC.

    :raises InvalidInputError: names every mistake at once.
    """
    try:
        wait = ImageWait(**arguments)
    except ValidationError as failure:
        raise InvalidInputError(tuple(_problem(dict(error)) for error in failure.errors())) from None
    if wait.newer_than is not None and wait.newer_than.tzinfo is None:
        return wait.model_copy(update={"newer_than": wait.newer_than.replace(tzinfo=UTC)})
    return wait


_ALLOWED = {
    "output_uri": "a gs://bucket/folder/ (no other place is looked into)",
    "min_images": "a whole number of 0 or more",
    "mime_types": "a list such as ['image/png']",
    "newer_than": "a moment such as '2026-01-31T00:00:00+00:00' or '{{ data_interval_end }}'",
}


def _problem(error: dict[str, Any]) -> str:
    name = str(error["loc"][0])
    if name not in _ALLOWED:
        return f"{name} is no argument here. Allowed: {', '.join(_ALLOWED)}."
    return f"{name} is {quoted(error['input'])}; allowed is {_ALLOWED[name]}. Correct the value or its template."
