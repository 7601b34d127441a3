"""The emulator serves a measurement of clients: a set latency, drawings that cost no time, large contents in pieces."""

from __future__ import annotations

import base64
import http.client
import io
import time
from typing import Any

import pytest
from PIL import Image

from airflow_provider_imagen.emulator import Fault

FLASH, OLD = "gemini-3.1-flash-image", "gemini-2.5-flash-image"
LARGE = 9 * 1024 * 1024


def content(google: Any, model: str = FLASH, prompt: str = "a boat") -> bytes:
    path = f"/v1/projects/p/locations/global/publishers/google/models/{model}:generateContent"
    body = {
        "contents": [{"role": "user", "parts": [{"text": prompt}]}],
        "generationConfig": {"responseModalities": ["IMAGE"]},
    }
    parts = google.post(path, body).json["candidates"][0]["content"]["parts"]
    return base64.b64decode(parts[-1]["inlineData"]["data"])


def pixels(data: bytes) -> bytes:
    with Image.open(io.BytesIO(data)) as image:
        return image.convert("RGB").resize((16, 16)).tobytes()


def test_an_answer_takes_as_long_as_ordered(google: Any, emulator: Any) -> None:
    emulator.measure(latency_seconds=0.3)
    start = time.monotonic()

    content(google)

    assert time.monotonic() - start >= 0.3


def test_the_latency_holds_for_imagen_too_and_faults_come_without_it(google: Any, emulator: Any) -> None:
    emulator.measure(latency_seconds=0.3)
    start = time.monotonic()
    google.generate()
    assert time.monotonic() - start >= 0.3

    emulator.measure(latency_seconds=3600)
    emulator.order_fault(Fault("generate", status=429))
    assert google.generate().status == 429


@pytest.mark.parametrize("model", [FLASH, OLD])
def test_one_drawing_is_served_each_time_with_other_bytes(google: Any, emulator: Any, model: str) -> None:
    emulator.measure(drawings=1)

    first, second = content(google, model, "a boat"), content(google, model, "an ä")

    assert first != second
    assert pixels(first) == pixels(second)
    emulator.measure()
    assert pixels(content(google, model)) != pixels(first)


def test_drawings_of_imagen_are_served_over_and_over_too(google: Any, emulator: Any) -> None:
    emulator.measure(drawings=2)

    images = [
        base64.b64decode(each["bytesBase64Encoded"])
        for _ in range(3)
        for each in google.generate(sampleCount=4, outputOptions={"mimeType": "image/jpeg"}).predictions
    ]
    assert (len(set(images)), len({pixels(image) for image in images})) == (12, 2)


def test_a_picture_in_a_request_is_still_drawn(google: Any, emulator: Any, picture: Any) -> None:
    emulator.measure(drawings=1)
    part = {"inlineData": {"mimeType": "image/png", "data": base64.b64encode(picture()).decode()}}
    path = f"/v1/projects/p/locations/global/publishers/google/models/{OLD}:generateContent"
    body = {"contents": [{"parts": [part, {"text": "a boat"}]}]}

    answer = google.post(path, body).json["candidates"][0]["content"]["parts"][-1]["inlineData"]["data"]

    assert pixels(base64.b64decode(answer)) != pixels(content(google, OLD))


@pytest.mark.parametrize("model", [FLASH, OLD])
@pytest.mark.parametrize("size", [100, 1_500_000])
def test_images_can_be_made_large(google: Any, emulator: Any, model: str, size: int) -> None:
    emulator.measure(drawings=1)
    plain = content(google, model)
    emulator.measure(drawings=1, image_bytes=size)

    large = content(google, model)

    assert size <= len(large) <= max(len(plain), size + 1200)
    assert pixels(large) == pixels(plain)


def test_a_measurement_can_be_prepared_over_http_until_the_reset(google: Any, emulator: Any) -> None:
    order = {"latency_seconds": 0, "drawings": 1}
    assert google.post("/emulator/measurement", order).json == order
    first = pixels(content(google))
    assert first == pixels(content(google))

    emulator.reset()
    assert first != pixels(content(google))


@pytest.mark.parametrize(
    "order", [{"latency_seconds": -1}, {"drawings": -1}, {"latency_seconds": "x"}, {"speed": 1}, {"image_bytes": 1}]
)
def test_a_measurement_that_makes_no_sense_is_refused(google: Any, order: dict[str, Any]) -> None:
    assert google.post("/emulator/measurement", order).status == 422


def test_a_large_content_comes_whole_with_its_length_and_hash(google: Any, emulator: Any) -> None:
    data = bytes(range(256)) * (LARGE // 256)
    emulator.put_object("bucket", "large.jsonl", data, "text/plain")
    emulator.put_object("bucket", "small.jsonl", data[:1000], "text/plain")

    large, small = google.download("large.jsonl"), google.download("small.jsonl")

    assert large.body == data
    assert (large.headers.get_all("content-length"), small.headers.get_all("content-length")) == (
        [str(LARGE)],
        ["1000"],
    )
    assert {name.lower() for name in large.headers} == {*(name.lower() for name in small.headers)}
    path = "/storage/v1/b/bucket/o/large.jsonl?alt=media"
    part = google.send("GET", path, headers={"Range": f"bytes=100-{LARGE - 101}"})
    assert (part.status, part.body) == (206, data[100:-100])


def test_a_large_content_can_be_damaged(google: Any, emulator: Any) -> None:
    emulator.put_object("bucket", "large.jsonl", bytes(LARGE), "text/plain")
    emulator.order_fault(Fault("download", corrupted=True))

    damaged = google.download("large.jsonl")

    assert (len(damaged.body), damaged.body == bytes(LARGE)) == (LARGE, False)
    assert damaged.headers.get_all("content-length") == [str(LARGE)]


def test_a_large_content_can_end_half_way(google: Any, emulator: Any) -> None:
    emulator.put_object("bucket", "large.jsonl", bytes(LARGE), "text/plain")
    emulator.order_fault(Fault("download", truncated=True, after_work=True))

    with pytest.raises(http.client.IncompleteRead) as caught:
        google.download("large.jsonl")
    assert len(caught.value.partial) == LARGE // 2


def test_the_log_keeps_the_beginning_of_what_is_stored(google: Any, emulator: Any) -> None:
    google.upload("large.bin", bytes(2 * LARGE))

    assert [len(each.body) for each in emulator.requests] == [16 * 1024 * 1024]
    assert emulator.read_object("bucket", "large.bin") == bytes(2 * LARGE)
