"""One shape for what a request left: written, read and written again without a loss, and nothing else taken for it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from airflow_provider_imagen.core.requests import GenerateRequest
from airflow_provider_imagen.core.responses import FilterReason, GeneratedImage, ImagesResponse
from airflow_provider_imagen.core.result_document import LONGEST_URI, MOST_IMAGES, ResultDocument
from airflow_provider_imagen.core.result_parts import StoredImage

URIS = ["/data/cats/sample_0.png", "gs://bucket/1/sample_1.jpg"]
RESPONSE = ImagesResponse(
    images=(
        GeneratedImage("image/png", data=b"planted pixels", prompt="a fluffy cat", safety_attributes={"Hate": 0.1}),
        GeneratedImage("image/jpeg", uri=URIS[1]),
    ),
    requested=4,
    reasons=(FilterReason("Filtered. Support codes: 58061214", ("58061214", "1")),),
    prompt_safety_attributes={"Violence": 0.2},
    failures=("HTTP 429",),
    duration_seconds=12.34567,
)
SENT = GenerateRequest(
    model="some-model", prompt="a cat", output_uri="/data/cats", number_of_images=4, labels={"team": "art"}, seed=7
).sent_arguments()
NOTES: dict[str, Any] = {
    "fallback": {"instead_of": "old-model", "because": "it is retired", "given_up": ["seed"]},
    "imagen_conn_id": "imagen_default",
    "reused": True,
    "estimated_cost_usd": 0.0,
    "cost_basis": "usage",
    "usage": {"prompt_token_count": 4, "candidates_tokens_details": {"IMAGE": 1120}},
    "traffic_type": "ON_DEMAND",
    "size_differences": [{"uri": URIS[0], "argument": "image_size", "asked": "2K", "delivered": "1K"}],
    "image_key": "sku-1",
    "other_images": ["gs://bucket/1/sample_2.jpg"],
    "not_replaced": ["gs://bucket/sku-1.png"],
    "kept_earlier": ["gs://bucket/sku-1.jpg"],
    "resent_requests": 1,
}
NO_NOTES = {
    "fallback": None,
    "imagen_conn_id": None,
    "reused": False,
    "estimated_cost_usd": None,
    "cost_basis": None,
    "usage": None,
    "traffic_type": None,
    "size_differences": (),
    "image_key": None,
    "other_images": (),
    "not_replaced": [],
    "kept_earlier": (),
    "resent_requests": 0,
}
SMALLEST = {"model": "m", "location": "global", "parameters": {}, "images": [], "filtered": 0, "filter_reasons": []}
ALWAYS = {*SMALLEST, "prompt_safety_attributes", "failed_requests", "duration_seconds"}


def built(**notes: Any) -> ResultDocument:
    return ResultDocument.build(SENT, RESPONSE, URIS, location="us-central1", **notes)


def test_it_says_what_was_asked_and_what_came() -> None:
    assert built(reused=True).to_json() == {
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
            {"uri": URIS[0], "mime_type": "image/png", "prompt": "a fluffy cat", "safety_attributes": {"Hate": 0.1}},
            {"uri": URIS[1], "mime_type": "image/jpeg", "prompt": None, "safety_attributes": None},
        ],
        "filtered": 1,
        "filter_reasons": [
            {
                "reason": "Filtered. Support codes: 58061214",
                "codes": [{"code": "58061214", "category": "Child"}, {"code": "1", "category": "unknown"}],
            }
        ],
        "prompt_safety_attributes": {"Violence": 0.2},
        "failed_requests": ["HTTP 429"],
        "duration_seconds": 12.346,
        "reused": True,
    }


def test_every_note_is_written_and_read_again() -> None:
    document = built(**NOTES)

    assert {name: document.to_json()[name] for name in NOTES} == NOTES
    assert set(ResultDocument.model_fields) == ALWAYS | set(NOTES)


def test_notes_that_say_nothing_are_left_out_and_the_rest_is_always_there() -> None:
    assert set(built(**NO_NOTES).to_json()) == ALWAYS
    assert set(ResultDocument.build({"model": "m"}, ImagesResponse((), 1), [], location="global").to_json()) == ALWAYS


@pytest.mark.parametrize("notes", [{}, NOTES, NO_NOTES])
def test_it_survives_xcom_and_files(notes: dict[str, Any]) -> None:
    document = built(**notes)
    text = json.dumps(document.to_json(), allow_nan=False)

    assert ResultDocument.read(document.to_json()) == document
    assert ResultDocument.read(text) == document
    assert ResultDocument.read(text.encode()) == document
    assert "planted" not in text
    assert len(text) < 2_000


def test_sizes_of_images_are_written_where_they_are_known() -> None:
    sized = {"uri": "a.png", "mime_type": "image/png", "prompt": None, "safety_attributes": None, "width": 4}
    document = ResultDocument.read({**SMALLEST, "images": [sized, {**sized, "height": 3}]})

    assert document is not None
    assert document.to_json()["images"] == [sized, {**sized, "height": 3}]


def test_it_names_its_prompt_and_its_uris() -> None:
    upscaled = ResultDocument.build({"model": "m"}, ImagesResponse((), 1), [], location="global")

    assert (built().prompt, built().uris) == ("a cat", tuple(URIS))
    assert (upscaled.prompt, upscaled.uris) == (None, ())


def test_a_uri_for_every_image_or_it_is_a_programming_error() -> None:
    with pytest.raises(ValueError, match="zip"):
        ResultDocument.build(SENT, RESPONSE, URIS[:1], location="us-central1")


@pytest.mark.parametrize("name", ["reuse", "filtered"])
def test_a_note_that_is_no_field_is_a_programming_error(name: str) -> None:
    with pytest.raises(TypeError, match=name):
        built(**{name: 1})


def test_it_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        built().reused = True  # type: ignore[misc]


def test_unknown_fields_are_passed_over() -> None:
    document = ResultDocument.read({**SMALLEST, "later": 1, "images": [{"uri": "a", "mime_type": "b", "later": 2}]})

    assert document is not None
    assert document.images == (StoredImage(uri="a", mime_type="b"),)


def test_a_document_of_paid_images_is_built_however_long_a_uri_is() -> None:
    uri = "/data/" + "x" * LONGEST_URI

    assert ResultDocument.build(SENT, RESPONSE, [uri, uri], location="global").uris == (uri, uri)


def test_half_a_character_is_kept() -> None:
    words = "a boat \ud83d at sea"
    image = {"uri": "a", "mime_type": "b", "prompt": words, "safety_attributes": None}
    document = ResultDocument.read({**SMALLEST, "parameters": {"prompt": words}, "images": [image]})

    assert document is not None
    assert (document.prompt, document.images[0].prompt) == (words, words)
    assert ResultDocument.read(json.dumps(document.to_json())) == document


HOSTILE = [
    *(None, 3, True, "", "{", "null", "[]", b"\xff", b"", [], {}, object(), {"model": "m"}),
    *("[" * 100_000, '{"a":' * 100_000, "9" * 5_000, json.dumps(json.dumps(SMALLEST))),
    *({name: value for name, value in SMALLEST.items() if name != missing} for missing in SMALLEST),
    *({**SMALLEST, name: None} for name in SMALLEST),
    {**SMALLEST, "model": 3},
    {**SMALLEST, "parameters": [["prompt", "a"]]},
    {**SMALLEST, "images": {"uri": "a"}},
    {**SMALLEST, "images": ["gs://bucket/a.png"]},
    {**SMALLEST, "images": [{"uri": "a"}]},
    {**SMALLEST, "images": [{"uri": 1, "mime_type": "b"}]},
    {**SMALLEST, "images": [{"uri": "a" * (LONGEST_URI + 1), "mime_type": "b"}]},
    {**SMALLEST, "images": [{"uri": "a", "mime_type": "b"}] * (MOST_IMAGES + 1)},
    {**SMALLEST, "filtered": "1"},
    {**SMALLEST, "filtered": 1.5},
    {**SMALLEST, "filter_reasons": [{"codes": []}]},
    {**SMALLEST, "filter_reasons": [{"reason": "a", "codes": ["1"]}]},
    {**SMALLEST, "duration_seconds": float("nan")},
    {**SMALLEST, "estimated_cost_usd": float("inf")},
    {**SMALLEST, "fallback": {"instead_of": "a"}},
    {**SMALLEST, "failed_requests": "HTTP 429"},
    {**SMALLEST, "other_images": [1]},
    {**SMALLEST, "reused": "yes"},
]


@pytest.mark.parametrize("value", HOSTILE, ids=lambda value: str(value)[:60])
def test_what_has_another_shape_is_none_of_ours(value: Any) -> None:
    assert ResultDocument.read(value) is None


def test_the_bounds_themselves_are_within() -> None:
    image = {"uri": "a" * LONGEST_URI, "mime_type": "b"}

    assert ResultDocument.read({**SMALLEST, "images": [image] * MOST_IMAGES}) is not None


any_text = st.text(st.characters(exclude_categories=[]), max_size=10)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | any_text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(any_text, inner, max_size=3),
    max_leaves=8,
)


@given(name=st.sampled_from(list(ResultDocument.model_fields)), value=json_values)
def test_one_field_of_any_value_is_read_and_written_again_or_refused(name: str, value: Any) -> None:
    document = ResultDocument.read({**built(**NOTES).to_json(), name: value})

    if document is not None:
        again = ResultDocument.read(document.to_json())
        assert again is not None
        assert json.dumps(again.to_json()) == json.dumps(document.to_json())
