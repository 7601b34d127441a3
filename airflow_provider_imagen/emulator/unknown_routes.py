"""Errors of routes that are not served, in the form of the API that they belong to."""

from __future__ import annotations

import json
import re

from starlette.responses import JSONResponse, Response

from airflow_provider_imagen.emulator.api_errors import error_body
from airflow_provider_imagen.emulator.storage_errors import StorageError

STORAGE_API = re.compile(r"^/(?:batch|(?:upload/|download/|resumable/upload/)?storage)/")
XML_ERROR = "<?xml version='1.0' encoding='UTF-8'?><Error><Code>{code}</Code><Message>{message}</Message></Error>"


def unknown_route(path: str, query: str, *, has_bucket: bool) -> Response:
    """Return the error of a request that no route takes.

    :param has_bucket: whether the path begins with the name of a bucket, as the XML API of Cloud Storage has it.
    """
    if path.startswith("/batch"):
        return _storage_error(
            StorageError(501, "notImplemented", "Batch requests are not served by the emulator. Send them one by one.")
        )
    if STORAGE_API.match(path):
        return _storage_error(StorageError(404, "notFound", "Not Found"))
    if has_bucket or re.search(r"\bupload(s|Id)\b", query):
        message = "The XML API is not served by the emulator. Use the JSON API."
        return Response(XML_ERROR.format(code="NotImplemented", message=message), 501, media_type="application/xml")
    return JSONResponse(error_body(404, "Method not found."), 404)


def _storage_error(error: StorageError) -> Response:
    return Response(json.dumps(error.body), error.status, media_type="application/json; charset=UTF-8")
