"""Cloud Storage as clients see it: fake-gcs-server, with the preconditions, refusals and headers that it lacks."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, urlsplit

from airflow_provider_imagen.emulator import forwarding, partial_response, storage_errors
from airflow_provider_imagen.emulator.bucket_states import AFTER_CONDITIONS, BEFORE_CONDITIONS, Access, Rule
from airflow_provider_imagen.emulator.faults import FaultQueue
from airflow_provider_imagen.emulator.storage import Storage
from airflow_provider_imagen.emulator.storage_errors import StorageRefusal
from airflow_provider_imagen.emulator.storage_requests import StorageRequest, StorageResponse

LOCKS = 64
CONDITIONS = ("ifGenerationMatch", "ifGenerationNotMatch", "ifMetagenerationMatch", "ifMetagenerationNotMatch")
PERMISSIONS = {"GET": "get", "HEAD": "get", "DELETE": "delete", "PATCH": "update", "PUT": "update", "POST": "create"}


class StorageFront:
    """Answers requests of the JSON API.

    A write to an object whose present state matters holds that object's lock from the look to the write, so that of
    two simultaneous creations exactly one succeeds.

    :param storage: the server that keeps the objects.
    :param faults: where states of buckets are ordered.
    """

    def __init__(self, storage: Storage, faults: FaultQueue) -> None:
        self._storage = storage
        self._faults = faults
        self._locks = [threading.Lock() for _ in range(LOCKS)]
        self._sessions: dict[str, StorageRequest] = {}

    def answer(self, request: StorageRequest) -> StorageResponse:
        """Return the answer to a request, which may be a refusal."""
        try:
            begun = self._sessions.get(request.upload_id or "", request)
            mask = _mask(begun)
            with self._locks[hash((begun.bucket, begun.object_name)) % LOCKS]:
                self._check(request, begun)
                answer = forwarding.send(self._storage.url, request)
            self._remember(request, answer)
            return _translated(request, answer, mask)
        except StorageRefusal as refusal:
            return _refused(request, refusal)

    def write_uri(self, uri: str, data: bytes, content_type: str) -> None:
        """Store an object for a service agent.

        :raises StorageRefusal: the bucket refuses it.
        """
        self._check_service_agent(uri, "storage.objects.create", "upload")
        self._storage.write_uri(uri, data, content_type)

    def read_uri(self, uri: str) -> bytes:
        """Return the content of an object for a service agent.

        :raises StorageRefusal: the bucket refuses it.
        """
        self._check_service_agent(uri, "storage.objects.get", "download")
        return self._storage.read_uri(uri)

    def clear(self) -> None:
        """Drop all sessions of resumable uploads."""
        self._sessions.clear()

    def _check_service_agent(self, uri: str, permission: str, operation: str) -> None:
        bucket, _, name = uri.removeprefix("gs://").partition("/")
        if refusal := self._faults.refusal(Access(bucket, name, permission), operation, BEFORE_CONDITIONS):
            raise refusal

    def _check(self, request: StorageRequest, begun: StorageRequest) -> None:
        """Raise the refusal of a request; ``begun`` is the one that began its session, or the request itself."""
        if (bucket := begun.bucket) is None:
            return
        _check_page_size(request)
        access = Access(bucket, begun.object_name, _permission(begun), request.user_project)
        self._refuse(access, request, BEFORE_CONDITIONS)
        conditions = {name: begun.query[name] for name in CONDITIONS if name in begun.query}
        changes = (begun.writes and request.ends_session) or begun.deletes
        if begun.object_name is None or not (conditions or (changes and self._faults.has_states())):
            return
        present = self._storage.metadata(bucket, begun.object_name)
        if changes or not begun.writes or begun.starts_session:
            _check_conditions(conditions, present)
        if changes and not request.starts_session:
            access = Access(bucket, begun.object_name, access.permission, request.user_project, present)
            self._refuse(access, request, AFTER_CONDITIONS)

    def _refuse(self, access: Access, request: StorageRequest, rules: Mapping[str, Rule]) -> None:
        if refusal := self._faults.refusal(access, request.operation, rules):
            raise refusal

    def _remember(self, request: StorageRequest, answer: StorageResponse) -> None:
        """Keep what began a resumable upload; its conditions hold when it ends."""
        place = dict(answer.headers).get("location", "")
        if request.starts_session and place:
            for upload_id in parse_qs(urlsplit(place).query).get("upload_id", ()):
                self._sessions[upload_id] = request


def _permission(request: StorageRequest) -> str:
    if request.operation == "list":
        return "storage.objects.list"
    if request.object_name is None and request.operation != "upload":
        return f"storage.buckets.{PERMISSIONS[request.method]}"
    return "storage.objects.create" if request.writes else f"storage.objects.{PERMISSIONS[request.method]}"


def _check_conditions(conditions: Mapping[str, str], present: Mapping[str, Any] | None) -> None:
    for name, value in conditions.items():
        if not value.removeprefix("-").isdigit():
            raise storage_errors.invalid(f"Invalid long value: '{value}'.", name)
        field = "metageneration" if "Meta" in name else "generation"
        is_equal = int(present[field] if present else 0) == int(value)
        if is_equal == name.endswith("NotMatch"):
            raise storage_errors.precondition_failed()


def _check_page_size(request: StorageRequest) -> None:
    value = request.query.get("maxResults", "1")
    if not value.isdigit():
        raise storage_errors.invalid(f"Invalid unsigned integer value: '{value}'.", "maxResults")
    if int(value) == 0:
        raise storage_errors.invalid("Invalid value '0'. Values must be within the range: [1, 1000]", "maxResults")


def _mask(request: StorageRequest) -> partial_response.Mask:
    if "fields" not in request.query or (request.object_name is None and request.operation != "list"):
        return {}
    known = partial_response.LISTING if request.operation == "list" else partial_response.OBJECT
    return partial_response.parse(request.query["fields"], known)


def _translated(request: StorageRequest, answer: StorageResponse, mask: partial_response.Mask) -> StorageResponse:
    """Return an answer of fake-gcs-server as Google would give it."""
    if answer.status == HTTPStatus.NOT_FOUND and request.bucket is not None:
        raise _not_found(request)
    if request.deletes and answer.status == HTTPStatus.OK:
        return StorageResponse(HTTPStatus.NO_CONTENT, (), b"")
    if request.reads_content:
        return StorageResponse(answer.status, tuple(_headers_of_content(answer.headers)), answer.body)
    if mask and answer.status == HTTPStatus.OK:
        selected = partial_response.select(json.loads(answer.body), mask)
        return StorageResponse(answer.status, answer.headers, _json(selected))
    return answer


def _headers_of_content(headers: tuple[tuple[str, str], ...]) -> list[tuple[str, str]]:
    """Return the headers with one ``x-goog-hash`` for each kind of hash."""
    split: list[tuple[str, str]] = []
    for name, value in headers:
        values = value.split(",") if name.lower() == "x-goog-hash" else [value]
        split += [(name, each.strip()) for each in values]
    return split


def _not_found(request: StorageRequest) -> StorageRefusal:
    if request.object_name is None or request.operation == "upload":
        return storage_errors.missing_bucket()
    return storage_errors.missing_object(str(request.bucket), request.object_name)


def _refused(request: StorageRequest, refusal: StorageRefusal) -> StorageResponse:
    """Return a refusal as JSON, or as text where content was asked for."""
    if request.reads_content:
        text = refusal.message.encode()
        return StorageResponse(refusal.status, (("content-type", "text/html; charset=UTF-8"),), text)
    headers = (("content-type", "application/json; charset=UTF-8"),)
    return StorageResponse(refusal.status, headers, _json(refusal.body))


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()
