"""Which lines of a job were answered, and how often."""

from __future__ import annotations

import pytest

from airflow_provider_imagen.core.batch.job_answers import LineAnswer
from airflow_provider_imagen.core.batch.job_ends import end_in_words, grants, unanswered
from airflow_provider_imagen.core.batch.job_files import LineOrigin, origins_in, result_files
from airflow_provider_imagen.core.batch.job_lines import LineKey
from airflow_provider_imagen.core.batch.job_tally import LineTally
from airflow_provider_imagen.core.protocols.batch_job import BatchJob
from airflow_provider_imagen.core.responses import GeneratedImage, ImagesResponse
from airflow_provider_imagen.errors import ServerError

PRINTS = ["0123abcd" + "0" * 56, "ffffffff" + "0" * 56]


def image(line: int, digits: str | None = None) -> LineAnswer:
    made = ImagesResponse((GeneratedImage("image/png", data=b"x"),), 1)
    return LineAnswer(LineKey(line, digits or PRINTS[line - 1][:8]), made, None)


def failed(line: int) -> LineAnswer:
    return LineAnswer(LineKey(line, PRINTS[line - 1][:8]), None, ServerError("x"))


def filtered(line: int) -> LineAnswer:
    return LineAnswer(LineKey(line, PRINTS[line - 1][:8]), ImagesResponse((), 1), None)


def test_the_first_image_of_a_line_is_kept_and_each_one_counts() -> None:
    tally = LineTally(PRINTS)

    assert [tally.add(image(1)) for _ in range(3)] == [True, False, False]
    assert (tally.images, tally.duplicates, tally.unanswered()) == (3, 2, [2])


def test_an_image_is_better_than_an_error_whatever_comes_first() -> None:
    tally = LineTally(PRINTS)

    assert [tally.add(each) for each in (failed(1), failed(1), filtered(1), image(1))] == [True, False, True, True]
    assert [tally.add(each) for each in (image(2), failed(2), filtered(2))] == [True, False, False]
    assert (tally.images, tally.duplicates) == (2, 0)


@pytest.mark.parametrize("answer", [image(1, "00000000"), LineAnswer(LineKey(3, "0" * 8), None, None)])
def test_an_answer_about_another_file_is_no_answer(answer: LineAnswer) -> None:
    tally = LineTally(PRINTS)

    assert not tally.add(answer)
    assert (tally.unknown, tally.images, tally.unanswered()) == (1, 0, [1, 2])


def test_what_another_file_repeats_fills_gaps_and_is_not_counted_twice() -> None:
    tally = LineTally(PRINTS)
    tally.add(image(1))

    assert [tally.add(image(line), counts=False) for line in (1, 2)] == [False, True]
    assert (tally.images, tally.duplicates) == (2, 0)


def test_files_of_results_are_told_from_those_that_google_writes_meanwhile() -> None:
    folder = "out/prediction-model-2026-03-02T18:25:04.588422Z"
    names = [f"{folder}/incremental_predictions/p_1.jsonl", f"{folder}/predictions.jsonl", f"{folder}/errors.txt"]

    assert result_files(names) == ((names[1],), (names[0],))
    assert result_files([]) == ((), ())


def test_what_a_line_asks_for_is_written_and_read() -> None:
    origins = [LineOrigin("sku-1", "f" * 64, 0), LineOrigin("sku-ü", "e" * 64, 3)]

    assert list(origins_in(origin.encode() for origin in origins)) == origins
    with pytest.raises(ValueError, match="."):
        list(origins_in([b"{}"]))


@pytest.mark.parametrize(("state", "status"), [("FAILED", "failed"), ("CANCELLED", "not_sent"), ("GONE", "not_sent")])
def test_items_without_an_answer_may_be_asked_for_again(state: str, status: str) -> None:
    outcome = unanswered(state, "why", "m")

    assert (outcome.status, outcome.is_final, outcome.cost_usd) == (status, False, 0.0)


def test_the_end_of_a_job_comes_with_what_to_do() -> None:
    export = BatchJob("j", "FAILED", error="denied", error_code=7)

    assert "grant it the rights" in end_in_words(export, "FAILED")
    assert "nothing is charged" in end_in_words(BatchJob("j", "FAILED", error_code=3), "FAILED")
    assert "deleted" in end_in_words(None, "GONE")
    assert "gs://bucket" in grants("my-project", "bucket")
