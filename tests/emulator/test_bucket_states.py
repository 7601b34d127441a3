"""A bucket can be ordered into a state in which it refuses requests, worded as Cloud Storage words it."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_imagen.emulator import Fault

OBJECT = "/storage/v1/b/bucket/o/old.txt"
COPY = "/storage/v1/b/bucket/o/source.txt/rewriteTo/b/bucket/o"
CALLER = "caller@emulator-project.iam.gserviceaccount.com"
KEEPING = {
    "retention_policy": (
        "retentionPolicyNotMet",
        "Object 'bucket/old.txt' is subject to bucket's retention policy or object retention and cannot be deleted or "
        "overwritten until 20",
    ),
    "temporary_hold": (
        "forbidden",
        "Object 'bucket/old.txt' is under active Temporary hold and cannot be deleted, overwritten or archived until "
        "hold is removed.",
    ),
    "event_based_hold": (
        "forbidden",
        "Object 'bucket/old.txt' is under active Event-Based hold and cannot be deleted, overwritten or archived until "
        "hold is removed.",
    ),
    "no_delete_permission": (
        "forbidden",
        f"{CALLER} does not have storage.objects.delete access to the Google Cloud Storage object. Permission "
        "'storage.objects.delete' denied on resource (or it may not exist).",
    ),
}
keeping = pytest.mark.parametrize("state", KEEPING)


@pytest.fixture(autouse=True)
def filled(emulator: Any) -> None:
    for name in ("old.txt", "source.txt"):
        emulator.put_object("bucket", name, b"old", "text/plain")
        emulator.put_object("my-bucket", name, b"old", "text/plain")


def order(emulator: Any, state: str, **more: Any) -> Fault:
    fault = Fault(**{"operation": "any", "times": None, "bucket_state": state, "bucket": "bucket", **more})
    emulator.order_fault(fault)
    return fault


def resumable(google: Any, name: str) -> Any:
    started = google.post(f"/upload/storage/v1/b/bucket/o?uploadType=resumable&name={name}", {})
    assert started.status == 200, "a session begins; its end is refused"
    place = started.headers["Location"]
    return google.send("PUT", place[place.index("/upload/") :], b"new", "text/plain")


@keeping
def test_what_is_there_is_neither_replaced_nor_deleted(google: Any, emulator: Any, state: str) -> None:
    order(emulator, state)
    reason, message = KEEPING[state]

    answers = [
        google.upload("old.txt", b"new"),
        resumable(google, "old.txt"),
        google.post(f"{COPY}/old.txt", {}),
        google.post(f"{OBJECT}/compose", {"sourceObjects": [{"name": "source.txt"}]}),
        google.send("DELETE", OBJECT),
    ]

    for answer in answers:
        ((error),) = answer.json["error"]["errors"]
        assert (answer.status, answer.json["error"]["code"], error["reason"]) == (403, 403, reason)
        assert answer.message == error["message"]
        assert answer.message.startswith(message)
    assert emulator.read_object("bucket", "old.txt") == b"old"
    assert emulator.fired_faults() == len(answers)


def test_a_kept_object_is_refused_with_the_last_piece_of_an_upload(google: Any, emulator: Any) -> None:
    order(emulator, "retention_policy")
    started = google.post("/upload/storage/v1/b/bucket/o?uploadType=resumable&name=old.txt", {})
    place = started.headers["Location"].removeprefix(emulator.endpoint)

    def put(content_range: str, data: bytes) -> int:
        return int(google.send("PUT", place, data, headers={"Content-Range": content_range}).status)

    assert [put("bytes 0-3/*", b"new "), put("bytes 4-7/8", b"text")] == [308, 403]
    assert emulator.read_object("bucket", "old.txt") == b"old"
    assert emulator.fired_faults() == 1


@keeping
def test_what_is_new_is_created_and_what_is_there_is_read(google: Any, emulator: Any, state: str) -> None:
    order(emulator, state)

    created = [google.upload("new.txt", b"new"), resumable(google, "newer.txt"), google.post(f"{COPY}/copy.txt", {})]
    assert {answer.status for answer in created} == {200}
    assert google.download("old.txt").body == b"old"
    assert google.objects().status == 200
    assert google.upload("old.txt", b"new", bucket="my-bucket").status == 200
    assert emulator.fired_faults() == 0
    assert google.send("DELETE", OBJECT).status == 403


@keeping
def test_a_condition_that_does_not_hold_is_checked_first(google: Any, emulator: Any, state: str) -> None:
    order(emulator, state, operation="delete")

    path = "/upload/storage/v1/b/bucket/o?uploadType=media&name=old.txt&ifGenerationMatch=0"
    assert google.send("POST", path, b"new", "text/plain").status == 412
    assert google.send("DELETE", f"{OBJECT}?ifGenerationMatch=5").status == 412
    assert google.send("DELETE", OBJECT).status == 403


def test_metadata_of_a_kept_object_is_changed(google: Any, emulator: Any) -> None:
    order(emulator, "retention_policy")

    assert google.send("PATCH", OBJECT, {"metadata": {"a": "b"}}).status == 200
    assert google.send("DELETE", OBJECT).status == 403


def calls(google: Any, query: str = "") -> dict[str, Any]:
    upload = f"/upload/storage/v1/b/bucket/o?uploadType=media&name=new.txt&{query}"
    return {
        "buckets.get": google.get(f"/storage/v1/b/bucket?{query}"),
        "objects.list": google.objects(query=query),
        "objects.get": google.get(f"{OBJECT}?{query}"),
        "objects.create": google.send("POST", upload, b"new", "text/plain"),
        "objects.update": google.send("PATCH", f"{OBJECT}?{query}", {"metadata": {"a": "b"}}),
        "objects.delete": google.send("DELETE", f"{OBJECT}?{query}"),
    }


@pytest.mark.parametrize(
    ("state", "refused"),
    [
        ("read_only", ["objects.create", "objects.update", "objects.delete"]),
        ("write_only", ["buckets.get", "objects.list", "objects.get"]),
    ],
)
def test_a_missing_permission_is_named(google: Any, emulator: Any, state: str, refused: list[str]) -> None:
    order(emulator, state)

    answers = calls(google)

    assert [name for name, answer in answers.items() if answer.status == 403] == refused
    for name in refused:
        assert answers[name].message.startswith(f"{CALLER} does not have storage.{name} access to the Google Cloud")
        assert answers[name].json["error"]["errors"][0]["reason"] == "forbidden"
    assert emulator.fired_faults() == 3


def test_a_bucket_can_be_missing(google: Any, emulator: Any) -> None:
    order(emulator, "missing")

    for answer in calls(google).values():
        assert (answer.status, answer.message) == (404, "The specified bucket does not exist.")
        assert answer.json["error"]["errors"][0]["reason"] == "notFound"
    assert google.objects("my-bucket").status == 200


def test_a_bucket_can_want_a_payer(google: Any, emulator: Any) -> None:
    order(emulator, "requester_pays")

    for answer in calls(google).values():
        message = "Bucket is a requester pays bucket but no user project provided."
        assert (answer.status, answer.message) == (400, message)
        assert answer.json["error"]["errors"][0]["reason"] == "required"
    assert {answer.status for answer in calls(google, "userProject=p").values()} == {200, 204}
    assert emulator.fired_faults() == 6


def test_a_header_names_the_payer_too(google: Any, emulator: Any) -> None:
    order(emulator, "requester_pays", times=1)

    assert google.send("GET", OBJECT, headers={"X-Goog-User-Project": "p"}).status == 200
    assert google.get(OBJECT).status == 400


@pytest.mark.parametrize(("state", "status"), [("missing", 404), ("requester_pays", 400), ("write_only", 403)])
def test_content_is_refused_with_text(google: Any, emulator: Any, state: str, status: int) -> None:
    order(emulator, state)

    answer = google.download("old.txt")
    assert (answer.status, answer.headers["Content-Type"]) == (status, "text/html; charset=UTF-8")
    assert not answer.body.startswith((b"{", b"<"))


@pytest.mark.parametrize("state", ["missing", "read_only", "requester_pays"])
def test_google_makes_no_image_for_a_bucket_that_it_cannot_write(google: Any, emulator: Any, state: str) -> None:
    order(emulator, state)

    answer = google.generate(storageUri="gs://bucket/x/")
    assert answer.status == 403
    assert "does not have write access to gs://bucket/x/" in answer.message
    assert (emulator.accepted, emulator.list_objects("bucket", "x/")) == (0, [])
    assert google.generate(storageUri="gs://my-bucket/x/").status == 200


@pytest.mark.parametrize(("state", "status"), [("missing", 404), ("write_only", 403), ("requester_pays", 400)])
def test_google_upscales_no_image_that_it_cannot_read(
    google: Any, emulator: Any, picture: Any, state: str, status: int
) -> None:
    emulator.put_object("bucket", "a.png", picture(), "image/png")
    order(emulator, state)

    answer = google.upscale({"gcsUri": "gs://bucket/a.png"})
    assert answer.status == status
    assert "gs://bucket/a.png" in answer.message


def test_google_makes_images_in_a_bucket_that_keeps_what_is_there(google: Any, emulator: Any) -> None:
    order(emulator, "retention_policy")

    assert google.generate(storageUri="gs://bucket/x/").status == 200
    assert google.send("DELETE", OBJECT).status == 403


def test_a_state_of_limited_length_refuses_so_many_requests(google: Any, emulator: Any) -> None:
    fault = order(emulator, "read_only", times=2, skip=1, operation="upload", bucket=None)

    assert google.send("DELETE", OBJECT).status == 204
    assert [google.upload("new.txt", b"new").status for _ in range(4)] == [200, 403, 403, 200]
    assert emulator.unfired_faults() == []
    assert emulator.fired_faults() == 2
    assert fault.times == 2


def test_a_lasting_state_has_to_refuse_once(google: Any, emulator: Any) -> None:
    fault = order(emulator, "read_only")

    assert emulator.unfired_faults() == [fault]
    assert [google.upload("new.txt", b"new").status for _ in range(3)] == [403, 403, 403]
    assert emulator.unfired_faults() == []
    emulator.reset()
    assert google.upload("new.txt", b"new").status == 200


def test_a_state_can_be_ordered_over_http_and_is_counted(google: Any) -> None:
    google.post("/emulator/faults", {"operation": "any", "bucket_state": "missing", "bucket": "bucket", "times": None})
    google.objects()
    google.objects()

    ((counted),) = google.get("/emulator/faults").json
    assert (counted["fired"], counted["times"], counted["bucket_state"]) == (2, None, "missing")


def test_a_state_that_there_is_not_is_refused(google: Any) -> None:
    answer = google.post("/emulator/faults", {"operation": "any", "bucket_state": "wet"})

    assert answer.status == 422
    assert "retention_policy" in answer.json["detail"]


@pytest.mark.parametrize(
    ("state", "held"),
    [
        (None, ["storage.objects.create", "storage.objects.delete", "storage.objects.get"]),
        ("read_only", ["storage.objects.get"]),
        ("write_only", ["storage.objects.create", "storage.objects.delete"]),
        ("no_delete_permission", ["storage.objects.create", "storage.objects.get"]),
        ("retention_policy", ["storage.objects.create", "storage.objects.delete", "storage.objects.get"]),
    ],
)
def test_permissions_can_be_tested(google: Any, emulator: Any, state: str | None, held: list[str]) -> None:
    if state:
        order(emulator, state, skip=0)
    tested = "&".join(f"permissions=storage.objects.{verb}" for verb in ("create", "delete", "get"))

    answer = google.get(f"/storage/v1/b/bucket/iam/testPermissions?{tested}")
    other = google.get(f"/storage/v1/b/nowhere/iam/testPermissions?{tested}")

    assert answer.json == {"kind": "storage#testIamPermissionsResponse", "permissions": held}
    assert (other.status, emulator.fired_faults()) == (404, 0)
    emulator.reset()


def test_a_caller_may_have_no_permission_in_question(google: Any, emulator: Any) -> None:
    order(emulator, "read_only")

    answer = google.get("/storage/v1/b/bucket/iam/testPermissions?permissions=storage.objects.create")
    assert answer.json == {"kind": "storage#testIamPermissionsResponse"}
    assert google.upload("new.txt", b"x").status == 403
