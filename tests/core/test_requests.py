"""What a template renders, read as what the author meant."""

from __future__ import annotations

from typing import Any

import pytest
from support.checked_requests import checked_generate, checked_upscale

from airflow_provider_imagen.core.requests import GenerateRequest, InputPicture
from airflow_provider_imagen.core.text import ReadText
from airflow_provider_imagen.core.validation.arguments import read_request
from airflow_provider_imagen.errors import InvalidInputError

GENERATE = {"model": "some-model", "prompt": "a cat", "output_uri": "gs://bucket/cats/"}
UPSCALE = {"model": "some-model", "image": "gs://bucket/cat.png", "output_uri": "/data/large", "upscale_factor": "x2"}
WITH_DEFAULTS = {"number_of_images", "on_filtered", "if_exists", "on_lost"}
OPTIONAL = sorted(
    set(GenerateRequest.model_fields) - set(GENERATE) - WITH_DEFAULTS - {"image_key", "reference_images", "pictures"}
)


def read(**arguments: Any) -> GenerateRequest:
    request, problems = read_request(GenerateRequest, {**GENERATE, **arguments})
    if problems:
        raise InvalidInputError(tuple(problems))
    return request


@pytest.mark.parametrize(
    ("name", "rendered", "meant"),
    [
        ("number_of_images", "4", 4),
        ("number_of_images", " 4 ", 4),
        ("number_of_images", 4.0, 4),
        ("seed", "42", 42),
        ("guidance_scale", "7.5", 7.5),
        ("guidance_scale", 7, 7.0),
        ("enhance_prompt", "true", True),
        ("enhance_prompt", "True", True),
        ("enhance_prompt", "False", False),
        ("add_watermark", "0", False),
        ("include_rai_reason", "false", False),
        ("aspect_ratio", " 16:9 ", "16:9"),
        ("image_size", "2k", "2K"),
        ("output_mime_type", "IMAGE/PNG", "image/png"),
        ("person_generation", "ALLOW_ADULT", "allow_adult"),
        ("sample_image_style", "Sketch", "sketch"),
        ("on_filtered", "SKIP", "skip"),
        ("if_exists", " Reuse ", "reuse"),
        ("on_lost", "RESEND", "resend"),
        ("image_key", "sku-4711", "sku-4711"),
        ("safety_filter_level", "BLOCK_ONLY_HIGH", "block_only_high"),
        ("safety_filter_level", "block_most", "block_low_and_above"),
        ("safety_filter_level", "block_some", "block_medium_and_above"),
        ("safety_filter_level", "block_few", "block_only_high"),
        ("safety_filter_level", " BLOCK_FEWEST ", "block_none"),
        ("language", "zh-TW", "zh-TW"),
        ("labels", {"team": "art"}, {"team": "art"}),
        ("reference_images", "gs://b/a.png", ("gs://b/a.png",)),
        ("reference_images", ["gs://b/a.png", "/data/b.png"], ("gs://b/a.png", "/data/b.png")),
        ("reference_images", '["gs://b/a.png"]', ("gs://b/a.png",)),
        ("reference_images", "['gs://b/a.png', '/data/b.png']", ("gs://b/a.png", "/data/b.png")),
        ("thinking_level", "minimal", "MINIMAL"),
        ("google_search", "True", True),
        ("prominent_people", "BLOCK_PROMINENT_PEOPLE", "block_prominent_people"),
        ("service_tier", " Flex ", "flex"),
    ],
)
def test_rendered_values_are_read_as_what_they_mean(name: str, rendered: object, meant: object) -> None:
    value = getattr(read(**{name: rendered}), name)

    assert value == meant
    assert type(str(value) if isinstance(value, ReadText) else value) is type(meant)


@pytest.mark.parametrize("blank", [None, "", "  ", "None", " None "])
@pytest.mark.parametrize("name", OPTIONAL)
def test_what_renders_to_nothing_is_not_given(name: str, blank: str | None) -> None:
    assert getattr(read(**{name: blank}), name) is None


@pytest.mark.parametrize("off", [False, "False", "no", 0])
def test_a_search_that_is_switched_off_is_the_same_as_none(off: object) -> None:
    assert read(google_search=off).google_search is None


@pytest.mark.parametrize("blank", ["", "  ", "None", [], "[]"])
def test_reference_images_that_render_to_nothing_are_refused(blank: object) -> None:
    """A text-only image would be made and paid instead."""
    with pytest.raises(InvalidInputError, match="reference_images is"):
        read(reference_images=blank)


