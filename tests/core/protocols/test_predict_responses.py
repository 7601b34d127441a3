"""Answers as values: what was made, what was filtered, and what nobody documented.

The bodies follow Google's reference and its published fixtures (FirebaseExtended/vertexai-sdk-test-data).
"""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from airflow_provider_imagen.core.protocols.predict import decode
from airflow_provider_imagen.core.responses import FilterReason, GeneratedImage, ImagesResponse
from airflow_provider_imagen.errors import ImagesFilteredError, UnexpectedResponseError

PIXELS = b"\x89PNG\r\n\x1a\n pixels"
IMAGE = {"mimeType": "image/png", "bytesBase64Encoded": base64.b64encode(PIXELS).decode()}
STORED = {"mimeType": "image/jpeg", "gcsUri": "gs://bucket/images/1234567890123/sample_1.jpg"}
ALL = (
    "Unable to show generated images. All images were filtered out because they violated Vertex AI's usage guidelines. "
    "You will not be charged for blocked images. Try rephrasing the prompt. If you think this was an error, send "
    "feedback. Support codes: 39322892, 29310472"
)
TWO = (
    "Your current safety filter threshold filtered out 2 generated images. You will not be charged for blocked images."
)
POSITIVE = {
    "contentType": "Positive Prompt",
    "safetyAttributes": {"categories": ["Hate", "Violence"], "scores": [0.1, 0.2]},
}


def read(*predictions: Any, requested: int = 4) -> ImagesResponse:
    return decode(json.dumps({"predictions": predictions}).encode(), requested)


def test_images_come_as_bytes() -> None:
    answer = read(IMAGE, IMAGE, requested=2)

    assert answer.images == (GeneratedImage("image/png", data=PIXELS),) * 2
    assert (answer.filtered, answer.reasons, answer.not_understood) == (0, (), ())
    assert "pixels" not in repr(answer)


def test_images_come_as_uris() -> None:
    (image,) = read(STORED, requested=1).images

    assert image == GeneratedImage("image/jpeg", "gs://bucket/images/1234567890123/sample_1.jpg")


def test_a_rewritten_prompt_and_scores_stay_with_their_image() -> None:
    scores = {"categories": ["Porn", "Toxic"], "scores": [0.1, 0.3]}
    first, second = read({**IMAGE, "prompt": "a fluffy cat", "safetyAttributes": scores}, STORED).images

    assert (first.prompt, first.safety_attributes) == ("a fluffy cat", {"Porn": 0.1, "Toxic": 0.3})
    assert (second.prompt, second.safety_attributes) == (None, None)


@pytest.mark.parametrize("scores", [{}, None, {"categories": None}, {"scores": ["high"]}, "none", 7, [1]])
def test_scores_that_nobody_can_read_do_not_lose_the_image(scores: object) -> None:
    (image,) = read({**IMAGE, "safetyAttributes": scores}).images

    assert image.data == PIXELS
    assert not image.safety_attributes


def test_the_type_of_an_image_is_png_when_google_leaves_it_out() -> None:
    assert read({"gcsUri": "gs://bucket/a"}).images[0].mime_type == "image/png"


@pytest.mark.parametrize(
    "body",
    [
        "{}",
        '{"predictions": []}',
        '{"predictions": null}',
        '{"predictions": null, "metadata": null, "error": null}',
        '{"deployedModelId": "1", "model": "m", "modelDisplayName": "n", "modelVersionId": "2", "metadata": {}}',
    ],
)
def test_an_empty_answer_means_that_everything_was_filtered(body: str) -> None:
    answer = decode(body.encode(), 3)

    assert (answer.images, answer.filtered) == ((), 3)
    assert answer.why() == "Google gave no reason (include_rai_reason=True asks for one)."


def test_images_are_found_beside_the_other_keys_of_the_envelope() -> None:
    body = {"predictions": [IMAGE], "deployedModelId": "1", "metadata": {"a": 1}, "tomorrow": True}

    assert len(decode(json.dumps(body).encode(), 1).images) == 1


def test_a_reason_alone_means_that_everything_was_filtered() -> None:
    answer = read({"raiFilteredReason": ALL})

    assert (answer.images, answer.filtered) == ((), 4)
    assert answer.reasons == (FilterReason(ALL, ("39322892", "29310472")),)
    assert answer.why().endswith("[39322892: People or face not allowed by the safety settings, 29310472: Celebrity]")


