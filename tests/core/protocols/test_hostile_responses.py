"""Whatever a server answers, our own errors are all that comes of it, and what is paid for is kept."""

from __future__ import annotations

import base64
import copy
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from airflow_provider_imagen.core.protocols import generate_content, predict
from airflow_provider_imagen.core.protocols.error_body import LONGEST_MESSAGE
from airflow_provider_imagen.core.protocols.http_errors import HttpResponse, Operation, error_from
from airflow_provider_imagen.core.responses import ImagesResponse
from airflow_provider_imagen.core.result_document import ResultDocument
from airflow_provider_imagen.core.result_parts import UsageEntry
from airflow_provider_imagen.core.storage import listing
from airflow_provider_imagen.core.storage import upload as uploading
from airflow_provider_imagen.core.waiting.decision import read_event
from airflow_provider_imagen.errors import ImagenError, UnexpectedResponseError

NOW = datetime(2026, 11, 22, tzinfo=UTC)
PIXELS = base64.b64encode(b"\x89PNG\r\n\x1a\n pixels").decode()
DETAILS = [
    {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "1.5s"},
    {"@type": "type.googleapis.com/google.rpc.DebugInfo", "detail": "Support codes: 58061214"},
]
REAL = {
    "predict": {
        "predictions": [
            {"mimeType": "image/png", "gcsUri": "gs://bucket/1/sample_0.png", "prompt": "a boat"},
            {
                "mimeType": "image/png",
                "bytesBase64Encoded": PIXELS,
                "safetyAttributes": {"categories": ["Violence"], "scores": [0.1]},
            },
            {"raiFilteredReason": "Blocked. Support codes: 58061214"},
            {"contentType": "Positive Prompt", "safetyAttributes": {"categories": ["Toxic"], "scores": [0.2]}},
        ],
        "model": "publishers/google/models/imagen-3.0-generate-002",
    },
    "generate_content": {
        "candidates": [
            {
                "content": {"role": "model", "parts": [{"inlineData": {"mimeType": "image/png", "data": PIXELS}}]},
                "finishReason": "STOP",
            }
        ],
        "promptFeedback": {"blockReason": "SAFETY", "blockReasonMessage": "no"},
        "usageMetadata": {
            "promptTokenCount": 4,
            "totalTokenCount": 1294,
            "trafficType": "ON_DEMAND",
            "candidatesTokensDetails": [{"modality": "IMAGE", "tokenCount": 1290}],
        },
    },
    "listing": {
        "items": [
            {"name": "a/1.png", "contentType": "image/png", "size": "10", "timeCreated": "2026-11-22T00:00:00Z"},
        ],
        "nextPageToken": "next",
    },
    "error": {"error": {"code": 429, "message": "Quota exceeded", "status": "RESOURCE_EXHAUSTED", "details": DETAILS}},
    "upload": {"name": "a.png", "md5Hash": "x"},
}
READERS: dict[str, Callable[[bytes], Any]] = {
    "predict": lambda body: predict.decode(body, 3),
    "generate_content": lambda body: generate_content.decode(body, 1),
    "listing": listing.decode_page,
    "upload": lambda body: uploading.decode_upload(body, b"pixels", "gs://bucket/a.png"),
}

any_text = st.text(st.characters(exclude_categories=[]), max_size=20)
scalars = (
    st.none() | st.booleans() | st.integers() | st.integers(10**20, 10**400) | st.floats() | any_text | st.just("../x")
)
json_values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(any_text, inner, max_size=4), max_leaves=12
)


