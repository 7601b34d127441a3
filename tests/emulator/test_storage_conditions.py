"""Preconditions of Cloud Storage hold for every kind of upload, for copies, deletions and reads, and atomically."""

from __future__ import annotations

import contextlib
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote

import pytest

from airflow_provider_imagen.emulator.faults import FaultQueue
from airflow_provider_imagen.emulator.storage_front import StorageFront
from airflow_provider_imagen.emulator.storage_requests import StorageRequest

OBJECT = "/storage/v1/b/bucket/o/a.txt"
FAILED = {
    "message": "At least one of the pre-conditions you specified did not hold.",
    "domain": "global",
    "reason": "conditionNotMet",
    "locationType": "header",
    "location": "If-Match",
}


def media(google: Any, condition: str, data: bytes = b"new", name: str = "a.txt") -> Any:
    path = f"/upload/storage/v1/b/bucket/o?uploadType=media&name={quote(name, safe='')}&{condition}"
    return google.send("POST", path, data, "text/plain")


def multipart(google: Any, condition: str, data: bytes = b"new", name: str = "a.txt") -> Any:
    meta = json.dumps({"metadata": {"k": "{}"}, "name": name}).encode()
    body = (
        b"--cut\r\nContent-Type: application/json\r\n\r\n" + meta + b"\r\n--cut\r\nContent-Type: text/plain\r\n\r\n"
    ) + (data + b"\r\n--cut--\r\n")
    path = f"/upload/storage/v1/b/bucket/o?uploadType=multipart&{condition}"
    return google.send("POST", path, body, 'multipart/related; boundary="cut"')


def resumable(google: Any, condition: str, data: bytes = b"new", name: str = "a.txt") -> Any:
    started = google.post(f"/upload/storage/v1/b/bucket/o?uploadType=resumable&{condition}", {"name": name})
    if started.status != 200:
        return started
    place = started.headers["Location"]
    return google.send("PUT", place[place.index("/upload/") :], data, "text/plain")


UPLOADS = pytest.mark.parametrize("upload", [media, multipart, resumable])


def generation_of(google: Any) -> str:
    return str(google.get(OBJECT).json["generation"])


def is_refused(answer: Any) -> bool:
    return bool(
        answer.status == 412
        and answer.json == {"error": {"code": 412, "message": FAILED["message"], "errors": [FAILED]}}
        and answer.headers["Content-Type"].startswith("application/json")
    )


@UPLOADS
def test_generation_0_creates_an_object_and_replaces_none(google: Any, emulator: Any, upload: Any) -> None:
    assert upload(google, "ifGenerationMatch=0", b"old").status == 200

    assert is_refused(upload(google, "ifGenerationMatch=0"))
    assert emulator.read_object("bucket", "a.txt") == b"old"
    assert upload(google, "ifGenerationMatch=0", name="b.txt").status == 200


@UPLOADS
def test_a_generation_replaces_that_one_only(google: Any, emulator: Any, upload: Any) -> None:
    google.upload("a.txt", b"first")
    first = generation_of(google)

    assert upload(google, f"ifGenerationMatch={first}", b"second").status == 200
    assert is_refused(upload(google, f"ifGenerationMatch={first}", b"third"))
    assert is_refused(upload(google, f"ifGenerationMatch={first}", b"third", name="nowhere.txt"))
    assert emulator.read_object("bucket", "a.txt") == b"second"
    assert emulator.list_objects("bucket") == ["a.txt"]


@UPLOADS
@pytest.mark.parametrize(
    "condition", ["ifGenerationNotMatch={}", "ifMetagenerationMatch=9", "ifMetagenerationNotMatch=1"]
)
def test_the_other_conditions_hold_too(google: Any, upload: Any, condition: str) -> None:
    google.upload("a.txt", b"first")

    assert is_refused(upload(google, condition.format(generation_of(google))))


@UPLOADS
@pytest.mark.parametrize("name", ["a b/ä.txt", "a?b#c", "x/o"])
def test_any_name_has_its_generation(google: Any, upload: Any, name: str) -> None:
    assert upload(google, "ifGenerationMatch=0", name=name).status == 200
    assert is_refused(upload(google, "ifGenerationMatch=0", name=name))


@UPLOADS
def test_of_many_simultaneous_creations_one_succeeds(google: Any, emulator: Any, upload: Any) -> None:
    with ThreadPoolExecutor(8) as pool:
        uploads = pool.map(lambda number: upload(google, "ifGenerationMatch=0", b"%d" % number), range(16))
        statuses = sorted(answer.status for answer in uploads)

    assert statuses == [200] + 15 * [412]
    assert len(emulator.list_objects("bucket")) == 1


class SimultaneousLooks:
    """Storage that lets a look at an object wait for a second one, as long as one may come."""

    def __init__(self, storage: Any) -> None:
        self.url = storage.url
        self._storage = storage
        self._both = threading.Barrier(2)

    def metadata(self, bucket: str, name: str) -> Any:
        found = self._storage.metadata(bucket, name)
        with contextlib.suppress(threading.BrokenBarrierError):
            self._both.wait(timeout=0.3)
        return found


