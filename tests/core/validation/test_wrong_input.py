"""Mistakes of a DAG author: each is named with its value, what is allowed, and what to do next."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from support.checked_requests import checked_generate, checked_upscale

from airflow_provider_imagen.core.catalogue import catalogue
from airflow_provider_imagen.core.requests import UpscaleRequest
from airflow_provider_imagen.core.validation.arguments import read_request
from airflow_provider_imagen.core.validation.model_rules import problems_with_model
from airflow_provider_imagen.errors import InvalidInputError

GENERATE = {"model": "imagen-3.0-generate-002", "prompt": "a cat", "output_uri": "gs://bucket/cats/"}
UPSCALE = {
    "model": "imagen-4.0-upscale-preview",
    "image": "gs://bucket/cat.png",
    "output_uri": "gs://bucket/large/",
    "upscale_factor": "x2",
}
ABSENT = object()


def problems(job: dict[str, Any], **arguments: Any) -> tuple[str, ...]:
    check = checked_upscale if "image" in job else checked_generate
    given = {name: value for name, value in {**job, **arguments}.items() if value is not ABSENT}
    with pytest.raises(InvalidInputError) as caught:
        check(given)
    assert all(problem in str(caught.value) for problem in caught.value.problems)
    return caught.value.problems


# Each row: the job, the mistake, then what the text must hold: the value, what is allowed, the next step.
MISTAKES: list[tuple[dict[str, Any], dict[str, Any], tuple[str, str, str]]] = [
    (GENERATE, {"prompt": "  "}, ("prompt is empty", "what the image shows", "check the template")),
    (GENERATE, {"prompt": ["a cat", "a dog"]}, ("a list of 2", "one task takes one", ".expand(prompt=...)")),
    (GENERATE, {"prompt": ABSENT}, ("prompt is missing", "prompt=", "Pass prompt=...")),
    (GENERATE, {"prompt": {"a": 7}}, ("prompt is {'a': 7}", "must be text", "Correct the value or its template")),
    (GENERATE, {"prompt": "cat " * 481}, ("481 words", "at most 480 tokens", "Shorten it")),
    (GENERATE, {"number_of_images": 5}, ("number_of_images is 5", "1 to 4", "Map several tasks")),
    (GENERATE, {"number_of_images": 0}, ("number_of_images is 0", "1 to 4", "Map several tasks")),
    (GENERATE, {"number_of_images": "many"}, ("'many'", "a whole number", "Correct the value or its template")),
    (GENERATE, {"number_of_images": 2.5}, ("2.5", "a whole number", "Correct the value or its template")),
    (GENERATE, {"aspect_ratio": "2:1"}, ("'2:1'", "1:1, 9:16, 16:9, 3:4, 4:3", "another model")),
    (GENERATE, {"negative_prompt": "rain"}, ("'rain'", "these do: imagegeneration@002", "Leave it out or change")),
    (GENERATE, {"language": "en"}, ("'en'", "these do: imagegeneration@006", "Leave it out or change the model")),
    (
        GENERATE,
        {"language": "fr", "model": "imagegeneration@006"},
        ("'fr'", "auto, en, es, hi, ja, ko, pt, zh, zh-CN, zh-TW", "Choose one"),
    ),
    (GENERATE, {"image_size": "2K"}, ("'2K'", "these do: imagen-4.0-generate-001", "Leave it out or change")),
    (GENERATE, {"sample_image_style": "sketch"}, ("'sketch'", "these do: imagegeneration@002", "Leave it out")),
    (
        GENERATE,
        {"sample_image_style": "oil", "model": "imagegeneration@002"},
        ("'oil'", "photograph, digital_art", "Choose one of these"),
    ),
    (GENERATE, {"safety_filter_level": "off"}, ("'off'", "block_low_and_above, block_medium", "Choose one of these")),
    (GENERATE, {"person_generation": "maybe"}, ("'maybe'", "dont_allow, allow_adult, allow_all", "Choose one of")),
    (GENERATE, {"seed": 5}, ("seed is 5 while add_watermark is None", "only without watermark", "add_watermark=False")),
    (GENERATE, {"seed": 0, "add_watermark": False}, ("seed is 0", "1 to 2147483647", "Choose a value in that range")),
    (GENERATE, {"seed": 2**31, "add_watermark": False}, ("2147483648", "1 to 2147483647", "Choose a value in that")),
    (GENERATE, {"enhance_prompt": "perhaps"}, ("'perhaps'", "True or False", "Correct the value or its template")),
    (GENERATE, {"output_mime_type": "image/svg+xml"}, ("'image/svg+xml'", "image/png, image/jpeg", "Choose one of")),
    (GENERATE, {"compression_quality": 75}, ("75 but output_mime_type is None", "image/jpeg only", "or drop it")),
    (
        GENERATE,
        {"compression_quality": 101, "output_mime_type": "image/jpeg"},
        ("compression_quality is 101", "0 to 100", "Choose a value in that range"),
    ),
    (GENERATE, {"guidance_scale": -1}, ("guidance_scale is -1", "0 to 100", "Choose a value in that range")),
    (GENERATE, {"guidance_scale": "nan"}, ("guidance_scale is nan", "0 to 100", "Choose a value in that range")),
    (GENERATE, {"labels": {"Team": "art"}}, ("'Team': 'art'", "lower-case letters", "Rename it")),
    (GENERATE, {"labels": {"team": "art\n"}}, ("'team': 'art\\n'", "lower-case letters", "Rename it")),
    (GENERATE, {"labels": {f"l{i}": "" for i in range(65)}}, ("65 entries", "allowed are 64", "Remove some")),
    (GENERATE, {"labels": {"team": [3]}}, ("{'team': [3]}", "a dict of text to text", "Correct the value")),
    (GENERATE, {"if_exists": "skip"}, ("'skip'", "generate, reuse, fail", "Choose one of these")),
    (GENERATE, {"on_filtered": "ignore"}, ("'ignore'", "fail, skip, warn", "Choose one of these")),
    (GENERATE, {"on_lost": "retry"}, ("'retry'", "fail, resend", "Choose one of these")),
    (GENERATE, {"colour": "red"}, ("colour is no argument", "Allowed: add_watermark", "aspect_ratio")),
    (GENERATE, {"model": "models/imagen"}, ("'models/imagen'", "a bare model id", "Remove anything else")),
    (GENERATE, {"model": "imagen-4.0-generate-001\n"}, ("001\\n'", "a bare model id", "Remove anything else")),
    (GENERATE, {"model": "imagen-4.0-upscale-preview"}, ("upscale-preview'", "does not generate", "Models that do")),
    (GENERATE, {"output_uri": ""}, ("output_uri is empty", "gs://bucket/folder/", "Use gs://")),
    (GENERATE, {"output_uri": None}, ("output_uri is missing", "output_uri=", "Pass output_uri=...")),
    (GENERATE, {"output_uri": "posters/"}, ("'posters/'", "relative path", "Use gs://bucket/folder/")),
    (GENERATE, {"output_uri": "gs://bucket"}, ("'gs://bucket'", "a folder after the bucket", "Use gs://bucket/images")),
    (GENERATE, {"output_uri": "gs://B_/x/"}, ("'gs://B_/x/'", "the form is gs://bucket/folder/", "Correct the bucket")),
    (GENERATE, {"output_uri": "https://x.example/y"}, ("'https://x.example/y'", "web address", "Use gs://")),
    (GENERATE, {"output_uri": " gs://bucket/x/"}, ("' gs://bucket/x/'", "blanks around it", "Use gs://bucket/")),
    (GENERATE, {"output_uri": "/data/../etc"}, ("'/data/../etc'", "'..' are not allowed", "Use gs://bucket/folder")),
    (UPSCALE, {"upscale_factor": "x8"}, ("'x8'", "x2, x3, x4", "Choose one of these")),
    (UPSCALE, {"upscale_factor": 2}, ("upscale_factor is '2'", "x2, x3, x4", "Choose one of these")),
    (UPSCALE, {"upscale_factor": ABSENT}, ("upscale_factor is missing", "upscale_factor=", "Pass upscale_factor=...")),
    (UPSCALE, {"image": "cat.png"}, ("'cat.png'", "gs://bucket/name.png", "Save the image in one of these places")),
    (UPSCALE, {"image": "https://x.example/a.png"}, ("'https://x.example/a.png'", "gs://bucket/name.png", "Save the")),
    (UPSCALE, {"image": "gs://bucket/folder/"}, ("'gs://bucket/folder/'", "gs://bucket/name.png", "Save the image")),
    (UPSCALE, {"image": ["a", "b", "c"]}, ("a list of 3", "one task takes one", ".expand(image=...)")),
    (UPSCALE, {"image_preservation_factor": 1.5}, ("is 1.5", "0 to 1", "Choose a value in that range")),
    (
        UPSCALE,
        {"model": "imagen-3.0-generate-002"},
        ("'imagen-3.0-generate-002'", "does not upscale", "Models that do"),
    ),
    (UPSCALE, {"prompt": "a cat"}, ("prompt is no argument", "Allowed: ", "image_preservation_factor")),
]


@pytest.mark.parametrize(("job", "mistake", "expected"), MISTAKES, ids=[f"{list(m)}-{e[0]}" for _, m, e in MISTAKES])
def test_a_mistake_is_named_with_value_allowed_values_and_next_step(
    job: dict[str, Any], mistake: dict[str, Any], expected: tuple[str, str, str]
) -> None:
    (problem,) = problems(job, **mistake)

    assert next(iter(mistake)) in problem
    assert [part for part in expected if part not in problem] == []


def test_the_jobs_without_a_mistake_are_accepted() -> None:
    checked_generate(GENERATE)
    checked_upscale(UPSCALE)


def test_all_problems_are_named_at_once() -> None:
    found = problems(GENERATE, prompt="", aspect_ratio="2:1", number_of_images=9, output_uri="x", labels={"A": ""})

    assert [problem.split()[0] for problem in sorted(found)] == [
        "aspect_ratio",
        "labels",
        "number_of_images",
        "output_uri",
        "prompt",
    ]


def test_wrong_types_and_broken_rules_are_named_together() -> None:
    found = problems(GENERATE, number_of_images="many", aspect_ratio="2:1", colour="red", output_uri="x")

    assert [problem.split()[0] for problem in sorted(found)] == [
        "aspect_ratio",
        "colour",
        "number_of_images",
        "output_uri",
    ]


@pytest.mark.parametrize("job", [GENERATE, UPSCALE])
def test_a_missing_argument_adds_no_second_problem_of_its_own(job: dict[str, Any]) -> None:
    """What stands in for a missing argument must not be judged as if the author had written it."""
    found = problems(job, **dict.fromkeys(job, ABSENT))

    assert sorted(found) == sorted(f"{name} is missing. Pass {name}=..." for name in job)


def test_a_model_that_nobody_knows_is_judged_by_the_general_rules_only() -> None:
    unknown = {**GENERATE, "model": "imagen-9.0-generate-001"}

    request = checked_generate({**unknown, "aspect_ratio": "7:3", "seed": 3, "image_size": "9K"})
    (problem,) = problems(unknown, aspect_ratio="7:3", person_generation="maybe")

    assert request.aspect_ratio == "7:3"
    assert problem.startswith("person_generation is 'maybe'")


MISSPELT = {**GENERATE, "model": "gemini-nano-bannana-2.1"}
TODAY = date(2026, 11, 22)
FOURTEEN = {
    "prompt": " ",
    "output_uri": "posters/",
    "image_key": "a b",
    "number_of_images": 9,
    "aspect_ratio": "2:1",
    "image_size": "512",
    "seed": 7,
    "add_watermark": False,
    "guidance_scale": 7,
    "sample_image_style": "sketch",
    "person_generation": "maybe",
    "labels": {"Team": "art"},
    "on_lost": "retry",
}


def test_a_misspelt_model_switches_no_check_off() -> None:
    found = problems(MISSPELT, **FOURTEEN)

    assert sorted(problem.split()[0] for problem in found) == sorted(["model", *FOURTEEN])
    typo = "model is 'gemini-nano-bannana-2.1', which is not known. Did you mean gemini-nano-banana-2.1?"
    assert f"{typo} Correct the id." in found


@pytest.mark.parametrize(
    ("wrong", "texts"),
    [
        ({"guidance_scale": 7}, ("asked by generateContent, as 'gemini-5-image' is, accepts guidance_scale",)),
        ({"add_watermark": False}, ("accepts add_watermark",)),
        ({"number_of_images": 9}, ("number_of_images is 9", "makes at most 8 in a request", "Map several tasks")),
        ({"prompt": "cat " * 131_073}, ("131073 words", "every known model of this kind reads at most 131072 tokens")),
        ({"compression_quality": 7, "output_mime_type": "image/png"}, ("it works with image/jpeg only",)),
    ],
    ids=lambda each: str(each)[:40],
)
def test_a_model_that_is_not_known_is_held_against_what_all_of_its_kind_refuse(
    wrong: dict[str, Any], texts: tuple[str, ...]
) -> None:
    (problem,) = problems({**GENERATE, "model": "gemini-5-image"}, **wrong)

    assert [text for text in texts if text not in problem] == []


@pytest.mark.parametrize(
    "arguments",
    [
        {"number_of_images": 8, "aspect_ratio": "7:3", "image_size": "8K", "seed": 7},
        {"add_watermark": True, "language": "ja", "enhance_prompt": False},
        {"compression_quality": 80},
    ],
    ids=str,
)
def test_a_model_that_is_not_known_may_do_what_no_known_one_does(arguments: dict[str, Any]) -> None:
    checked_generate({**GENERATE, "model": "gemini-5-image", **arguments}, TODAY)


@pytest.mark.parametrize(
    ("model", "wrong", "text"),
    [
        (
            "gemini-nano-banana-2.1",
            {"seed": 7},
            "these do: gemini-3.1-flash-image, gemini-3.1-flash-lite-image, gem",
        ),
        (
            "gemini-2.5-flash-image",
            {"image_size": "2K"},
            "these do: gemini-nano-banana-2.1, gemini-3.1-flash-image, g",
        ),
        (
            "gemini-3-pro-image",
            {"guidance_scale": 7},
            "and no model does any more. Say in the prompt what matter",
        ),
        ("gemini-3-pro-image", {"sample_image_style": "sketch"}, "and no model does any more. Say in the prompt which"),
        ("gemini-3-pro-image", {"add_watermark": False}, "and no model does any more. Leave it out: the watermark is"),
        (
            "imagen-4.0-upscale-preview",
            {},
            "Models that do: gemini-nano-banana-2.1, gemini-3.1-flash-image, gemini-3",
        ),
        ("gemini-5-image", {"guidance_scale": 7}, "and no model does any more. Say in the prompt what matter"),
    ],
)
def test_only_living_models_are_recommended(model: str, wrong: dict[str, Any], text: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        checked_generate({**GENERATE, "model": model, **wrong}, TODAY)

    (problem,) = caught.value.problems
    assert text in problem
    retired = [each.id for each in catalogue().models if each.retired_on(TODAY)]
    assert [name for name in retired if name in problem] == []


@pytest.mark.parametrize(
    ("model", "is_jpeg"),
    [
        ("gemini-nano-banana-2.1", True),
        ("gemini-3.1-flash-image", True),
        ("gemini-3.1-flash-lite-image", True),
        ("gemini-3-pro-image", True),
        ("gemini-2.5-flash-image", False),
        ("imagen-4.0-generate-001", False),
    ],
)
def test_a_compression_needs_no_type_where_the_model_answers_jpeg(model: str, *, is_jpeg: bool) -> None:
    if is_jpeg:
        checked_generate({**GENERATE, "model": model, "compression_quality": 80})
    else:
        (problem,) = problems({**GENERATE, "model": model}, compression_quality=80)
        assert f"output_mime_type is None, and {model} answers image/png; it works with image/jpeg only" in problem


def test_where_no_living_model_does_a_job_that_is_said() -> None:
    wrong = {**UPSCALE, "model": "gemini-3-pro-image"}
    rows = tuple(each for each in catalogue().models if each.id != "imagen-4.0-upscale-preview")
    models = catalogue().model_copy(update={"models": rows})
    request, _ = read_request(UpscaleRequest, wrong)

    (problem,) = problems_with_model(request, models.match(request.model, "upscale"), models, TODAY)

    assert problem.endswith("does not upscale images. No model does any more; leave this task out.")
