"""What Cloud Storage says of the content of an object, and what came."""

from __future__ import annotations

import hashlib

import pytest

from airflow_provider_imagen.core.storage.checksums import LARGEST_CRC_BYTES, crc32c_of, is_corrupted, md5_of

DATA = b"pixels"
RIGHT = f"crc32c=go5Okw==,md5={md5_of(DATA)}"


@pytest.mark.parametrize(
    ("data", "checksum"),
    [
        (b"", "AAAAAA=="),
        (b"123456789", "4waSgw=="),  # the check value of the algorithm, 0xE3069283
        (bytes(32), "ipE2qg=="),  # RFC 3720, B.4
        (b"\xff" * 32, "YqirQw=="),
        (DATA, "go5Okw=="),
    ],
)
def test_crc32c_is_castagnoli_s(data: bytes, checksum: str) -> None:
    assert crc32c_of(data) == checksum


@pytest.mark.parametrize(
    "header",
    [RIGHT, f"md5={md5_of(DATA)}", "crc32c=go5Okw==", f"crc32c=AAAAAA==, md5={md5_of(DATA)}", "", "sha1=x", "="],
)
def test_what_is_stored_passes(header: str) -> None:
    assert not is_corrupted({"x-goog-hash": header}, DATA)


@pytest.mark.parametrize("header", [RIGHT, f"md5={md5_of(DATA)}", "crc32c=go5Okw==", "md5=", "crc32c="])
@pytest.mark.parametrize("data", [b"pixelz", b"", b"pixels2"])
def test_what_differs_does_not(header: str, data: bytes) -> None:
    assert is_corrupted({"x-goog-hash": header}, data)


@pytest.mark.parametrize("header", ["content-encoding", "x-goog-stored-content-encoding"])
def test_a_checksum_of_compressed_bytes_says_nothing_of_unpacked_ones(header: str) -> None:
    assert not is_corrupted({"x-goog-hash": RIGHT, header: "gzip"}, b"other")
    assert is_corrupted({"x-goog-hash": RIGHT, "x-goog-stored-content-encoding": "identity"}, b"other")


def test_a_large_object_without_md5_is_not_computed_for_seconds() -> None:
    assert not is_corrupted({"x-goog-hash": "crc32c=AAAAAA=="}, bytes(LARGEST_CRC_BYTES + 1))


def test_md5_is_written_in_base64() -> None:
    assert md5_of(b"") == "1B2M2Y8AsgTpgAmY7PhCfg=="
    assert len(hashlib.md5(DATA).digest()) == 16
