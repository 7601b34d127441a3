"""Uploading one object to Cloud Storage: the request, and the proof that what is stored is what was sent.

Source: Cloud Storage JSON API, ``objects.insert`` with ``uploadType=multipart``. Cloud Storage refuses the upload when
the content does not match ``md5Hash``; the answer is compared once more.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from typing import NamedTuple

from airflow_provider_imagen.core.lenient_json import read_json
from airflow_provider_imagen.errors import ResponseLostError

QUERY = {"uploadType": "multipart", "fields": "name,md5Hash"}


class Upload(NamedTuple):
    """The body of an upload and its content type."""

    content_type: str
    body: bytes


def checksum(data: bytes) -> str:
    """Return the MD5 of some bytes as Cloud Storage writes it."""
    return base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()


def encode_upload(name: str, mime_type: str, data: bytes) -> Upload:
    """Return the request that stores ``data`` under ``name``. An object of that name is replaced, not doubled."""
    boundary = secrets.token_hex(16)
    metadata = json.dumps({"name": name, "contentType": mime_type, "md5Hash": checksum(data)})
    head = f"--{boundary}\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n{metadata}\r\n"
    start = f"{head}--{boundary}\r\nContent-Type: {mime_type}\r\n\r\n".encode()
    end = f"\r\n--{boundary}--\r\n".encode()
    return Upload(f"multipart/related; boundary={boundary}", b"".join((start, data, end)))


def check_stored(answer: bytes, data: bytes, uri: str) -> None:
    """Compare what Cloud Storage says it stored with what was sent.

    :raises ResponseLostError: they differ, or the answer does not say.
    """
    try:
        stored = read_json(answer).get("md5Hash")
    except (ValueError, AttributeError):
        stored = None
    if stored != checksum(data):
        raise ResponseLostError(f"Cloud Storage did not confirm the checksum of {uri}. Uploading it again is safe.")
