"""Gemini's answers read as what they are: an image, a refusal, words, nothing, or nothing that is known."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from airflow_provider_imagen.core.protocols import generate_content
from airflow_provider_imagen.core.responses import ImagesResponse
from airflow_provider_imagen.errors import (
    NoImageError,
    PermanentError,
    PromptBlockedError,
    TokenLimitError,
    UnexpectedResponseError,
)

PIXELS = base64.b64encode(b"\xff\xd8\xff pixels").decode()
IMAGE = {"inlineData": {"mimeType": "image/jpeg", "data": PIXELS}}
BLOCKED = [
    "IMAGE_SAFETY",
    "IMAGE_PROHIBITED_CONTENT",
    "IMAGE_RECITATION",
    "PROHIBITED_CONTENT",
    "SAFETY",
    "BLOCKLIST",
    "SPII",
    "RECITATION",
    "MODEL_ARMOR",
]
NOT_MADE = [
    "NO_IMAGE",
    "IMAGE_OTHER",
    "OTHER",
    "MALFORMED_RESPONSE",
    "MALFORMED_FUNCTION_CALL",
    "MALFORMED_IMAGE",
    "UNEXPECTED_TOOL_CALL",
    "LANGUAGE",
]
FEEDBACK = {"blockReason": "SAFETY", "blockReasonMessage": "No. Support code: 58061214"}


def decode(body: bytes) -> ImagesResponse:
    return generate_content.decode(body, 1)


def answer(*parts: dict[str, Any], **candidate: Any) -> bytes:
    return json.dumps({"candidates": [{"content": {"role": "model", "parts": list(parts)}, **candidate}]}).encode()


def test_reads_the_image_and_skips_thoughts() -> None:
    thought = {"inlineData": {"mimeType": "image/png", "data": PIXELS}, "thought": True}
    read = decode(answer({"text": "let me see", "thought": True}, thought, IMAGE, finishReason="STOP"))

    assert [(image.mime_type, image.data) for image in read.images] == [("image/jpeg", b"\xff\xd8\xff pixels")]
    assert read.reasons == ()


def test_keeps_every_image_that_came() -> None:
    assert len(decode(answer(IMAGE, IMAGE)).images) == 2


@pytest.mark.parametrize("finish_reason", BLOCKED)
def test_a_refused_image_is_a_reason_in_words(finish_reason: str) -> None:
    read = decode(answer(finishReason=finish_reason, finishMessage="Blocked. Support code: 42876398"))

    (reason,) = read.reasons
    assert reason.text == f"The image was blocked ({finish_reason}). Blocked. Support code: 42876398"
    assert reason.codes == ("42876398",)
    assert (read.images, read.filtered) == ((), 1)
    assert read.refusal().endswith("Rephrase the prompt.")


@pytest.mark.parametrize(
    ("written", "name"),
    [
        (3, "SAFETY"),
        (3.0, "SAFETY"),
        (4, "RECITATION"),
        (6, "BLOCKLIST"),
        (7, "PROHIBITED_CONTENT"),
        (8, "SPII"),
        (10, "MODEL_ARMOR"),
        ("image_safety", "IMAGE_SAFETY"),
        (["SAFETY"], "SAFETY"),
    ],
)
def test_a_finish_reason_is_read_as_name_and_as_number(written: Any, name: str) -> None:
    assert decode(answer(finishReason=written)).reasons[0].text == f"The image was blocked ({name})."


@pytest.mark.parametrize("finish_reason", [*NOT_MADE, "no_image", 5, 9])
def test_no_image_is_no_filter_and_may_be_asked_for_again(finish_reason: Any) -> None:
    name = {5: "OTHER", 9: "MALFORMED_FUNCTION_CALL"}.get(finish_reason, str(finish_reason).upper())
    with pytest.raises(NoImageError) as caught:
        decode(answer({"text": "Sorry."}, finishReason=finish_reason, finishMessage="An internal error."))

    text = f"The model made no image ({name}). An internal error. The model said: Sorry. Another try may bring one"
    assert str(caught.value).startswith(text)
    assert not isinstance(caught.value, PermanentError)
    assert "Rephrase" not in str(caught.value)


@pytest.mark.parametrize("finish_reason", ["A_REASON_OF_TOMORROW", 99, "x" * 10_000])
def test_an_unknown_reason_is_called_unknown_and_not_blocked(finish_reason: Any) -> None:
    with pytest.raises(NoImageError, match="for a reason that this provider does not know") as caught:
        decode(answer(finishReason=finish_reason))

    assert str(finish_reason).upper()[:20] in str(caught.value)
    assert "blocked" not in str(caught.value)
    assert len(str(caught.value)) < 400
    assert not isinstance(caught.value, PermanentError)


@pytest.mark.parametrize("finish_reason", ["MAX_TOKENS", "CONTINUATION", 2])
def test_a_token_limit_is_reached_again_by_the_same_request(finish_reason: Any) -> None:
    with pytest.raises(TokenLimitError, match="token limit before the image was complete"):
        decode(answer({"text": "A bo"}, finishReason=finish_reason))
    assert issubclass(TokenLimitError, NoImageError)
    assert issubclass(TokenLimitError, PermanentError)


@pytest.mark.parametrize(
    "body",
    [
        answer(finishReason="STOP"),
        answer({}, finishReason="STOP"),
        answer({"text": ""}, finishReason=1),
        answer({"text": "let me see", "thought": True}, finishReason="STOP"),
        answer({"inlineData": {"mimeType": "image/png", "data": ""}}, finishReason="STOP"),
        answer({"inlineData": None}, finishReason="STOP"),
        answer(),
        b'{"candidates": [{"content": null, "finishReason": "STOP"}]}',
        b'{"candidates": [{"content": {"parts": null}, "finishReason": "FINISH_REASON_UNSPECIFIED"}]}',
        b'{"candidates": null, "usageMetadata": {"totalTokenCount": 12}}',
        b'{"candidates": [], "modelVersion": "gemini"}',
        b'{"candidates": null, "promptFeedback": {}}',
        b'{"candidates": [{"index": 0}], "promptFeedback": {"safetyRatings": []}}',
    ],
    ids=lambda body: body.decode()[:90],
)
def test_an_empty_answer_of_google_s_may_be_asked_for_again(body: bytes) -> None:
    with pytest.raises(NoImageError, match=r"made no image and gave no reason: Google's answer is empty\. Another try"):
        decode(body)


@pytest.mark.parametrize("finish_reason", ["STOP", 1, None, "FINISH_REASON_UNSPECIFIED"])
@pytest.mark.parametrize("content", [None, {"parts": []}])
def test_what_google_says_beside_no_reason_is_shown(finish_reason: Any, content: Any) -> None:
    candidate = {"content": content, "finishReason": finish_reason, "finishMessage": "An internal error."}
    with pytest.raises(NoImageError, match=r"gave no reason: An internal error\. Another try") as caught:
        decode(json.dumps({"candidates": [candidate]}).encode())

    assert not isinstance(caught.value, PermanentError)


@pytest.mark.parametrize(
    "reason", ["SAFETY", "OTHER", "BLOCKLIST", "PROHIBITED_CONTENT", "IMAGE_SAFETY", "JAILBREAK", "model_armor"]
)
def test_a_blocked_prompt_is_refused_with_google_s_message(reason: str) -> None:
    with pytest.raises(PromptBlockedError) as caught:
        decode(json.dumps({"promptFeedback": {**FEEDBACK, "blockReason": reason}}).encode())

    said = f"The prompt was blocked ({reason.upper()}). No. Support code: 58061214 [58061214: Child]"
    assert str(caught.value) == f"{said} Rephrase the prompt."
    assert caught.value.codes == ("58061214",)


@pytest.mark.parametrize(
    ("beside", "text"),
    [
        ({"candidates": None}, "blocked (SAFETY)"),
        ({"candidates": []}, "blocked (SAFETY)"),
        ({"candidates": [{"index": 0}]}, "blocked (SAFETY)"),
        ({"candidates": [{"content": None, "finishReason": "OTHER"}]}, "blocked (SAFETY)"),
        ({"candidates": [{"content": {"parts": [{"text": "No."}]}, "finishReason": "STOP"}]}, "blocked (SAFETY)"),
        ({"promptFeedback": {"blockReasonMessage": "Not this."}}, "The prompt was blocked. Not this."),
        ({"promptFeedback": {"blockReason": None, "blockReasonMessage": "Not this."}}, "blocked. Not this."),
        ({"promptFeedback": {"blockReason": 4}}, "blocked (PROHIBITED_CONTENT)."),
        ({"promptFeedback": {"blockReason": 77}}, "blocked (77)."),
        ({"promptFeedback": [{"blockReason": "OTHER"}]}, "blocked (OTHER)."),
    ],
)
def test_a_blocked_prompt_is_seen_whatever_stands_beside_it(beside: dict[str, Any], text: str) -> None:
    with pytest.raises(PromptBlockedError) as caught:
        decode(json.dumps({"promptFeedback": FEEDBACK, **beside}).encode())

    assert text in str(caught.value)


@pytest.mark.parametrize("feedback", [None, {}, {"blockReason": None}, {"safetyRatings": []}, {"blockReason": 0}, "x"])
@pytest.mark.parametrize("content", [None, {}, {"parts": None}, {"parts": []}, {"parts": [None]}])
def test_null_and_absent_are_the_same(content: Any, feedback: Any) -> None:
    candidate = {"content": content, "finishReason": "IMAGE_SAFETY", "finishMessage": None}
    read = decode(json.dumps({"candidates": [candidate, None], "promptFeedback": feedback}).encode())

    assert [reason.text for reason in read.reasons] == ["The image was blocked (IMAGE_SAFETY)."]


@pytest.mark.parametrize("finish_reason", ["STOP", 1, None, "FINISH_REASON_UNSPECIFIED"])
def test_words_instead_of_an_image_are_quoted(finish_reason: Any) -> None:
    read = decode(answer({"text": "I would rather not. " * 100}, finishReason=finish_reason))

    assert read.reasons[0].text.startswith("The model answered with words instead of an image: I would rather not.")
    assert len(read.reasons[0].text) < 400
    assert read.refusal().startswith("The image was not made. The model answered with words")
    assert "Rephrase" not in read.refusal()


def test_words_beside_a_blocked_image_do_not_hide_the_block() -> None:
    read = decode(answer({"text": "Here it is."}, finishReason="IMAGE_SAFETY"))

    assert read.reasons[0].text == "The image was blocked (IMAGE_SAFETY)."


def test_a_thought_is_the_image_only_where_no_other_came() -> None:
    first = {"inlineData": {"mimeType": "image/jpeg", "data": base64.b64encode(b"\xff\xd8\xff draft").decode()}}
    drafts = [{**first, "thought": True}, {**IMAGE, "thought": True}]

    assert [image.data for image in decode(answer(*drafts, finishReason="STOP")).images] == [b"\xff\xd8\xff pixels"]
    assert "marked this image as a thought" in str(decode(answer(*drafts)).images[0].remark)
    assert [image.data for image in decode(answer(*drafts, first)).images] == [b"\xff\xd8\xff draft"]
    assert decode(answer(*drafts, finishReason="IMAGE_SAFETY")).images == ()


def test_an_array_of_answers_is_read_as_one() -> None:
    one = json.loads(answer(IMAGE, finishReason="STOP"))

    for body in ([one], [{"candidates": [{"content": {"role": "model"}}]}, one], [[one]]):
        assert len(decode(json.dumps(body).encode()).images) == 1


@pytest.mark.parametrize(
    "body",
    [
        b"<html>",
        b"[]",
        b"{}",
        b'{"error": {"code": 500}}',
        b'{"candidates": []}',
        b'{"candidates": [{}]}',
        b'{"candidates": null}',
        b'{"candidates": [{"content": {"parts": [{"inlineData": {"mimeType": "image/png", "data": "!"}}]}}]}',
        b'{"candidates": [{"content": {"parts": [{"inlineData": {"mimeType": "image/png", "data": ""}}]}}]}',
    ],
)
def test_an_answer_of_unknown_shape_says_so(body: bytes) -> None:
    with pytest.raises(UnexpectedResponseError, match="Google answered 200 with"):
        decode(body)


def test_an_unexpected_answer_shows_keys_and_types_and_no_values() -> None:
    strange = {"choices": [{"url": "planted", "b64": None}], "planted key 1": "planted", "ok": True, "n": 7, "e": ""}
    with pytest.raises(UnexpectedResponseError) as caught:
        decode(json.dumps(strange).encode())

    shape = "{choices: [{url: string, b64: null}], (13 characters): string, ok: boolean, n: number, e: empty string}"
    assert shape in str(caught.value)
    assert "planted" not in str(caught.value)
