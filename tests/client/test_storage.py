"""Single objects of Cloud Storage, over real sockets."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from airflow_provider_imagen.client.retry_loop import RetryLoop
from airflow_provider_imagen.client.storage import _date_of
from airflow_provider_imagen.client.vertex import ImagenClient
from airflow_provider_imagen.core.connection import read_settings
from airflow_provider_imagen.core.protocols.http_errors import HttpResponse
from airflow_provider_imagen.core.storage.locations import CloudFolder
from airflow_provider_imagen.emulator import Fault
from airflow_provider_imagen.errors import OutputError, PermissionDeniedError, StorageNotFoundError

NAME = "a b/ü?#%2F..png"


@pytest.fixture
def client(emulator: Any) -> Iterator[ImagenClient]:
    emulator.put_object("bucket", NAME, b"pixels", "image/png")
    made = ImagenClient(read_settings("test", emulator.connection["extra"]), RetryLoop(sleep=lambda seconds: None))
    yield made
    made.close()


def test_an_object_is_fetched_whatever_its_name(client: ImagenClient) -> None:
    assert client.download(f"gs://bucket/{NAME}", 6) == b"pixels"


def test_an_object_that_is_too_large_is_refused(client: ImagenClient) -> None:
    with pytest.raises(OutputError, match="has more than 5 bytes"):
        client.download(f"gs://bucket/{NAME}", 5)


def test_a_missing_object_is_told_from_a_forbidden_one(client: ImagenClient, emulator: Any) -> None:
    with pytest.raises(StorageNotFoundError):
        client.download("gs://bucket/nothing.png", 5)
    emulator.order_fault(Fault("download", status=403))
    with pytest.raises(PermissionDeniedError, match=r"storage\.objects\.get"):
        client.download("gs://bucket/nothing.png", 5)


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
