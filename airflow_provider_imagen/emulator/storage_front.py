"""Cloud Storage as clients see it: fake-gcs-server, with the preconditions, refusals and headers that it lacks."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import IO, Any
from urllib.parse import parse_qs, urlsplit

from airflow_provider_imagen.emulator import forwarding, partial_response, storage_errors
from airflow_provider_imagen.emulator.bucket_states import AFTER_CONDITIONS, BEFORE_CONDITIONS, Access, Rule
from airflow_provider_imagen.emulator.faults import FaultQueue
from airflow_provider_imagen.emulator.object_globs import compiled
from airflow_provider_imagen.emulator.storage import ObjectMissingError, Storage
from airflow_provider_imagen.emulator.storage_errors import StorageError
from airflow_provider_imagen.emulator.storage_requests import StorageRequest, StorageResponse
from airflow_provider_imagen.emulator.storage_responses import error_response, json_response, mask_of, translated

LOCKS = 64
PAGE_SIZE = 1000
CONDITIONS = ("ifGenerationMatch", "ifGenerationNotMatch", "ifMetagenerationMatch", "ifMetagenerationNotMatch")
PERMISSIONS = {"GET": "get", "HEAD": "get", "DELETE": "delete", "PATCH": "update", "PUT": "update", "POST": "create"}


class StorageFront:
    """Handles requests of the JSON API.

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
        self._progress: dict[str, StorageResponse] = {}

    def answer(self, request: StorageRequest) -> StorageResponse:
        """Return the response to a request, which may be an error."""
        try:
            begun = self._sessions.get(request.upload_id or "", request)
            mask_of(begun)
            if request.tests_permissions:
                return self._tested_permissions(request)
            if request.asks_for_progress and request.upload_id in self._sessions:
                return self._progress.get(request.upload_id, StorageResponse(HTTPStatus.PERMANENT_REDIRECT, (), b""))
            with self._locks[hash((begun.bucket, begun.object_name)) % LOCKS]:
                self._check(request, begun)
                response = self._forward(request)
            self._keep_session(request, response)
        except StorageError as error:
            return error_response(request, error)
        return response

    def write_uri(self, uri: str, data: bytes | IO[bytes], content_type: str) -> None:
        """Store an object for a service agent.

        :raises StorageError: the bucket refuses it.
        """
        self._check_service_agent(uri, "storage.objects.create", "upload")
        self._storage.write_uri(uri, data, content_type)

    def read_uri(self, uri: str) -> bytes:
        """Return the content of an object for a service agent.

        :raises StorageError: the bucket refuses it.
        """
        self._check_service_agent(uri, "storage.objects.get", "download")
        return self._storage.read_uri(uri)

    def lines(self, uri: str) -> Iterator[bytes]:
        """Yield the lines of an object for a service agent.

        :raises StorageError: the bucket refuses it.
        :raises ObjectMissingError: there is no such object.
        """
        self._check_service_agent(uri, "storage.objects.get", "download")
        return self._storage.lines(uri)

    def matching_uris(self, uri: str) -> list[str]:
        """Return the URIs of the objects that a URI with wildcards stands for, else the URI itself.

        :raises ObjectMissingError: there is no such object.
        """
        bucket, _, glob = uri.removeprefix("gs://").partition("/")
        if "*" not in glob:
            return [uri]
        pattern = compiled(glob)
        names = self._storage.names(bucket, glob.partition("*")[0])
        if not (found := [f"gs://{bucket}/{name}" for name in names if pattern.match(name)]):
            raise ObjectMissingError(uri)
        return found

    def has_bucket(self, bucket: str) -> bool:
        """Whether a bucket exists."""
        return bool(bucket) and self._storage.has_bucket(bucket)

    def clear(self) -> None:
        """Drop all sessions of resumable uploads."""
        self._sessions.clear()
        self._progress.clear()

    def _forward(self, request: StorageRequest) -> StorageResponse:
        if request.operation == "list" and "matchGlob" in request.query:
            return self._matching(request)
        response = forwarding.send(self._storage.url, request)
        has_bucket = response.status != HTTPStatus.NOT_FOUND or self._storage.has_bucket(request.bucket or "")
        return translated(request, response, has_bucket=has_bucket)

    def _matching(self, request: StorageRequest) -> StorageResponse:
        """Return one page of the objects whose names match a glob."""
        query = request.query
        if "delimiter" in query:
            raise storage_errors.invalid("matchGlob with delimiter is not served by the emulator.", "delimiter")
        pattern = compiled(query["matchGlob"])
        if not self._storage.has_bucket(request.bucket or ""):
            raise storage_errors.missing_bucket()
        rest = {name: query[name] for name in ("prefix", "startOffset", "endOffset") if name in query}
        found = [
            item
            for item in self._storage.items(request.bucket or "", **rest)
            if pattern.match(item["name"]) and item["name"] > query.get("pageToken", "")
        ]
        size = int(query.get("maxResults", PAGE_SIZE))
        listing: dict[str, Any] = {"kind": "storage#objects", "items": found[:size]}
        if len(found) > size:
            listing["nextPageToken"] = found[size - 1]["name"]
        return json_response(partial_response.select(listing, mask_of(request)))

    def _tested_permissions(self, request: StorageRequest) -> StorageResponse:
        """Return those of the permissions in question that no state of the bucket takes away."""
        bucket = request.bucket or ""
        if not self._storage.has_bucket(bucket):
            raise storage_errors.missing_bucket()
        denied = self._faults.denied_permissions(bucket)
        held = [permission for permission in request.tested_permissions if permission not in denied]
        return json_response({"kind": "storage#testIamPermissionsResponse"} | ({"permissions": held} if held else {}))

    def _check_service_agent(self, uri: str, permission: str, operation: str) -> None:
        bucket, _, name = uri.removeprefix("gs://").partition("/")
        if refusal := self._faults.refusal(Access(bucket, name, permission), operation, BEFORE_CONDITIONS):
            raise refusal

    def _check(self, request: StorageRequest, begun: StorageRequest) -> None:
        """Raise the error of a request; ``begun`` is the one that began its session, or the request itself."""
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
            _check_conditions(conditions, present, is_read=request.method == "GET")
        if changes and not request.starts_session:
            access = Access(bucket, begun.object_name, access.permission, request.user_project, present)
            self._refuse(access, request, AFTER_CONDITIONS)

    def _refuse(self, access: Access, request: StorageRequest, rules: Mapping[str, Rule]) -> None:
        if refusal := self._faults.refusal(access, request.operation, rules):
            raise refusal

    def _keep_session(self, request: StorageRequest, answer: StorageResponse) -> None:
        """Keep the request that began a resumable upload, and the last answer to one of its pieces.

        Its conditions are checked again at the end; the answer tells a client that asks how much is stored.
        """
        if request.upload_id is not None:
            self._progress[request.upload_id] = answer
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


def _check_conditions(conditions: Mapping[str, str], present: Mapping[str, Any] | None, *, is_read: bool) -> None:
    for name, value in conditions.items():
        if not value.removeprefix("-").isdigit():
            raise storage_errors.invalid(f"Invalid long value: '{value}'.", name)
        field = "metageneration" if "Meta" in name else "generation"
        is_equal = int(present[field] if present else 0) == int(value)
        if is_equal == name.endswith("NotMatch"):
            raise storage_errors.not_modified() if is_read and is_equal else storage_errors.precondition_failed()


def _check_page_size(request: StorageRequest) -> None:
    value = request.query.get("maxResults", "1")
    if not value.isdigit():
        raise storage_errors.invalid(f"Invalid unsigned integer value: '{value}'.", "maxResults")
    if int(value) == 0:
        raise storage_errors.invalid("Invalid value '0'. Values must be within the range: [1, 1000]", "maxResults")