def test_one_trailing_reason_may_stand_for_several_images() -> None:
    answer = read(IMAGE, STORED, {"raiFilteredReason": TWO})

    assert (len(answer.images), answer.filtered, len(answer.reasons)) == (2, 2, 1)
    assert answer.why() == TWO


def test_images_that_vanished_without_a_word_are_counted() -> None:
    assert read(IMAGE, requested=4).filtered == 3


def test_more_images_than_asked_for_are_not_a_negative_number_of_filtered_ones() -> None:
    assert read(IMAGE, IMAGE, requested=1).filtered == 0


def test_the_scores_of_the_prompt_are_no_image_and_no_reason() -> None:
    answer = read(IMAGE, POSITIVE, requested=1)

    assert answer.prompt_safety_attributes == {"Hate": 0.1, "Violence": 0.2}
    assert (len(answer.images), answer.filtered, answer.not_understood) == (1, 0, ())


def test_only_scores_of_the_prompt_mean_that_everything_was_filtered() -> None:
    assert read(POSITIVE).filtered == 4
    assert read({"contentType": "Positive Prompt"}).filtered == 4


@pytest.mark.parametrize(
    ("strange", "shape"),
    [
        ({"bytesBase64Encoded": "not base64!"}, "{bytesBase64Encoded: string}"),
        ({"bytesBase64Encoded": "QUJD\nREVG"}, "a text of 6 bytes that claims to be an image"),
        ({"bytesBase64Encoded": "QUJ"}, "a text of 2 bytes that claims to be an image"),
        ({"bytesBase64Encoded": "QUJDR"}, "{bytesBase64Encoded: string}"),
        ({"bytesBase64Encoded": 7}, "{bytesBase64Encoded: number}"),
        ({"bytesBase64Encoded": ""}, "{bytesBase64Encoded: empty string}"),
        ({"mimeType": "image/png"}, "{mimeType: string}"),
        ({"contentType": "Negative Prompt"}, "{contentType: string}"),
        ({"a": {"b": [{"c": "planted"}]}}, "{a: {b: [{c: string}]}}"),
        ({}, "{}"),
        ("text", "string"),
        (None, "null"),
        (5, "number"),
        ([5], "number"),
    ],
)
def test_a_strange_item_loses_no_image_beside_it_and_alone_is_never_called_filtered(
    strange: object, shape: str
) -> None:
    answer = read(IMAGE, strange, STORED, requested=4)

    assert (len(answer.images), answer.not_understood, answer.filtered) == (2, (shape,), 1)
    with pytest.raises(UnexpectedResponseError, match="neither an image nor a reason") as caught:
        read(strange)
    assert shape in str(caught.value)
    with pytest.raises(UnexpectedResponseError):
        read(strange, {"raiFilteredReason": ALL})


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>502</html>",
        b"\xff\xfe\x00",
        b"[]",
        b'[{"predictions": []}]',
        b'"text"',
        b"7",
        b"null",
        b"true",
        b'{"error": {"code": 500, "message": "planted"}}',
        b'{"error": {"code": 500, "message": "planted"}, "predictions": []}',
        b'{"candidates": []}',
        b'[{"predictions": null}]',
        b'{"predictions": null, "error": {"code": 500, "message": "planted"}}',
        b'{"predictions": {}}',
        b'{"predictions": "text"}',
        b'{"predictions": [{"bytesBase64Encoded": "QUJD"}',
    ],
)
def test_an_answer_of_another_shape_is_unexpected_and_never_called_filtered(body: bytes) -> None:
    with pytest.raises(
        UnexpectedResponseError, match="may have been made and billed; look at the output folder"
    ) as caught:
        decode(body, 1)

    assert not isinstance(caught.value, ImagesFilteredError)
    assert "planted" not in str(caught.value)


@pytest.mark.parametrize(
    ("item", "mime_type"),
    [
        ({"gcsUri": "gs://bucket/1/sample_0.jpg"}, "image/jpeg"),
        ({"gcsUri": "gs://bucket/1/sample_0.jpg", "mimeType": None}, "image/jpeg"),
        ({"gcsUri": "gs://bucket/1/sample_0", "mimeType": ""}, "image/png"),
        ({"gcsUri": ["gs://bucket/1/sample_0.webp"], "mimeType": "image/webp"}, "image/webp"),
    ],
)
def test_an_image_in_cloud_storage_has_the_type_that_google_or_its_name_says(
    item: dict[str, Any], mime_type: str
) -> None:
    assert read(item, requested=1).images[0].mime_type == mime_type
