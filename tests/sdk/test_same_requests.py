"""For the same arguments our operators send what Google's own SDK sends, field by field.

Three things are evened out and nothing else: the API version in the path (the SDK says v1beta1, we say v1 as the
reference does), upper case in ``safetySetting`` and ``personGeneration`` (the reference's values are lower case), and
``storageUri``: ours names a folder of the request's own below the given one. Where we differ on purpose a test says so.
"""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from airflow_provider_imagen.operators.imagen import ImagenGenerateOperator, ImagenUpscaleOperator

FOUR, THREE, THREE_TWO = "imagen-4.0-generate-001", "imagen-3.0-generate-001", "imagen-3.0-generate-002"
OLDEST, SIX = "imagegeneration@002", "imagegeneration@006"
UPSCALER = "imagen-4.0-upscale-preview"
STORED = "gs://bucket/small/a.png"
SDK_NAMES = {"output_uri": "output_gcs_uri", "compression_quality": "output_compression_quality"}
EVERYTHING = {
    "output_uri": "gs://bucket/made/",
    "number_of_images": 3,
    "negative_prompt": "dogs",
    "aspect_ratio": "16:9",
    "seed": 7,
    "language": "ja",
    "safety_filter_level": "block_only_high",
    "person_generation": "allow_adult",
    "add_watermark": False,
    "output_mime_type": "image/jpeg",
    "compression_quality": 80,
    "guidance_scale": 7.5,
    "include_rai_reason": False,
    "include_safety_attributes": True,
    "labels": {"team": "ads", "cost-center": "4711"},
}
EVERYTHING_OF_IMAGEN_4 = {
    **{name: value for name, value in EVERYTHING.items() if name != "negative_prompt"},
    "enhance_prompt": False,
    "image_size": "2K",
}
EVERYTHING_UPSCALED = {
    "upscale_factor": "x4",
    "output_uri": "gs://bucket/large/",
    "enhance_input_image": True,
    "image_preservation_factor": 0.5,
    "output_mime_type": "image/jpeg",
    "compression_quality": 90,
    "safety_filter_level": "block_low_and_above",
    "person_generation": "allow_all",
    "include_rai_reason": False,
    "labels": {"x": "y"},
}

GENERATE: dict[str, dict[str, Any]] = {
    "prompt": {"prompt": 'ein rotes Boot 船 "quoted"\nnext line'},
    "storage": {"output_uri": "gs://bucket/made"},
    "number_of_images": {"number_of_images": 4},
    "negative_prompt": {"model": THREE, "negative_prompt": "dogs"},
    "aspect_ratio 1:1": {"aspect_ratio": "1:1"},
    "aspect_ratio 9:16": {"aspect_ratio": "9:16"},
    "seed": {"seed": 7, "add_watermark": False},
    "largest seed": {"seed": 2_147_483_647, "add_watermark": False},
    "enhance_prompt": {"enhance_prompt": True},
    "no enhance_prompt": {"model": THREE_TWO, "enhance_prompt": False},
    "language": {"language": "ko"},
    "language auto": {"model": SIX, "language": "auto"},
    "language with region": {"language": "zh-CN"},
    "language the SDK does not list": {"language": "zh-TW"},
    "safety low": {"safety_filter_level": "block_low_and_above"},
    "safety medium": {"safety_filter_level": "block_medium_and_above"},
    "safety high": {"safety_filter_level": "block_only_high"},
    "safety none": {"safety_filter_level": "block_none"},
    "no persons": {"person_generation": "dont_allow"},
    "adults": {"person_generation": "allow_adult"},
    "all persons": {"person_generation": "ALLOW_ALL"},
    "watermark": {"add_watermark": True},
    "no watermark": {"add_watermark": False},
    "output_mime_type": {"output_mime_type": "image/jpeg"},
    "rare output_mime_type": {"output_mime_type": "image/webp"},
    "compression_quality": {"output_mime_type": "image/jpeg", "compression_quality": 80},
    "lowest compression_quality": {"output_mime_type": "image/jpeg", "compression_quality": 0},
    "guidance_scale": {"guidance_scale": 7.5},
    "whole guidance_scale": {"guidance_scale": 7},
    "image_size 1K": {"image_size": "1K"},
    "image_size 2K": {"image_size": "2K", "output_mime_type": "image/jpeg"},
    "no include_rai_reason": {"include_rai_reason": False},
    "include_safety_attributes": {"include_safety_attributes": True},
    "no include_safety_attributes": {"include_safety_attributes": False},
    "labels": {"labels": {"team": "ads", "cost-center": "4711"}},
    "oldest model": {"model": OLDEST, "number_of_images": 8, "output_mime_type": "image/jpeg"},
    "everything of Imagen 3": {"model": THREE, **EVERYTHING},
    "everything of Imagen 4": EVERYTHING_OF_IMAGEN_4,
}
UPSCALE: dict[str, dict[str, Any]] = {
    "by reference": {"image": STORED},
    "png bytes": {"image": "a.png"},
    "jpeg bytes": {"image": "a.jpg"},
    "x3": {"upscale_factor": "x3"},
    "x4": {"upscale_factor": "x4", "model": OLDEST},
    "storage": {"output_uri": "gs://bucket/large/"},
    "enhance_input_image": {"enhance_input_image": True},
    "no enhance_input_image": {"enhance_input_image": False},
    "image_preservation_factor": {"image_preservation_factor": 0.25},
    "lowest image_preservation_factor": {"image_preservation_factor": 0},
    "output_mime_type": {"output_mime_type": "image/png"},
    "compression_quality": {"output_mime_type": "image/jpeg", "compression_quality": 90},
    "safety": {"safety_filter_level": "block_only_high"},
    "persons": {"person_generation": "dont_allow"},
    "no include_rai_reason": {"include_rai_reason": False},
    "labels": {"labels": {"team": "ads"}},
    "everything by reference": EVERYTHING_UPSCALED,
    "everything with bytes": {"image": "a.jpg", **EVERYTHING_UPSCALED},
}
ALONE: dict[str, dict[str, Any]] = {
    "generate, nothing given": {"model": FOUR, "prompt": "a red boat"},
    "generate, old safety level": {"model": FOUR, "prompt": "a boat", "safety_filter_level": "block_most"},
    "upscale, nothing given": {"model": UPSCALER, "image": STORED, "upscale_factor": "x2"},
}
"""Argument sets that are sent as they are: what each side adds unasked is compared by a test of its own."""

