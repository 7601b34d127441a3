"""Listing a Cloud Storage folder: the query, and the answer as values.

Source: Cloud Storage JSON API, ``objects.list``. Only the fields named in ``FIELDS`` are asked for.
"""

from __future__ import annotations

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from airflow_provider_imagen.core.image_format import UNSPECIFIC, canonical_type, type_of_name
from airflow_provider_imagen.core.lenient_json import read_json
from airflow_provider_imagen.core.storage.locations import CloudFolder
from airflow_provider_imagen.errors import UnexpectedResponseError

FIELDS = "items(name,contentType,size,timeCreated),nextPageToken"


class StoredObject(BaseModel):
    """One object in a bucket."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True)

    name: str
    size: int = 0
    time_created: AwareDatetime
    content_type: str = ""

    @property
    def mime_type(self) -> str:
        """The stored content type by its registered name; where none was stored, what the name's ending says."""
        stored = canonical_type(self.content_type)
        return type_of_name(self.name) if stored in UNSPECIFIC else stored


class Page(BaseModel):
    """One page of a listing."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True)

    items: tuple[StoredObject, ...] = ()
    next_page_token: str | None = None
    error: None = None  # nothing is required of a page, so an error must not be read as an empty folder


def query(folder: CloudFolder, page_token: str | None) -> dict[str, str]:
    """Return the query parameters that ask for one page of a folder."""
    asked = {"prefix": folder.prefix, "fields": FIELDS, "pageToken": page_token or ""}
    return {name: value for name, value in asked.items() if value}


def decode_page(body: bytes) -> Page:
    """Read one page.

    :raises UnexpectedResponseError: it is no listing.
    """
    try:
        return Page.model_validate(read_json(body))
    except (ValidationError, ValueError) as failure:
        raise UnexpectedResponseError(
            "Cloud Storage answered 200 with something that is no object listing. Check storage_endpoint of the "
            "connection; it must speak the Cloud Storage JSON API."
        ) from failure
