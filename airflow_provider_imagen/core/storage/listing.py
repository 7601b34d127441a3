"""Listing a Cloud Storage folder: the query, and the answer as values.

Source: Cloud Storage JSON API, ``objects.list``. Only the fields named in ``FIELDS`` are asked for.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from airflow_provider_imagen.core.image_format import UNSPECIFIC, canonical_type, type_of_name
from airflow_provider_imagen.core.lenient_json import read_json
from airflow_provider_imagen.core.storage.locations import CloudFolder
from airflow_provider_imagen.errors import UnexpectedResponseError

OBJECT_FIELDS = "name,contentType,size,timeCreated,generation,md5Hash,crc32c"
FIELDS = f"items({OBJECT_FIELDS}),nextPageToken"


class StoredObject(BaseModel):
    """One object in a bucket.

    :param generation: which version of the object this is; each upload makes a new one.
    :param md5_hash: MD5 of the content in base64; None for composite objects, which have none.
    :param crc32c: CRC32C of the content in base64.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(
        frozen=True, alias_generator=to_camel, populate_by_name=True, coerce_numbers_to_str=True
    )

    name: str
    size: int = 0
    time_created: AwareDatetime
    content_type: str = ""
    generation: str | None = None
    md5_hash: str | None = None
    crc32c: Annotated[str | None, Field(alias="crc32c")] = None

    @property
    def mime_type(self) -> str:
        """The stored content type by its registered name; where none was stored, what the name's ending says."""
        stored = canonical_type(self.content_type)
        return type_of_name(self.name) if stored in UNSPECIFIC else stored


class Page(BaseModel):
    """One page of a listing."""

    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True)

    items: tuple[StoredObject, ...] = ()
    next_page_token: str | None = None
    error: None = None  # nothing is required of a page, so an error must not be read as an empty folder


def query(
    folder: CloudFolder, page_token: str | None, *, name_prefix: str = "", page_size: int | None = None
) -> dict[str, str]:
    """Return the query parameters that ask for one page of a folder.

    :param folder: the folder.
    :param page_token: the page, None for the first.
    :param name_prefix: only objects whose name, seen from the folder, begins so.
    :param page_size: the most objects on a page, None for Cloud Storage's own bound.
    """
    wanted = {
        "prefix": f"{folder.prefix}{name_prefix}",
        "fields": FIELDS,
        "pageToken": page_token or "",
        "maxResults": str(page_size or ""),
    }
    return {name: value for name, value in wanted.items() if value}


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


def decode_object(body: bytes) -> StoredObject:
    """Read the metadata of one object.

    :raises UnexpectedResponseError: it is none.
    """
    try:
        return StoredObject.model_validate(read_json(body))
    except (ValidationError, ValueError) as failure:
        raise UnexpectedResponseError(
            "Cloud Storage answered 200 with something that is no object. Check storage_endpoint of the connection; it "
            "must speak the Cloud Storage JSON API."
        ) from failure
