"""Bytes are what they are, not what their sender calls them."""

from __future__ import annotations

import base64
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from airflow_provider_imagen.core.image_format import EXTENSIONS, UNKNOWN, Kind, NotAnImageError, image_type, kind_of
from airflow_provider_imagen.core.protocols import generate_content, predict
from airflow_provider_imagen.core.response_merge import merge
from airflow_provider_imagen.core.storage.object_names import extension_of
from airflow_provider_imagen.errors import UnexpectedResponseError

FORMATS = {
    "PNG": "image/png",
    "JPEG": "image/jpeg",
    "GIF": "image/gif",
    "WEBP": "image/webp",
    "BMP": "image/bmp",
    "TIFF": "image/tiff",
    "ICO": "image/vnd.microsoft.icon",
}
NO_IMAGES = {
    "a text": [
        b"<!DOCTYPE html><html><script>alert(1)</script></html>",
        b"\xef\xbb\xbf<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"#!/bin/sh\nrm -rf /\n",
        b'{"error": "proxy"}',
        "日本語".encode() * 100,
        "<svg/>".encode("utf-16"),
        b"BM is not the beginning of every image",
        b"12345678WEBP<html>busy</html>",
        b"RIFF1234WEBP<html>busy</html>",
        b"GIF89a<script>alert(1)</script>",
        b"MM and II are orders of bytes",
    ],
    "a Linux program": [b"\x7fELF\x02\x01\x01" + bytes(50)],
    "a Windows program": [b"MZ\x90\x00" + bytes(50)],
    "a ZIP archive": [b"PK\x03\x04" + bytes(50)],
    "a PDF document": [b"%PDF-1.7\n" + bytes(50)],
}


def picture(kind: str) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (32, 32), "red").save(file, kind)
    return file.getvalue()


def predicted(data: bytes, mime_type: str) -> dict[str, str]:
    return {"bytesBase64Encoded": base64.b64encode(data).decode(), "mimeType": mime_type}


def gemini(*blobs: tuple[bytes, str]) -> bytes:
    parts = [{"inlineData": {"mimeType": kind, "data": base64.b64encode(data).decode()}} for data, kind in blobs]
    return json.dumps({"candidates": [{"content": {"parts": parts}}]}).encode()


@pytest.mark.parametrize(("kind", "mime_type"), FORMATS.items())
def test_every_format_that_can_be_asked_for_is_recognised(kind: str, mime_type: str) -> None:
    assert kind_of(picture(kind), mime_type) == Kind(mime_type)
    assert set(FORMATS.values()) == set(EXTENSIONS)


@pytest.mark.parametrize("kind", FORMATS)
def test_an_image_of_another_type_is_kept_under_its_own(kind: str) -> None:
    found = kind_of(picture(kind), "text/html\r\nX: y")

    assert found.mime_type == FORMATS[kind]
    assert (
        found.remark
        == f"Google called an image 'text/html\\r\\nX: y', but it is {FORMATS[kind]} and is stored as that."
    )


@pytest.mark.parametrize(("name", "data"), [(name, each) for name, all_ in NO_IMAGES.items() for each in all_])
@pytest.mark.parametrize("claimed", ["image/png", "image/svg+xml", "text/html", ""])
def test_what_is_no_image_is_refused_by_its_name(name: str, data: bytes, claimed: str) -> None:
    with pytest.raises(NotAnImageError, match=f"{name} of {len(data)} bytes that claims to be"):
        kind_of(data, claimed)


@pytest.mark.parametrize("kind", FORMATS)
def test_an_image_is_known_by_its_first_bytes(kind: str) -> None:
    assert image_type(picture(kind)) == FORMATS[kind]
    assert image_type(picture(kind)[:32]) == FORMATS[kind]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x89PNG",
        b"\xff\xd8",
        b"RIFF\x10\x00\x00\x00WAVEfmt ",
        b"WEBP\x10\x00\x00\x00WEBP",
        b"BM" + bytes(60),
        b"BM\x00\x00\x00\x00 and \x36\x00\x00\x00\x28\x00\x00\x00",
        b"BM" + bytes(8) + b"\x36\x00\x00\x00\x29\x00\x00\x00",
        b"BM" + bytes(8) + b"\x01\x00\x00\x00\x28\x00\x00\x00",
        b"BM" + bytes(8) + b"\x36\x00\x00\x00",
        b"II*\x00",
        b"II*\x00\x01\x00\x00\x00" + bytes(40),
        b"MM\x00*\x00\x00\x00\x00" + bytes(40),
        b"\x00\x00\x01\x00" + bytes(60),
        b"\x00\x00\x01\x00\x01\x00" + bytes(60),
    ],
)
def test_what_only_begins_like_an_image_is_none(data: bytes) -> None:
    assert image_type(data) is None


def test_a_format_of_tomorrow_is_kept_without_a_claim() -> None:
    found = kind_of(b"\x00\x00\x00\x1cftypavif\x00\x00\x00\x00", "image/avif")

    assert found.mime_type == UNKNOWN
    assert "kept as .bin" in str(found.remark)
    assert extension_of(found.mime_type) == "bin"


@given(data=st.binary(min_size=1), claimed=st.text())
def test_any_bytes_get_a_type_of_ours_or_are_refused(data: bytes, claimed: str) -> None:
    try:
        kind = kind_of(data, claimed)
    except NotAnImageError as refusal:
        kind = Kind(UNKNOWN, str(refusal))
    assert kind.mime_type in {*EXTENSIONS, UNKNOWN}
    assert len(kind.remark or "") < 400


def test_a_page_beside_an_image_is_named_and_loses_nothing() -> None:
    page = predicted(b"<html>busy</html>", "image/png")
    answer = predict.decode(json.dumps({"predictions": [predicted(picture("JPEG"), "image/png"), page]}).encode(), 2)

    assert [image.mime_type for image in answer.images] == ["image/jpeg"]
    assert answer.remarks == ("Google called an image 'image/png', but it is image/jpeg and is stored as that.",)
    assert answer.not_understood == ("a text of 17 bytes that claims to be 'image/png'",)


def test_a_page_instead_of_an_image_is_refused_in_words() -> None:
    body = json.dumps({"predictions": [predicted(b"<html>busy</html>", "image/png")]}).encode()

    with pytest.raises(UnexpectedResponseError, match="a text of 17 bytes that claims to be 'image/png'.*billed"):
        predict.decode(body, 1)


def test_the_same_holds_for_gemini() -> None:
    answer = generate_content.decode(gemini((picture("PNG"), "image/jpeg"), (b"<html>busy</html>", "image/png")), 1)

    assert [image.mime_type for image in answer.images] == ["image/png"]
    assert len(answer.remarks) == len(answer.not_understood) == 1
    assert merge([answer, answer], 2).not_understood == 2 * answer.not_understood
    with pytest.raises(UnexpectedResponseError, match="a text of 17 bytes that claims to be 'image/png'.*billed"):
        generate_content.decode(gemini((b"<html>busy</html>", "image/png")), 1)
