"""What a ``:generateContent`` answers: one real picture, in Gemini's envelope, after thoughts that are none."""

from __future__ import annotations

import base64
import io
import re
from typing import Any

import pytest
from PIL import Image

from airflow_provider_imagen.emulator.generate_content_limits import pixels

NEWEST, FLASH, LITE = "gemini-nano-banana-2.1", "gemini-3.1-flash-image", "gemini-3.1-flash-lite-image"
PRO, OLD = "gemini-3-pro-image", "gemini-2.5-flash-image"
ALL = [NEWEST, FLASH, LITE, PRO, OLD]
THINKERS = [NEWEST, FLASH, PRO]
CLASSIC = ["1:1", "3:2", "2:3", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9"]
LONG = ["1:4", "4:1", "1:8", "8:1"]
RATIOS = {NEWEST: [*CLASSIC, "9:21", *LONG], FLASH: [*CLASSIC, "9:21", *LONG], LITE: [*CLASSIC, *LONG], PRO: CLASSIC}
TOKENS = [
    (NEWEST, {"1K": 1120, "2K": 1680, "4K": 3780}),
    (FLASH, {"512": 747, "1K": 1120, "2K": 1680, "4K": 2520}),
    (LITE, {"1K": 1120}),
    (PRO, {"1K": 1120, "2K": 1120, "4K": 2000}),
]


def ask(google: Any, model: str = PRO, *, version: str = "v1", prompt: str = "a red boat", **config: Any) -> Any:
    body = {
        "contents": [{"role": "user", "parts": [{"text": prompt}]}],
        "generationConfig": {"responseModalities": ["IMAGE"], **config},
    }
    answer = google.post(
        f"/{version}/projects/p/locations/global/publishers/google/models/{model}:generateContent", body
    )
    assert answer.status == 200, answer.body
    return answer.json


def parts_of(answer: Any, *, thoughts: bool = False) -> list[dict[str, Any]]:
    (candidate,) = answer["candidates"]
    return [part for part in candidate["content"]["parts"] if part.get("thought", False) == thoughts]


def picture_of(answer: Any) -> dict[str, str]:
    (part,) = parts_of(answer)
    return dict(part["inlineData"])


def decoded(data: dict[str, str]) -> Image.Image:
    image = Image.open(io.BytesIO(base64.b64decode(data["data"], validate=True)))
    image.load()
    return image


@pytest.mark.parametrize("version", ["v1", "v1beta1"])
@pytest.mark.parametrize("model", ALL)
def test_one_candidate_holds_one_picture(google: Any, model: str, version: str) -> None:
    answer = ask(google, model, version=version)

    assert answer.keys() == {"candidates", "usageMetadata", "modelVersion", "createTime", "responseId"}
    (candidate,) = answer["candidates"]
    assert (candidate["finishReason"], candidate["content"]["role"]) == ("STOP", "model")
    assert decoded(picture_of(answer)).size == (1024, 1024)
    assert answer["modelVersion"] == model
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", answer["createTime"])


def test_each_answer_has_an_id_of_its_own(google: Any) -> None:
    assert len({ask(google)["responseId"] for _ in range(3)}) == 3


@pytest.mark.parametrize("model", ALL)
def test_a_model_that_thinks_sends_words_and_a_small_draft_before_the_picture(google: Any, model: str) -> None:
    answer = ask(google, model)

    thoughts = parts_of(answer, thoughts=True)
    assert answer["candidates"][0]["content"]["parts"][: len(thoughts)] == thoughts
    assert [each.keys() - {"thought"} for each in thoughts] == ([{"text"}, {"inlineData"}] if model in THINKERS else [])
    assert ("thoughtSignature" in parts_of(answer)[0]) == (model in THINKERS)
    assert ("thoughtsTokenCount" in answer["usageMetadata"]) == (model in THINKERS)
    if thoughts:
        assert decoded(thoughts[1]["inlineData"]).size == (256, 256)


@pytest.mark.parametrize("model", [PRO, OLD])
def test_words_come_along_when_they_are_asked_for(google: Any, model: str) -> None:
    answer = ask(google, model, responseModalities=["TEXT", "IMAGE"])

    words, picture = parts_of(answer)
    assert "a red boat" in words["text"]
    assert decoded(picture["inlineData"]).size == (1024, 1024)


@pytest.mark.parametrize(("model", "ratio"), [(model, ratio) for model, ratios in RATIOS.items() for ratio in ratios])
def test_a_picture_has_the_asked_shape(google: Any, model: str, ratio: str) -> None:
    width, height = decoded(picture_of(ask(google, model, imageConfig={"aspectRatio": ratio}))).size

    wide, high = map(int, ratio.split(":"))
    assert width * height == pytest.approx(1024 * 1024, rel=0.1)
    assert abs(width - height * wide / high) <= 16 * max(1, wide / high)
    assert (width % 16, height % 16) == (0, 0)


@pytest.mark.parametrize(("size", "times"), [("512", 0.5), ("1K", 1), ("2K", 2), ("4K", 4)])
@pytest.mark.parametrize("ratio", ["1:1", "16:9", "1:8"])
def test_a_size_multiplies_both_sides(google: Any, ratio: str, size: str, times: float) -> None:
    image = decoded(picture_of(ask(google, FLASH, imageConfig={"aspectRatio": ratio, "imageSize": size})))

    width, height = pixels(ratio, "1K")
    assert image.size == (width * times, height * times)


@pytest.mark.parametrize(("model", "size", "tokens"), [(m, size, n) for m, each in TOKENS for size, n in each.items()])
def test_a_picture_costs_what_its_size_costs(google: Any, model: str, size: str, tokens: int) -> None:
    usage = ask(google, model, imageConfig={"imageSize": size})["usageMetadata"]

    assert usage["candidatesTokensDetails"] == [{"modality": "IMAGE", "tokenCount": tokens}]
    assert (usage["promptTokenCount"], usage["candidatesTokenCount"]) == (3, tokens)
    assert usage["totalTokenCount"] == 3 + tokens + usage.get("thoughtsTokenCount", 0)
    assert usage["trafficType"] == "ON_DEMAND"


def test_the_oldest_model_has_one_size_and_one_price(google: Any) -> None:
    assert ask(google, OLD)["usageMetadata"]["candidatesTokenCount"] == 1290


@pytest.mark.parametrize("model", ALL)
@pytest.mark.parametrize("mime_type", [None, "image/png", "image/jpeg"])
def test_a_picture_is_jpeg_and_the_oldest_models_png_by_default(google: Any, model: str, mime_type: str | None) -> None:
    options = {"imageOutputOptions": {"mimeType": mime_type}} if mime_type else {}

    picture = picture_of(ask(google, model, imageConfig=options))

    wanted = mime_type or ("image/png" if model == OLD else "image/jpeg")
    assert (picture["mimeType"], f"image/{(decoded(picture).format or '').lower()}") == (wanted, wanted)


def test_a_lower_quality_makes_a_smaller_jpeg_and_75_is_the_default(google: Any) -> None:
    def encoded(**options: int) -> str:
        return picture_of(ask(google, seed=7, imageConfig={"imageOutputOptions": options}))["data"]

    by_quality = {quality: encoded(compressionQuality=quality) for quality in (0, 30, 75, 100)}

    lengths = [len(each) for each in by_quality.values()]
    assert lengths == sorted(set(lengths))
    assert encoded() == by_quality[75]


@pytest.mark.parametrize("model", [PRO, OLD])
def test_the_same_seed_makes_the_same_bytes(google: Any, model: str) -> None:
    first, second = (ask(google, model, seed=7)["candidates"] for _ in range(2))

    assert first == second
    assert picture_of(ask(google, model, seed=8)) != picture_of(ask(google, model, seed=7))


@pytest.mark.parametrize("model", ALL)
def test_without_seed_each_request_makes_another_picture(google: Any, model: str) -> None:
    assert len({picture_of(ask(google, model))["data"] for _ in range(3)}) == 3


def test_the_body_that_googles_own_sdk_sends_is_taken(google: Any) -> None:
    body = {  # captured from google-genai 3.4.0, without outputConfig
        "contents": [{"role": "user", "parts": [{"text": "a cat"}]}],
        "systemInstruction": {"parts": [{"text": "s"}]},
        "safetySettings": [{"category": "HARM_CATEGORY_DANGEROUS_CONTENT", "threshold": "BLOCK_ONLY_HIGH"}],
        "labels": {"team": "x"},
        "generationConfig": {
            "responseModalities": ["IMAGE"],
            "candidateCount": 1,
            "seed": 5,
            "thinkingConfig": {"thinking_level": "MINIMAL"},
            "imageConfig": {
                "aspectRatio": "16:9",
                "imageSize": "2K",
                "personGeneration": "ALLOW_ADULT",
                "prominentPeople": "BLOCK_PROMINENT_PEOPLE",
                "imageOutputOptions": {"mimeType": "image/jpeg", "compressionQuality": 80},
            },
        },
    }

    answer = google.post(f"/v1beta1/projects/p/locations/global/publishers/google/models/{FLASH}:generateContent", body)

    assert decoded(picture_of(answer.json)).size == (2720, 1536)


def test_snake_case_single_objects_and_nulls_are_read_as_google_reads_them(google: Any) -> None:
    body = {
        "contents": {"role": "USER", "parts": {"text": "a cat"}},
        "system_instruction": None,
        "generation_config": {"response_modalities": ["IMAGE"], "image_config": {"aspect_ratio": "3:4"}},
    }

    answer = google.post(f"/v1/projects/p/locations/global/publishers/google/models/{LITE}:generateContent", body)

    assert decoded(picture_of(answer.json)).size == (880, 1184)


@pytest.mark.parametrize("model", ALL)
def test_a_look_up_finds_the_model(google: Any, emulator: Any, model: str) -> None:
    found = google.get(f"/v1/publishers/google/models/{model}")
    emulator.retire(model)

    assert (found.status, found.json["name"]) == (200, f"publishers/google/models/{model}")
    assert found.json["launchStage"] == "GA"
    assert google.get(f"/v1/publishers/google/models/{model}").status == 404


def test_the_caption_is_what_the_user_said(google: Any) -> None:
    turns = [("user", "a red boat"), ("model", "Here is your picture"), ("user", "now in blue"), (None, "at night")]
    contents = [{"role": role, "parts": [{"text": text}]} for role, text in turns]
    config = {"responseModalities": ["TEXT", "IMAGE"]}
    path = "/v1/projects/p/locations/global/publishers/google/models/gemini-2.5-flash-image:generateContent"

    answer = google.post(path, {"contents": contents, "generationConfig": config}).json
    text = answer["candidates"][0]["content"]["parts"][0]["text"]
    assert text == "Here is your picture: a red boat\nnow in blue\nat night"
