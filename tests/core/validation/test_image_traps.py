"""Images to upscale that are not what they say, or too much of it, are refused before a request."""

from __future__ import annotations

import io
import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from airflow_provider_imagen.core.catalogue import catalogue
from airflow_provider_imagen.core.image_header import is_cut_off, read_header
from airflow_provider_imagen.core.requests import UpscaleRequest
from airflow_provider_imagen.core.validation.source_image import problems_with_source


def picture(kind: str) -> bytes:
    file = io.BytesIO()
    Image.effect_mandelbrot((64, 48), (-2, -1.5, 1, 1.5), 10).convert("RGB").save(file, kind)
    return file.getvalue()


def bomb(width: int, height: int) -> bytes:
    """Return a small, well-formed PNG that says it is huge."""
    size = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", size), (b"IDAT", zlib.compress(bytes(100_000))), (b"IEND", b"")]
    parts = [
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def problems(data: bytes, model: str = "imagen-4.0-upscale-preview") -> list[str]:
    request = UpscaleRequest(model=model, image="/data/a.png", upscale_factor="x2", output_uri="/data/large/")
    return problems_with_source(data, request, catalogue().find_or_default(model, "upscale"))


@pytest.mark.parametrize("model", ["imagen-4.0-upscale-preview", "imagegeneration@002", "some-model-of-tomorrow"])
def test_an_image_that_unpacks_to_gigabytes_is_refused_by_its_header(model: str) -> None:
    (problem,) = problems(bomb(100_000, 100_000), model)

    assert "is 100000 x 100000; upscale_factor 'x2' makes 40000.0 megapixels" in problem
    assert "Choose a smaller factor or image." in problem


@pytest.mark.parametrize("size", [(0, 10), (10, 0), (0, 0)])
def test_an_image_without_pixels_is_refused(size: tuple[int, int]) -> None:
    assert "is damaged or cut off" in problems(bomb(*size))[0]


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9, 0.99])
def test_a_file_that_is_cut_off_is_refused(kind: str, share: float) -> None:
    data = picture(kind)

    assert problems(data) == []
    assert len(problems(data[: int(len(data) * share)])) == 1


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_cut_at_any_place_is_noticed(kind: str) -> None:
    data = picture(kind)
    last = 12 if kind == "PNG" else 1

    assert all(problems(data[:length]) for length in range(len(data) - last))


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_what_hangs_on_behind_an_image_is_ignored_as_decoders_do(kind: str) -> None:
    """A polyglot is sent as the image that it is from its first byte, and stored nowhere."""
    data = picture(kind) + b"PK\x03\x04<script>"

    assert problems(data) == []
    assert read_header(data) == read_header(picture(kind))


@pytest.mark.parametrize("data", [b"<svg/>", b"GIF89a/*" + picture("PNG"), b"%PDF" + picture("JPEG"), b"plain text"])
def test_a_name_does_not_make_an_image(data: bytes) -> None:
    assert problems(data) == ["image /data/a.png is neither PNG nor JPEG; these two are allowed. Convert it first."]


def test_the_preview_inside_a_jpeg_does_not_stand_for_its_end() -> None:
    preview, data = picture("JPEG"), picture("JPEG")
    segment = b"\xff\xe1" + struct.pack(">H", len(preview) + 2) + preview
    whole = data[:2] + segment + data[2:]

    assert not is_cut_off(whole)
    assert is_cut_off(whole[:-2])


@given(
    data=st.binary()
    | st.binary().map(lambda tail: b"\xff\xd8" + tail)
    | st.binary().map(lambda t: picture("PNG")[:24] + t)
)
def test_any_bytes_are_judged_without_a_crash(data: bytes) -> None:
    assert all(isinstance(problem, str) for problem in problems(data))
