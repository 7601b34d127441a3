"""When a wait for images is over: one condition for sensor and trigger."""

from __future__ import annotations

import difflib
import heapq
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from airflow_provider_imagen.core.image_format import ENDINGS, canonical_type
from airflow_provider_imagen.core.storage.listing import StoredObject
from airflow_provider_imagen.core.storage.locations import CloudFolder, parse_folder
from airflow_provider_imagen.core.storage.object_names import is_output
from airflow_provider_imagen.core.text import counted, is_blank, quoted, text_from
from airflow_provider_imagen.core.validation.output_paths import problems_with_output_uri
from airflow_provider_imagen.errors import InvalidInputError

MOST_URIS = 1024
"""How many images a wait returns; as many as Airflow maps over, unless ``[core] max_map_length`` was raised."""

MOST_TYPES = 3
"""How many types of objects that do not count are named in the log."""

EVERY_IMAGE = "image/*"
_NUMBER = re.compile(r"[+-]?[0-9_]*\.?[0-9_]+\.?(e[+-]?[0-9]+)?", re.IGNORECASE)
_DAY = re.compile(r"[0-9]{8}(T[0-9]{6})?")
_TYPE = re.compile(r"image/[a-z0-9*?][a-z0-9!#$&^_.+*?-]{0,99}")


def _as_list(value: Any) -> Any:
    if is_blank(value):
        return None
    parts = value.split(",") if isinstance(value, str) else value
    return [part for part in parts if not is_blank(part)] or None if isinstance(parts, list | tuple) else parts


def _moment(value: Any) -> Any:
    """Return a moment, also without dashes (``{{ ds_nodash }}``, ``{{ ts_nodash }}``) and where it became a number.

    :raises ValueError: it is another number, which pydantic would take for seconds since 1970.
    """
    if is_blank(value):
        return None
    text = str(text_from(value)).strip()
    if _DAY.fullmatch(text):
        return datetime.fromisoformat(text)
    if isinstance(value, int | float) or _NUMBER.fullmatch(text):
        raise ValueError("no moment")
    return value


def _mime_type(value: str) -> str:
    """Return a wanted type by its registered name; also of an ending (``jpeg``), an alias or a pattern (``image/*``).

    :raises ValueError: it is no type of an image.
    """
    plain = value.strip().lower()
    if plain in {"*", "*/*", "image"}:
        return EVERY_IMAGE
    wanted = ENDINGS.get(plain.removeprefix("."), canonical_type(plain))
    known = set(ENDINGS.values())
    if wanted not in known and (not _TYPE.fullmatch(wanted) or difflib.get_close_matches(wanted, known, cutoff=0.85)):
        raise ValueError("no type of an image")
    return wanted


def _names_a_folder(uri: str) -> str:
    parse_folder(uri)
    return uri


@dataclass(frozen=True, slots=True)
class FolderContent:
    """What one look at a folder found.

    :param count: how many images count. Where no URIs are wanted, no more than end the wait are counted.
    :param uris: the first of them by name, at most ``MOST_URIS``.
    :param others: how many objects do not count, by the reason.
    """

    count: int = 0
    uris: tuple[str, ...] = ()
    others: Mapping[str, int] = field(default_factory=dict)


