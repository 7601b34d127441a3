"""Objects of any size, read and stored in pieces over real sockets."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest

from airflow_provider_imagen.client.imagen import ImagenClient
from airflow_provider_imagen.core.connection import ConnectionSettings, read_settings
from airflow_provider_imagen.core.storage.checksums import md5_of
from airflow_provider_imagen.core.storage.resumable import PIECE_BYTES
from airflow_provider_imagen.emulator import Fault
from airflow_provider_imagen.errors import (
    PermissionDeniedError,
    RequestRejectedError,
    ResponseLostError,
    RetryableError,
    StorageNotFoundError,
    UnexpectedResponseError,
)

URI = "gs://bucket/a b/ü.jsonl"
RESET = b"reset"


@pytest.fixture
def client(emulator: Any) -> Iterator[ImagenClient]:
    made = ImagenClient(read_settings("test", emulator.connection["extra"]), sleep=lambda seconds: None)
    yield made
    made.close()


def client_at(url: str) -> ImagenClient:
    settings = ConnectionSettings(project="payer", endpoint=url, storage_endpoint=url)
    return ImagenClient(settings, sleep=lambda seconds: None)


def assert_whole_or_refused(chunks: Iterable[bytes], *, is_right: bool) -> None:
    if is_right:
        assert b"".join(chunks) == CONTENT
    else:
        with pytest.raises(RetryableError, match="differs from what Cloud Storage says"):
            list(chunks)


@pytest.mark.parametrize("size", [0, 1, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 2 * PIECE_BYTES + 5])
def test_what_is_stored_in_pieces_is_read_in_pieces(client: ImagenClient, size: int) -> None:
    content = os.urandom(size)
    chunks = (content[at : at + 1_000_003] for at in range(0, size, 1_000_003))

    assert client.storage.upload_chunks(URI, chunks, "application/jsonl") == size
    assert b"".join(client.storage.chunks(URI)) == content
    assert client.storage.metadata(URI).size == size


def test_an_object_is_replaced_when_the_new_one_is_complete(client: ImagenClient) -> None:
    client.storage.upload_chunks(URI, [b"old"], "application/jsonl")

    def half() -> Iterator[bytes]:
        yield b"new" * PIECE_BYTES
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        client.storage.upload_chunks(URI, half(), "application/jsonl")
    assert b"".join(client.storage.chunks(URI)) == b"old"
    client.storage.upload_chunks(URI, [b"new"], "application/jsonl")
    assert b"".join(client.storage.chunks(URI)) == b"new"


def test_a_piece_that_is_refused_for_a_moment_is_sent_again(client: ImagenClient, emulator: Any) -> None:
    emulator.order_fault(Fault("upload", status=503, times=2, skip=1))
    content = os.urandom(PIECE_BYTES + 5)

    client.storage.upload_chunks(URI, [content], "application/jsonl")

    assert emulator.fired_faults() == 2
    assert b"".join(client.storage.chunks(URI)) == content


def test_a_missing_right_is_named(client: ImagenClient, emulator: Any) -> None:
    emulator.order_fault(Fault("upload", status=403))
    with pytest.raises(PermissionDeniedError, match=r"storage\.objects\.create"):
        client.storage.upload_chunks(URI, [b"x"], "application/jsonl")
    emulator.order_fault(Fault("download", status=403))
    with pytest.raises(PermissionDeniedError, match=r"storage\.objects\.get"):
        list(client.storage.chunks(URI))


def test_a_missing_object_is_named(client: ImagenClient) -> None:
    with pytest.raises(StorageNotFoundError, match="nothing.jsonl"):
        list(client.storage.chunks("gs://bucket/nothing.jsonl"))


CONTENT = bytes(range(256)) * (12 << 10)
READ = 2 << 20
"""What is read of a response before it breaks off: whole pieces."""
CUT = (
    b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nX-Goog-Generation: 5\r\nConnection: close\r\n\r\n" % len(CONTENT)
    + CONTENT[: READ + 1000]
)


def test_a_download_that_breaks_goes_on_where_it_broke(script: Any, answer_with: Callable[..., bytes]) -> None:
    rest = answer_with(206, CONTENT[READ:], Content_Range=f"bytes {READ}-{len(CONTENT) - 1}/{len(CONTENT)}")
    script.order(CUT, answer_with(503), RESET, rest)

    assert b"".join(client_at(script.url).storage.chunks("gs://bucket/a")) == CONTENT
    assert script.received[0].headers.get("range") is None
    assert [request.headers["range"] for request in script.received[1:]] == [f"bytes={READ}-"] * 3
    assert all("generation=5" in request.path for request in script.received[1:])


def test_a_server_that_knows_no_ranges_begins_anew_and_nothing_is_doubled(
    script: Any, answer_with: Callable[..., bytes]
) -> None:
    script.order(CUT, answer_with(200, CONTENT))

    assert b"".join(client_at(script.url).storage.chunks("gs://bucket/a")) == CONTENT


@pytest.mark.parametrize("is_right", [True, False])
def test_a_download_that_breaks_behind_its_last_byte_is_whole(
    script: Any, answer_with: Callable[..., bytes], *, is_right: bool
) -> None:
    """A proxy may send it in chunks, without its length."""
    content = CONTENT if is_right else CONTENT[:-1] + b"?"
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-Goog-Hash: md5=%b\r\n" % md5_of(CONTENT).encode()
    cut = head + b"Connection: close\r\n\r\n%x\r\n%b\r\n" % (len(content), content)
    script.order(cut, answer_with(416, b"", Content_Range=f"bytes */{len(CONTENT)}"))
    chunks = client_at(script.url).storage.chunks("gs://bucket/a")

    assert_whole_or_refused(chunks, is_right=is_right)
    assert script.received[1].headers["range"] == f"bytes={len(CONTENT)}-"


def test_a_range_that_was_not_asked_for_is_no_end(script: Any, answer_with: Callable[..., bytes]) -> None:
    script.order(answer_with(416))

    with pytest.raises(RequestRejectedError, match="HTTP 416"):
        list(client_at(script.url).storage.chunks("gs://bucket/a"))


def test_a_server_that_never_sends_more_is_given_up(script: Any) -> None:
    script.order(CUT, RESET)

    with pytest.raises(ResponseLostError):
        list(client_at(script.url).storage.chunks("gs://bucket/a"))


@pytest.mark.parametrize("read", [b"", b"pixelz"])
def test_one_piece_that_was_corrupted_on_its_way_is_read_again(
    script: Any, answer_with: Callable[..., bytes], read: bytes
) -> None:
    right = {"X_Goog_Hash": f"crc32c=go5Okw==,md5={md5_of(b'pixels')}"}
    script.order(answer_with(200, read, **right), answer_with(200, b"pixels", **right))

    assert list(client_at(script.url).storage.chunks("gs://bucket/a")) == [b"pixels"]
    assert len(script.received) == 2


def test_one_piece_that_stays_corrupted_is_never_used(script: Any, answer_with: Callable[..., bytes]) -> None:
    script.order(answer_with(200, b"pixelz", X_Goog_Hash=f"md5={md5_of(b'pixels')}"))

    with pytest.raises(RetryableError, match="differs from what Cloud Storage says"):
        next(client_at(script.url).storage.chunks("gs://bucket/a"))


@pytest.mark.parametrize("is_right", [True, False])
def test_of_several_pieces_the_end_says_whether_they_were_corrupted(
    script: Any, answer_with: Callable[..., bytes], *, is_right: bool
) -> None:
    hashed = b"X-Goog-Hash: md5=" + md5_of(CONTENT).encode()
    rest = CONTENT[READ:] if is_right else CONTENT[READ:-1] + b"?"
    part = answer_with(206, rest, Content_Range=f"bytes {READ}-{len(CONTENT) - 1}/{len(CONTENT)}")
    script.order(CUT.replace(b"Connection: close", b"Connection: close\r\n" + hashed), part)
    chunks = client_at(script.url).storage.chunks("gs://bucket/a")

    assert_whole_or_refused(chunks, is_right=is_right)


BEGUN = {"Location": "https://elsewhere.example/upload?upload_id=abc"}


def test_the_pieces_go_to_the_connections_own_host(script: Any, answer_with: Callable[..., bytes]) -> None:
    script.order(answer_with(200, b"", **BEGUN), answer_with(200, b"{}"))

    client_at(script.url).storage.upload_chunks("gs://bucket/a", [b"xyz"], "text/plain")

    assert [request.method for request in script.received] == ["POST", "PUT"]
    assert script.received[1].path == "/upload/storage/v1/b/bucket/o?uploadType=resumable&upload_id=abc"
    assert (script.received[1].headers["content-range"], script.received[1].body) == ("bytes 0-2/3", b"xyz")


def test_after_a_lost_answer_only_what_is_missing_is_sent(script: Any, answer_with: Callable[..., bytes]) -> None:
    script.order(
        answer_with(200, b"", **BEGUN), RESET, answer_with(308, b"", Range="bytes=0-1"), answer_with(200, b"{}")
    )

    client_at(script.url).storage.upload_chunks("gs://bucket/a", [b"xyz"], "text/plain")

    assert [request.headers["content-range"] for request in script.received[1:]] == [
        "bytes 0-2/3",
        "bytes */*",
        "bytes 2-2/3",
    ]
    assert script.received[-1].body == b"z"


def test_a_finished_upload_whose_answer_was_lost_is_not_repeated(
    script: Any, answer_with: Callable[..., bytes]
) -> None:
    script.order(answer_with(200, b"", **BEGUN), RESET, answer_with(200, b"{}"))

    assert client_at(script.url).storage.upload_chunks("gs://bucket/a", [b"xyz"], "text/plain") == 3
    assert len(script.received) == 3


def test_other_content_than_was_sent_is_an_error(script: Any, answer_with: Callable[..., bytes]) -> None:
    script.order(answer_with(200, b"", **BEGUN), answer_with(200, b'{"md5Hash": "AAAA"}'))

    with pytest.raises(ResponseLostError, match="not what was sent"):
        client_at(script.url).storage.upload_chunks("gs://bucket/a", [b"xyz"], "text/plain")


def test_a_server_without_uploads_in_pieces_is_named(script: Any, answer_with: Callable[..., bytes]) -> None:
    script.order(answer_with(200, b"{}"))

    with pytest.raises(UnexpectedResponseError, match="storage_endpoint"):
        client_at(script.url).storage.upload_chunks("gs://bucket/a", [b"xyz"], "text/plain")
