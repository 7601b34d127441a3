"""Uploading one object to Cloud Storage: the request, and the proof that what is stored is what was sent.

Source: Cloud Storage JSON API, ``objects.insert`` with ``uploadType=multipart``. Cloud Storage refuses the upload when
the content does not match ``md5Hash``; the response is compared once more.
"""

from __future__ import annotations

import json
import secrets
from typing import NamedTuple

from airflow_provider_imagen.core.lenient_json import read_json
from airflow_provider_imagen.core.storage.checksums import md5_of
from airflow_provider_imagen.core.storage.listing import StoredObject
from airflow_provider_imagen.errors import ResponseLostError


class UploadedObject(NamedTuple):
    """Where bytes are stored, and as which generation of the object; None when the response did not say."""

    uri: str
    generation: str | None


class Upload(NamedTuple):
    """The body of an upload and its content type."""

    content_type: str
    body: bytes


def encode_upload(name: str, mime_type: str, data: bytes) -> Upload:
    """Return the request that stores ``data`` under ``name``. An object of that name is replaced, not doubled."""
    boundary = secrets.token_hex(16)
    metadata = json.dumps({"name": name, "contentType": mime_type, "md5Hash": md5_of(data)})
    head = f"--{boundary}\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n{metadata}\r\n"
    start = f"{head}--{boundary}\r\nContent-Type: {mime_type}\r\n\r\n".encode()
    end = f"\r\n--{boundary}--\r\n".encode()
    return Upload(f"multipart/related; boundary={boundary}", b"".join((start, data, end)))


def query(if_generation_match: int | str | None = None) -> dict[str, str]:
    """Return the query parameters of an upload.

    :param if_generation_match: the generation that must be there now, 0 for none (``ifGenerationMatch``).
    """
    wanted = {"uploadType": "multipart", "fields": "name,md5Hash,generation"}
    return wanted if if_generation_match is None else {**wanted, "ifGenerationMatch": str(if_generation_match)}


def decode_upload(body: bytes, data: bytes, uri: str) -> UploadedObject:
    """Read the response to an upload, and compare what it says is stored with what was sent.

    :raises ResponseLostError: they differ, or the response does not say.
    """
    try:
        stored = read_json(body)
        confirmed, generation = stored.get("md5Hash"), stored.get("generation")
    except (ValueError, AttributeError):
        confirmed = generation = None
    if confirmed != md5_of(data):
        raise ResponseLostError(f"Cloud Storage did not confirm the checksum of {uri}. Uploading it again is safe.")
    return UploadedObject(uri, str(generation) if isinstance(generation, str | int) else None)


def is_stored(stored: StoredObject, data: bytes) -> bool:
    """Say whether an object has this content."""
    return stored.md5_hash == md5_of(data)
