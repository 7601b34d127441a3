"""How much memory an answer takes while it is read and written, counted in allocations: no clock, no luck."""

from __future__ import annotations

import base64
import gc
import json
import os
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from support.plans import generate_plan
from support.runs import run

from airflow_provider_imagen.client.imagen import ImagenClient
from airflow_provider_imagen.core.connection import ConnectionSettings
from airflow_provider_imagen.core.protocols.http_errors import HttpResponse
from airflow_provider_imagen.core.storage.upload import encode_upload

MOST = 2.5
"""Allowed peak, in sizes of the body."""

IMAGE_BYTES = 1_125_000
IMAGEN, GEMINI = "imagen-4.0-generate-001", "gemini-2.5-flash-image"


class Replay:
    """A transport that answers each request with a body of its own, as from the network."""

    def __init__(self, body: bytes) -> None:
        self.body = body

    def send(self, request: Any) -> HttpResponse:
        return HttpResponse(200, {}, bytes(bytearray(self.body)))


def encoded_image() -> str:
    return base64.b64encode(os.urandom(IMAGE_BYTES)).decode()


def predicted(images: int) -> bytes:
    each = [{"mimeType": "image/png", "bytesBase64Encoded": encoded_image()} for _ in range(images)]
    return json.dumps({"predictions": each}).encode()


def generated() -> bytes:
    part = {"inlineData": {"mimeType": "image/png", "data": encoded_image()}}
    return json.dumps({"candidates": [{"content": {"parts": [part]}, "finishReason": "STOP"}]}).encode()


def peak_of(model: str, images: int, body: bytes, folder: Path) -> int:
    """Return the most bytes allocated while an answer is read and written, its own body included."""
    client = ImagenClient(ConnectionSettings(project="one", is_anonymous=True), transport=Replay(body))
    plan = generate_plan(model, output_uri=str(folder), number_of_images=images)
    gc.collect()
    tracemalloc.start()
    try:
        uris = run(plan, client).document.uris
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert [Path(uri).stat().st_size for uri in uris] == [IMAGE_BYTES] * images
    return peak


@pytest.mark.parametrize("images", [1, 4])
def test_an_answer_of_imagen_takes_at_most_two_and_a_half_times_its_body(tmp_path: Path, images: int) -> None:
    body = predicted(images)

    assert 1 < peak_of(IMAGEN, images, body, tmp_path) / len(body) <= MOST


@pytest.mark.parametrize("images", [1, 4])
def test_answers_of_gemini_take_at_most_two_and_a_half_times_their_bodies_together(tmp_path: Path, images: int) -> None:
    body = generated()

    assert 1 < peak_of(GEMINI, images, body, tmp_path) / (images * len(body)) <= MOST


def test_an_upload_holds_an_image_twice_and_not_thrice() -> None:
    data = os.urandom(IMAGE_BYTES)
    tracemalloc.start()
    try:
        upload = encode_upload("a.png", "image/png", data)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert len(upload.body) > IMAGE_BYTES
    assert peak < 1.5 * IMAGE_BYTES
