"""Storing an object of any size in pieces: the requests of a resumable upload as values, and what their answers say.

Source: Cloud Storage, "Resumable uploads" of the JSON API.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import parse_qs, urlsplit

from airflow_provider_imagen.core.lenient_json import read_json
from airflow_provider_imagen.errors import UnexpectedResponseError

PIECE_BYTES = 8 << 20
"""How much is sent at once; all pieces but the last are a multiple of 256 KiB."""
GOES_ON = 308
"""The status of a piece that is not the last."""

_RANGE = re.compile(r"^bytes=0-([0-9]+)\Z")


def start_query() -> dict[str, str]:
    """Return the query parameters that begin an upload."""
    return {"uploadType": "resumable", "fields": "name,size,md5Hash,generation"}


def session_query(upload_id: str) -> dict[str, str]:
    """Return the query parameters of the pieces of an upload."""
    return {"uploadType": "resumable", "upload_id": upload_id}


def upload_id_in(headers: Mapping[str, str], uri: str) -> str:
    """Return the id of an upload that has begun. Where its session lies is not obeyed: a token would follow.

    :param headers: of the response, names in lower case.
    :param uri: the object, for the error.
    :raises UnexpectedResponseError: there is none.
    """
    found = parse_qs(urlsplit(headers.get("location", "")).query).get("upload_id", [""])[0]
    if not found:
        raise UnexpectedResponseError(
            f"Uploading {uri}: Cloud Storage began no upload in pieces. Check storage_endpoint of the connection; it "
            "must speak the Cloud Storage JSON API."
        )
    return found


def content_range(start: int, size: int, *, is_last: bool) -> str:
    """Return the header ``Content-Range`` of a piece.

    :param start: how many bytes come before it.
    :param size: how many bytes it has.
    :param is_last: the object ends with it.
    """
    total = str(start + size) if is_last else "*"
    return f"bytes {start}-{start + size - 1}/{total}" if size else f"bytes */{total}"


def stored_bytes(headers: Mapping[str, str]) -> int:
    """Return how many bytes of an unfinished upload are stored.

    :param headers: of the response with status 308, names in lower case.
    """
    found = _RANGE.match(headers.get("range", ""))
    return int(found[1]) + 1 if found else 0


def md5_in(body: bytes) -> str | None:
    """Return the MD5 that Cloud Storage computed of a finished object, None if it says none."""
    try:
        value = read_json(body)
    except ValueError:
        return None
    found = value.get("md5Hash") if isinstance(value, dict) else None
    return found if isinstance(found, str) else None


def in_pieces(chunks: Iterable[bytes], size: int = PIECE_BYTES) -> Iterator[tuple[bytes, bool]]:
    """Yield bytes in pieces of one size, each with whether it is the last; without bytes one empty piece.

    :param chunks: bytes of any sizes.
    :param size: of each piece but the last.
    """
    kept = bytearray()
    for chunk in chunks:
        kept += chunk
        while len(kept) > size:
            yield bytes(kept[:size]), False
            del kept[:size]
    yield bytes(kept), True


def lines_in(chunks: Iterable[bytes], longest: int) -> Iterator[bytes]:
    """Yield the lines of a file without their line breaks; empty ones are left out.

    :param chunks: its content in pieces of any sizes.
    :param longest: bytes that a line may have.
    :raises UnexpectedResponseError: a line has more.
    """
    kept: list[bytes] = []
    size = 0
    for chunk in chunks:
        first, *others = chunk.split(b"\n")
        kept.append(first)
        size += len(first)
        if others:
            yield from filter(None, [b"".join(kept).rstrip(b"\r")])
            yield from filter(None, (each.rstrip(b"\r") for each in others[:-1]))
            kept, size = [others[-1]], len(others[-1])
        if size > longest:
            raise UnexpectedResponseError(f"A line has more than {longest} bytes, which none of these files has.")
    yield from filter(None, [b"".join(kept).rstrip(b"\r")])
