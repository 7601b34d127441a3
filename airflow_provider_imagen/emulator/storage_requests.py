"""Requests and answers of the Cloud Storage JSON API: which method is called, on which bucket and object."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote

OBJECT = re.compile(r"^(?:/upload|/download)?/storage/v1/b/(?P<bucket>[^/]+)/o/(?P<name>[^/]+)(?P<rest>/.*)?$")
OBJECTS = re.compile(r"^(?P<upload>/upload)?/storage/v1/b/(?P<bucket>[^/]+)/o/?$")
BUCKET = re.compile(r"^/storage/v1/b/(?P<bucket>[^/]+)")
DESTINATION = re.compile(r"^/(?:copyTo|rewriteTo|moveTo)/(?:b/(?P<bucket>[^/]+)/)?o/(?P<name>[^/]+)$")
JSON_PART = re.compile(rb"\r?\n\r?\n(?P<json>\{.*?\})\s*\r?\n--", re.DOTALL)


@dataclass(frozen=True, slots=True)
class StorageRequest:
    """One request to the JSON API.

    :param method: HTTP method.
    :param raw_path: the path as it was sent, percent-encoded.
    :param raw_query: the query as it was sent.
    :param headers: headers with lower-case names.
    """

    method: str
    raw_path: str
    raw_query: str
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    @property
    def query(self) -> dict[str, str]:
        """The query parameters; of a repeated one the last."""
        return dict(parse_qsl(self.raw_query, keep_blank_values=True))

    @property
    def operation(self) -> str:
        """The name of the operation as :class:`Fault` has it."""
        if self.raw_path.startswith("/upload/"):
            return "upload"
        if OBJECTS.match(self.raw_path):  # an object's name may end with /o too, but there the slash is encoded
            return "list"
        return "delete" if self.method == "DELETE" else "download"

    @property
    def bucket(self) -> str | None:
        """The bucket that is read or written, None for a request that names none."""
        found = OBJECTS.match(self.raw_path) or OBJECT.match(self.raw_path) or BUCKET.match(self.raw_path)
        if not found:
            return None
        destination = DESTINATION.match(found.groupdict().get("rest") or "")
        return unquote((destination and destination["bucket"]) or found["bucket"])

    @property
    def object_name(self) -> str | None:
        """The object that is read, written or deleted, None for a request that names none or whose session does."""
        if self.operation == "upload":
            return self.query.get("name") or _named_in(self.body)
        if not (found := OBJECT.match(self.raw_path)):
            return None
        destination = DESTINATION.match(found["rest"] or "")
        return unquote(destination["name"] if destination else found["name"])

    @property
    def writes(self) -> bool:
        """Whether the content of an object is stored: by an upload, a copy or a composition."""
        if self.operation == "upload":
            return True
        found = OBJECT.match(self.raw_path)
        return self.method == "POST" and found is not None and bool(found["rest"])

    @property
    def deletes(self) -> bool:
        """Whether an object is deleted."""
        return self.method == "DELETE" and self.object_name is not None

    @property
    def reads_content(self) -> bool:
        """Whether the content of an object is read; such an error comes as text."""
        return self.method == "GET" and self.object_name is not None and self.query.get("alt") == "media"

    @property
    def user_project(self) -> str | None:
        """The project that pays for the request."""
        return self.query.get("userProject") or self.headers.get("x-goog-user-project")

    @property
    def tests_permissions(self) -> bool:
        """Whether the request asks which permissions the caller has."""
        return self.method == "GET" and self.raw_path.endswith("/iam/testPermissions") and self.bucket is not None

    @property
    def tested_permissions(self) -> list[str]:
        """The permissions in question."""
        return [value for name, value in parse_qsl(self.raw_query) if name == "permissions"]

    @property
    def upload_id(self) -> str | None:
        """The session of a resumable upload that this request continues."""
        return self.query.get("upload_id") if self.method == "PUT" else None

    @property
    def starts_session(self) -> bool:
        """Whether this request begins a resumable upload."""
        return self.method == "POST" and self.query.get("uploadType") == "resumable"

    @property
    def asks_for_progress(self) -> bool:
        """Whether the request only asks how much of a resumable upload is stored."""
        given = self.headers.get("content-range", "")
        return self.upload_id is not None and not self.body and re.match(r"bytes \*/(\*|[1-9]\d*)$", given) is not None

    @property
    def ends_session(self) -> bool:
        """Whether the body ends a resumable upload: without ``Content-Range``, or with its last byte."""
        given = re.match(r"bytes (?:\*|\d+-(?P<last>\d+))/(?P<total>\d+|\*)$", self.headers.get("content-range", ""))
        if not given:
            return True
        return given["last"] is not None and given["total"] != "*" and int(given["last"]) + 1 == int(given["total"])


@dataclass(frozen=True, slots=True)
class StorageResponse:
    """An answer of Cloud Storage; a header may occur more than once.

    :param pieces: a large content in place of ``body``, whose length is among the headers.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    pieces: Iterator[bytes] | None = None


def _named_in(body: bytes) -> str | None:
    """Return the name in the metadata of a resumable or multipart upload."""
    found = JSON_PART.search(body)
    for text in (found["json"] if found else b"", body):
        try:
            named: Any = json.loads(text)
        except ValueError:
            continue
        if isinstance(named, dict) and isinstance(named.get("name"), str):
            return str(named["name"])
    return None
