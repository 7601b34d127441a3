"""Google's own SDK generates and upscales on the emulator as it does on Google's servers."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from PIL import Image

from airflow_provider_imagen.emulator import Fault

GENERATE = {"call": "generate", "model": "imagen-4.0-generate-001", "prompt": "a red boat"}
UPSCALE = {"call": "upscale", "model": "imagen-4.0-upscale-preview", "upscale_factor": "x3"}
TWO = {"number_of_images": 2, "include_rai_reason": True}
STORED = {"gcs_uri": "gs://bucket/small/a.png"}
BLOCKED = Fault("generate", blocked_prompt=True, support_codes=("58061214",))
CALLS: dict[str, tuple[dict[str, Any], Fault | None]] = {
    "bytes": (GENERATE | {"config": {"number_of_images": 3, "aspect_ratio": "16:9"}}, None),
    "without arguments": (GENERATE, None),
    "safety attributes": (GENERATE | {"config": {"include_safety_attributes": True, "number_of_images": 1}}, None),
    "stored": (
        GENERATE | {"config": {"number_of_images": 2, "output_gcs_uri": "gs://bucket/made/", "image_size": "2K"}},
        None,
    ),
    "some filtered": (
        GENERATE | {"config": TWO | {"number_of_images": 3}},
        Fault("generate", filtered=2, support_codes=("39322892",)),
    ),
    "all filtered": (GENERATE | {"config": TWO}, Fault("generate", filtered=2)),
    "all filtered, no reason": (GENERATE | {"config": {"number_of_images": 2}}, Fault("generate", filtered=2)),
    "blocked": (GENERATE, BLOCKED),
    "quota": (GENERATE, Fault("generate", status=429, message="Quota exceeded")),
    "unknown model": (GENERATE | {"model": "imagen-9"}, None),
    "wrong argument": (GENERATE | {"config": {"aspect_ratio": "4:5"}}, None),
    "upscaled bytes": (UPSCALE, None),
    "upscaled by reference": (UPSCALE | {"image": STORED, "config": {"output_mime_type": "image/jpeg"}}, None),
    "upscaled into storage": (UPSCALE | {"image": STORED, "config": {"output_gcs_uri": "gs://bucket/large/"}}, None),
    "nothing to upscale": (UPSCALE | {"image": {"gcs_uri": "gs://bucket/nowhere.png"}}, None),
}
WORDS = "Here is your picture: a red boat"
OTHER_RESULTS: dict[str, Any] = {
    "stream": [[WORDS], ["image/png"]],
    "asynchronous": [[WORDS, "image/png"], [[WORDS], ["image/png"]], 3],
    "chat": [[WORDS, "image/png"], [f"{WORDS}\nnow in blue", "image/png"]],
    "count": [3, None],
    "pictures": ["Here is your picture: on a beach", "image/png"],
    "unspecified": [WORDS, "image/jpeg"],
    "list own": [],
    "get": "publishers/google/models/gemini-2.5-flash-image",
}
OTHER_ERRORS = {
    "stream with two candidates": (400, "INVALID_ARGUMENT", "Multiple candidates is not enabled for this model"),
    "edit": (501, "UNIMPLEMENTED", "Editing images (referenceImages, editMode) with imagen-3.0-capability-001 is not"),
    "get an unknown model": (404, "NOT_FOUND", "Publisher Model `publishers/google/models/gemini-9-image` was not"),
    "compute": (404, "NOT_FOUND", "Method not found."),
    "nowhere": (403, "PERMISSION_DENIED", "Permission denied on 'locations/nowhere' (or it may not exist)."),
}


@pytest.fixture(scope="module")
def other_results(running_emulator: Any, google_sdk: Callable[..., Any], small_png: bytes) -> dict[str, Any]:
    running_emulator.reset()
    running_emulator.put_object("bucket", "small/a.png", small_png, "image/png")
    names = [*OTHER_RESULTS, *OTHER_ERRORS, "list"]
    results = google_sdk(running_emulator.endpoint, [{"call": name} for name in names])
    running_emulator.reset()
    return dict(zip(names, results, strict=True))


@pytest.mark.parametrize("name", OTHER_RESULTS)
def test_another_call_returns_what_google_returns(other_results: dict[str, Any], name: str) -> None:
    assert other_results[name] == {"result": OTHER_RESULTS[name]}


@pytest.mark.parametrize("name", OTHER_ERRORS)
def test_another_error_is_understood(other_results: dict[str, Any], name: str) -> None:
    code, status, message = OTHER_ERRORS[name]
    error = other_results[name]["error"]

    assert (error["code"], error["status"]) == (code, status)
    assert message in error["message"]


def test_it_lists_all_models_page_by_page(other_results: dict[str, Any]) -> None:
    names = other_results["list"]["result"]

    assert len(names) == len(set(names)) > 15
    assert {"publishers/google/models/gemini-3-pro-image", "publishers/google/models/imagegeneration@002"} < set(names)


@dataclass(frozen=True)
class Outcome:
    """What the SDK made of all calls, and what was in the bucket afterwards."""

    results: dict[str, Any]
    objects: dict[str, bytes]

    def images(self, name: str) -> list[dict[str, Any]]:
        return list(self.results[name]["images"])

    def error(self, name: str) -> tuple[int, str]:
        error = self.results[name]["error"]
        return error["code"], error["status"]


@pytest.fixture(scope="module")
def outcome(running_emulator: Any, google_sdk: Callable[..., Any]) -> Outcome:
    file = io.BytesIO()
    Image.new("RGB", (30, 20), "red").save(file, "PNG")
    inline = {"base64": base64.b64encode(file.getvalue()).decode(), "mime_type": "image/png"}
    running_emulator.reset()
    running_emulator.put_object("bucket", "small/a.png", file.getvalue(), "image/png")
    # Faults strike the next call of their operation, so every call to generate orders one, most of them a harmless one.
    for call, fault in CALLS.values():
        if fault or call["call"] == "generate":
            running_emulator.order_fault(fault or Fault("generate"))
    calls = [call if call["call"] == "generate" else {"image": inline, **call} for call, _ in CALLS.values()]

    results = google_sdk(running_emulator.endpoint, calls)

    assert running_emulator.unfired_faults() == []
    names = running_emulator.list_objects("bucket")
    objects = {f"gs://bucket/{name}": running_emulator.read_object("bucket", name) for name in names}
    running_emulator.reset()
    return Outcome(dict(zip(CALLS, results, strict=True)), objects)


def size_of(data: bytes) -> tuple[int, int]:
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        return image.size


def test_it_gets_the_bytes_of_generated_images(outcome: Outcome) -> None:
    images = outcome.images("bytes")

    assert [size_of(base64.b64decode(each["base64"])) for each in images] == [(1408, 768)] * 3
    assert {each["mime_type"] for each in images} == {"image/png"}
    assert {each["uri"] for each in images} == {None}
    assert {each["enhanced_prompt"] for each in images} == {"a red boat, in warm evening light, with fine detail"}


def test_it_gets_four_images_when_it_asks_for_no_number(outcome: Outcome) -> None:
    assert len(outcome.images("without arguments")) == 4


def test_it_finds_the_scores_of_image_and_prompt(outcome: Outcome) -> None:
    (image,) = outcome.images("safety attributes")

    assert image["safety_categories"] == ["Death, Harm & Tragedy", "Firearms & Weapons"]
    assert "Porn" in outcome.results["safety attributes"]["positive_prompt"]


def test_it_gets_the_uris_of_stored_images(outcome: Outcome) -> None:
    images = outcome.images("stored")

    assert [each["uri"] for each in images] == [uri for uri in outcome.objects if uri.startswith("gs://bucket/made/")]
    assert {each["base64"] for each in images} == {None}
    assert [size_of(outcome.objects[each["uri"]]) for each in images] == [(2048, 2048)] * 2


def test_it_reads_the_reason_of_filtered_images(outcome: Outcome) -> None:
    image, reason = outcome.images("some filtered")

    assert (image["rai_reason"], bool(image["base64"])) == (None, True)
    assert "filtered out 2 generated images" in reason["rai_reason"]
    assert reason["rai_reason"].endswith("Support codes: 39322892")
    assert (reason["base64"], reason["uri"]) == (None, None)


def test_it_reads_the_reason_when_all_images_were_filtered(outcome: Outcome) -> None:
    (reason,) = outcome.images("all filtered")

    assert reason["rai_reason"].startswith("Unable to show generated images. All images were filtered out")
    assert reason["base64"] is None


def test_it_finds_nothing_when_all_images_were_filtered_and_no_reason_was_asked_for(outcome: Outcome) -> None:
    assert outcome.results["all filtered, no reason"]["images"] is None


@pytest.mark.parametrize(
    ("name", "code", "status", "text"),
    [
        ("blocked", 400, "INVALID_ARGUMENT", "Support codes: 58061214"),
        ("quota", 429, "RESOURCE_EXHAUSTED", "Quota exceeded"),
        ("unknown model", 404, "NOT_FOUND", "models/imagen-9` was not found"),
        ("wrong argument", 400, "INVALID_ARGUMENT", "Invalid aspect ratio, 4:5"),
        ("nothing to upscale", 404, "NOT_FOUND", "gs://bucket/nowhere.png"),
    ],
)
def test_it_understands_a_refusal(outcome: Outcome, name: str, code: int, status: str, text: str) -> None:
    assert outcome.error(name) == (code, status)
    assert text in outcome.results[name]["error"]["message"]


@pytest.mark.parametrize(
    ("name", "mime_type"), [("upscaled bytes", "image/png"), ("upscaled by reference", "image/jpeg")]
)
def test_it_upscales(outcome: Outcome, name: str, mime_type: str) -> None:
    (image,) = outcome.images(name)

    assert (image["mime_type"], size_of(base64.b64decode(image["base64"]))) == (mime_type, (90, 60))


def test_it_upscales_into_cloud_storage(outcome: Outcome) -> None:
    (image,) = outcome.images("upscaled into storage")

    assert image["uri"].startswith("gs://bucket/large/")
    assert size_of(outcome.objects[image["uri"]]) == (90, 60)