def test_an_object_is_not_looked_at_while_it_is_being_created(emulator: Any) -> None:
    front = StorageFront(SimultaneousLooks(emulator._storage), FaultQueue())  # type: ignore[arg-type]
    query = "uploadType=media&name=a.txt&ifGenerationMatch=0"
    request = StorageRequest("POST", "/upload/storage/v1/b/bucket/o", query, {}, b"new")

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(lambda _: front.answer(request).status, range(2))) == [200, 412]


def test_a_session_that_began_before_an_object_was_there_does_not_replace_it(google: Any, emulator: Any) -> None:
    started = google.post("/upload/storage/v1/b/bucket/o?uploadType=resumable&name=a.txt&ifGenerationMatch=0", {})
    google.upload("a.txt", b"meanwhile")

    place = started.headers["Location"].removeprefix(emulator.endpoint)
    assert is_refused(google.send("PUT", place, b"late", "text/plain"))
    assert emulator.read_object("bucket", "a.txt") == b"meanwhile"


def test_an_object_is_deleted_in_its_generation_only(google: Any, emulator: Any) -> None:
    google.upload("a.txt", b"first")
    generation = generation_of(google)

    for condition in ("ifGenerationMatch=5", "ifGenerationMatch=0", f"ifGenerationNotMatch={generation}"):
        assert is_refused(google.send("DELETE", f"{OBJECT}?{condition}"))
    assert emulator.list_objects("bucket") == ["a.txt"]
    assert google.send("DELETE", f"{OBJECT}?ifGenerationMatch={generation}").status == 204
    assert emulator.list_objects("bucket") == []


@pytest.mark.parametrize("method", ["copyTo", "rewriteTo"])
def test_a_copy_does_not_replace_what_a_condition_keeps(google: Any, emulator: Any, method: str) -> None:
    google.upload("a.txt", b"kept")
    google.upload("source.txt", b"other")
    path = f"/storage/v1/b/bucket/o/source.txt/{method}/b/bucket/o"

    assert is_refused(google.post(f"{path}/a.txt?ifGenerationMatch=0", {}))
    assert google.post(f"{path}/new.txt?ifGenerationMatch=0", {}).status == 200
    assert emulator.read_object("bucket", "a.txt") == b"kept"


def test_a_composition_does_not_replace_what_a_condition_keeps(google: Any, emulator: Any) -> None:
    for name in ("a.txt", "1.txt", "2.txt"):
        google.upload(name, name.encode())
    parts = {"sourceObjects": [{"name": "1.txt"}, {"name": "2.txt"}]}

    assert is_refused(google.post(f"{OBJECT}/compose?ifGenerationMatch=0", parts))
    assert emulator.read_object("bucket", "a.txt") == b"a.txt"


@pytest.mark.parametrize("query", ["", "alt=media&"])
def test_a_read_of_another_generation_is_refused(google: Any, query: str) -> None:
    google.upload("a.txt", b"first")

    assert google.get(f"{OBJECT}?{query}ifGenerationMatch=5").status == 412
    assert google.get(f"{OBJECT}?{query}ifGenerationMatch={generation_of(google)}").status == 200


@pytest.mark.parametrize("query", ["", "alt=media&"])
def test_a_read_of_the_generation_that_the_client_has_answers_that_only(google: Any, query: str) -> None:
    google.upload("a.txt", b"first")

    answer = google.get(f"{OBJECT}?{query}ifGenerationNotMatch={generation_of(google)}")
    assert (answer.status, answer.body) == (304, b"")
    assert google.get(f"{OBJECT}?{query}ifGenerationNotMatch=5").status == 200


@pytest.mark.parametrize("value", ["", "x", "1.5"])
def test_a_generation_that_is_no_number_is_refused(google: Any, value: str) -> None:
    answer = media(google, f"ifGenerationMatch={value}")

    assert (answer.status, answer.json["error"]["errors"][0]["location"]) == (400, "ifGenerationMatch")


def test_an_upload_without_condition_replaces(google: Any, emulator: Any) -> None:
    first = google.upload("a.txt", b"first").json["generation"]

    assert int(google.upload("a.txt", b"second").json["generation"]) > int(first)
    assert emulator.read_object("bucket", "a.txt") == b"second"


def test_a_client_that_asks_is_told_how_much_of_its_upload_is_stored(google: Any) -> None:
    place = google.post("/upload/storage/v1/b/bucket/o?uploadType=resumable", {"name": "parts.txt"}).headers["Location"]

    def put(content_range: str, data: bytes = b"") -> Any:
        headers = {"Content-Range": content_range}
        return google.send("PUT", place[place.index("/upload/") :], data, "text/plain", headers)

    assert put("bytes */*").status == 308
    assert put("bytes 0-2/*", b"abc").headers["Range"] == put("bytes */*").headers["Range"] == "bytes=0-2"
    assert put("bytes 3-4/5", b"de").status == 200
    assert put("bytes */*").json["size"] == "5"
