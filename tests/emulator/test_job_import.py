"""The input of a batch prediction job is imported by the rules of a table."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from airflow_provider_imagen.emulator import Fault, JobOrder, job_import
from airflow_provider_imagen.emulator.job_import import Column, ImportRefusedError, read_lines

NUMERIC = {"key": "000001", "place": "7", "share": "0.5", "name": "r1", "empty": None}


def nested(levels: int) -> dict[str, Any]:
    value: dict[str, Any] = {"a": 1}
    for _ in range(levels - 1):
        value = {"a": value}
    return value


def message_of(batches: Any, lines: list[Any]) -> str:
    job = batches.run(lines)
    assert (job["state"], job["error"]["code"]) == ("JOB_STATE_FAILED", 3)
    assert job["completionStats"] == {"incompleteCount": "-1"}
    assert "outputInfo" not in job
    start, _, reason = job["error"]["message"].partition(". ")
    assert start == "Failed to import data"
    return str(reason)


@pytest.mark.parametrize(
    ("first", "second", "reason"),
    [
        ({"tools": [{"googleSearch": {}}]}, {}, "Cannot store struct 'request.tools.googleSearch' with no fields."),
        ({"generationConfig": {}}, {}, "Cannot store struct 'request.generationConfig' with no fields."),
        ({"labels": {}}, {"labels": {"a": "b"}}, "Cannot store struct 'request.labels' with no fields."),
        ({"contents": {"parts": []}}, {}, "Field 'request.contents' is a list in one line and a single value in"),
        ({"x": 1}, {"x": "one"}, "Field 'request.x' has values of the types number and text."),
        ({"x": True}, {"x": 1}, "Field 'request.x' has values of the types boolean and number."),
        ({"x": [1, "one"]}, {}, "Field 'request.x' has values of the types number and text."),
        ({"x": [[1]]}, {}, "Field 'request.x' has a list or null in a list."),
        ({"x": [None]}, {}, "Field 'request.x' has a list or null in a list."),
        ({"labels": {"cost-center": "1"}}, {}, "Invalid field name 'request.labels.cost-center'"),
        ({"labels": {"1st": "1"}}, {}, "Invalid field name 'request.labels.1st'"),
        ({"systemInstruction": {"a": 1}}, {"system_instruction": {"a": 1}}, "Field 'request.system_instruction' is"),
        ({"x": {"Team": 1}}, {"x": {"team": 1}}, "Field 'request.x.team' is spelt 'Team' elsewhere."),
        ({"x": nested(15)}, {}, f"Field 'request.x{14 * '.a'}' is nested more than 15 levels deep."),
    ],
)
def test_what_a_table_does_not_take_fails_the_whole_job(
    batches: Any, emulator: Any, first: dict[str, Any], second: dict[str, Any], reason: str
) -> None:
    lines = [batches.line(), batches.line(**first), batches.line(**second)]

    assert message_of(batches, lines).startswith(reason)
    assert emulator.accepted == 0
    assert emulator.list_objects("bucket", "out/") == []


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ([], "The input has no requests."),
        (["", " "], "The input has no requests."),
        (["{"], "Line 1 is not JSON: "),
        (['{"key": "a", "request": {"a": 1}}', "[]"], "Line 2 is no object with a field 'request'"),
        (['{"contents": []}'], "Line 1 is no object with a field 'request'"),
    ],
)
def test_what_is_no_input_fails_the_job(batches: Any, lines: list[str], reason: str) -> None:
    assert message_of(batches, lines).startswith(reason)


@pytest.mark.parametrize(
    "request_",
    [
        {"tools": [{"googleSearch": {"excludeDomains": ["example.invalid"]}}]},
        {"tools": [{"googleSearch": {"timeRangeFilter": None}}]},
        {"labels": {"af_row": "r1"}},
    ],
)
def test_what_a_table_takes_is_imported(batches: Any, request_: dict[str, Any]) -> None:
    job = batches.run([batches.line(), batches.line(**request_)])

    assert job["completionStats"] == {"successfulCount": "2"}


def test_fifteen_levels_are_imported() -> None:
    def imported(levels: int) -> list[bytes]:
        return list(read_lines([json.dumps({"request": nested(levels)}).encode()], Column()))

    assert len(imported(15)) == 1
    with pytest.raises(ImportRefusedError, match="more than 15 levels"):
        imported(16)


def test_what_stands_beside_the_request_and_looks_like_a_number_comes_back_as_one(batches: Any) -> None:
    (result,) = batches.results(batches.run([{**batches.line("42"), **NUMERIC}]))

    assert {name: result[name] for name in NUMERIC} == {
        "key": 1,
        "place": 7,
        "share": 0.5,
        "name": "r1",
        "empty": None,
    }
    assert result["request"]["contents"][0]["parts"] == [{"text": "42"}]


def test_one_text_that_is_no_number_keeps_all_of_its_key(batches: Any) -> None:
    results = batches.results(batches.run([batches.line(key="000001"), batches.line(key="r2")]))

    assert {result["key"] for result in results} == {"000001", "r2"}


def test_fields_of_other_lines_are_null_in_a_result(batches: Any) -> None:
    with_file = batches.line(key="r1")
    with_file["request"]["contents"][0]["parts"] = [
        {"text": "on a beach"},
        {"inlineData": {"mimeType": "image/png", "data": "eA=="}},
    ]

    results = {result["key"]: result for result in batches.results(batches.run([batches.line(), with_file]))}

    assert results[None]["request"]["contents"][0]["parts"] == [{"text": "a red boat", "inlineData": None}]
    assert results["r1"]["request"]["contents"][0]["parts"][0] == {"text": "on a beach", "inlineData": None}
    assert results[None]["status"] == ""


def test_an_input_may_be_several_files_and_wildcards(batches: Any) -> None:
    for name in ("in/a.jsonl", "in/b.jsonl", "in/c.txt", "more.jsonl"):
        batches.write([batches.line(key=name)], name)
    uris = {"uris": ["gs://bucket/in/*.jsonl", "gs://bucket/more.jsonl"]}

    job = batches.ended(batches.create(inputConfig={"instancesFormat": "jsonl", "gcsSource": uris}))

    keys = {result["key"] for result in batches.results(job)}
    assert keys == {"in/a.jsonl", "in/b.jsonl", "more.jsonl"}


@pytest.mark.parametrize("uri", ["gs://bucket/none.jsonl", "gs://bucket/none*.jsonl"])
def test_an_input_that_is_not_there_fails_the_job(batches: Any, uri: str) -> None:
    job = batches.ended(batches.create(inputConfig={"instancesFormat": "jsonl", "gcsSource": {"uris": [uri]}}))

    assert job["error"] == {"code": 3, "message": f"Failed to import data. Not found: {uri}"}


def test_an_input_that_the_service_agent_may_not_read_fails_the_job(batches: Any, emulator: Any) -> None:
    job = batches.create(batches.lines(1))
    emulator.order_fault(Fault("download", bucket_state="write_only"))

    assert batches.ended(job)["error"]["code"] == 7


def test_two_hundred_thousand_lines_are_the_most() -> None:
    def lines(count: int) -> Iterator[bytes]:
        return (b'{"request": {"a": 1}}\n' for _ in range(count))

    assert sum(1 for _ in read_lines(lines(200_000), Column())) == 200_000
    with pytest.raises(ImportRefusedError, match="more than 200000 requests"):
        sum(1 for _ in read_lines(lines(200_001), Column()))


def test_a_gigabyte_is_the_most() -> None:
    line = b'{"request": {"a": "%s"}}' % (8 * 1024 * 1024 * b"x")
    count = job_import.MOST_BYTES // len(line)

    assert sum(1 for _ in read_lines((line for _ in range(count)), Column())) == count
    with pytest.raises(ImportRefusedError, match="larger than 1073741824 bytes"):
        sum(1 for _ in read_lines((line for _ in range(count + 1)), Column()))


def test_a_failing_import_can_be_ordered(batches: Any, emulator: Any) -> None:
    emulator.order_job(JobOrder(fails_at="import"))

    assert batches.run(batches.lines(2))["error"]["code"] == 3
    assert emulator.accepted == 0
    assert batches.run(batches.lines(2))["state"] == "JOB_STATE_SUCCEEDED"
