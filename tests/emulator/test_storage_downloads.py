"""A download comes with the hashes of the object, and can be ordered to hold other bytes than these."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import pytest

from airflow_provider_imagen.emulator import Fault

DATA = bytes(range(256))
MD5 = "md5=" + base64.b64encode(hashlib.md5(DATA).digest()).decode()


@pytest.fixture(autouse=True)
def stored(emulator: Any) -> None:
    emulator.put_object("bucket", "a.bin", DATA, "application/x-test")


@pytest.mark.parametrize("start", ["/storage/v1", "/download/storage/v1"])
def test_a_download_names_its_hashes_one_header_each(google: Any, start: str) -> None:
    answer = google.get(f"{start}/b/bucket/o/a.bin?alt=media")
    metadata = google.download("a.bin", query="").json

    assert answer.headers.get_all("x-goog-hash") == [f"crc32c={metadata['crc32c']}", MD5]
    assert answer.headers["x-goog-generation"] == metadata["generation"]
    assert answer.body == DATA


@pytest.mark.parametrize("after_work", [False, True])
def test_a_corrupted_download_has_the_right_hashes_and_length(google: Any, emulator: Any, after_work: bool) -> None:
    emulator.order_fault(Fault("download", corrupted=True, after_work=after_work))

    damaged = google.download("a.bin")
    whole = google.download("a.bin")

    assert (damaged.status, len(damaged.body), whole.body) == (200, len(DATA), DATA)
    assert damaged.body != DATA
    assert damaged.headers.get_all("x-goog-hash") == whole.headers.get_all("x-goog-hash")
    assert damaged.headers["Content-Length"] == "256"
    assert emulator.fired_faults() == 1


def test_a_download_of_one_byte_can_be_corrupted(google: Any, emulator: Any) -> None:
    emulator.put_object("bucket", "one", b"x", "text/plain")
    emulator.order_fault(Fault("download", corrupted=True))

    assert google.download("one").body != b"x"
    assert emulator.read_object("bucket", "one") == b"x"


def test_metadata_is_not_corrupted(google: Any, emulator: Any) -> None:
    emulator.order_fault(Fault("download", corrupted=True))

    assert google.download("a.bin", query="").json["name"] == "a.bin"
    assert google.download("a.bin").body != DATA
