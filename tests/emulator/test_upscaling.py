"""Upscaling really resizes, from bytes or from Cloud Storage, within Google's limits."""

from __future__ import annotations

import base64
import io
import struct
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image

UPSCALER = "imagen-4.0-upscale-preview"
OLDEST = "imagegeneration@002"
TEN_MB = 10 * 1024 * 1024
STORED = {"gcsUri": "gs://bucket/small/a.png"}
Make = Callable[..., bytes]


def png_header(width: int, height: int) -> bytes:
    """The beginning of a PNG whose pixels never come."""
    content = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rest = b"\0\0\0\1IDAT\0"
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + content + struct.pack(">I", zlib.crc32(content)) + rest


@pytest.mark.parametrize(("model", "factors"), [(UPSCALER, ["x2", "x3", "x4"]), (OLDEST, ["x2", "x4"])])
@pytest.mark.parametrize("source", ["bytes", "gcsUri"])
def test_an_image_grows_exactly_as_asked(
    google: Any, emulator: Any, picture: Make, inline: Any, image_of: Any, model: str, factors: list[str], source: str
) -> None:
    emulator.put_object("bucket", "small/a.png", picture((33, 21)), "image/png")
    image = STORED if source == "gcsUri" else inline(picture((33, 21)))

    for factor in factors:
        (prediction,) = google.upscale(image, factor, model=model).predictions
        times = int(factor[1:])
        assert prediction.keys() == {"mimeType", "bytesBase64Encoded"}
        assert (image_of(prediction).size, image_of(prediction).format) == ((33 * times, 21 * times), "PNG")


def test_the_content_is_that_of_the_source(google: Any, image_of: Any, inline: Any) -> None:
    source = Image.new("RGB", (40, 20), "blue")
    source.paste("yellow", (20, 0, 40, 20))
    file = io.BytesIO()
    source.save(file, "PNG")

    (prediction,) = google.upscale(inline(file.getvalue()), "x3").predictions

    large = image_of(prediction)
    assert (large.getpixel((10, 30)), large.getpixel((110, 30))) == ((0, 0, 255), (255, 255, 0))


@pytest.mark.parametrize(("kind", "mode"), [("PNG", "RGB"), ("PNG", "L"), ("PNG", "P"), ("PNG", "RGBA"), ("JPEG", "L")])
def test_png_and_jpeg_of_any_colour_model_are_taken(
    google: Any, picture: Make, image_of: Any, inline: Any, kind: str, mode: str
) -> None:
    jpeg = {"mimeType": "image/jpeg", "compressionQuality": 90}

    (prediction,) = google.upscale(inline(picture(kind=kind, mode=mode)), outputOptions=jpeg).predictions

    assert (prediction["mimeType"], image_of(prediction).format) == ("image/jpeg", "JPEG")


def test_the_documented_bodies_are_taken(google: Any, picture: Make) -> None:
    """Google's guide sends a prompt and no sampleCount; its SDKs send an empty prompt or none, and sampleCount 1."""
    image = {"bytesBase64Encoded": base64.b64encode(picture()).decode()}
    parameters = {"mode": "upscale", "upscaleConfig": {"upscaleFactor": "x2"}}
    for prompt, count in [
        ({"prompt": "Upscale the image"}, {}),
        ({"prompt": ""}, {"sampleCount": 1}),
        ({}, {"sampleCount": 1}),
    ]:
        body = {"instances": [{**prompt, "image": image}], "parameters": {**parameters, **count}}
        assert len(google.predict(body, UPSCALER).predictions) == 1


def test_the_extra_settings_of_the_sdk_are_taken(google: Any, picture: Make, inline: Any) -> None:
    config = {"upscaleFactor": "x2", "enhanceInputImage": True, "imagePreservationFactor": 0.5}

    assert google.upscale(inline(picture()), None, upscaleConfig=config).status == 200


def test_the_larger_image_can_go_to_cloud_storage(google: Any, emulator: Any, picture: Make, inline: Any) -> None:
    (prediction,) = google.upscale(inline(picture((30, 20))), storageUri="gs://bucket/large/").predictions

    (name,) = emulator.list_objects("bucket", "large/")
    assert prediction == {"mimeType": "image/png", "gcsUri": f"gs://bucket/{name}"}
    assert name.endswith("/sample_0.png")
    assert Image.open(io.BytesIO(emulator.read_object("bucket", name))).size == (60, 40)


def test_ten_megabytes_are_read_and_not_one_byte_more(google: Any, picture: Make, inline: Any) -> None:
    largest = picture() + bytes(TEN_MB - len(picture()))

    assert google.upscale(inline(largest)).status == 200
    refused = google.upscale(inline(largest + b"\0"))
    assert (refused.status, refused.message) == (400, "Image size exceeds the limit of 10 MB.")


