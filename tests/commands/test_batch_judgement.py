"""What ``check`` says of a table that stands in a DAG file: what a run says of it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from airflow_provider_imagen.commands.batch_judgement import NOT_HERE, judge_table
from airflow_provider_imagen.core.catalogue import catalogue
from airflow_provider_imagen.core.catalogue.plan import ModelPreferences

TODAY = date(2026, 11, 26)
PLACE = {"output_uri": "gs://bucket/made/"}


def test_rows_are_named_by_their_keys_and_so_is_a_key_that_is_there_twice() -> None:
    items = [{"key": "a", "prompt": "x"}, {"key": "a", "prompt": "y"}, {"key": "b", "prompt": "x", "image_size": "9K"}]

    problems = judge_table({**PLACE, "items": items}, (), ModelPreferences(), catalogue(), TODAY).problems

    assert problems[0].startswith("items, row 2 (key 'a'): key is 'a', which row 1 has too")
    assert problems[1].startswith("items, row 3 (key 'b'): image_size is '9K'")


def test_equal_rows_count_once() -> None:
    items = [{"key": "a", "prompt": "x"}, {"key": "a", "prompt": "x"}]

    verdict = judge_table({**PLACE, "items": items}, (), ModelPreferences(), catalogue(), TODAY)

    assert (verdict.problems, verdict.images) == ((), 1)


@pytest.mark.parametrize("scheme", ["", "file://"])
@pytest.mark.parametrize(
    ("name", "content"), [("t.csv", "key,prompt\na,x\nb,y\n"), ("t.JSONL", '{"key": "a", "prompt": "x"}\n"y"\n')]
)
def test_a_file_of_this_machine_is_judged(tmp_path: Path, name: str, content: str, scheme: str) -> None:
    (tmp_path / name).write_text(content)

    verdict = judge_table({**PLACE, "items": f"{scheme}{tmp_path / name} "}, (), ModelPreferences(), catalogue(), TODAY)

    assert verdict == ((), 2, 0.0672, ())


def test_an_empty_file_is_an_error_and_one_that_is_not_here_is_not_judged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty, folder = tmp_path / "empty.csv", tmp_path / "folder.csv"
    empty.touch()
    folder.mkdir()
    monkeypatch.chdir(tmp_path)
    places = [
        str(empty),
        str(folder),
        str(folder) + "\0.csv",
        "empty.csv",
        f"{tmp_path}/no.csv",
        "gs://bucket/t.csv",
        "s3://bucket/t.jsonl",
    ]

    said = [judge_table({**PLACE, "items": each}, (), ModelPreferences(), catalogue(), TODAY) for each in places]

    assert [each.partition("), ")[2] for each in said[0].problems] == [
        "an empty file. Write it anew; a table without rows has a header."
    ]
    assert [each.not_judged for each in said] == [(), *[(NOT_HERE,)] * 6]
    assert not any(each.problems for each in said[1:])


def test_an_argument_of_the_table_of_another_type_is_an_error_of_its_own() -> None:
    known = {**PLACE, "items": [("a", "x")], "item_columns": 5}

    problems = judge_table(known, (), ModelPreferences(), catalogue(), TODAY).problems

    assert problems == ("item_columns is 5 and must be a list of names of columns, such as ['key', 'prompt'].",)


@pytest.mark.parametrize(
    ("policy", "limit", "is_over"),
    [("generate", 0.05, True), ("generate", 0.07, False), ("reuse", 0.05, False), ("generate", None, False)],
)
def test_a_budget_that_cannot_suffice_is_found(policy: str, limit: float | None, *, is_over: bool) -> None:
    known = {**PLACE, "items": ["x", "y"], "if_exists": policy, "max_cost_usd": limit}

    problems = judge_table(known, (), ModelPreferences(), catalogue(), TODAY).problems

    assert [each.partition(" is ")[0] for each in problems] == (["max_cost_usd"] if is_over else [])
