"""Whatever a template renders to: a request, or one error of bearable length that keeps a prompt to itself."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support.checked_requests import checked_generate, checked_upscale

from airflow_provider_imagen.core.catalogue import catalogue
from airflow_provider_imagen.core.catalogue.plan import ModelPreferences, Planner
from airflow_provider_imagen.core.protocols import generate_content, predict
from airflow_provider_imagen.core.requests import GenerateRequest, InputPicture, UpscaleRequest
from airflow_provider_imagen.core.waiting.condition import check_wait
from airflow_provider_imagen.errors import InvalidInputError

PROMPT = "a confidential lighthouse of 2031, with a red stripe and a dog that nobody has heard of " * 3
text = st.text(st.characters(exclude_categories=[]), max_size=30)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.integers(10**30, 10**400) | st.floats() | text | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=8,
)
models = st.sampled_from([model.id for model in catalogue().models] + ["model-of-tomorrow", "../x"]) | text
labels = st.dictionaries(text | st.sampled_from(["team", "a" * 64]), text, max_size=70)
SOUND = {"prompt": "a boat", "output_uri": "gs://bucket/x/", "number_of_images": 1}
SOUND_UPSCALE = {"image": "gs://bucket/x.png", "output_uri": "gs://bucket/x/", "upscale_factor": "x2"}


def some_of(kind: type[Any]) -> st.SearchStrategy[dict[str, Any]]:
    names = st.sampled_from(sorted(kind.model_fields.keys() - {"pictures", "labels"}))
    return st.builds(
        lambda given, marks: given | ({"labels": marks} if marks else {}),
        st.dictionaries(names, values, max_size=4),
        labels,
    )


@given(arguments=some_of(GenerateRequest), model=models)
@example({"prompt": "\ud800"}, "imagen-3.0-generate-002")
@example({"seed": 10**5000}, "imagen-3.0-generate-002")
@example({"number_of_images": 10**5000}, "imagen-3.0-generate-002")
@example({"compression_quality": 10**5000}, "model-of-tomorrow")
@example({"labels": {"a": {}}}, "imagen-3.0-generate-002")
def test_arguments_make_a_request_that_can_be_sent_or_one_error(arguments: dict[str, Any], model: str) -> None:
    refusal = ""
    try:
        request = checked_generate({**SOUND, "model": model, **arguments})
        for body in (predict.encode(request), generate_content.encode(request)):
            json.dumps(body, allow_nan=False).encode()
    except InvalidInputError as failure:
        refusal = str(failure)
    assert len(refusal.encode()) < 100_000


@given(arguments=some_of(UpscaleRequest), model=models)
def test_so_they_do_for_upscaling(arguments: dict[str, Any], model: str) -> None:
    refusal = ""
    try:
        request = checked_upscale({**SOUND_UPSCALE, "model": model, **arguments})
        source = InputPicture(gcs_uri="gs://bucket/x.png")
        json.dumps(predict.encode(request.model_copy(update={"pictures": (source,)})), allow_nan=False).encode()
    except InvalidInputError as failure:
        refusal = str(failure)
    refusal.encode()


@given(arguments=st.dictionaries(st.sampled_from(["output_uri", "min_images", "mime_types", "newer_than"]), values))
def test_so_they_do_for_a_wait(arguments: dict[str, Any]) -> None:
    refusal = ""
    try:
        check_wait(**{"output_uri": "gs://bucket/x/", **arguments})
    except InvalidInputError as failure:
        refusal = str(failure)
    assert len(refusal.encode()) < 10_000


@pytest.mark.parametrize(
    "wrong",
    [
        {"prompt": [PROMPT, PROMPT]},
        {"prompt": {"text": PROMPT}},
        {"prompt": PROMPT * 50},
        {"negative_prompt": PROMPT},
        {"aspect_ratio": PROMPT},
        {"labels": {PROMPT: PROMPT}},
        {"output_uri": PROMPT},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
def test_a_refusal_does_not_show_a_whole_prompt(wrong: dict[str, Any]) -> None:
    arguments = {**SOUND, "model": "imagen-3.0-generate-002", **wrong}

    with pytest.raises(InvalidInputError) as caught:
        checked_generate(arguments)

    problems = caught.value.problems
    assert PROMPT[:40] not in " ".join(problems)
    assert max(map(len, problems)) < 500


def test_nor_does_a_remark_on_what_a_fallback_gives_up() -> None:
    wishes = ModelPreferences("imagen-3.0-generate-002", "gemini-nano-banana-2.1")
    arguments = {**SOUND, "language": "en", "guidance_scale": 7, "negative_prompt": "dogs of our rival"}
    plan = Planner(GenerateRequest, arguments, wishes, catalogue(), date(2026, 11, 22)).first()

    assert plan.request.model == "gemini-nano-banana-2.1"
    assert "rival" not in f"{plan.why} {plan.remarks} {plan.notes}"
