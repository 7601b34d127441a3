"""A Cloud Storage listing: what is asked, and the pages that come back."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from airflow_provider_imagen.core.storage.listing import FIELDS, StoredObject, decode_page, query
from airflow_provider_imagen.core.storage.locations import CloudFolder
from airflow_provider_imagen.errors import UnexpectedResponseError

ITEM = {
    "name": "cats/1/sample_0.png",
    "contentType": "image/png",
    "size": "123",
    "timeCreated": "2026-11-22T12:00:00.123Z",
    "tomorrow": True,
}


@pytest.mark.parametrize(
    ("prefix", "token", "expected"),
    [
        ("cats/", None, {"prefix": "cats/", "fields": FIELDS}),
        ("cats/", "abc", {"prefix": "cats/", "fields": FIELDS, "pageToken": "abc"}),
        ("", None, {"fields": FIELDS}),
    ],
)
def test_asks_for_a_folder_page_by_page(prefix: str, token: str | None, expected: dict[str, str]) -> None:
    assert query(CloudFolder("bucket", prefix), token) == expected


def test_asks_for_every_field_that_is_read() -> None:
    wanted = {field.alias for field in StoredObject.model_fields.values()}

    assert wanted <= set(FIELDS.replace("(", ",").replace(")", ",").split(","))


def test_reads_objects_and_the_token_of_the_next_page() -> None:
    page = decode_page(json.dumps({"items": [ITEM], "nextPageToken": "abc", "kind": "storage#objects"}).encode())

    assert page.next_page_token == "abc"
    assert page.items == (
        StoredObject(
            name="cats/1/sample_0.png",
            size=123,
            time_created=datetime(2026, 11, 22, 12, 0, 0, 123_000, tzinfo=UTC),
            content_type="image/png",
        ),
    )


@pytest.mark.parametrize("body", [b"{}", b'{"kind": "storage#objects"}', b'{"items": []}'])
def test_an_empty_folder_has_no_items(body: bytes) -> None:
    page = decode_page(body)

    assert (page.items, page.next_page_token) == ((), None)


@pytest.mark.parametrize(
    ("name", "content_type", "mime_type"),
    [
        ("a.jpg", "image/png", "image/png"),
        ("a.jpg", "", "image/jpeg"),
        ("a.PNG", "application/octet-stream", "image/png"),
        ("a.webp", "", "image/webp"),
        ("a.png", "binary/octet-stream", "image/png"),
        ("a.png", "application/x-www-form-urlencoded", "image/png"),
        ("a", "IMAGE/JPG; charset=utf-8", "image/jpeg"),
        ("a", "image/x-png", "image/png"),
        ("a.png", "text/plain", "text/plain"),
        ("a.unknown", "", "application/octet-stream"),
        ("a", "application/octet-stream", "application/octet-stream"),
    ],
)
def test_the_ending_tells_the_type_where_none_was_stored(name: str, content_type: str, mime_type: str) -> None:
    stored = StoredObject(name=name, content_type=content_type, time_created=datetime(2026, 1, 1, tzinfo=UTC))

    assert stored.mime_type == mime_type


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html></html>",
        b"\xff",
        b"[]",
        b"7",
        b"null",
        b'{"items": 7}',
        b'{"items": ["a"]}',
        b'{"items": [{"name": "a"}]}',
        b'{"items": [{"name": "a", "timeCreated": "lately"}]}',
        b'{"nextPageToken": 7}',
        b'{"error": {"code": 503, "message": "No."}}',
    ],
)
def test_anything_else_is_unexpected_and_names_the_setting_to_check(body: bytes) -> None:
    with pytest.raises(UnexpectedResponseError, match="Check storage_endpoint of the connection"):
        decode_page(body)


def test_the_table_of_types_is_not_the_machine_s(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mimetypes.types_map", {})
    monkeypatch.setattr("mimetypes.guess_type", lambda *_: (None, None))

    stored = StoredObject(name="a.webp", time_created=datetime(2026, 1, 1, tzinfo=UTC))
    assert stored.mime_type == "image/webp"
