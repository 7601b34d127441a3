"""What an answer holds: how many images, rewritten prompts, scores, reasons, and where the files are."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
from PIL import Image

from airflow_provider_imagen.emulator import Fault

PROMPT = "a red boat"
ALL_FILTERED = (
    "Unable to show generated images. All images were filtered out because they violated Vertex AI's usage "
    "guidelines. You will not be charged for blocked images."
)
SOME_FILTERED = (
    "Your current safety filter threshold filtered out {} generated images. You will not be charged for blocked images."
)
URI = re.compile(r"gs://bucket/x/(\d{13})/sample_(\d)\.(\w+)")


def names_of(predictions: list[dict[str, Any]]) -> list[str]:
    return [each["gcsUri"].removeprefix("gs://bucket/") for each in predictions]


def test_four_images_are_made_by_default(google: Any) -> None:
    answer = google.predict({"instances": [{"prompt": PROMPT}], "parameters": {"addWatermark": True}})

    assert len(answer.predictions) == 4
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json.keys() == {"predictions"}


@pytest.mark.parametrize("count", [1, 3, 4])
def test_as_many_images_are_made_as_asked(google: Any, count: int) -> None:
    predictions = google.generate(sampleCount=count).predictions

    assert [each.keys() for each in predictions] == [{"mimeType", "bytesBase64Encoded", "prompt"}] * count


def test_the_oldest_model_makes_eight(google: Any) -> None:
    assert len(google.generate(model="imagegeneration@002", sampleCount=8).predictions) == 8


@pytest.mark.parametrize(
    ("model", "parameters", "rewritten"),
    [
        ("imagen-4.0-generate-001", {}, True),
        ("imagen-3.0-generate-002", {}, True),
        ("imagen-3.0-generate-002", {"enhancePrompt": True}, True),
        ("imagen-3.0-generate-002", {"enhancePrompt": False}, False),
        ("imagen-3.0-generate-001", {}, False),
        ("imagegeneration@006", {}, False),
    ],
)
def test_a_model_that_rewrites_prompts_says_how_it_read_this_one(
    google: Any, model: str, parameters: dict[str, Any], rewritten: bool
) -> None:
    predictions = google.generate(model=model, sampleCount=2, **parameters).predictions

    said = [each.get("prompt") for each in predictions]
    assert said == ([f"{PROMPT}, in warm evening light, with fine detail"] * 2 if rewritten else [None, None])


def test_safety_attributes_come_with_each_image_and_once_for_the_prompt(google: Any) -> None:
    *images, prompt = google.generate(includeSafetyAttributes=True, sampleCount=2).predictions

    assert len(images) == 2
    for image in images:
        attributes = image["safetyAttributes"]
        assert len(attributes["categories"]) == len(attributes["scores"]) > 0
        assert all(0 <= score <= 1 for score in attributes["scores"])
    assert prompt.keys() == {"contentType", "safetyAttributes"}
    assert prompt["contentType"] == "Positive Prompt"
    assert "Death, Harm & Tragedy" in prompt["safetyAttributes"]["categories"]
    assert len(prompt["safetyAttributes"]["categories"]) == len(prompt["safetyAttributes"]["scores"])


def test_scores_are_not_returned_by_default(google: Any) -> None:
    assert "safetyAttributes" not in google.generate(includeSafetyAttributes=False).body.decode()


def test_filtered_images_are_missing_and_one_reason_covers_them_all(google: Any, emulator: Any) -> None:
    emulator.order_fault(Fault("generate", filtered=3, support_codes=("39322892", "29310472")))

    *images, reason = google.generate(sampleCount=4, includeRaiReason=True).predictions

    assert len(images) == 1
    assert reason == {"raiFilteredReason": SOME_FILTERED.format(3) + " Support codes: 39322892, 29310472"}


def test_filtered_images_are_missing_without_a_word_when_no_reason_was_asked_for(google: Any, emulator: Any) -> None:
    emulator.order_fault(Fault("generate", filtered=3, times=2))

    assert len(google.generate(sampleCount=4).predictions) == 1
    assert len(google.generate(sampleCount=4, includeRaiReason=False).predictions) == 1


@pytest.mark.parametrize("filtered", [2, 99])
def test_when_all_images_were_filtered_only_the_reason_comes(google: Any, emulator: Any, filtered: int) -> None:
    emulator.order_fault(Fault("generate", filtered=filtered))

    answer = google.generate(sampleCount=2, includeRaiReason=True, includeSafetyAttributes=True)

    assert answer.predictions == [{"raiFilteredReason": ALL_FILTERED}]


def test_when_all_images_were_filtered_and_no_reason_was_asked_for_the_answer_is_empty(
    google: Any, emulator: Any
) -> None:
    emulator.order_fault(Fault("generate", filtered=2))

    answer = google.generate(sampleCount=2, includeSafetyAttributes=True)

    assert (answer.status, answer.body) == (200, b"{}")


def test_a_filtered_image_is_not_stored(google: Any, emulator: Any) -> None:
    emulator.order_fault(Fault("generate", filtered=2))

    *images, _ = google.generate(sampleCount=3, includeRaiReason=True, storageUri="gs://bucket/x/").predictions

    assert emulator.list_objects("bucket") == names_of(images)
    assert len(images) == 1


def test_an_upscaled_image_can_be_filtered_too(google: Any, emulator: Any, picture: Any, inline: Any) -> None:
    emulator.order_fault(Fault("upscale", filtered=1, times=2))

    assert google.upscale(inline(picture()), includeRaiReason=True).predictions == [{"raiFilteredReason": ALL_FILTERED}]
    assert google.upscale(inline(picture())).json == {}


@pytest.mark.parametrize(("codes", "named"), [((), "42876398"), (("58061214", "90789179"), "58061214, 90789179")])
def test_a_blocked_prompt_is_an_error_with_support_codes(
    google: Any, emulator: Any, codes: tuple[str, ...], named: str
) -> None:
    emulator.order_fault(Fault("generate", blocked_prompt=True, support_codes=codes))

    answer = google.generate(storageUri="gs://bucket/x/")

    assert (answer.status, answer.json["error"]["status"]) == (400, "INVALID_ARGUMENT")
    assert answer.message.startswith("Image generation failed with the following error: The prompt could not be")
    assert answer.message.endswith(f" Support codes: {named}")
    assert emulator.list_objects("bucket") == []


def test_images_for_cloud_storage_are_files_with_a_content_type_and_no_bytes_come_back(
    google: Any, emulator: Any
) -> None:
    predictions = google.generate(
        storageUri="gs://bucket/x/", sampleCount=3, aspectRatio="16:9", outputOptions={"mimeType": "image/jpeg"}
    ).predictions

    assert [each.keys() for each in predictions] == [{"mimeType", "gcsUri", "prompt"}] * 3
    folders, numbers, extensions = zip(*(URI.fullmatch(each["gcsUri"]).groups() for each in predictions), strict=True)
    assert (len(set(folders)), numbers, set(extensions)) == (1, ("0", "1", "2"), {"jpg"})
    assert emulator.list_objects("bucket") == names_of(predictions)
    for name in names_of(predictions):
        assert google.download(name, query="").json["contentType"] == "image/jpeg"
        assert Image.open(io.BytesIO(google.download(name).body)).size == (1408, 768)


def test_each_request_has_a_folder_of_its_own(google: Any, emulator: Any) -> None:
    uris = [google.generate(storageUri="gs://bucket/x/").predictions[0]["gcsUri"] for _ in range(3)]

    folders = [int(URI.fullmatch(uri)[1]) for uri in uris]
    assert folders == sorted(set(folders))
    assert len(emulator.list_objects("bucket", "x/")) == 3


@pytest.mark.parametrize(
    ("mime_type", "extension"),
    [
        ("image/png", "png"),
        ("image/jpeg", "jpg"),
        ("image/gif", "gif"),
        ("image/webp", "webp"),
        ("image/vnd.microsoft.icon", "ico"),
    ],
)
def test_a_file_is_named_after_its_format(google: Any, mime_type: str, extension: str) -> None:
    (prediction,) = google.generate(storageUri="gs://bucket/x", outputOptions={"mimeType": mime_type}).predictions

    assert URI.fullmatch(prediction["gcsUri"])[3] == extension


@pytest.mark.parametrize("folder", ["a b/", "ä/日本/", "100%/x?y#z/", "a/b/c/d"])
def test_a_folder_may_have_any_name(google: Any, emulator: Any, folder: str) -> None:
    (prediction,) = google.generate(storageUri=f"gs://bucket/{folder}").predictions

    (name,) = emulator.list_objects("bucket")
    assert prediction["gcsUri"] == f"gs://bucket/{name}"
    assert name.startswith(folder.rstrip("/") + "/")
    assert google.download(name).body.startswith(b"\x89PNG")


def test_a_bucket_that_is_not_there_is_a_missing_right(google: Any) -> None:
    answer = google.generate(storageUri="gs://nowhere/x/")

    assert (answer.status, answer.json["error"]["status"]) == (403, "PERMISSION_DENIED")
    assert "does not have write access to gs://nowhere/x/" in answer.message
