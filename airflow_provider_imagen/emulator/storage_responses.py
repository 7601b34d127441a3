"""Responses of fake-gcs-server as Cloud Storage would give them."""

from __future__ import annotations

import dataclasses
import json
from http import HTTPStatus
from typing import Any

from airflow_provider_imagen.emulator import partial_response, storage_errors
from airflow_provider_imagen.emulator.storage_errors import StorageError
from airflow_provider_imagen.emulator.storage_requests import StorageRequest, StorageResponse

REASONS = {400: "invalid", 401: "required", 403: "forbidden", 404: "notFound", 409: "conflict", 412: "conditionNotMet"}


def mask_of(request: StorageRequest) -> partial_response.Mask:
    """Return the fields that a request selects.

    :raises StorageError: the selection is invalid.
    """
    if "fields" not in request.query or (request.object_name is None and request.operation != "list"):
        return {}
    known = partial_response.LISTING if request.operation == "list" else partial_response.OBJECT
    return partial_response.parse(request.query["fields"], known)


def translated(request: StorageRequest, response: StorageResponse, *, has_bucket: bool) -> StorageResponse:
    """Return a response in Google's form.

    :param has_bucket: whether the bucket of the request exists.
    :raises StorageError: the response is an error.
    """
    if response.status >= HTTPStatus.BAD_REQUEST:
        raise _error(request, response, has_bucket=has_bucket)
    if request.deletes:
        return StorageResponse(HTTPStatus.NO_CONTENT, (), b"")
    if request.reads_content:
        return dataclasses.replace(response, headers=tuple(_content_headers(response.headers)))
    if response.status == HTTPStatus.OK and (mask := mask_of(request)):
        return json_response(partial_response.select(json.loads(response.body), mask), response.headers)
    return response


def error_response(request: StorageRequest, error: StorageError) -> StorageResponse:
    """Return an error as JSON, or as text in place of an object's content."""
    if error.status == HTTPStatus.NOT_MODIFIED:
        return StorageResponse(error.status, (), b"")
    if request.reads_content:
        text = error.message.encode()
        return StorageResponse(error.status, (("content-type", "text/html; charset=UTF-8"),), text)
    return StorageResponse(
        error.status, (("content-type", "application/json; charset=UTF-8"),), json.dumps(error.body).encode()
    )


def json_response(content: Any, headers: tuple[tuple[str, str], ...] = ()) -> StorageResponse:
    """Return a response with a JSON body."""
    headers = headers or (("content-type", "application/json; charset=UTF-8"),)
    return StorageResponse(HTTPStatus.OK, headers, json.dumps(content).encode())


def _error(request: StorageRequest, response: StorageResponse, *, has_bucket: bool) -> StorageError:
    if response.status == HTTPStatus.NOT_FOUND:
        if request.bucket is not None and not has_bucket:
            return storage_errors.missing_bucket()
        if request.bucket is None or request.object_name is None:
            return StorageError(response.status, "notFound", "Not Found")
        return storage_errors.missing_object(request.bucket, request.object_name)
    try:
        message = str(json.loads(response.body)["error"]["message"])
    except (ValueError, KeyError, TypeError):
        message = response.body.decode(errors="replace").strip()
    return StorageError(response.status, REASONS.get(response.status, "backendError"), message)


def _content_headers(headers: tuple[tuple[str, str], ...]) -> list[tuple[str, str]]:
    """Return the headers with one ``x-goog-hash`` for each kind of hash."""
    split: list[tuple[str, str]] = []
    for name, value in headers:
        values = value.split(",") if name.lower() == "x-goog-hash" else [value]
        split += [(name, each.strip()) for each in values]
    return split
