"""Single objects of Cloud Storage, over real sockets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from airflow_provider_imagen.client.imagen import ImagenClient
from airflow_provider_imagen.core.connection import ConnectionSettings, read_settings
from airflow_provider_imagen.core.storage.checksums import md5_of
from airflow_provider_imagen.core.storage.locations import CloudFolder
from airflow_provider_imagen.emulator import Fault
from airflow_provider_imagen.errors import (
    ObjectExistsError,
    OutputError,
    PermissionDeniedError,
    ResponseLostError,
    StorageNotFoundError,
)

NAME = "a b/ü?#%2F..png"


@pytest.fixture
def client(emulator: Any) -> Iterator[ImagenClient]:
    emulator.put_object("bucket", NAME, b"pixels", "image/png")
    made = ImagenClient(read_settings("test", emulator.connection["extra"]), sleep=lambda seconds: None)
    yield made
    made.close()


def test_an_object_is_fetched_whatever_its_name(client: ImagenClient) -> None:
    assert client.storage.download(f"gs://bucket/{NAME}", 6) == b"pixels"


def test_an_object_that_is_too_large_is_refused(client: ImagenClient) -> None:
    with pytest.raises(OutputError, match="has more than 5 bytes"):
        client.storage.download(f"gs://bucket/{NAME}", 5)


def test_a_missing_object_is_told_from_a_forbidden_one(client: ImagenClient, emulator: Any) -> None:
    with pytest.raises(StorageNotFoundError):
        client.storage.download("gs://bucket/nothing.png", 5)
    emulator.order_fault(Fault("download", status=403))
    with pytest.raises(PermissionDeniedError, match=r"storage\.objects\.get"):
        client.storage.download("gs://bucket/nothing.png", 5)


def test_what_is_known_of_an_object_is_read_without_its_content(client: ImagenClient) -> None:
    stored = client.storage.metadata(f"gs://bucket/{NAME}")

    assert (stored.name, stored.size, stored.mime_type) == (NAME, 6, "image/png")
    assert (stored.md5_hash, stored.crc32c) == (md5_of(b"pixels"), "go5Okw==")
    assert stored.generation
    with pytest.raises(StorageNotFoundError):
        client.storage.metadata("gs://bucket/nothing.png")


def test_an_object_that_is_gone_counts_as_deleted(client: ImagenClient, emulator: Any) -> None:
    assert client.storage.delete(f"gs://bucket/{NAME}")
    assert not client.storage.delete(f"gs://bucket/{NAME}")
    assert emulator.list_objects("bucket", "") == []


def test_a_deletion_may_be_of_one_generation_only(client: ImagenClient, emulator: Any) -> None:
    uri = f"gs://bucket/{NAME}"
    old = client.storage.metadata(uri).generation
    new = client.storage.upload(uri, b"new", "image/png").generation

    with pytest.raises(ObjectExistsError):
        client.storage.delete(uri, if_generation_match=old)
    assert emulator.read_object("bucket", NAME) == b"new"
    assert client.storage.delete(uri, if_generation_match=new)
    assert emulator.list_objects("bucket", "") == []


def test_an_upload_names_its_generation_and_a_listing_too(client: ImagenClient) -> None:
    stored = client.storage.upload("gs://bucket/new/a.png", b"pixels", "image/png")

    (listed,) = client.storage.list(CloudFolder("bucket", "new/"))
    assert stored == ("gs://bucket/new/a.png", listed.generation)
    assert listed.md5_hash == md5_of(b"pixels")


def test_a_listing_is_read_no_further_than_it_is_needed(client: ImagenClient, emulator: Any) -> None:
    for number in range(3):
        client.storage.upload(f"gs://bucket/few/{number}.png", b"x", "image/png")

    first = next(client.storage.list(CloudFolder("bucket", "few/"), page_size=1))

    assert first.name == "few/0.png"
    assert [call.method for call in emulator.requests].count("GET") == 1


def test_a_listing_may_be_narrowed_to_names_that_begin_so(client: ImagenClient) -> None:
    for name in ("a-1", "a-2", "b-1"):
        client.storage.upload(f"gs://bucket/many/{name}.png", b"x", "image/png")

    listed = client.storage.list(CloudFolder("bucket", "many/"), name_prefix="a-")

    assert [each.name for each in listed] == ["many/a-1.png", "many/a-2.png"]


def test_a_listing_that_is_refused_is_named_with_what_the_names_begin_with(client: ImagenClient) -> None:
    with pytest.raises(StorageNotFoundError, match=r"Listing gs://no-bucket/many/a-\*: HTTP 404"):
        next(client.storage.list(CloudFolder("no-bucket", "many/"), name_prefix="a-"))


def script_client(url: str) -> ImagenClient:
    settings = ConnectionSettings(is_anonymous=True, storage_endpoint=url)
    return ImagenClient(settings, sleep=lambda seconds: None)


def test_content_that_was_corrupted_on_its_way_is_fetched_again(script: Any, answer_with: Callable[..., bytes]) -> None:
    right = {"X_Goog_Hash": f"crc32c=go5Okw==,md5={md5_of(b'pixels')}"}
    script.order(answer_with(200, b"pixelz", **right), answer_with(200, b"pixels", **right))

    assert script_client(script.url).storage.download("gs://bucket/a.png", 100) == b"pixels"
    assert len(script.received) == 2


def test_content_that_stays_corrupted_is_never_used(script: Any, answer_with: Callable[..., bytes]) -> None:
    script.order(answer_with(200, b"pixelz", X_Goog_Hash=f"md5={md5_of(b'pixels')}"))

    with pytest.raises(ResponseLostError, match="differs from what Cloud Storage says"):
        script_client(script.url).storage.download("gs://bucket/a.png", 100)


FORBIDDEN = b'{"error": {"code": 403, "message": "x@y.iam does not have access."}}'


@pytest.mark.parametrize(
    ("rights", "hint"),
    [
        (b'{"permissions": ["storage.objects.create"]}', "the caller does not have storage.objects.delete."),
        (b"{}", "the caller does not have storage.objects.create and storage.objects.delete."),
        (b'{"permissions": null}', "does not have storage.objects.create and storage.objects.delete."),
        (b"[]", ""),
        (b"<html>", ""),
        (
            b'{"permissions": ["storage.objects.delete", "storage.objects.create"]}',
            "has it: a condition, a managed folder or a service perimeter forbids it.",
        ),
    ],
)
def test_a_refusal_names_the_rights_that_are_missing(
    script: Any, answer_with: Callable[..., bytes], rights: bytes, hint: str
) -> None:
    script.order(answer_with(403, FORBIDDEN), answer_with(200, rights))

    with pytest.raises(PermissionDeniedError) as caught:
        script_client(script.url).storage.upload("gs://bucket/a.png", b"x", "image/png")

    assert str(caught.value).endswith(hint or "storage.objects.create and storage.objects.delete on the bucket.")
    wanted = "permissions=storage.objects.create&permissions=storage.objects.delete"
    assert script.received[1].path == f"/storage/v1/b/bucket/iam/testPermissions?{wanted}"


def test_a_refusal_for_another_reason_is_not_about_rights(script: Any, answer_with: Callable[..., bytes]) -> None:
    kept = b'{"error": {"code": 403, "message": "Object is subject to bucket\'s retention policy", "errors": []}}'
    script.order(answer_with(403, kept))

    with pytest.raises(PermissionDeniedError, match="A retention policy or a hold"):
        script_client(script.url).storage.delete("gs://bucket/a.png")
    assert len(script.received) == 1


@pytest.mark.parametrize("name", [".", ".."])
def test_no_name_leads_to_the_bucket_itself(script: Any, answer_with: Callable[..., bytes], name: str) -> None:
    script.order(answer_with(204, b""))

    script_client(script.url).storage.delete(f"gs://bucket/{name}")

    assert script.received[0].path == f"/storage/v1/b/bucket/o/{name.replace('.', '%2E')}"
