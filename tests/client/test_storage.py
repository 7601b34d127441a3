"""Single objects of Cloud Storage, over real sockets."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from airflow_provider_imagen.client.imagen import ImagenClient
from airflow_provider_imagen.client.storage import _date_of
from airflow_provider_imagen.core.connection import read_settings
from airflow_provider_imagen.core.protocols.http_errors import HttpResponse
from airflow_provider_imagen.core.storage.locations import CloudFolder
from airflow_provider_imagen.core.storage.upload import checksum
from airflow_provider_imagen.emulator import Fault
from airflow_provider_imagen.errors import OutputError, PermissionDeniedError, StorageNotFoundError

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


def test_one_may_ask_whether_an_object_exists(client: ImagenClient, emulator: Any) -> None:
    emulator.order_fault(Fault("download", status=503))

    assert client.storage.exists(f"gs://bucket/{NAME}")
    assert not client.storage.exists("gs://bucket/nothing.png")


def test_a_look_tells_the_time_of_cloud_storage(client: ImagenClient) -> None:
    view = client.storage.look_into(CloudFolder("bucket", ""))

    assert [each.name for each in view.objects] == [NAME]
    assert view.seen_at is not None
    assert abs(view.seen_at - datetime.now(UTC)) < timedelta(minutes=1)


@pytest.mark.parametrize("date", ["", "soon", "Sun, 22 Nov 2026 12:00:00 -0000"])
def test_a_date_that_tells_no_moment_counts_as_none(date: str) -> None:
    assert _date_of(HttpResponse(200, {"date": date})) is None


def test_what_is_known_of_an_object_is_read_without_its_content(client: ImagenClient) -> None:
    stored = client.storage.metadata(f"gs://bucket/{NAME}")

    assert (stored.name, stored.size, stored.mime_type) == (NAME, 6, "image/png")
    assert (stored.md5_hash, stored.crc32c) == (checksum(b"pixels"), "go5Okw==")
    assert stored.generation
    with pytest.raises(StorageNotFoundError):
        client.storage.metadata("gs://bucket/nothing.png")


def test_an_object_that_is_gone_counts_as_deleted(client: ImagenClient, emulator: Any) -> None:
    assert client.storage.delete(f"gs://bucket/{NAME}")
    assert not client.storage.delete(f"gs://bucket/{NAME}")
    assert emulator.list_objects("bucket", "") == []


def test_an_upload_names_its_generation_and_a_listing_too(client: ImagenClient) -> None:
    stored = client.storage.upload("gs://bucket/new/a.png", b"pixels", "image/png")

    (listed,) = client.storage.list(CloudFolder("bucket", "new/"))
    assert stored == ("gs://bucket/new/a.png", listed.generation)
    assert listed.md5_hash == checksum(b"pixels")


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
