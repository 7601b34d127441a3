"""google-cloud-aiplatform (``vertexai.vision_models``, ``GenerativeModel``) works on the emulator as on Google."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image

PLACE = "projects/emulator-project/locations/us-central1/publishers/google/models"
SQUARE = {"uri": None, "size": [1024, 1024], "mime_type": "image/png"}
WORDS = "Here is your picture: a red boat"
PICTURE = ["image/png", 1024, 1024]
UNSHOWN = (
    "Unable to show the generated image. The image was filtered out because it violated Google's Responsible AI "
    "practices. Try rephrasing the prompt. If you think this was an error, send feedback."
)

RESULTS: dict[str, Any] = {
    "load": f"{PLACE}/imagen-4.0-generate-001",
    "load by alias": f"{PLACE}/imagegeneration@006",
    "load by resource name": f"{PLACE}/imagen-4.0-generate-001",
    "generate": [SQUARE],
    "generate three": [SQUARE | {"size": [1408, 768]}] * 3,
    "generate with everything": [SQUARE],
    "generate and save": [
        "89504e47",
        ["add_watermark", "index_of_image_in_batch", "number_of_images_in_batch", "prompt"],
    ],
    "generate, all filtered": 0,
    "upscale x2": [SQUARE | {"size": [60, 40]}],
    "upscale x4": [{"uri": None, "size": [120, 80], "mime_type": "image/jpeg"}],
    "upscale by reference": [SQUARE | {"size": [60, 40]}],
    "upscale a generated image": [SQUARE | {"size": [2048, 2048]}],
    "upscale to 4096": [SQUARE | {"size": [4096, 4096]}],
    "load a stored image": [{"uri": "gs://bucket/small/a.png", "size": [30, 20], "mime_type": "image/png"}],
    "own models": 0,
    "batch job": ["JOB_STATE_PENDING", "JOB_STATE_RUNNING", "JOB_STATE_SUCCEEDED", {"team": "ads"}, 2, ""],
    "batch job, cancelled and deleted": ["JOB_STATE_CANCELLING", "JOB_STATE_CANCELLED"],
    "batch jobs by label": ["finished"],
    "content in global": [
        "**Composing the scene**\n\nI will draw: a red boat",
        ["image/jpeg", 256, 256],
        WORDS,
        ["image/jpeg", 1024, 1024],
    ],
    "content in global with instruction": [
        "**Composing the scene**\n\nI will draw: a red boat",
        ["image/jpeg", 256, 256],
        WORDS,
        ["image/jpeg", 1024, 1024],
    ],
}
CONTENT_RESULTS: dict[str, Any] = {
    "content": [WORDS, PICTURE],
    "content in a stream": [[WORDS], [PICTURE]],
    "count": 3,
    "chat": [[WORDS, PICTURE], [f"{WORDS}\nnow in blue", PICTURE]],
    "content with settings": [3, 1297, 1300],
    "content from pictures": ["Here is your picture: put these on a beach", ["image/png", 1248, 832]],
    "content, blocked": "PROHIBITED_CONTENT",
    "content, filtered": [0, UNSHOWN, 0],
}
ERRORS = {
    "load an unknown model": ("NotFound", "Publisher Model `publishers/google/models/imagen-9.0-generate-001` was not"),
    "load a model of another class": ("ValueError", "Unknown model publishers/google/models/imagen-4.0-generate-001"),
    "generate, blocked": ("BadRequest", "This prompt contains sensitive words"),
    "generate, no quota": ("TooManyRequests", "Quota exceeded"),
    "generate, wrong aspect ratio": ("BadRequest", "Invalid aspect ratio, 7:4"),
    "batch job, wrong label": ("BadRequest", "Field: batch_prediction_job.labels; Message: Invalid label Team=ads"),
    "edit": ("MethodNotImplemented", "Editing images (image, editConfig) with imagegeneration@006 is not served"),
    "edit with a capability model": ("MethodNotImplemented", "with imagen-3.0-capability-001 is not served"),
}
CONTENT_ERRORS = {
    "content with instruction": ("BadRequest", "Developer instruction is not enabled for this model"),
    "content, no quota": ("TooManyRequests", "Ordered by a test."),
    "stream, no quota": ("TooManyRequests", "Ordered by a test."),
    "content, two candidates": ("BadRequest", "Multiple candidates is not enabled for this model"),
    "stream, two candidates": ("BadRequest", "Multiple candidates is not enabled for this model"),
    "content in a location without it": (
        "NotFound",
        "us-central1/publishers/google/models/gemini-3-pro-image` was not",
    ),
}
STORED = {"generate into a bucket": ("made/", [1024, 1024]), "upscale into a bucket": ("large/", [60, 40])}
VERSIONS = ("v1", "v1beta1")


@pytest.fixture(scope="module")
def results(running_emulator: Any, run_client: Callable[..., Any], small_png: bytes) -> dict[str, Any]:
    """What the library returned for every call, and the objects that were stored."""
    running_emulator.reset()
    running_emulator.put_object("bucket", "small/a.png", small_png, "image/png")
    line = json.dumps({"request": {"contents": [{"role": "user", "parts": [{"text": "a red boat"}]}]}})
    running_emulator.put_object("bucket", "in/requests.jsonl", f"{line}\n{line}\n".encode(), "application/jsonl")
    order = {"endpoint": running_emulator.endpoint, "image": base64.b64encode(small_png).decode()}

    found = run_client("aiplatform", "aiplatform_sdk.py", order)

    assert running_emulator.unfired_faults() == []
    names = running_emulator.list_objects("bucket")
    found["objects"] = {f"gs://bucket/{name}": running_emulator.read_object("bucket", name) for name in names}
    running_emulator.reset()
    return dict(found)


@pytest.mark.parametrize("name", RESULTS)
def test_a_call_returns_what_google_returns(results: dict[str, Any], name: str) -> None:
    assert results[name] == RESULTS[name]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", CONTENT_RESULTS)
def test_a_generative_model_returns_what_google_returns(results: dict[str, Any], name: str, version: str) -> None:
    assert results[f"{version} {name}"] == CONTENT_RESULTS[name]


@pytest.mark.parametrize("name", ERRORS)
def test_an_error_is_understood(results: dict[str, Any], name: str) -> None:
    kind, message = ERRORS[name]

    assert results[name]["error"] == kind
    assert message in results[name]["message"]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", CONTENT_ERRORS)
def test_an_error_of_a_generative_model_is_understood(results: dict[str, Any], name: str, version: str) -> None:
    kind, message = CONTENT_ERRORS[name]

    assert results[f"{version} {name}"]["error"] == kind
    assert message in results[f"{version} {name}"]["message"]


@pytest.mark.parametrize("name", STORED)
def test_an_image_is_found_in_its_bucket(results: dict[str, Any], name: str) -> None:
    folder, size = STORED[name]
    (image,) = results[name]

    assert image["uri"].startswith(f"gs://bucket/{folder}")
    assert image["size"] == size
    with Image.open(io.BytesIO(results["objects"][image["uri"]])) as picture:
        assert list(picture.size) == size


def test_every_call_has_its_test(results: dict[str, Any]) -> None:
    twice = {f"{version} {name}" for version in VERSIONS for name in (*CONTENT_RESULTS, *CONTENT_ERRORS)}

    assert results.keys() == {*RESULTS, *ERRORS, *STORED, *twice, "objects"}