@pytest.mark.parametrize("blank", [None, "", "None"])
def test_the_number_of_images_is_always_there(blank: str | None) -> None:
    assert read(number_of_images=blank).number_of_images == 1


def test_a_prompt_that_a_template_made_of_nothing_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="prompt is 'None', which is what a template makes"):
        read(prompt="None")


def test_a_prompt_stays_letter_for_letter_what_it_was() -> None:
    text = "  Kätzchen\n\n„im Regen“, 16:9, TRUE {{ not a template }}  "

    assert read(prompt=text, negative_prompt=text).prompt == text
    assert read(prompt=text, negative_prompt=text).negative_prompt == text


@pytest.mark.parametrize(
    ("name", "rendered", "meant"),
    [
        ("prompt", 1984, "1984"),
        ("prompt", (1, 2, 3), "1, 2, 3"),
        ("prompt", True, "True"),
        ("prompt", -2.5, "-2.5"),
        ("negative_prompt", 7, "7"),
        ("negative_prompt", (1.5, False), "1.5, False"),
        ("model", 2.5, "2.5"),
        ("image_key", 4711, "4711"),
        ("image_size", 512, "512"),
        ("output_mime_type", "IMAGE/PNG", "image/png"),
        ("labels", {"cost_center": 4711}, {"cost_center": "4711"}),
        ("labels", {"team": "art", "floor": 2}, {"team": "art", "floor": "2"}),
    ],
)
def test_text_that_native_rendering_made_a_value_of_is_text_again(name: str, rendered: Any, meant: Any) -> None:
    assert getattr(read(**{name: rendered}), name) == meant


@pytest.mark.parametrize(
    ("name", "rendered", "text"),
    [
        ("prompt", {"scene": "boat"}, "prompt is {'scene': 'boat'} and must be text"),
        ("prompt", {1, 2}, "prompt is {1, 2} and must be text"),
        ("prompt", [1, 2], "prompt is a list of 2; one task takes one"),
        ("prompt", ("a", "b"), "prompt is a list of 2; one task takes one"),
        ("prompt", 1e30, "prompt is 1e\\+30 and must be text"),
        ("prompt", float("inf"), "prompt is inf and must be text"),
        pytest.param("prompt", 10**5000, "prompt is a number beyond bounds and must be text", id="a huge number"),
        ("negative_prompt", ["rain"], "negative_prompt is \\['rain'\\] and must be text"),
        ("model", ["a"], "model is \\['a'\\] and must be text"),
        ("image_key", float("nan"), "image_key is nan and must be text"),
        ("labels", {"prod": True}, "labels holds 'prod': 'True'; keys and values take lower-case letters"),
        ("labels", {"a": None}, "labels is {'a': None} and must be a dict of text to text"),
        ("labels", {"a": [1]}, "labels is {'a': \\[1\\]} and must be a dict of text to text"),
    ],
)
def test_what_cannot_be_read_back_is_refused_by_the_argument_s_own_name(name: str, rendered: Any, text: str) -> None:
    with pytest.raises(InvalidInputError, match=text):
        read(**{name: rendered})


def test_reasons_are_asked_for_unless_switched_off() -> None:
    assert read().include_rai_reason is True
    assert read(include_rai_reason=False).include_rai_reason is False


@pytest.mark.parametrize("name", ["number_of_images", "seed", "compression_quality"])
def test_a_switch_is_no_number(name: str) -> None:
    with pytest.raises(InvalidInputError, match=f"{name} is True and must be a whole number"):
        read(**{name: True})


def test_an_unknown_model_still_makes_at_least_one_image() -> None:
    with pytest.raises(InvalidInputError, match="number_of_images is 0; allowed are 1 or more"):
        checked_generate({**GENERATE, "number_of_images": 0})


@pytest.mark.parametrize(
    "policy", [{"on_filtered": "warn"}, {"if_exists": "reuse"}, {"on_lost": "resend"}, {"image_key": "a"}]
)
def test_a_policy_or_a_name_is_no_part_of_what_is_asked(policy: dict[str, str]) -> None:
    assert read(**policy).sent_arguments() == read().sent_arguments()


def test_the_record_holds_what_was_given_and_no_image() -> None:
    request = checked_upscale({**UPSCALE, "image_preservation_factor": "0.5"})
    ready = request.model_copy(update={"pictures": (InputPicture(data=b"secret pixels", mime_type="image/png"),)})

    assert ready.sent_arguments() == {**UPSCALE, "image_preservation_factor": 0.5, "include_rai_reason": True}
    assert "secret pixels" not in f"{ready!r} {ready.pictures!r}"
