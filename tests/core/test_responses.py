"""What a task leaves behind about one request: small, JSON-ready, without image bytes."""

from __future__ import annotations

import json

import pytest

from airflow_provider_imagen.core.requests import GenerateRequest
from airflow_provider_imagen.core.responses import FilterReason, GeneratedImage, ImagesResponse
from airflow_provider_imagen.core.result_document import ResultDocument

URIS = ["/data/cats/sample_0.png", "gs://bucket/1/sample_1.jpg"]
ANSWER = ImagesResponse(
    images=(
        GeneratedImage("image/png", data=b"planted pixels", prompt="a fluffy cat", safety_attributes={"Hate": 0.1}),
        GeneratedImage("image/jpeg", uri=URIS[1]),
    ),
    requested=4,
    reasons=(FilterReason("Filtered. Support codes: 58061214", ("58061214",)),),
    prompt_safety_attributes={"Violence": 0.2},
    duration_seconds=12.34567,
)
SENT = GenerateRequest(
    model="some-model", prompt="a cat", output_uri="/data/cats", number_of_images=4, labels={"team": "art"}, seed=7
).sent_arguments()


def test_the_record_says_what_was_asked_and_what_came() -> None:
    document = ResultDocument.build(SENT, ANSWER, URIS, location="us-central1").to_json()

    assert document == {
        "model": "some-model",
        "location": "us-central1",
        "parameters": {
            "prompt": "a cat",
            "output_uri": "/data/cats",
            "number_of_images": 4,
            "labels": {"team": "art"},
            "seed": 7,
            "include_rai_reason": True,
        },
        "images": [
            {
                "uri": URIS[0],
                "mime_type": "image/png",
                "prompt": "a fluffy cat",
                "safety_attributes": {"Hate": 0.1},
            },
            {"uri": URIS[1], "mime_type": "image/jpeg", "prompt": None, "safety_attributes": None},
        ],
        "filtered": 2,
        "filter_reasons": [
            {
                "reason": "Filtered. Support codes: 58061214",
                "codes": [{"code": "58061214", "category": "Child"}],
            }
        ],
        "prompt_safety_attributes": {"Violence": 0.2},
        "failed_requests": [],
        "duration_seconds": 12.346,
    }


def test_the_record_is_json_and_holds_no_pixels() -> None:
    document = ResultDocument.build(SENT, ANSWER, URIS, location="us-central1").to_json()
    text = json.dumps(document)

    assert json.loads(text) == document
    assert "planted" not in text
    assert len(text) < 2_000


def test_a_uri_for_every_image_or_it_is_a_programming_error() -> None:
    with pytest.raises(ValueError, match="zip"):
        ResultDocument.build(SENT, ANSWER, URIS[:1], location="us-central1")


@pytest.mark.parametrize(
    ("requested", "images", "strange", "filtered"),
    [(4, 4, 0, 0), (4, 1, 0, 3), (4, 1, 1, 2), (1, 2, 0, 0), (1, 0, 0, 1)],
)
def test_filtered_is_what_is_missing_and_was_not_merely_strange(
    requested: int, images: int, strange: int, filtered: int
) -> None:
    made = (GeneratedImage("image/png", "gs://bucket/a.png"),) * images

    assert ImagesResponse(made, requested, not_understood=("str",) * strange).filtered == filtered


@pytest.mark.parametrize(
    ("reasons", "words"),
    [
        ((), "Google gave no reason (include_rai_reason=True asks for one)."),
        ((FilterReason("No."),), "No."),
        ((FilterReason("No.", ("58061214", "1")),), "No. [58061214: Child, 1: unknown]"),
        ((FilterReason("A."), FilterReason("B.", ("78610348",))), "A. B. [78610348: Toxic]"),
    ],
)
def test_the_reasons_are_told_in_words(reasons: tuple[FilterReason, ...], words: str) -> None:
    assert ImagesResponse((), 1, reasons).why() == words


@pytest.mark.parametrize(
    ("reasons", "text"),
    [
        ((), "All 2 images were filtered. Google gave no reason (include_rai_reason=True asks for one). Rephrase"),
        ((FilterReason("Blocked."),), "All 2 images were filtered. Blocked. Rephrase the prompt."),
        ((FilterReason("Words.", is_declined=True),), "None of 2 images was made. Words."),
        ((FilterReason("W.", is_declined=True), FilterReason("B.")), "All 2 images were filtered. W. B. Rephrase"),
    ],
)
def test_a_refusal_gives_advice_unless_the_model_spoke_for_itself(reasons: tuple[FilterReason, ...], text: str) -> None:
    refusal = ImagesResponse((), 2, reasons).refusal()

    assert refusal.startswith(text)
    assert ("Rephrase" in refusal) == ("Rephrase" in text)
