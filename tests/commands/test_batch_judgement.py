"""What ``check`` says of a table that stands in a DAG file: what a run says of it."""

from __future__ import annotations

from datetime import date

from airflow_provider_imagen.commands.batch_judgement import judge_table
from airflow_provider_imagen.core.catalogue import catalogue
from airflow_provider_imagen.core.catalogue.plan import ModelPreferences

TODAY = date(2026, 11, 26)
PLACE = {"output_uri": "gs://bucket/made/"}


def test_rows_are_named_by_their_keys_and_so_is_a_key_that_is_there_twice() -> None:
    items = [{"key": "a", "prompt": "x"}, {"key": "a", "prompt": "y"}, {"key": "b", "prompt": "x", "image_size": "9K"}]

    problems = judge_table({**PLACE, "items": items}, ModelPreferences(), catalogue(), TODAY).problems

    assert problems[0].startswith("items, row 2 (key 'a'): key is 'a', which row 1 has too")
    assert problems[1].startswith("items, row 3 (key 'b'): image_size is '9K'")


def test_equal_rows_count_once() -> None:
    items = [{"key": "a", "prompt": "x"}, {"key": "a", "prompt": "x"}]

    verdict = judge_table({**PLACE, "items": items}, ModelPreferences(), catalogue(), TODAY)

    assert (verdict.problems, verdict.images) == ((), 1)