DEFAULTS: dict[str, dict[str, Any]] = {
    "generate": {"model": FOUR, "prompt": "a red boat", "number_of_images": 1, "include_rai_reason": True},
    "upscale": {"model": UPSCALER, "image": STORED, "upscale_factor": "x2", "include_rai_reason": True},
}
TABLE = {f"generate, {name}": DEFAULTS["generate"] | row for name, row in GENERATE.items()} | {
    f"upscale, {name}": DEFAULTS["upscale"] | row for name, row in UPSCALE.items()
}


@dataclass(frozen=True)
class Sent:
    """One request as the emulator received it."""

    path: str
    body: dict[str, Any]

    @classmethod
    def of(cls, call: Any) -> Sent:
        assert call.method == "POST"
        assert call.headers["content-type"].partition(";")[0] == "application/json"
        return cls(call.path.removeprefix("/v1beta1").removeprefix("/v1"), call.json)

    @property
    def parameters(self) -> dict[str, Any]:
        return dict(self.body.get("parameters", {}))

    def in_given_folder(self) -> Sent:
        """Return the request without a folder of its own below the given one, and without the slash in the end."""
        parameters = self.parameters
        if "storageUri" in parameters:
            parameters["storageUri"] = re.sub(r"(/t-[0-9a-f]{12})?/?$", "", parameters["storageUri"])
        return Sent(self.path, self.body | {"parameters": parameters})

    def with_lower_case_choices(self) -> Sent:
        parameters = self.parameters
        for name in parameters.keys() & {"safetySetting", "personGeneration"}:
            parameters[name] = parameters[name].lower()
        return Sent(self.path, self.body | {"parameters": parameters})


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pictures")
    for name in ("a.png", "a.jpg"):
        Image.new("RGB", (30, 20), "red").save(folder / name)
    return folder


@pytest.fixture(scope="module")
def sent_by_sdk(running_emulator: Any, google_sdk: Callable[..., Any], pictures: Path) -> dict[str, Sent]:
    """What Google's SDK sends for each argument set; all in one process."""
    rows = TABLE | ALONE
    running_emulator.reset()
    store_source(running_emulator)

    results = google_sdk(running_emulator.endpoint, [sdk_call(name, row, pictures) for name, row in rows.items()])

    assert [result for result in results if "error" in result] == []
    received = {int(call.headers["x-call"]): Sent.of(call) for call in running_emulator.requests}
    running_emulator.reset()
    assert len(received) == len(rows)
    return {name: received[number] for number, name in enumerate(rows)}


def sdk_call(name: str, row: dict[str, Any], pictures: Path) -> dict[str, Any]:
    job = name.partition(",")[0]
    apart = {"model", "prompt", "image", "upscale_factor"}
    config = {SDK_NAMES.get(key, key): value for key, value in row.items() if key not in apart}
    call = {"call": job, "config": config, **{key: row[key] for key in apart & row.keys()}}
    if job == "upscale":
        call["image"] = sdk_image(row["image"], pictures)
    return call


