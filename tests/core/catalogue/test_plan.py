"""Which model a task asks in the end, what it gives up for that, and what it refuses."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from airflow_provider_imagen.core.catalogue import catalogue
from airflow_provider_imagen.core.catalogue.plan import ModelPreferences, Planner, choose_model
from airflow_provider_imagen.core.requests import GenerateRequest, UpscaleRequest
from airflow_provider_imagen.errors import InvalidInputError

TODAY = date(2026, 11, 22)
IMAGEN, GEMINI = "imagen-4.0-generate-001", "gemini-nano-banana-2.1"


def planner(
    today: date = TODAY,
    *,
    model: str | None = IMAGEN,
    fallback: str | None = GEMINI,
    location: str | None = None,
    **arguments: Any,
) -> Planner[GenerateRequest]:
    given = {"prompt": "a cat", "output_uri": "gs://bucket/x/", **arguments}
    return Planner(GenerateRequest, given, ModelPreferences(model, fallback, None, location), catalogue(), today)


def test_a_model_that_answers_is_asked_itself() -> None:
    plan = planner(date(2026, 1, 1)).first()

    assert (plan.request.model, plan.notes, plan.remarks) == (IMAGEN, {}, ())


def test_a_retired_model_gives_way_to_the_fallback_with_a_warning() -> None:
    plan = planner().first()

    assert plan.request.model == GEMINI
    assert plan.remarks == (f"{IMAGEN} is retired since 2026-06-30: using the fallback {GEMINI}.",)
    assert plan.notes["fallback"] == {
        "instead_of": IMAGEN,
        "because": f"{IMAGEN} is retired since 2026-06-30",
        "given_up": [],
    }


@pytest.mark.parametrize("fallback", [None, "", "None", IMAGEN, "imagen-4.0-upscale-preview"])
def test_a_retired_model_without_a_usable_fallback_is_asked_with_a_warning(fallback: str | None) -> None:
    plan = planner(fallback=fallback).first()

    assert plan.request.model == IMAGEN
    assert "use gemini-nano-banana-2.1 instead. That was 145 days ago." in plan.remarks[0]


def test_what_the_fallback_cannot_do_is_given_up_by_name() -> None:
    plan = planner(seed=7, add_watermark=False, enhance_prompt=False, guidance_scale=9, image_size="2k").first()

    assert (plan.request.seed, plan.request.guidance_scale, plan.request.add_watermark) == (None, None, None)
    assert plan.request.image_size == "2K"
    assert sorted(plan.notes["fallback"]["given_up"]) == [
        f"add_watermark=False is given up: {GEMINI} does not accept it.",
        f"guidance_scale=9.0 is given up: {GEMINI} does not accept it.",
        f"seed=7 is given up: {GEMINI} does not accept it.",
    ]
    assert any(remark.startswith("enhance_prompt is False") for remark in plan.remarks)


def test_a_size_that_the_fallback_lacks_is_given_up() -> None:
    plan = planner(fallback="gemini-3.1-flash-lite-image", image_size="2K").first()

    assert plan.request.image_size is None


def test_the_shape_of_an_image_is_never_given_up() -> None:
    with pytest.raises(InvalidInputError, match="aspect_ratio is '9:21'; gemini-3-pro-image supports"):
        planner(fallback="gemini-3-pro-image", aspect_ratio="9:21").first()


def test_mistakes_are_refused_before_a_fallback_is_considered() -> None:
    with pytest.raises(InvalidInputError, match="prompt is empty"):
        planner(prompt="").first()


@pytest.mark.parametrize("fallback", [None, GEMINI])
def test_a_location_that_was_set_is_obeyed_or_refused_also_by_a_fallback(fallback: str | None) -> None:
    model = IMAGEN if fallback else GEMINI
    with pytest.raises(InvalidInputError, match=f"{GEMINI} is served from global only; location is europe-west4"):
        planner(model=model, fallback=fallback, location="europe-west4").first()


@pytest.mark.parametrize("location", ["europe-west4", "us-central1", "global", None])
def test_a_model_of_many_regions_is_asked_in_any_of_them(location: str | None) -> None:
    plan = planner(model="gemini-2.5-flash-image", location=location).first()

    assert plan.request.model == "gemini-2.5-flash-image"


def test_a_model_of_other_regions_names_them() -> None:
    with pytest.raises(InvalidInputError, match=r"served from global, us-\*, europe-\* only; location is asia-east1"):
        planner(model="gemini-2.5-flash-image", location="asia-east1").first()


def test_a_fallback_after_a_404_tells_why() -> None:
    plan = planner(date(2026, 1, 1)).with_fallback(IMAGEN, "HTTP 404")

    assert plan.request.model == GEMINI
    assert plan.notes["fallback"]["because"] == "HTTP 404"


def test_an_upscaler_may_have_a_fallback_that_upscales() -> None:
    given = {"image": "gs://bucket/a.png", "upscale_factor": "x2", "output_uri": "gs://bucket/x/"}
    wishes = ModelPreferences("imagegeneration@002", "imagen-4.0-upscale-preview")
    plan = Planner(UpscaleRequest, given, wishes, catalogue(), TODAY).first()

    assert plan.request.model == "imagen-4.0-upscale-preview"


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"seed": 7}, "seed is 7, but gemini-nano-banana-2.1 does not accept seed"),
        ({"add_watermark": False}, "add_watermark is False"),
        ({"guidance_scale": 3}, "guidance_scale is 3.0"),
        ({"sample_image_style": "sketch"}, "sample_image_style is 'sketch'"),
        ({"image_size": "512"}, "image_size is '512'; gemini-nano-banana-2.1 supports 1K, 2K, 4K"),
        ({"number_of_images": 9}, "makes 1 to 8"),
    ],
)
def test_a_gemini_model_that_is_named_refuses_what_it_cannot_do(arguments: dict[str, Any], text: str) -> None:
    with pytest.raises(InvalidInputError, match=text.replace("(", r"\(")):
        planner(model=GEMINI, **arguments).first()


@pytest.mark.parametrize("name", ["language", "enhance_prompt", "include_safety_attributes", "negative_prompt"])
def test_what_a_gemini_model_does_without_or_differently_is_remarked_on(name: str) -> None:
    value = {"language": "ja", "negative_prompt": "dogs"}.get(name, True)

    (remark,) = planner(model=GEMINI, **{name: value}).first().remarks

    shown = "a text of 4 characters" if name == "negative_prompt" else repr(value)
    assert remark.startswith(f"{name} is {shown}; with {GEMINI} ")


@pytest.mark.parametrize(
    ("model", "row", "protocol", "location", "requests"),
    [
        ("imagen-4.0-generate-001", "imagen-4.0-generate-001", "predict", "us-central1", 1),
        ("imagegeneration", "imagegeneration@006", "predict", "us-central1", 1),
        (GEMINI, GEMINI, "generateContent", "global", 3),
        ("gemini-of-tomorrow", GEMINI, "generateContent", "global", 3),
        (None, GEMINI, "generateContent", "global", 3),
    ],
)
def test_a_plan_carries_all_that_is_known_of_its_model(
    model: str | None, row: str, protocol: str, location: str, requests: int
) -> None:
    plan = planner(model=model, fallback=None).first()

    assert (plan.model.id, plan.protocol.name, plan.location) == (row, protocol, location)
    assert plan.request.model == (model or GEMINI)
    assert [plan.requests_for(images) for images in (0, 1, 3)] == [0, 1, requests]


def test_a_location_that_was_set_is_the_plan_s() -> None:
    assert planner(model="gemini-2.5-flash-image", location="europe-west4").first().location == "europe-west4"


@pytest.mark.parametrize(("written", "asked"), [(IMAGEN, IMAGEN), (None, None), ("", None), (" None ", None)])
@pytest.mark.parametrize("has_fallback", [True, False])
def test_a_plan_keeps_the_model_as_the_task_wrote_it(
    written: str | None, asked: str | None, has_fallback: bool
) -> None:
    plan = planner(model=written, fallback=GEMINI if has_fallback else None).first()

    assert plan.asked_model == asked
    assert plan.model.is_named(plan.request.model)


UPSCALE = "imagen-4.0-upscale-preview"
TASK, CONNECTION = "named by the task", "default_model of the connection"


@pytest.mark.parametrize(
    ("job", "named", "default_model", "model", "reason"),
    [
        ("generate", "my-model", "imagen-3.0-generate-002", "my-model", TASK),
        ("upscale", "my-model", None, "my-model", TASK),
        ("generate", None, "imagen-3.0-generate-002", "imagen-3.0-generate-002", CONNECTION),
        ("generate", None, "imagegeneration", "imagegeneration", CONNECTION),
        ("generate", None, "model-of-tomorrow", "model-of-tomorrow", CONNECTION),
        ("generate", "", "imagen-3.0-generate-002", "imagen-3.0-generate-002", CONNECTION),
        ("generate", " None ", "imagen-3.0-generate-002", "imagen-3.0-generate-002", CONNECTION),
        ("upscale", None, "imagegeneration@002", "imagegeneration@002", CONNECTION),
        ("upscale", None, "imagen-3.0-generate-002", UPSCALE, "the catalogue's default to upscale"),
        ("generate", None, UPSCALE, GEMINI, "the catalogue's default to generate"),
        ("generate", None, None, GEMINI, "the catalogue's default to generate"),
        ("upscale", None, "", UPSCALE, "the catalogue's default to upscale"),
    ],
)
def test_task_before_connection_before_catalogue(
    job: str, named: str | None, default_model: str | None, model: str, reason: str
) -> None:
    assert choose_model(job, named, default_model, catalogue()) == (model, reason)


def test_a_misspelt_model_of_the_connection_is_named_as_such() -> None:
    preferences = ModelPreferences(default_model="gemini-3-pro-imge")
    arguments = {"prompt": "a cat", "output_uri": "gs://bucket/x/"}
    with pytest.raises(InvalidInputError, match="default_model of the connection is 'gemini-3-pro-imge'.*Did you mean"):
        Planner(GenerateRequest, arguments, preferences, catalogue(), TODAY).first()


def test_a_misspelt_fallback_is_a_warning_until_it_is_needed() -> None:
    early = planner(date(2026, 1, 1), fallback="gemini-3-pro-imge").first()

    (remark,) = early.remarks
    assert remark == "fallback_model is 'gemini-3-pro-imge', which is not known. Did you mean gemini-3-pro-image?"
    with pytest.raises(InvalidInputError, match="fallback_model is 'gemini-3-pro-imge', which is not known"):
        planner(fallback="gemini-3-pro-imge").first()


@pytest.mark.parametrize(("written", "read"), [(2.5, "2.5"), (7, "7"), (True, "True")])
def test_a_model_that_native_rendering_made_a_number_of_is_text_again(written: Any, read: str) -> None:
    plan = planner(model=written, fallback=None).first()

    assert (plan.request.model, plan.asked_model) == (read, read)


@pytest.mark.parametrize("name", ["model", "fallback"])
@pytest.mark.parametrize("value", [["a"], {"a": 1}, 1e30])
def test_a_model_that_is_no_text_is_refused_by_the_argument_s_name(name: str, value: Any) -> None:
    with pytest.raises(InvalidInputError, match=rf"{name}\w* is .* must be text"):
        planner(date(2026, 1, 1), **{name: value}).first()


def test_a_compression_is_given_up_where_the_fallback_answers_no_jpeg() -> None:
    plan = planner(date(2027, 1, 1), model=IMAGEN, fallback="gemini-2.5-flash-image", compression_quality=80)
    refused = planner(date(2026, 1, 1), compression_quality=80)

    assert plan.first().notes["fallback"]["given_up"] == [
        "compression_quality=80 is given up: gemini-2.5-flash-image does not accept it."
    ]
    with pytest.raises(InvalidInputError, match="imagen-4.0-generate-001 answers image/png; it works with image/jpeg"):
        refused.first()
