"""Lines of a job's results, judged as online answers are."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_imagen.core.batch.job_answers import LineAnswer, decode_line
from airflow_provider_imagen.core.batch.job_lines import LineKey
from airflow_provider_imagen.errors import (
    NoImageError,
    PermissionDeniedError,
    PromptBlockedError,
    QuotaExceededError,
    RequestRejectedError,
    ServerError,
    UnexpectedResponseError,
)

PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)
KEY = "r2-0123abcd"


def answer(**fields: Any) -> LineAnswer:
    return decode_line(json.dumps({"key": KEY, "status": "", **fields}).encode() + b"\n")


def response(*parts: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"candidates": [{"content": {"role": "model", "parts": list(parts)}, **fields}], "modelVersion": "m"}


def image(**fields: Any) -> dict[str, Any]:
    return {"inlineData": {"mimeType": "image/png", "data": base64.b64encode(PNG).decode()}, **fields}


def test_an_image_is_the_image_of_its_line() -> None:
    found = answer(request={"contents": None}, response=response(image(), finishReason="STOP"))

    assert found.key == LineKey(2, "0123abcd")
    assert found.has_image
    assert found.response is not None
    assert found.response.images[0].data == PNG


def test_a_draft_is_passed_over() -> None:
    found = answer(response=response(image(thought=True), image()))

    assert found.response is not None
    assert len(found.response.images) == 1


@pytest.mark.parametrize(
    ("status", "error", "said"),
    [
        (
            'Bad Request: {"error": {"code": 400, "message": "no such ratio", "status": "INVALID_ARGUMENT"}}',
            RequestRejectedError,
            "no such ratio",
        ),
        ('{"code": 3, "message": "no such ratio"}', RequestRejectedError, "no such ratio"),
        ('Forbidden: {"error": {"code": 7, "message": "no right"}}', PermissionDeniedError, "service agent"),
        ('{"error": {"code": 429, "message": "busy", "status": "RESOURCE_EXHAUSTED"}}', QuotaExceededError, "busy"),
        (
            'Timeout: {"error": {"code": 4, "message": "Request deadline exceeded before prefill finished"}}',
            ServerError,
            "prefill",
        ),
        ("Request deadline exceeded before prefill finished", ServerError, "prefill"),
        ("Broken: {not json", ServerError, "{not json"),
        ('{"error": "words"}', ServerError, "words"),
        ('{"error": {"code": 99999, "message": "odd"}}', ServerError, "odd"),
    ],
)
def test_the_status_of_a_line_is_read_like_an_error_of_google(status: str, error: type[Exception], said: str) -> None:
    found = answer(status=status, response={})

    assert type(found.failure) is error
    assert said in str(found.failure)
    assert not found.has_image


def test_a_blocked_prompt_is_refused_as_it_is_online() -> None:
    found = answer(response={"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}, "modelVersion": "m"})

    assert isinstance(found.failure, PromptBlockedError)


def test_a_blocked_image_is_filtered_as_it_is_online() -> None:
    found = answer(response=response(finishReason="IMAGE_SAFETY"))

    assert found.response is not None
    assert found.response.filtered == 1
    assert "IMAGE_SAFETY" in found.response.why()


def test_an_answer_without_image_and_reason_is_worth_another_try() -> None:
    assert isinstance(answer(response=response(finishReason="NO_IMAGE")).failure, NoImageError)


@pytest.mark.parametrize("empty", [{}, None, []])
def test_a_line_with_neither_status_nor_response_is_worth_another_try(empty: Any) -> None:
    assert isinstance(answer(response=empty).failure, ServerError)


@pytest.mark.parametrize("line", [b"", b"[]", b"{", b"null", b"\xff\xfe"])
def test_a_line_that_is_none_is_an_error_about_no_line(line: bytes) -> None:
    found = decode_line(line)

    assert found.key is None
    assert isinstance(found.failure, UnexpectedResponseError)


json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(("key", "status", "request", "response"), json_values)))
def test_whatever_a_line_holds_the_next_one_is_read(fields: dict[str, Any]) -> None:
    found = decode_line(json.dumps(fields).encode())

    assert (found.response is None) != (found.failure is None)