def sdk_image(image: str, pictures: Path) -> dict[str, str]:
    if image.startswith("gs://"):
        return {"gcs_uri": image}
    data = (pictures / image).read_bytes()
    mime_type = "image/png" if image.endswith("png") else "image/jpeg"
    return {"base64": base64.b64encode(data).decode(), "mime_type": mime_type}


def store_source(emulator: Any) -> None:
    file = io.BytesIO()
    Image.new("RGB", (30, 20), "red").save(file, "PNG")
    emulator.put_object("bucket", "small/a.png", file.getvalue(), "image/png")


@pytest.fixture
def send(
    set_connection: Callable[..., None], emulator: Any, context: dict[str, Any], pictures: Path, tmp_path: Path
) -> Callable[[str, dict[str, Any]], Sent]:
    """Return a function that runs our operator for an argument set and returns what it sent."""
    set_connection(**emulator.connection["extra"])
    store_source(emulator)

    def run(name: str, row: dict[str, Any]) -> Sent:
        kind = ImagenGenerateOperator if name.startswith("generate") else ImagenUpscaleOperator
        arguments = {"output_uri": str(tmp_path), **row}
        if not arguments.get("image", "gs://").startswith("gs://"):
            arguments["image"] = str(pictures / arguments["image"])
        kind(task_id="t", **arguments).execute(context)
        (call,) = [each for each in emulator.requests if each.path.endswith(":predict")]
        return Sent.of(call)

    return run


@pytest.mark.parametrize("name", TABLE)
def test_the_same_arguments_make_the_same_request(send: Any, sent_by_sdk: dict[str, Sent], name: str) -> None:
    assert send(name, TABLE[name]).in_given_folder() == sent_by_sdk[name].with_lower_case_choices().in_given_folder()


@pytest.mark.parametrize("name", ["generate, storage", "upscale, storage"])
def test_google_is_given_a_folder_of_the_requests_own_below_the_given_one(
    send: Any, sent_by_sdk: dict[str, Sent], name: str
) -> None:
    given = sent_by_sdk[name].parameters["storageUri"].rstrip("/")

    assert re.fullmatch(rf"{given}/t-[0-9a-f]{{12}}/", send(name, TABLE[name]).parameters["storageUri"])


@pytest.mark.parametrize("name", [name for name in ALONE if "nothing" in name])
def test_we_add_nothing_to_what_the_sdk_sends_but_a_number_and_the_wish_for_reasons(
    send: Any, sent_by_sdk: dict[str, Sent], name: str
) -> None:
    """Without sampleCount Google makes, and bills, four images; without includeRaiReason it filters in silence."""
    ours, theirs = send(name, ALONE[name]), sent_by_sdk[name]

    assert ours.path == theirs.path
    assert ours.body["instances"] == theirs.body["instances"]
    assert ours.parameters == {"sampleCount": 1, **theirs.parameters, "includeRaiReason": True}
    assert theirs.parameters == (
        {}
        if name.startswith("generate")
        else {"sampleCount": 1, "mode": "upscale", "upscaleConfig": {"upscaleFactor": "x2"}}
    )


def test_we_send_todays_word_for_an_old_safety_level_and_the_sdk_passes_it_on(
    send: Any, sent_by_sdk: dict[str, Sent]
) -> None:
    name = "generate, old safety level"

    assert send(name, ALONE[name]).parameters["safetySetting"] == "block_low_and_above"
    assert sent_by_sdk[name].parameters["safetySetting"] == "block_most"


def test_the_sdk_writes_choices_in_upper_case_and_we_as_the_reference(send: Any, sent_by_sdk: dict[str, Sent]) -> None:
    name = "generate, everything of Imagen 4"
    ours, theirs = send(name, TABLE[name]).parameters, sent_by_sdk[name].parameters

    assert (ours["safetySetting"], ours["personGeneration"]) == ("block_only_high", "allow_adult")
    assert (theirs["safetySetting"], theirs["personGeneration"]) == ("BLOCK_ONLY_HIGH", "ALLOW_ADULT")


def test_the_table_has_every_argument_that_the_sdk_has_too() -> None:
    ours = {*ImagenGenerateOperator.request_fields, *ImagenUpscaleOperator.request_fields}
    compared = {name for row in TABLE.values() for name in row}

    without_field = {"sample_image_style", "image_key", "on_filtered", "on_lost", "if_exists"}
    of_gemini_only = {"reference_images", "thinking_level", "system_instruction", "google_search", "prominent_people"}
    assert ours - compared == without_field | of_gemini_only | {"service_tier"}, (
        "test_same_gemini_requests has the rest"
    )
