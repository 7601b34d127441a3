"""For the same arguments our operator asks a Gemini image model as Google's own SDK does, field by field.

Three things are evened out: the API version in the path (the SDK says v1beta1, we say v1), fields that the SDK writes
in snake_case (``file_uri``, ``mime_type``, ``thinking_level``) where we write the documented camelCase, and the
alphabet of base64 (the SDK's is the URL-safe one). Google reads both of each.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from pydantic.alias_generators import to_camel

from airflow_provider_imagen.core.protocols.generate_content import HARM_CATEGORIES
from airflow_provider_imagen.operators.imagen import ImagenGenerateOperator

TWO, THREE, FLASH = "gemini-nano-banana-2.1", "gemini-3-pro-image", "gemini-3.1-flash-image"
LITE, OLD = "gemini-3.1-flash-lite-image", "gemini-2.5-flash-image"


def safety(threshold: str) -> list[dict[str, str]]:
    return [{"category": category, "threshold": threshold} for category in HARM_CATEGORIES]


Row = tuple[str, dict[str, Any], dict[str, Any]]
TABLE: dict[str, Row] = {
    "nothing but a prompt": (TWO, {}, {}),
    "Gemini 3": (THREE, {}, {}),
    "lite": (LITE, {}, {}),
    "Gemini 2.5": (OLD, {}, {}),
    "aspect ratio": (TWO, {"aspect_ratio": "21:9"}, {"image_config": {"aspect_ratio": "21:9"}}),
    "size": (TWO, {"image_size": "4K"}, {"image_config": {"image_size": "4K"}}),
    "smallest size": (FLASH, {"image_size": "512"}, {"image_config": {"image_size": "512"}}),
    "no persons": (TWO, {"person_generation": "dont_allow"}, {"image_config": {"person_generation": "ALLOW_NONE"}}),
    "adults": (TWO, {"person_generation": "allow_adult"}, {"image_config": {"person_generation": "ALLOW_ADULT"}}),
    "all persons": (TWO, {"person_generation": "allow_all"}, {"image_config": {"person_generation": "ALLOW_ALL"}}),
    "format": (TWO, {"output_mime_type": "image/png"}, {"image_config": {"output_mime_type": "image/png"}}),
    "quality": (
        TWO,
        {"output_mime_type": "image/jpeg", "compression_quality": 80},
        {"image_config": {"output_mime_type": "image/jpeg", "output_compression_quality": 80}},
    ),
    "safety low": (
        TWO,
        {"safety_filter_level": "block_low_and_above"},
        {"safety_settings": safety("BLOCK_LOW_AND_ABOVE")},
    ),
    "safety high": (TWO, {"safety_filter_level": "block_only_high"}, {"safety_settings": safety("BLOCK_ONLY_HIGH")}),
    "safety none": (TWO, {"safety_filter_level": "block_none"}, {"safety_settings": safety("BLOCK_NONE")}),
    "seed": (FLASH, {"seed": 7}, {"seed": 7}),
    "labels": (TWO, {"labels": {"team": "ads"}}, {"labels": {"team": "ads"}}),
    "everything": (
        FLASH,
        {
            "aspect_ratio": "16:9",
            "image_size": "2K",
            "person_generation": "allow_adult",
            "output_mime_type": "image/jpeg",
            "compression_quality": 90,
            "safety_filter_level": "block_medium_and_above",
            "seed": 11,
            "labels": {"team": "ads"},
        },
        {
            "image_config": {
                "aspect_ratio": "16:9",
                "image_size": "2K",
                "person_generation": "ALLOW_ADULT",
                "output_mime_type": "image/jpeg",
                "output_compression_quality": 90,
            },
            "safety_settings": safety("BLOCK_MEDIUM_AND_ABOVE"),
            "seed": 11,
            "labels": {"team": "ads"},
        },
    ),
}


PICTURES = {"photo.png": "PNG", "photo.jpg": "JPEG", "photo.webp": "WEBP"}
"""Photos, in the bucket and on disk."""
TYPES = {"png": "image/png", "jpg": "image/jpeg", "webp": "image/webp", "heic": "image/heic"}
CLOUD, DISK = "gs://bucket/", "disk:"
FLEX = {"X-Vertex-AI-LLM-Request-Type": "shared", "X-Vertex-AI-LLM-Shared-Request-Type": "flex"}
PRIORITY = FLEX | {"X-Vertex-AI-LLM-Shared-Request-Type": "priority"}
SEARCH: dict[str, Any] = {"tools": [{"google_search": {}}]}


def thinking(level: str) -> dict[str, Any]:
    return {"thinking_config": {"thinking_level": level}}


PictureRow = tuple[str, list[str], dict[str, Any], dict[str, Any], dict[str, str]]
WITH_PICTURES: dict[str, PictureRow] = {
    "a photo in the bucket": (TWO, ["gs://bucket/photo.png"], {}, {}, {}),
    "a JPEG in the bucket": (FLASH, ["gs://bucket/photo.jpg"], {}, {}, {}),
    "a WebP in the bucket": (LITE, ["gs://bucket/photo.webp"], {}, {}, {}),
    "a HEIC in the bucket": (THREE, ["gs://bucket/photo.heic"], {}, {}, {}),
    "a local photo": (TWO, ["disk:photo.png"], {}, {}, {}),
    "a local JPEG": (OLD, ["disk:photo.jpg"], {}, {}, {}),
    "a local WebP": (THREE, ["disk:photo.webp"], {}, {}, {}),
    "two photos": (FLASH, ["gs://bucket/photo.png", "disk:photo.jpg"], {}, {}, {}),
    "two photos the other way round": (FLASH, ["disk:photo.jpg", "gs://bucket/photo.png"], {}, {}, {}),
    "the same photo twice": (TWO, ["gs://bucket/photo.png"] * 2, {}, {}, {}),
    "three with the oldest": (OLD, ["gs://bucket/photo.png", "gs://bucket/photo.jpg", "disk:photo.webp"], {}, {}, {}),
    "fourteen": (TWO, ["gs://bucket/photo.png"] * 13 + ["disk:photo.jpg"], {}, {}, {}),
    "a photo and a ratio": (
        *(TWO, ["gs://bucket/photo.png"], {"aspect_ratio": "4:5"}),
        *({"image_config": {"aspect_ratio": "4:5"}}, {}),
    ),
    "a photo and a size": (
        *(THREE, ["disk:photo.png"], {"image_size": "2K", "output_mime_type": "image/png"}),
        *({"image_config": {"image_size": "2K", "output_mime_type": "image/png"}}, {}),
    ),
    "thinks little": (TWO, [], {"thinking_level": "minimal"}, thinking("MINIMAL"), {}),
    "thinks": (TWO, [], {"thinking_level": "MEDIUM"}, thinking("MEDIUM"), {}),
    "thinks much": (LITE, [], {"thinking_level": "HIGH"}, thinking("HIGH"), {}),
    "an instruction": (
        *(THREE, [], {"system_instruction": "In oil"}),
        *({"system_instruction": "In oil"}, {}),
    ),
    "a search": (TWO, [], {"google_search": True}, SEARCH, {}),
    "no search": (TWO, [], {"google_search": False}, {}, {}),
    "famous people": (
        *(FLASH, [], {"prominent_people": "allow_prominent_people"}),
        *({"image_config": {"prominent_people": "ALLOW_PROMINENT_PEOPLE"}}, {}),
    ),
    "no famous people": (
        *(TWO, [], {"prominent_people": "block_prominent_people", "person_generation": "allow_all"}),
        *({"image_config": {"prominent_people": "BLOCK_PROMINENT_PEOPLE", "person_generation": "ALLOW_ALL"}}, {}),
    ),
    "flex": (FLASH, [], {"service_tier": "flex"}, {}, FLEX | {"X-Server-Timeout": "1200"}),
    "priority": (THREE, ["disk:photo.png"], {"service_tier": "priority"}, {}, PRIORITY),
    "all of it": (
        FLASH,
        ["gs://bucket/photo.png", "disk:photo.jpg"],
        {
            "aspect_ratio": "16:9",
            "image_size": "2K",
            "thinking_level": "HIGH",
            "system_instruction": "In oil",
            "google_search": True,
            "prominent_people": "block_prominent_people",
            "service_tier": "flex",
            "seed": 7,
            "labels": {"cost_centre": "ads"},
        },
        {
            "image_config": {
                "aspect_ratio": "16:9",
                "image_size": "2K",
                "prominent_people": "BLOCK_PROMINENT_PEOPLE",
            },
            **thinking("HIGH"),
            "system_instruction": "In oil",
            **SEARCH,
            "seed": 7,
            "labels": {"cost_centre": "ads"},
        },
        FLEX | {"X-Server-Timeout": "1200"},
    ),
}
Asked = dict[str, tuple[dict[str, Any], Any, Any]]
"""What the SDK sent, to which path, and what it got, for each row."""


def photo(name: str) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (64, 48), "red").save(file, PICTURES.get(name, "PNG"))
    return file.getvalue()


def put_photos(emulator: Any) -> None:
    for name in (*PICTURES, "photo.heic"):
        emulator.put_object("bucket", name, photo(name), TYPES[name.rpartition(".")[2]])


def picture_of_call(uri: str) -> dict[str, str]:
    mime_type = TYPES[uri.rpartition(".")[2]]
    if uri.startswith(CLOUD):
        return {"uri": uri, "mime_type": mime_type}
    return {"base64": base64.b64encode(photo(uri.removeprefix(DISK))).decode(), "mime_type": mime_type}


def documented(value: Any) -> Any:
    """Return a body as Google documents it: fields in camelCase, standard base64."""
    if isinstance(value, list):
        return [documented(each) for each in value]
    if not isinstance(value, dict):
        return value
    fields = {to_camel(name): each if name == "labels" else documented(each) for name, each in value.items()}
    return fields | {"data": fields["data"].translate(str.maketrans("-_", "+/"))} if "data" in fields else fields


def content_call(model: str, config: dict[str, Any], **others: Any) -> dict[str, Any]:
    config = {"response_modalities": ["IMAGE"], **config}
    return {"call": "generate_content", "model": model, "prompt": "a red boat", "config": config, **others}


@pytest.fixture(scope="module")
def asked_by_sdk(running_emulator: Any, google_sdk: Callable[..., Any]) -> Asked:
    running_emulator.reset()
    put_photos(running_emulator)
    calls = [content_call(model, config) for model, _, config in TABLE.values()]
    calls += [
        content_call(model, config, headers=headers, pictures=[picture_of_call(uri) for uri in uris])
        for model, uris, _, config, headers in WITH_PICTURES.values()
    ]
    results = google_sdk(running_emulator.endpoint, calls)
    received = {int(call.headers["x-call"]): call for call in running_emulator.requests if "x-call" in call.headers}
    names = [*TABLE, *WITH_PICTURES]
    return {name: (received[number].json, received[number].path, results[number]) for number, name in enumerate(names)}


@pytest.mark.parametrize("name", TABLE)
def test_the_same_arguments_ask_gemini_the_same(
    name: str, emulator: Any, asked_by_sdk: Asked, set_connection: Callable[..., None], context: dict[str, Any]
) -> None:
    model, arguments, _ = TABLE[name]
    set_connection(**emulator.connection["extra"])
    task = ImagenGenerateOperator(
        task_id="t", model=model, prompt="a red boat", output_uri="gs://bucket/made/", **arguments
    )
    task.execute(context)

    (ours,) = [call for call in emulator.requests if call.path.endswith(":generateContent")]
    theirs, path, _ = asked_by_sdk[name]
    assert ours.json == theirs
    assert ours.path == path.replace("/v1beta1/", "/v1/")


@pytest.mark.parametrize("name", WITH_PICTURES)
def test_the_same_pictures_and_switches_ask_gemini_the_same(
    name: str,
    emulator: Any,
    asked_by_sdk: Asked,
    set_connection: Callable[..., None],
    context: dict[str, Any],
    tmp_path: Path,
) -> None:
    model, uris, arguments, _, headers = WITH_PICTURES[name]
    set_connection(**emulator.connection["extra"])
    put_photos(emulator)
    for file in PICTURES:
        (tmp_path / file).write_bytes(photo(file))
    pictures = [uri.replace(DISK, f"{tmp_path}/") for uri in uris]
    task = ImagenGenerateOperator(
        task_id="t",
        model=model,
        prompt="a red boat",
        output_uri="gs://bucket/made/",
        reference_images=pictures or None,
        **arguments,
    )
    task.execute(context)

    (ours,) = [call for call in emulator.requests if call.path.endswith(":generateContent")]
    theirs, path, _ = asked_by_sdk[name]
    assert ours.json == documented(ours.json) == documented(theirs)
    assert ours.path == path.replace("/v1beta1/", "/v1/")
    sent = {header.lower(): value for header, value in ours.headers.items()}
    tiers = {header: value for header, value in sent.items() if header.startswith(("x-vertex-ai", "x-server"))}
    assert tiers == {header.lower(): value for header, value in headers.items()}


@pytest.mark.parametrize("name", [*TABLE, *WITH_PICTURES])
def test_the_sdk_gets_an_image_from_the_emulator(name: str, asked_by_sdk: Asked) -> None:
    (image,) = asked_by_sdk[name][2]["images"]

    with Image.open(io.BytesIO(base64.b64decode(image["base64"]))) as picture:
        assert picture.get_format_mimetype() == image["mime_type"]
