"""What is not served is refused in the form of the API that it belongs to, never with a page."""

from __future__ import annotations

from typing import Any

import pytest

MODEL = "/v1/projects/p/locations/us-central1/publishers/google/models/imagen-4.0-generate-001"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/projects/p/locations/us-central1/endpoints"),
        ("POST", f"{MODEL}:predictLongRunning"),
        ("POST", f"{MODEL}:rawPredict"),
        ("GET", f"{MODEL}:predict"),
        ("DELETE", f"{MODEL}:predict"),
        ("POST", "/v1/publishers/google/models/imagen-4.0-generate-001"),
        ("POST", "/v1/projects/p/locations/us-central1/customJobs"),
        ("POST", "/v2/projects/p/locations/us-central1/publishers/google/models/x:predict"),
        ("POST", "/v1/v1/projects/p/locations/us-central1/publishers/google/models/x:predict"),
        ("POST", "/nowhere/a.txt"),
        ("PUT", "/nowhere/a.txt"),
        ("GET", "/"),
        ("GET", "/docs"),
    ],
)
def test_an_unknown_method_of_vertex_is_not_found(google: Any, emulator: Any, method: str, path: str) -> None:
    answer = google.send(method, path, {} if method == "POST" else None)

    error = {"code": 404, "message": "Method not found.", "status": "NOT_FOUND", "details": []}
    assert (answer.status, answer.json) == (404, {"error": error})
    assert [request.path for request in emulator.requests] == [path]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/storage/v1/nonsense"),
        ("GET", "/storage/v2/b/bucket/o"),
        ("GET", "/storage/v1/b/bucket/nonsense"),
        ("POST", "/storage/v1/b/bucket/nonsense"),
        ("GET", "/resumable/upload/storage/v1/b/bucket/o"),
        ("OPTIONS", "/storage/v1/b/bucket/o"),
    ],
)
def test_an_unknown_method_of_cloud_storage_is_not_found(google: Any, method: str, path: str) -> None:
    answer = google.send(method, path)

    error = {"message": "Not Found", "domain": "global", "reason": "notFound"}
    assert (answer.status, answer.json) == (404, {"error": {"code": 404, "message": "Not Found", "errors": [error]}})


def test_a_batch_is_refused_as_json(google: Any, emulator: Any) -> None:
    body = b"--cut\r\nContent-Type: application/http\r\n\r\nDELETE /storage/v1/b/bucket/o/a HTTP/1.1\r\n\r\n--cut--"

    answer = google.send("POST", "/batch/storage/v1", body, 'multipart/mixed; boundary="cut"')

    ((error),) = answer.json["error"]["errors"]
    assert (answer.status, error["reason"]) == (501, "notImplemented")
    assert answer.message == "Batch requests are not served by the emulator. Send them one by one."


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/bucket/a.txt"),
        ("POST", "/bucket/a.txt?uploads"),
        ("PUT", "/bucket/a/b.txt?partNumber=1&uploadId=x"),
        ("GET", "/bucket/a.txt"),
        ("GET", "/bucket/a.txt?uploadId=x"),
        ("POST", "/nowhere/a.txt?uploads"),
        ("DELETE", "/bucket/a.txt"),
    ],
)
def test_a_request_of_the_xml_api_is_refused_as_xml(google: Any, emulator: Any, method: str, path: str) -> None:
    answer = google.send(method, path, b"x" if method in {"PUT", "POST"} else None)

    assert (answer.status, answer.headers["Content-Type"]) == (501, "application/xml")
    assert answer.body == (
        b"<?xml version='1.0' encoding='UTF-8'?><Error><Code>NotImplemented</Code>"
        b"<Message>The XML API is not served by the emulator. Use the JSON API.</Message></Error>"
    )
    assert emulator.list_objects("bucket") == []


def test_a_control_that_does_not_exist_is_not_found(google: Any, emulator: Any) -> None:
    answer = google.get("/emulator/nonsense")

    assert (answer.status, answer.json) == (404, {"detail": "Not Found"})
    assert emulator.requests == []