def test_the_limit_holds_for_stored_images_too(google: Any, emulator: Any, picture: Make) -> None:
    emulator.put_object("bucket", "small/a.png", picture() + bytes(TEN_MB), "image/png")

    assert google.upscale(STORED).message == "Image size exceeds the limit of 10 MB."


def test_seventeen_megapixels_are_made_and_not_more(google: Any, picture: Make, inline: Any, image_of: Any) -> None:
    allowed = inline(picture((1000, 1062)))  # 16.992 megapixels when four times as large
    refused = google.upscale(inline(picture((1000, 1063))), "x4")

    jpeg = {"outputOptions": {"mimeType": "image/jpeg"}}
    assert image_of(google.upscale(allowed, "x4", **jpeg).predictions[0]).size == (4000, 4248)
    assert refused.status == 400
    assert refused.message == "Output of 4000 x 4252 pixels exceeds the limit of 17 megapixels."


@pytest.mark.parametrize("side", [10_000, 14_000, 60_000])
def test_an_image_that_claims_to_be_huge_is_refused_unread(google: Any, inline: Any, side: int) -> None:
    answer = google.upscale(inline(png_header(side, side)))

    assert (answer.status, answer.json["error"]["status"]) == (400, "INVALID_ARGUMENT")


@pytest.mark.parametrize(
    "data",
    [b"", b"no image", b"GIF89a" + bytes(50), b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", png_header(30, 20)],
    ids=["empty", "text", "gif", "png signature", "jpeg signature", "half a png"],
)
def test_what_is_no_png_or_jpeg_is_refused(google: Any, inline: Any, data: bytes) -> None:
    answer = google.upscale(inline(data))

    assert (answer.status, answer.message) == (400, "Unable to decode the image: it must be PNG or JPEG.")


def test_a_gif_is_refused(google: Any, picture: Make, inline: Any) -> None:
    assert google.upscale(inline(picture(kind="GIF"))).status == 400


@pytest.mark.parametrize("text", ["%%%", "AAA", "ÄÖÜ"])
def test_bytes_that_are_no_base64_are_refused(google: Any, text: str) -> None:
    assert google.upscale({"bytesBase64Encoded": text}).status == 400


@pytest.mark.parametrize("uri", ["gs://bucket/nowhere.png", "gs://nowhere/a.png", "gs://bucket", "gs://bucket/"])
def test_an_object_that_is_not_there_is_not_found(google: Any, uri: str) -> None:
    answer = google.upscale({"gcsUri": uri})

    assert (answer.status, answer.json["error"]["status"]) == (404, "NOT_FOUND")
    assert uri in answer.message


def test_a_web_address_is_no_source(google: Any) -> None:
    assert google.upscale({"gcsUri": "https://example.com/a.png"}).status in {400, 404}


@pytest.mark.parametrize(
    ("longest", "size", "larger"), [(1024, "2048", 2048), (1000, 4096, 4000), (1030, "2048", 2060)]
)
def test_without_a_factor_the_size_says_how_much_larger(
    google: Any, picture: Make, inline: Any, image_of: Any, longest: int, size: Any, larger: int
) -> None:
    """``vertexai.vision_models`` sends ``new_size`` so."""
    answer = google.upscale(inline(picture((longest, 10))), None, model=OLDEST, sampleImageSize=size)

    assert image_of(answer.predictions[0]).size[0] == larger


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"sampleImageSize": "1024"}, "Invalid sampleImageSize, 1024"),
        ({"sampleImageSize": "2K"}, "Invalid sampleImageSize, 2K"),
        ({"sampleImageSize": "4096"}, "Invalid sampleImageSize, 4096, for an image of 30 pixels."),
        ({"sampleImageSize": "2048", "upscaleConfig": {"upscaleFactor": "x9"}}, "Invalid upscaleFactor, x9"),
    ],
)
def test_a_size_that_is_no_factor_is_refused(
    google: Any, picture: Make, inline: Any, parameters: dict[str, Any], message: str
) -> None:
    answer = google.upscale(inline(picture()), None, model=OLDEST, **parameters)

    assert (answer.status, answer.message) == (400, message)


def test_a_factor_counts_before_a_size(google: Any, picture: Make, inline: Any, image_of: Any) -> None:
    answer = google.upscale(inline(picture((30, 20))), "x2", model=OLDEST, sampleImageSize="4096")

    assert image_of(answer.predictions[0]).size == (60, 40)
