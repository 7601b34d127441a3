"""Requests as lines of a file that the importer takes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_imagen.core.batch.importer_rules import ImporterSchema, problem_with_label
from airflow_provider_imagen.core.batch.job_lines import (
    MOST_BYTES,
    MOST_LINES,
    FileSize,
    LineKey,
    encode_line,
    key_of_answer,
    line_key,
    read_key,
)
from airflow_provider_imagen.core.protocols.generate_content import encode
from airflow_provider_imagen.core.requests import GenerateRequest
from airflow_provider_imagen.errors import InvalidInputError

FINGERPRINT = "0123456789abcdef" * 4


def body_of(**arguments: Any) -> dict[str, Any]:
    given = {"model": "gemini-3.1-flash-image", "prompt": "a cat", "output_uri": "gs://bucket/x/", **arguments}
    return encode(GenerateRequest(**given))


def line_of(body: dict[str, Any], line: int = 1) -> dict[str, Any]:
    encoded = encode_line(line_key(line, FINGERPRINT), body, ImporterSchema())
    assert encoded.endswith(b"\n")
    assert encoded.count(b"\n") == 1
    return json.loads(encoded)


def test_the_key_stands_beside_the_request_and_in_its_labels() -> None:
    line = line_of(body_of(labels={"team": "ads"}), 12)

    assert line["key"] == "r12-01234567"
    assert line["request"]["labels"] == {"team": "ads", "imagen_line": "r12-01234567"}
    assert line["request"]["contents"] == [{"role": "user", "parts": [{"text": "a cat"}]}]


def test_a_search_is_written_with_a_field_that_excludes_nothing() -> None:
    line = line_of({**body_of(), "tools": [{"googleSearch": {}}]})

    assert line["request"]["tools"] == [{"googleSearch": {"excludeDomains": ["example.invalid"]}}]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"generationConfig": {}}, "request.generationConfig is an object without fields"),
        (
            {"contents": [{"parts": []}, {"parts": [{"blob": {}}]}]},
            "request.contents[].parts[].blob is an object without",
        ),
        ({"generation_config": {"seed": 1}}, "request.generation_config has a name"),
        ({"labels": {"cost-center": "x"}}, "request.labels.cost-center has a name"),
        ({"contents": [[{"text": "a"}]]}, "request.contents is a list of lists"),
        (
            {"contents": [{"parts": [{"text": "a"}]}, {"parts": "b"}]},
            "request.contents[].parts is text here and a list",
        ),
    ],
)
def test_what_the_importer_refuses_is_refused_before_it(body: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        line_of(body)

    assert said in str(caught.value)


def test_a_field_has_one_type_in_all_lines_of_a_file() -> None:
    schema = ImporterSchema()
    encode_line(line_key(1, FINGERPRINT), {"generationConfig": {"seed": 7}}, schema)
    encode_line(line_key(2, FINGERPRINT), {"generationConfig": {"seed": 7.5}}, schema)

    with pytest.raises(InvalidInputError, match=r"line 3 .*request.generationConfig.seed is text here and a number"):
        encode_line(line_key(3, FINGERPRINT), {"generationConfig": {"seed": "7"}}, schema)


words = st.text(max_size=40)
requests = st.fixed_dictionaries(
    {},
    optional={
        "prompt": st.text(min_size=1, max_size=60).filter(lambda text: text.strip() not in {"", "None"}),
        "negative_prompt": words,
        "aspect_ratio": st.sampled_from(["1:1", "16:9", ""]),
        "seed": st.one_of(st.none(), st.integers(1, 2**31 - 1), st.just("7")),
        "person_generation": st.sampled_from(["dont_allow", "allow_all", None]),
        "safety_filter_level": st.sampled_from(["block_most", "", None]),
        "output_mime_type": st.sampled_from(["image/png", "image/jpeg", None]),
        "compression_quality": st.sampled_from([80, "80", None]),
        "labels": st.dictionaries(
            st.from_regex(r"[a-z][a-z0-9_]{0,5}", fullmatch=True), st.text("abc-1", max_size=5), max_size=2
        ),
        "number_of_images": st.integers(1, 4),
    },
)


@given(st.lists(requests, min_size=1, max_size=8))
def test_whatever_tasks_ask_for_is_one_file_that_the_importer_takes(tables: list[dict[str, Any]]) -> None:
    schema, checked = ImporterSchema(), ImporterSchema()
    for line, arguments in enumerate(tables, 1):
        encoded = encode_line(line_key(line, FINGERPRINT), body_of(**arguments), schema)
        read = json.loads(encoded)

        assert b"{}" not in encoded
        assert checked.problems_with(read) == []
        assert key_of_answer(read) == LineKey(line, "01234567")


@pytest.mark.parametrize(
    ("answer", "key"),
    [
        ({"key": "r3-01234567"}, LineKey(3, "01234567")),
        ({"request": {"labels": {"imagen_line": "r3-01234567"}}}, LineKey(3, "01234567")),
        (
            {"key": None, "request": {"contents": None, "labels": {"imagen_line": "r3-01234567"}}},
            LineKey(3, "01234567"),
        ),
        ({"key": 7, "request": {"labels": None}}, None),
        ({"key": "r3-0123"}, None),
        ({"key": "r0-01234567"}, None),
        ({"request": "text"}, None),
        ({}, None),
    ],
)
def test_an_answer_is_told_by_its_key_or_its_label_and_never_by_its_place(answer: Any, key: LineKey | None) -> None:
    assert key_of_answer(answer) == key


def test_a_key_is_read_as_it_was_written() -> None:
    key = line_key(200_000, FINGERPRINT)

    assert read_key(str(key)) == key
    assert len(str(key)) <= 63


def test_a_file_is_full_at_googles_limits() -> None:
    assert FileSize(MOST_LINES - 1, 0).has_room_for(b"x")
    assert not FileSize(MOST_LINES, 0).has_room_for(b"x")
    assert FileSize(1, MOST_BYTES - 1).has_room_for(b"x")
    assert not FileSize(1, MOST_BYTES).has_room_for(b"x")
    assert FileSize(1, 5).plus(b"abc") == FileSize(2, 8)


@pytest.mark.parametrize(
    ("key", "is_allowed"), [("team", True), ("cost_center", True), ("cost-center", False), ("1a", False)]
)
def test_labels_are_columns_of_the_file(key: str, is_allowed: bool) -> None:
    assert (problem_with_label(key) is None) is is_allowed
