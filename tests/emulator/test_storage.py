"""Cloud Storage calls pass through the emulator to the real fake-gcs-server, and come back unchanged."""

from __future__ import annotations

import gzip
import json
from typing import Any
from urllib.parse import quote

import pytest

NAMES = ["a/1.txt", "a/2.txt", "a/3.txt", "a/4.txt", "a/5.txt", "b/1.txt"]


@pytest.fixture
def filled(emulator: Any) -> None:
    for name in NAMES:
        emulator.put_object("bucket", name, name.encode(), "text/plain")


def names_of(answer: Any) -> list[str]:
    assert answer.status == 200
    return [item["name"] for item in answer.json.get("items", [])]


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize(("prefix", "count"), [("", 6), ("a/", 5), ("b", 1), ("c", 0), ("a/1.txt", 1), ("A/", 0)])
def test_a_listing_holds_the_objects_with_a_prefix(google: Any, prefix: str, count: int) -> None:
    names = names_of(google.objects(query=f"prefix={quote(prefix, safe='')}"))

    assert names == [name for name in NAMES if name.startswith(prefix)]
    assert len(names) == count


@pytest.mark.usefixtures("filled")
def test_a_long_listing_comes_in_pages(google: Any) -> None:
    pages, token = [], ""
    while not pages or token:
        answer = google.objects(query=f"prefix=a/&maxResults=2&pageToken={quote(token, safe='')}")
        pages.append(names_of(answer))
        token = answer.json.get("nextPageToken", "")
        assert len(pages) < 10

    assert pages == [["a/1.txt", "a/2.txt"], ["a/3.txt", "a/4.txt"], ["a/5.txt"]]


@pytest.mark.usefixtures("filled")
def test_a_listing_can_stop_at_folders(google: Any) -> None:
    assert google.objects(query="delimiter=/").json["prefixes"] == ["a/", "b/"]


def test_an_item_of_a_listing_tells_size_type_and_time(google: Any, emulator: Any) -> None:
    emulator.put_object("bucket", "a.png", b"12345", "image/png")

    (item,) = google.objects().json["items"]
    assert (item["bucket"], item["name"], item["size"], item["contentType"]) == ("bucket", "a.png", "5", "image/png")
    assert {"timeCreated", "updated", "generation", "md5Hash"} <= item.keys()


@pytest.mark.parametrize("name", ["a.txt", "a b/ä.txt", "100%/x+y.txt", "a?b#c", "日本/船", "a//b"])
@pytest.mark.parametrize("data", [b"text", bytes(range(256)), b""], ids=["text", "bytes", "empty"])
def test_what_was_uploaded_comes_back_with_name_bytes_and_type(
    google: Any, emulator: Any, name: str, data: bytes
) -> None:
    uploaded = google.upload(name, data, "application/x-test")

    assert (uploaded.status, uploaded.json["name"], uploaded.json["size"]) == (200, name, str(len(data)))
    downloaded = google.download(name)
    assert (downloaded.status, downloaded.body) == (200, data)
    assert downloaded.headers["Content-Type"] == "application/x-test"
    assert emulator.read_object("bucket", name) == data
    assert emulator.list_objects("bucket") == [name]
    assert (emulator.requests[-1].path, emulator.requests[-1].query) == (f"/storage/v1/b/bucket/o/{name}", "alt=media")


def test_an_upload_with_metadata_in_two_parts_works(google: Any) -> None:
    """Google's clients send small files this way."""
    meta = json.dumps({"name": "a.txt", "metadata": {"k": "v"}})
    body = (
        f"--cut\r\nContent-Type: application/json\r\n\r\n{meta}\r\n"
        "--cut\r\nContent-Type: text/plain\r\n\r\nhello\r\n--cut--\r\n"
    ).encode()

    path = "/upload/storage/v1/b/bucket/o?uploadType=multipart"
    uploaded = google.send("POST", path, body, 'multipart/related; boundary="cut"')

    assert uploaded.status == 200
    assert google.download("a.txt").body == b"hello"
    assert google.download("a.txt", query="").json["metadata"] == {"k": "v"}


