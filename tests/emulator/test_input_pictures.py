"""Pictures in a ``:generateContent`` are read, shown small in what is drawn, and refused as Google words it."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image

from airflow_provider_imagen.emulator import Fault

NEWEST, FLASH, LITE = "gemini-nano-banana-2.1", "gemini-3.1-flash-image", "gemini-3.1-flash-lite-image"
PRO, OLD = "gemini-3-pro-image", "gemini-2.5-flash-image"
MODELS = [NEWEST, FLASH, LITE, PRO, OLD]
MEGABYTE = 1024 * 1024
LEARN = "Learn more: https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/gemini"
NOT_VALID = "Provided image is not valid."
STORED = {"fileData": {"fileUri": "gs://bucket/a.png", "mimeType": "image/png"}}
Make = Callable[..., bytes]


def inline(data: bytes, mime_type: str = "image/png") -> dict[str, Any]:
    return {"inlineData": {"mimeType": mime_type, "data": base64.b64encode(data).decode()}}


def post(google: Any, parts: list[Any], model: str = PRO, **config: Any) -> Any:
    body = {
        "contents": [{"role": "user", "parts": [*parts, {"text": "on a beach"}]}],
        "generationConfig": {"responseModalities": ["IMAGE"], **config},
    }
    return google.post(f"/v1/projects/p/locations/global/publishers/google/models/{model}:generateContent", body)


def image_of(answer: Any) -> Image.Image:
    assert answer.status == 200, answer.body
    part = answer.json["candidates"][0]["content"]["parts"][-1]
    return Image.open(io.BytesIO(base64.b64decode(part["inlineData"]["data"]))).convert("RGB")


def reds(image: Image.Image) -> int:
    """Count the pixels of the pictures that the tests send."""
    return sum(red > 240 and green < 20 and blue < 20 for red, green, blue in image.get_flattened_data())


def tokens_of(answer: Any, field: str = "promptTokensDetails") -> dict[str, int]:
    return {each["modality"]: each["tokenCount"] for each in answer.json["usageMetadata"][field]}


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_an_inline_picture_is_shown_small(google: Any, picture: Make, model: str, kind: str) -> None:
    png = {"imageOutputOptions": {"mimeType": "image/png"}, "aspectRatio": "1:1"}
    sent = inline(picture((300, 300), kind), f"image/{kind.lower()}")

    shown = reds(image_of(post(google, [sent], model, imageConfig=png)))
    assert 30_000 < shown < 60_000
    assert reds(image_of(post(google, [], model, imageConfig=png))) == 0


def test_a_stored_picture_is_shown_small_and_read_by_no_request_of_the_client(
    google: Any, emulator: Any, picture: Make
) -> None:
    emulator.put_object("bucket", "a.png", picture((300, 300)), "image/png")

    png = {"imageOutputOptions": {"mimeType": "image/png"}}
    assert reds(image_of(post(google, [STORED], imageConfig=png))) > 30_000
    assert [request.path.rpartition(":")[2] for request in emulator.requests] == ["generateContent"]


def test_several_pictures_are_shown_side_by_side(google: Any, picture: Make) -> None:
    png = {"imageOutputOptions": {"mimeType": "image/png"}, "aspectRatio": "1:1"}
    one, six = [
        reds(image_of(post(google, count * [inline(picture((300, 300)))], imageConfig=png))) for count in (1, 6)
    ]

    assert six == 6 * one


def test_another_picture_makes_another_image(google: Any, picture: Make) -> None:
    first, second = [image_of(post(google, [inline(picture((30, 20), mode=mode))], seed=7)) for mode in ("RGB", "L")]

    assert first.tobytes() != second.tobytes()


@pytest.mark.parametrize(
    ("size", "config", "ratio"),
    [
        ((300, 200), {}, 3 / 2),
        ((200, 300), {}, 2 / 3),
        ((1000, 430), {}, 21 / 9),
        ((100, 101), {}, 1),
        ((300, 200), {"aspectRatio": "1:1"}, 1),
        ((300, 200), {"imageSize": "2K"}, 3 / 2),
    ],
)
def test_without_an_aspect_ratio_the_image_has_the_first_pictures(
    google: Any, picture: Make, size: tuple[int, int], config: dict[str, str], ratio: float
) -> None:
    parts = [inline(picture(size)), inline(picture((50, 50)))]

    image = image_of(post(google, parts, imageConfig=config))
    assert image.width / image.height == pytest.approx(ratio, rel=0.02)


@pytest.mark.parametrize(("model", "each"), [(NEWEST, 1120), (FLASH, 1120), (LITE, 1120), (PRO, 560), (OLD, 258)])
def test_a_picture_costs_tokens(google: Any, picture: Make, model: str, each: int) -> None:
    parts = [inline(picture()), inline(picture())]

    answer = post(google, parts, model)
    assert tokens_of(answer) == {"TEXT": 3, "IMAGE": 2 * each}
    assert answer.json["usageMetadata"]["promptTokenCount"] == 3 + 2 * each
    counted = google.post(
        f"/v1/projects/p/locations/global/publishers/google/models/{model}:countTokens",
        {"contents": [{"parts": [*parts, {"text": "on a beach"}]}]},
    )
    assert counted.json["totalTokens"] == 3 + 2 * each


@pytest.mark.parametrize("kind", ["inlineData", "fileData"])
@pytest.mark.parametrize("mime_type", ["image/gif", "image/bmp", "image/tiff", "image/jpg", "png", "application/zip"])
def test_an_unsupported_type_is_refused(google: Any, picture: Make, kind: str, mime_type: str) -> None:
    part = inline(picture(), mime_type) if kind == "inlineData" else {kind: {**STORED[kind], "mimeType": mime_type}}

    answer = post(google, [part])
    message = (
        f"Unable to submit request because it has a mimeType parameter with value {mime_type}, which is not "
        f"supported. Update the mimeType and try again. {LEARN}"
    )
    assert (answer.status, answer.message) == (400, message)


@pytest.mark.parametrize(
    ("part", "kind"),
    [
        ({"inlineData": {"data": "AAAA"}}, "inlineData"),
        ({"inlineData": {"mimeType": "", "data": "AAAA"}}, "inlineData"),
        ({"fileData": {"fileUri": "gs://bucket/a.png"}}, "fileData"),
        ({"file_data": {"file_uri": "gs://bucket/a.png", "mime_type": None}}, "fileData"),
    ],
)
def test_a_missing_type_is_refused(google: Any, part: dict[str, Any], kind: str) -> None:
    answer = post(google, [part])

    message = f"Unable to submit request because it has an empty mimeType parameter in {kind}. {LEARN}"
    assert (answer.status, answer.message) == (400, message)


@pytest.mark.parametrize("mime_type", ["IMAGE/PNG", "image/png; charset=binary", "image/jpeg", "image/webp"])
def test_the_bytes_decide_what_a_picture_is(google: Any, picture: Make, mime_type: str) -> None:
    assert post(google, [inline(picture(), mime_type)]).status == 200


@pytest.mark.parametrize(
    "data",
    [b"", b"no picture", b"GIF89a" + bytes(50), b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"RIFF1234WEBP"],
    ids=["empty", "text", "gif", "png signature", "jpeg signature", "webp signature"],
)
@pytest.mark.parametrize("stored", [False, True])
def test_what_is_no_picture_is_refused(google: Any, emulator: Any, data: bytes, stored: bool) -> None:
    emulator.put_object("bucket", "a.png", data, "image/png")

    answer = post(google, [STORED if stored else inline(data)])
    assert (answer.status, answer.message) == (400, NOT_VALID)
    assert emulator.accepted == 0


def test_half_a_picture_is_refused(google: Any, picture: Make) -> None:
    noise = Image.effect_noise((200, 200), 50)
    file = io.BytesIO()
    noise.save(file, "PNG")

    assert post(google, [inline(file.getvalue()[:2000])]).message == NOT_VALID


@pytest.mark.parametrize("brand", [b"heic", b"mif1", b"heix"])
def test_heic_is_accepted_without_being_read(google: Any, brand: bytes) -> None:
    data = b"\0\0\0\x18ftyp" + brand + bytes(12)

    assert image_of(post(google, [inline(data, "image/heic")])).size == (1024, 1024)


@pytest.mark.parametrize(("model", "most"), [(NEWEST, 14), (FLASH, 14), (LITE, 14), (PRO, 14), (OLD, 3)])
def test_a_request_has_so_many_pictures_at_most(google: Any, picture: Make, model: str, most: int) -> None:
    part = inline(picture())

    assert post(google, most * [part], model).status == 200
    refused = post(google, (most + 1) * [part], model)
    message = (
        f"Unable to submit request because it has {most + 1} image files but the model only supports up to {most}. "
        f"{LEARN}"
    )
    assert (refused.status, refused.message) == (400, message)


def test_an_inline_picture_has_seven_megabytes_at_most(google: Any, picture: Make) -> None:
    largest = picture() + bytes(7 * MEGABYTE - len(picture()))

    assert post(google, [inline(largest)]).status == 200
    refused = post(google, [inline(largest + b"\0")])
    assert refused.status == 400
    assert refused.message.startswith(
        f"The file size of inline data is {7 * MEGABYTE + 1}, which exceeds max allowed file size of {7 * MEGABYTE} "
        "for `image/png` files. Reduce the file size"
    )


def test_a_stored_picture_has_thirty_megabytes_at_most(google: Any, emulator: Any, picture: Make) -> None:
    largest = picture() + bytes(30 * MEGABYTE - len(picture()))
    emulator.put_object("bucket", "a.png", largest, "image/png")
    assert post(google, [STORED]).status == 200

    emulator.put_object("bucket", "a.png", largest + b"\0", "image/png")
    refused = post(google, [STORED])
    assert refused.status == 400
    assert refused.message.startswith(
        "The file size of `gs://bucket/a.png` is 31457281, which exceeds max allowed file size of 31457280 for"
    )


@pytest.mark.parametrize("uri", ["gs://bucket/nowhere.png", "gs://nowhere/a.png", "gs://bucket", "gs://bucket/"])
def test_an_object_that_does_not_exist_is_not_found(google: Any, uri: str) -> None:
    answer = post(google, [{"fileData": {"fileUri": uri, "mimeType": "image/png"}}])

    assert (answer.status, answer.message) == (404, f"Could not find the object {uri}.")


@pytest.mark.parametrize("uri", ["", "/tmp/a.png", "s3://bucket/a.png", "a.png", None])
def test_a_uri_of_another_kind_is_refused(google: Any, uri: str | None) -> None:
    answer = post(google, [{"fileData": {"fileUri": uri, "mimeType": "image/png"}}])

    assert (answer.status, answer.message) == (400, f"Invalid or unsupported file uri: {uri or ''}")


def test_a_web_address_is_not_fetched(google: Any) -> None:
    answer = post(google, [{"fileData": {"fileUri": "https://example.com/a.png", "mimeType": "image/png"}}])

    assert answer.message == "https://example.com/a.png is not fetched by the emulator. Use a gs:// URI."


def test_a_picture_that_may_not_be_read_is_refused(google: Any, emulator: Any, picture: Make) -> None:
    emulator.put_object("bucket", "a.png", picture(), "image/png")
    emulator.order_fault(Fault("any", bucket_state="write_only"))

    answer = post(google, [STORED])
    assert answer.status == 403
    assert answer.message.startswith("Permission denied while accessing input file gs://bucket/a.png.")
    assert post(google, [STORED]).status == 200


@pytest.mark.parametrize(
    ("model", "mime_type", "status"),
    [
        *[(model, "application/pdf", 200) for model in MODELS],
        *[(model, "video/mp4", 200) for model in (NEWEST, FLASH, LITE)],
        *[(model, "video/mp4", 400) for model in (PRO, OLD)],
    ],
)
def test_a_document_or_a_video_is_accepted_where_the_model_takes_it(
    google: Any, model: str, mime_type: str, status: int
) -> None:
    assert post(google, [inline(b"any bytes", mime_type)], model).status == status