class ImageWait(BaseModel):
    """What a sensor waits for: at least ``min_images`` images in a folder, of these types, newer than a moment.

    :param wants_uris: the images' URIs are wanted, and not only their being there.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True, extra="forbid")

    output_uri: Annotated[str, AfterValidator(_names_a_folder)]
    min_images: Annotated[int, Field(ge=0)] = 1
    mime_types: Annotated[tuple[Annotated[str, AfterValidator(_mime_type)], ...] | None, BeforeValidator(_as_list)] = (
        None
    )
    newer_than: Annotated[datetime | None, BeforeValidator(_moment)] = None
    wants_uris: bool = True

    @property
    def folder(self) -> CloudFolder:
        """The bucket and prefix to list."""
        return parse_folder(self.output_uri)

    def why_not(self, stored: StoredObject) -> str | None:
        """Return in a few words why a stored object is none of the images waited for, None if it is one."""
        mime_type = stored.mime_type
        if not any(fnmatchcase(mime_type, wanted) for wanted in self.mime_types or (EVERY_IMAGE,)):
            return f"of type {mime_type[:60]}"
        if stored.size == 0:
            return "empty"
        if self.newer_than is not None and stored.time_created <= self.newer_than:
            return f"not newer than {self.newer_than.isoformat()}"
        return None

    def content_of(self, listing: Iterable[StoredObject]) -> FolderContent:
        """Return what is in a folder. The listing is read no further than needed.

        :param listing: everything in the folder. Records and names that stand for a folder are passed over.
        """
        prefix, others, count = self.folder.prefix, Counter[str](), 0

        def images() -> Iterable[str]:
            nonlocal count
            if not self.wants_uris and self.min_images == 0:
                return
            for stored in listing:
                if stored.name.endswith("/") or not is_output(stored.name.removeprefix(prefix)):
                    continue
                if reason := self.why_not(stored):
                    others[reason] += 1
                    continue
                count += 1
                yield stored.name
                if not self.wants_uris and count >= self.min_images:
                    return

        names = heapq.nsmallest(MOST_URIS, images())
        uris = tuple(f"gs://{self.folder.bucket}/{name}" for name in names) if self.wants_uris else ()
        return FolderContent(count, uris, dict(others))

    def is_over(self, content: FolderContent) -> bool:
        """Say whether enough images are there."""
        return content.count >= self.min_images

    def progress(self, content: FolderContent) -> str:
        """Say in words how far the wait is, and what lies in the folder and does not count."""
        wanted = counted(self.min_images, "image is", "images are")
        text = f"{content.count} of at least {wanted} in {self.output_uri}"
        if self.is_over(content) or not content.others:
            return text
        reasons = Counter(content.others).most_common()
        named = [f"{number} {reason}" for reason, number in reasons[:MOST_TYPES]]
        rest = sum(number for _, number in reasons[MOST_TYPES:])
        named += [f"{rest} for other reasons"] if rest else []
        return f"{text}; other objects there that do not count: {sum(content.others.values())} ({', '.join(named)})"


def check_wait(**arguments: Any) -> ImageWait:
    """Turn sensor arguments into a wait.

    A ``newer_than`` without time zone is read as UTC.

    :raises InvalidInputError: names every mistake at once.
    """
    try:
        wait = ImageWait(**arguments)
    except ValidationError as failure:
        wrong = [_problem(dict(error)) for error in failure.errors()]
        place = arguments.get("output_uri")
        if isinstance(place, str) and not any(problem.startswith("output_uri ") for problem in wrong):
            wrong += problems_with_output_uri(place, ONLY_CLOUD)
        raise InvalidInputError(tuple(wrong)) from None
    if problems := tuple(problems_with_output_uri(wait.output_uri, ONLY_CLOUD)):
        raise InvalidInputError(problems)
    if wait.newer_than is not None and wait.newer_than.tzinfo is None:
        return wait.model_copy(update={"newer_than": wait.newer_than.replace(tzinfo=UTC)})
    return wait


ONLY_CLOUD = "Use gs://bucket/folder/; no other place is looked into."
_ALLOWED = {
    "output_uri": "a gs://bucket/folder/ (no other place is looked into)",
    "min_images": "a whole number of 0 or more",
    "mime_types": "a list such as ['image/png'], ['jpeg'] or ['image/*']",
    "newer_than": "a moment such as '2026-01-31T00:00:00+00:00' or '{{ data_interval_end }}'",
}


def _problem(error: dict[str, Any]) -> str:
    name = str(error["loc"][0])
    if name not in _ALLOWED:
        return f"{name} is no argument here. Allowed: {', '.join(_ALLOWED)}."
    return f"{name} is {quoted(error['input'])}; allowed is {_ALLOWED[name]}. Correct the value or its template."
