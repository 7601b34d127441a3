"""Pictures as input: what is sent of them, what is refused, and what counts as the same picture."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from PIL import Image
from support.emulated import model_requests, records_in
from support.operators import generate, upscale

from airflow_provider_imagen.core.catalogue import catalogue
from airflow_provider_imagen.emulator import Fault

MODEL = "gemini-3.1-flash-image"
CLOUD = "gs://bucket/made/"
MEGABYTE = 1024 * 1024


def photo(colour: str = "red", kind: str = "PNG", size: int = 0) -> bytes:
    """Return a small picture; with ``size``, one of that many bytes or a few more, whole as decoders see it."""
    file = io.BytesIO()
    Image.new("RGB", (64, 48), colour).save(file, kind)
    return file.getvalue() + bytes(max(0, size - len(file.getvalue())))


def put(emulator: Any, name: str, data: bytes, mime_type: str = "image/png") -> str:
    emulator.put_object("bucket", name, data, mime_type)
    return f"gs://bucket/{name}"


def parts_of(call: Any) -> list[dict[str, Any]]:
    return list(call.json["contents"][0]["parts"])


def edit(pictures: Any, place: str = CLOUD, **arguments: Any) -> Any:
    return generate(place, **{"model": MODEL, "reference_images": pictures, **arguments})


def test_a_picture_in_cloud_storage_is_passed_on_by_its_uri_with_its_stored_type(emulator: Any, ti: Any) -> None:
    uri = put(emulator, "photos/shoe", photo(kind="WEBP"), "image/webp")

    edit(uri).execute({"ti": ti})

    (call,) = model_requests(emulator)
    assert parts_of(call)[:-1] == [{"fileData": {"mimeType": "image/webp", "fileUri": uri}}]
    assert not [each for each in emulator.requests if "alt=media" in each.query]


def test_a_name_tells_the_type_where_none_was_stored(emulator: Any, ti: Any) -> None:
    uri = put(emulator, "photos/shoe.JPG", photo(kind="JPEG"), "application/octet-stream")

    edit(uri).execute({"ti": ti})

    assert parts_of(model_requests(emulator)[0])[0]["fileData"]["mimeType"] == "image/jpeg"


def test_a_local_picture_is_sent_as_what_its_bytes_are(emulator: Any, ti: Any, tmp_path: Path) -> None:
    file = tmp_path / "shoe.png"
    file.write_bytes(photo(kind="JPEG"))

    edit(str(file)).execute({"ti": ti})

    (part, text) = parts_of(model_requests(emulator)[0])
    assert part == {"inlineData": {"mimeType": "image/jpeg", "data": base64.b64encode(file.read_bytes()).decode()}}
    assert text == {"text": "a red boat"}


def test_several_pictures_keep_their_order_and_nothing_else_is_set(emulator: Any, ti: Any, tmp_path: Path) -> None:
    uri, file = put(emulator, "photos/b.png", photo("blue")), tmp_path / "a.png"
    file.write_bytes(photo())

    edit([str(file), uri]).execute({"ti": ti})

    (call,) = model_requests(emulator)
    assert [*map(list, parts_of(call))] == [["inlineData"], ["fileData"], ["text"]]
    assert call.json["generationConfig"] == {"responseModalities": ["IMAGE"]}


def test_a_picture_of_any_storage_is_read(emulator: Any, ti: Any, memory_storage: Any) -> None:
    memory_storage.pipe("/photos/a.png", photo())

    edit("memory://photos/a.png").execute({"ti": ti})

    assert "inlineData" in parts_of(model_requests(emulator)[0])[0]


MISTAKES: dict[str, tuple[Callable[[Any, Path], Any], dict[str, Any], tuple[str, ...]]] = {
    "no file": (lambda _, path: str(path / "none.png"), {}, ("none.png could not be read", "FileNotFoundError")),
    "no object": (lambda _, __: "gs://bucket/none.png", {}, ("none.png is not there", "Correct the URI")),
    "a text": (lambda _, path: write(path, b"<svg/>"), {}, ("is no image", "Convert it to PNG or JPEG")),
    "an empty file": (lambda _, path: write(path, b""), {}, ("is empty (0 bytes)", "Save or copy it again")),
    "a damaged file": (lambda _, path: write(path, photo()[:-20]), {}, ("is damaged or cut off",)),
    "a TIFF": (lambda _, path: write(path, photo(kind="TIFF")), {}, ("is image/tiff", "takes image/png, image/jpeg")),
    "a text in the bucket": (
        lambda emulator, _: put(emulator, "a.html", b"<p>", "text/html"),
        {},
        ("is text/html", "takes image/png"),
    ),
    "an empty object": (lambda emulator, _: put(emulator, "a.png", b""), {}, ("is empty (0 bytes)",)),
    "an object of 31 MB": (
        lambda emulator, _: put(emulator, "a.png", photo(size=31 * MEGABYTE)),
        {},
        ("has 32505856 bytes", "at most 31457280", "Make it smaller"),
    ),
    "8 MB for a local folder": (
        lambda _, path: write(path, photo(size=8 * MEGABYTE)),
        {"place": "disk"},
        ("has 8388608 bytes", "at most 7340032 with a request", "set such an output_uri"),
    ),
    "21 MB in the flex tier for a local folder": (
        lambda _, path: [write(path, photo(size=7 * MEGABYTE), f"{each}.png") for each in range(3)],
        {"place": "disk", "service_tier": "flex"},
        ("have 22020096 bytes together", "takes at most 20971520"),
    ),
    "a web page": (lambda _, __: "https://x/y.png", {}, ("'https://x/y.png'", "Save the image in one of these")),
    "a relative path": (lambda _, __: ["photo.png"], {}, ("'photo.png'", "an absolute local file")),
    "a number": (lambda _, __: 5, {}, ("is 5 and must be one URI, or a list of URIs",)),
    "an empty list": (lambda _, __: [], {}, ("is [] and must be one URI, or a list of URIs",)),
    "too many": (
        lambda emulator, _: [put(emulator, "a.png", photo())] * 15,
        {},
        ("has 15", "takes at most 14", "Leave some out"),
    ),
    "too many for this model": (
        lambda emulator, _: [put(emulator, "a.png", photo())] * 4,
        {"model": "gemini-2.5-flash-image"},
        ("has 4", "gemini-2.5-flash-image takes at most 3"),
    ),
    "a type that this model does not take": (
        lambda emulator, _: put(emulator, "a.heic", b"heic", "image/heic"),
        {"model": "gemini-2.5-flash-image"},
        ("is image/heic", "takes image/png, image/jpeg, image/webp"),
    ),
    "a model without pictures": (
        lambda emulator, _: put(emulator, "a.png", photo()),
        {"model": "imagen-4.0-generate-001"},
        ("imagen-4.0-generate-001 does not accept reference_images", "these do: gemini-nano-banana-2.1"),
    ),
    "a fallback without pictures": (
        lambda emulator, _: put(emulator, "a.png", photo()),
        {"model": "imagen-3.0-generate-001", "fallback_model": "imagen-4.0-generate-001"},
        ("imagen-4.0-generate-001 does not accept reference_images",),
    ),
    "its own result": (
        lambda emulator, _: put(emulator, "made/sku1.png", photo()),
        {"image_key": "sku1"},
        ("would replace it", "another image_key or output_uri"),
    ),
    "flex with a model that has none": (
        lambda emulator, _: put(emulator, "a.png", photo()),
        {"model": "gemini-nano-banana-2.1", "service_tier": "flex"},
        ("service_tier is 'flex', but gemini-nano-banana-2.1 does not accept", "gemini-3.1-flash-image"),
    ),
    "an unknown tier": (
        lambda emulator, _: put(emulator, "a.png", photo()),
        {"service_tier": "cheap"},
        ("'cheap'", "flex, priority"),
    ),
    "a thinking level of another model": (
        lambda emulator, _: put(emulator, "a.png", photo()),
        {"thinking_level": "medium"},
        ("'medium'; gemini-3.1-flash-image supports MINIMAL, HIGH",),
    ),
    "an unknown thinking level": (
        lambda emulator, _: put(emulator, "a.png", photo()),
        {"thinking_level": "extreme"},
        ("'extreme'", "MINIMAL, MEDIUM, HIGH"),
    ),
    "a search with a model that has none": (
        lambda emulator, _: put(emulator, "a.png", photo()),
        {"model": "gemini-3.1-flash-lite-image", "google_search": True},
        ("google_search is True, but gemini-3.1-flash-lite-image does not accept",),
    ),
    "an instruction with a model that has none": (
        lambda emulator, _: put(emulator, "a.png", photo()),
        {"model": "gemini-2.5-flash-image", "system_instruction": "In oil"},
        ("but gemini-2.5-flash-image does not accept system_instruction",),
    ),
    "unknown people": (
        lambda emulator, _: put(emulator, "a.png", photo()),
        {"prominent_people": "some"},
        ("'some'", "allow_prominent_people, block_prominent_people"),
    ),
}


def write(folder: Path, data: bytes, name: str = "photo.png") -> str:
    (folder / name).write_bytes(data)
    return str(folder / name)


@pytest.mark.parametrize("mistake", MISTAKES)
def test_each_mistake_is_refused_before_any_request(emulator: Any, ti: Any, tmp_path: Path, mistake: str) -> None:
    pictures, arguments, said = MISTAKES[mistake]
    place = str(tmp_path / "made") if arguments.get("place") == "disk" else CLOUD
    arguments = {name: value for name, value in arguments.items() if name != "place"}

    with pytest.raises(AirflowFailException) as failure:
        edit(pictures(emulator, tmp_path), place, **arguments).execute({"ti": ti})

    assert [words for words in said if words not in str(failure.value)] == []
    assert model_requests(emulator) == []


def test_mistakes_in_pictures_and_arguments_are_named_together(emulator: Any, ti: Any, tmp_path: Path) -> None:
    damaged = write(tmp_path, photo()[:-20])

    with pytest.raises(AirflowFailException) as failure:
        edit([damaged, "gs://bucket/none.png"], aspect_ratio="7:1", number_of_images=99).execute({"ti": ti})

    text = str(failure.value)
    assert "4 to correct" in text
    assert f"reference_images[0] {damaged} is damaged" in text
    assert "reference_images[1] gs://bucket/none.png is not there" in text
    assert model_requests(emulator) == []


@pytest.mark.parametrize("task", [partial(edit, aspect_ratio="7:1"), partial(upscale, upscale_factor="x9")])
def test_mistakes_in_arguments_do_not_wait_for_pictures_that_cannot_be_looked_at(
    emulator: Any, ti: Any, task: Callable[..., Any]
) -> None:
    emulator.order_fault(Fault("download", status=503))

    with pytest.raises(AirflowFailException, match="No request was sent, 1 to correct"):
        task("gs://bucket/none.png").execute({"ti": ti})

    assert len(emulator.requests) == 1


def test_a_living_fallback_that_takes_pictures_gets_them(emulator: Any, ti: Any) -> None:
    uri = put(emulator, "a.png", photo())

    edit(uri, model="gemini-gone-image", fallback_model=MODEL).execute({"ti": ti})

    assert parts_of(model_requests(emulator)[-1])[0]["fileData"]["fileUri"] == uri


def test_a_fallback_is_not_asked_with_a_picture_that_it_does_not_take(emulator: Any, ti: Any) -> None:
    emulator.order_fault(Fault("generate", status=404, message="Publisher model was not found."))
    uri = put(emulator, "a.heic", b"some bytes", "image/heic")

    with pytest.raises(AirflowFailException, match="image/heic") as failure:
        edit(uri, fallback_model="gemini-2.5-flash-image").execute({"ti": ti})

    assert "gemini-2.5-flash-image" in str(failure.value)
    assert [call.path for call in model_requests(emulator) if "gemini-2.5" in call.path] == []


@pytest.mark.parametrize("place", ["cloud", "disk"], indirect=True)
def test_a_changed_photo_is_asked_for_again_and_an_unchanged_one_is_not(
    emulator: Any, make_ti: Any, tmp_path_factory: pytest.TempPathFactory, place: str
) -> None:
    local = tmp_path_factory.mktemp("photos") / "local.png"

    def run(colour: str) -> int:
        local.write_bytes(photo(colour))
        uri = put(emulator, "photos/cloud.png", photo(colour))
        known = len(model_requests(emulator))
        for key, picture in (("by-uri", uri), ("by-bytes", str(local))):
            edit(picture, place, image_key=key, if_exists="reuse").execute({"ti": make_ti()})
        return len(model_requests(emulator)) - known

    assert [run("red"), run("red"), run("blue"), run("blue")] == [2, 0, 2, 0]


def test_the_same_photo_under_another_name_is_the_same_request(emulator: Any, make_ti: Any) -> None:
    for name in ("a.png", "b.png"):
        edit(put(emulator, name, photo()), image_key="k", if_exists="reuse").execute({"ti": make_ti()})

    assert len(model_requests(emulator)) == 1


def test_a_photo_whose_metadata_may_not_be_read_is_told_by_its_uri_with_one_warning(
    emulator: Any, ti: Any, logged: Callable[[], str]
) -> None:
    emulator.order_fault(Fault("download", status=403, message="no"))

    edit(put(emulator, "a.png", photo())).execute({"ti": ti})

    assert parts_of(model_requests(emulator)[0])[0]["fileData"]["mimeType"] == "image/png"
    assert "is told from others by its URI only" in logged()


def test_a_large_local_photo_is_uploaded_once_and_passed_on(emulator: Any, make_ti: Any, tmp_path: Path) -> None:
    large = write(tmp_path, photo(size=8 * MEGABYTE))
    for key in ("a", "b"):
        edit(large, image_key=key).execute({"ti": make_ti()})

    uris = [parts_of(call)[0]["fileData"]["fileUri"] for call in model_requests(emulator)]
    assert uris[0].startswith("gs://bucket/made/_imagen/inputs/")
    assert uris[0] == uris[1]
    assert len([call for call in emulator.requests if len(call.body) > 7 * MEGABYTE]) == 1
    assert emulator.read_object("bucket", uris[0].removeprefix("gs://bucket/")) == Path(large).read_bytes()


def test_flex_uploads_what_is_too_much_for_one_request(emulator: Any, ti: Any, tmp_path: Path) -> None:
    large = [write(tmp_path, photo(size=each * MEGABYTE), f"{each}.png") for each in (5, 6, 7)]
    large.append(write(tmp_path, photo("blue", size=7 * MEGABYTE), "8.png"))

    edit(large, service_tier="flex").execute({"ti": ti})

    assert [next(iter(part)) for part in parts_of(model_requests(emulator)[0])] == [
        "inlineData",
        "inlineData",
        "fileData",
        "inlineData",
        "text",
    ]


def test_the_result_and_lineage_name_the_pictures(emulator: Any, ti: Any) -> None:
    uris = [put(emulator, name, photo()) for name in ("a.png", "b.png")]
    operator = edit(uris)

    made = operator.execute({"ti": ti})

    assert ti.pushed["result"]["parameters"]["reference_images"] == uris
    assert operator.lineage == (uris, made)


@pytest.mark.parametrize("model", [model.id for model in catalogue().models if model.service_tiers])
@pytest.mark.parametrize("tier", ["flex", "priority"])
def test_a_tier_is_chosen_by_headers(emulator: Any, ti: Any, model: str, tier: str) -> None:
    generate(model=model, service_tier=tier).execute({"ti": ti})

    headers = {name.lower(): value for name, value in model_requests(emulator)[0].headers.items()}
    assert headers["x-vertex-ai-llm-shared-request-type"] == tier
    assert headers["x-vertex-ai-llm-request-type"] == "shared"
    assert headers.get("x-server-timeout") == ("1200" if tier == "flex" else None)


def test_another_tier_than_asked_for_is_warned_of_and_costs_its_own_price(
    emulator: Any, ti: Any, logged: Callable[[], str]
) -> None:
    emulator.order_fault(Fault("generate", traffic_type="ON_DEMAND"))

    generate(model=MODEL, service_tier="flex").execute({"ti": ti})
    served = ti.pushed["result"]
    assert "served ON_DEMAND instead of ON_DEMAND_FLEX" in logged()

    generate(model=MODEL, service_tier="flex", task_id="again").execute({"ti": ti})
    assert ti.pushed["result"]["traffic_type"] == "ON_DEMAND_FLEX"
    assert ti.pushed["result"]["estimated_cost_usd"] == pytest.approx(served["estimated_cost_usd"] / 2, rel=0.01)


def test_a_flex_request_may_take_as_long_as_google_was_told_and_its_record_says_so(emulator: Any, ti: Any) -> None:
    emulator.order_fault(Fault("generate", reset=True, after_work=True))

    with pytest.raises(AirflowFailException):
        generate(model=MODEL, service_tier="flex").execute({"ti": ti})

    (name,) = records_in(CLOUD, emulator)
    record = json.loads(emulator.read_object("bucket", f"made/_imagen/{name}"))
    assert record["timeout_seconds"] == 600 + 2 * 1230


def test_without_a_tier_no_such_header_is_sent(emulator: Any, ti: Any) -> None:
    generate(model=MODEL).execute({"ti": ti})

    assert not [name for name in model_requests(emulator)[0].headers if name.lower().startswith("x-")]
