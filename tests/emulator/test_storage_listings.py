"""Listings and metadata hold what a client asks for with ``fields``, and end where it says."""

from __future__ import annotations

import base64
import hashlib
from datetime import datetime
from typing import Any
from urllib.parse import quote

import pytest

NAMES = ["a/1", "a/2", "a/3", "b", "c/1"]
OBJECT = "/storage/v1/b/bucket/o/b"
ASKED = "items(name,generation,md5Hash,crc32c,size,contentType,timeCreated,updated),nextPageToken"


@pytest.fixture(autouse=True)
def filled(emulator: Any) -> None:
    for name in NAMES:
        emulator.put_object("bucket", name, name.encode(), "text/plain")


def listed(google: Any, query: str) -> list[str]:
    answer = google.objects(query=query)
    assert answer.status == 200
    return [item["name"] for item in answer.json.get("items", [])]


def test_each_item_has_the_fields_that_were_asked_for(google: Any) -> None:
    listing = google.objects(query=f"fields={quote(ASKED, safe='')}").json

    assert listing.keys() == {"items"}
    for item, name in zip(listing["items"], NAMES, strict=True):
        md5 = base64.b64encode(hashlib.md5(name.encode()).digest()).decode()
        assert (item["name"], item["md5Hash"], item["size"], item["contentType"]) == (
            name,
            md5,
            str(len(name)),
            "text/plain",
        )
        assert len(base64.b64decode(item["crc32c"])) == 4
        assert int(item["generation"]) > 0
        assert datetime.fromisoformat(item["timeCreated"]).tzinfo
        assert datetime.fromisoformat(item["updated"]) >= datetime.fromisoformat(item["timeCreated"])
        assert len(item) == 8


@pytest.mark.parametrize(
    ("fields", "keys"),
    [
        ("items/name", {"items"}),
        ("items(name)", {"items"}),
        ("items( name )", {"items"}),
        ("nextPageToken", {"nextPageToken"}),
        ("kind,items/name,nextPageToken", {"kind", "items", "nextPageToken"}),
        ("*", {"kind", "items", "nextPageToken"}),
    ],
)
def test_a_listing_has_the_fields_that_were_asked_for(google: Any, fields: str, keys: set[str]) -> None:
    listing = google.objects(query=f"maxResults=2&fields={quote(fields, safe='')}").json

    assert listing.keys() == keys
    if "items" in keys and fields != "*":
        assert listing["items"] == [{"name": "a/1"}, {"name": "a/2"}]


@pytest.mark.parametrize("fields", ["name,generation", "name,metadata/owner,generation"])
def test_metadata_has_the_fields_that_were_asked_for(google: Any, fields: str) -> None:
    assert google.get(f"{OBJECT}?fields={quote(fields, safe='')}").json.keys() == {"name", "generation"}


def test_what_an_upload_answers_has_the_fields_that_were_asked_for(google: Any) -> None:
    path = "/upload/storage/v1/b/bucket/o?uploadType=media&name=new&fields=name,md5Hash"

    answer = google.send("POST", path, b"new", "text/plain")
    assert answer.json.keys() == {"name", "md5Hash"}


@pytest.mark.parametrize("fields", ["", "nam", "items(nam)", "items(name", "items)name", "items//name", "items,,kind"])
def test_a_selection_of_no_fields_is_refused_and_nothing_is_written(google: Any, emulator: Any, fields: str) -> None:
    selection = f"fields={quote(fields, safe='')}"
    upload = f"/upload/storage/v1/b/bucket/o?uploadType=media&name=new&{selection}"
    answers = [google.objects(query=selection), google.get(f"{OBJECT}?{selection}"), google.send("POST", upload, b"x")]

    for answer in answers:
        assert answer.status == 400
        assert answer.message.startswith("Invalid field selection")
    assert emulator.list_objects("bucket") == NAMES


def test_metadata_holds_what_the_listing_holds(google: Any) -> None:
    (item,) = google.objects(query="prefix=b").json["items"]
    metadata = google.get(OBJECT).json

    assert {name: metadata[name] for name in item if name != "acl"} == {
        name: value for name, value in item.items() if name != "acl"
    }


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("startOffset=a/2", NAMES[1:]),
        ("endOffset=b", NAMES[:3]),
        ("startOffset=a/3&endOffset=c", ["a/3", "b"]),
        ("startOffset=a/2&endOffset=a/3&prefix=a/", ["a/2"]),
        ("startOffset=x", []),
        ("maxResults=2", NAMES[:2]),
        ("prefix=a/&maxResults=2", NAMES[:2]),
        ("startOffset=a/2&maxResults=2", NAMES[1:3]),
    ],
)
def test_a_listing_begins_and_ends_where_it_was_asked_to(google: Any, query: str, names: list[str]) -> None:
    assert listed(google, query) == names


@pytest.mark.parametrize("query", ["", "startOffset=a/2&", "prefix=a/&", "fields=items/name,nextPageToken&"])
@pytest.mark.parametrize("size", [1, 2, 3])
def test_pages_together_hold_the_whole_listing(google: Any, query: str, size: int) -> None:
    names: list[str] = []
    token = ""
    while True:
        page = google.objects(query=f"{query}maxResults={size}&pageToken={quote(token, safe='')}").json
        names += [item["name"] for item in page["items"]]
        assert len(page["items"]) <= size
        if not (token := page.get("nextPageToken", "")):
            break

    assert names == listed(google, query)


@pytest.mark.parametrize("value", ["0", "-1", "x", ""])
def test_a_page_of_no_size_is_refused(google: Any, value: str) -> None:
    answer = google.objects(query=f"maxResults={value}")

    assert (answer.status, answer.json["error"]["errors"][0]["location"]) == (400, "maxResults")


def test_more_objects_than_a_page_holds_are_all_listed_and_removed(google: Any, emulator: Any) -> None:
    for number in range(1001):
        emulator.put_object("my-bucket", f"{number:04}", b"", "text/plain")

    assert len(emulator.list_objects("my-bucket")) == 1001
    emulator.reset()
    assert emulator.list_objects("my-bucket") == []