def test_an_upload_in_two_steps_stays_on_the_emulator(google: Any, emulator: Any) -> None:
    """Google's clients send large files this way."""
    started = google.post("/upload/storage/v1/b/bucket/o?uploadType=resumable&name=a.txt", {})

    place = started.headers["Location"]
    assert place.startswith(emulator.endpoint + "/upload/")
    sent = google.send("PUT", place.removeprefix(emulator.endpoint), b"hello", "text/plain")
    assert (sent.status, google.download("a.txt").body) == (200, b"hello")
    assert len(emulator.requests) == 3


def test_the_links_of_an_object_lead_to_the_emulator(google: Any, emulator: Any) -> None:
    links = google.upload("a/b.txt", b"hello").json

    assert links["mediaLink"].startswith(emulator.endpoint)
    assert google.get(links["mediaLink"].removeprefix(emulator.endpoint)).body == b"hello"
    assert google.get(links["selfLink"].removeprefix(emulator.endpoint)).json["name"] == "a/b.txt"


def test_packed_bytes_are_not_unpacked_on_the_way(google: Any) -> None:
    packed = gzip.compress(b"hello")
    google.upload("a.gz", packed, "application/gzip")

    assert google.download("a.gz").body == packed


def test_an_object_can_be_deleted(google: Any, emulator: Any) -> None:
    emulator.put_object("bucket", "a.txt", b"x", "text/plain")

    deleted = google.send("DELETE", "/storage/v1/b/bucket/o/a.txt")
    assert (deleted.status, deleted.body) == (204, b"")
    assert google.download("a.txt").status == 404
    assert emulator.list_objects("bucket") == []
    assert google.send("DELETE", "/storage/v1/b/bucket/o/a.txt").message == "No such object: bucket/a.txt"


NO_BUCKET = "The specified bucket does not exist."


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/storage/v1/b/bucket/o/nowhere.txt", "No such object: bucket/nowhere.txt"),
        ("/storage/v1/b/bucket/o/a%20b%2Fc", "No such object: bucket/a b/c"),
        ("/storage/v1/b/nowhere", NO_BUCKET),
        ("/storage/v1/b/nowhere/o", NO_BUCKET),
        ("/storage/v1/b/nowhere/o/a.txt", NO_BUCKET),
    ],
)
def test_what_is_not_there_is_not_found(google: Any, path: str, message: str) -> None:
    error = {"message": message, "domain": "global", "reason": "notFound"}

    answer = google.get(path)
    assert (answer.status, answer.json) == (404, {"error": {"code": 404, "message": message, "errors": [error]}})


def test_content_that_is_not_there_is_not_found_in_words(google: Any) -> None:
    answer = google.download("nowhere.txt")

    assert (answer.status, answer.body) == (404, b"No such object: bucket/nowhere.txt")


def test_an_upload_to_a_bucket_that_is_not_there_is_not_found(google: Any) -> None:
    answer = google.upload("a.txt", b"x", bucket="nowhere")

    assert (answer.status, answer.message) == (404, NO_BUCKET)


def test_the_buckets_are_there_and_empty_after_a_reset(google: Any, emulator: Any) -> None:
    for bucket in ("bucket", "my-bucket"):
        assert google.get(f"/storage/v1/b/{bucket}").json["name"] == bucket
        emulator.put_object(bucket, "a.txt", b"x", "text/plain")

    emulator.reset()

    assert [emulator.list_objects(bucket) for bucket in ("bucket", "my-bucket")] == [[], []]


def test_an_object_that_is_not_there_is_a_lookup_error_in_python(emulator: Any) -> None:
    for bucket in ("bucket", "nowhere"):
        with pytest.raises(LookupError):
            emulator.read_object(bucket, "nowhere.txt")
    with pytest.raises(LookupError):
        emulator.list_objects("nowhere")