def paths_in(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    keys = value.keys() if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    return [path, *(deeper for key in keys for deeper in paths_in(value[key], (*path, key)))]


@st.composite
def changed(draw: st.DrawFn, real: Any) -> Any:
    """A real answer in which one to three values were replaced or removed."""
    value = {"": copy.deepcopy(real)}
    for _ in range(draw(st.integers(1, 3))):
        *above, key = draw(st.sampled_from(paths_in(value)[1:]))
        place: Any = value
        for step in above:
            place = place[step]
        if draw(st.booleans()) or len(above) == 0:
            place[key] = draw(json_values)
        else:
            del place[key]
    return value[""]


def bodies_like(real: Any) -> st.SearchStrategy[bytes]:
    written = (json_values | changed(real)).map(lambda value: json.dumps(value).encode())
    return written | changed(real).map(json.dumps).map(lambda text: text[: len(text) // 2].encode()) | st.binary()


def check_answer(answer: Any) -> None:
    if isinstance(answer, ImagesResponse):
        uris = [image.uri or "x" for image in answer.images]
        usage = UsageEntry.of(answer.usage)
        document = ResultDocument.build({"model": "m"}, answer, uris, location="global", usage=usage).to_json()
        json.dumps(document, allow_nan=False, ensure_ascii=False).encode()
        assert all(image.uri is None or image.uri.startswith("gs://") for image in answer.images)


ODD = [
    b"[" * 100_000,
    b'{"a":' * 100_000,
    b'{"predictions": [{"x": ' + b"[" * 300 + b"]" * 300 + b"}]}",
    b"9" * 5000,
    b'{"candidates": NaN, "predictions": Infinity, "items": -Infinity, "md5Hash": 1e999}',
    b"\xff\xfe{}",
    b"\xef\xbb\xbf{}",
    b"\x00",
    b"",
    b'{"items": [{"name": "\\ud800", "timeCreated": "2026-11-22T00:00:00Z"}]}',
]
odd_bodies = pytest.mark.parametrize("body", ODD, ids=lambda body: f"{body[:20]!r} of {len(body)}")
each_reader = pytest.mark.parametrize("name", READERS)


@each_reader
@given(data=st.data())
def test_any_answer_is_read_or_becomes_our_error(name: str, data: st.DataObject) -> None:
    body = data.draw(bodies_like(REAL[name]))
    try:
        check_answer(READERS[name](body))
    except ImagenError as failure:
        str(failure).encode()


@each_reader
@odd_bodies
def test_an_odd_answer_is_read_or_becomes_our_error(name: str, body: bytes) -> None:
    try:
        check_answer(READERS[name](body))
    except ImagenError as failure:
        str(failure).encode()


@odd_bodies
@pytest.mark.parametrize("status", [301, 400, 401, 403, 404, 429, 500, 503])
def test_an_odd_error_body_becomes_our_error(status: int, body: bytes) -> None:
    str(error_from(HttpResponse(status, {}, body), Operation("Asking"), now=NOW)).encode()


header_values = st.text(st.characters(max_codepoint=255), max_size=30) | st.integers().map(str) | st.just("9" * 400)


@given(status=st.integers(100, 999), retry_after=header_values, body=bodies_like(REAL["error"]))
@example(429, "", b'{"error": {"details": [{"retryDelay": "' + b"9" * 400 + b's"}]}}')
@example(400, "", b'{"error": {"message": "' + b"A" * 100_000 + b'"}}')
@example(404, "Sun, 31 Dec 9999 23:59:59 GMT", b'{"error": {"message": {"a": 1}, "status": []}}')
def test_any_error_body_becomes_an_error_of_bearable_length(status: int, retry_after: str, body: bytes) -> None:
    error = error_from(HttpResponse(status, {"retry-after": retry_after}, body), Operation("Asking"), now=NOW)

    assert isinstance(error, ImagenError)
    assert len(str(error).encode()) < 8 * LONGEST_MESSAGE


@given(event=json_values | changed({"status": "done", "uris": ["gs://b/1.png"], "message": "1 of 1"}))
@example("x" * 3000)
@example({"status": "done", "uris": ["\ud800"], "message": ""})
def test_any_trigger_event_is_read_or_becomes_our_error(event: Any) -> None:
    text = ""
    try:
        read_event(event)
    except UnexpectedResponseError as failure:
        text = str(failure)
    assert len(text.encode()) < 2000


def test_a_deep_trigger_event_becomes_our_error() -> None:
    event: Any = {}
    for _ in range(100_000):
        event = {"a": event}

    with pytest.raises(UnexpectedResponseError, match="no result of a wait"):
        read_event(event)


@pytest.mark.parametrize(
    "beside",
    [
        '"prompt": "half \\ud83d"',
        '"safetyAttributes": {"categories": ["Violence"], "scores": [NaN]}',
        '"safetyAttributes": {"categories": ["Violence"], "scores": [1e999]}',
        f'"unknown": {"9" * 5000}',
        '"unknown": -Infinity',
        '"mimeType": "image/jpeg", "mimeType": "image/png"',
    ],
    ids=lambda beside: beside[:30],
)
def test_a_paid_image_is_not_lost_over_what_stands_beside_it(beside: str) -> None:
    body = f'{{"predictions": [{{"bytesBase64Encoded": "{PIXELS}", {beside}}}]}}'

    answer = predict.decode(body.encode(), 1)

    assert [image.data for image in answer.images] == [base64.b64decode(PIXELS)]
    check_answer(answer)


@pytest.mark.parametrize("uri", ["/etc/passwd", "file:///etc/passwd", "https://x.example/1.png", "gs://", "gs:/b/x"])
def test_a_place_that_is_no_object_in_cloud_storage_is_not_handed_on(uri: str) -> None:
    body = json.dumps({"predictions": [{"gcsUri": uri, "mimeType": "image/png"}]}).encode()

    with pytest.raises(UnexpectedResponseError, match="gcsUri"):
        predict.decode(body, 1)
