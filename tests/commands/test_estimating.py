"""``estimate``: what a table would ask for, on a connection to the emulator."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from support.task_instances import RecordingTaskInstance

from airflow_provider_imagen.__main__ import main
from airflow_provider_imagen.operators.batch import ImagenBatchOperator

if TYPE_CHECKING:
    from conftest import Run

MODEL = "gemini-2.5-flash-image"
TABLE = "key;name;colour\nsku-1;chair;red\nsku-2;lamp;blue\nsku-3;table;green\n"
PROMPT = "Studio photo of {name}, {colour}"


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "table.csv"
    path.write_text(TABLE, encoding="utf-8-sig")
    return path


class Said(NamedTuple):
    """What a call in this process returned and printed."""

    code: int
    out: str
    err: str


@pytest.fixture
def estimate(
    emulator: Any,
    set_connection: Callable[..., None],
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> Callable[..., Said]:
    """Return a function that runs ``estimate`` in this process."""
    set_connection(**emulator.connection["extra"])
    monkeypatch.chdir(tmp_path)

    def run_estimate(*words: str) -> Said:
        monkeypatch.setattr(sys, "argv", ["imagen", "estimate", *words, "--model", MODEL])
        capfd.readouterr()
        return Said(main(), *capfd.readouterr())

    return run_estimate


def test_it_says_rows_requests_and_cost_and_asks_no_model(
    run: Run, command: tuple[str, ...], emulator: Any, table: Path
) -> None:
    connection = json.dumps({"conn_type": "imagen", "extra": emulator.connection["extra"]})
    words = ("table.csv", "--prompt", PROMPT, "--output", "gs://bucket/shop/", "--model", MODEL)
    done = run(*command, "estimate", *words, AIRFLOW_CONN_IMAGEN_DEFAULT=connection)

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "rows      3",
        "reused    0",
        "to ask    3",
        "requests  3",
        "cost      about 0.117 USD by list price",
    ]
    assert [each.path for each in emulator.requests if ":generateContent" in each.path or each.method != "GET"] == []
    assert emulator.list_objects("bucket", "shop/") == []


def test_what_a_task_made_from_the_same_rows_counts_as_reused(
    estimate: Callable[..., Said], table: Path, tmp_path: Path
) -> None:
    place, ti = str(tmp_path / "made"), RecordingTaskInstance()
    ImagenBatchOperator(task_id="pictures", items=str(table), prompt=PROMPT, output_uri=place, model=MODEL).execute(
        {"ti": ti}
    )

    done = estimate("table.csv", "--prompt", PROMPT, "--output", "made", "--format", "json")

    assert done.code == 0, done.err
    told = json.loads(done.out)
    assert (told["rows"], told["counts"]["reused"], told["to_ask"], told["requests"]) == (3, 3, 0, 0)
    assert told["estimated_cost_usd"] == 0


def make_with_the_operator(table: Path, place: Path) -> None: ...


@pytest.mark.parametrize(
    ("content", "words", "told"),
    [
        (TABLE + "sku-4;desk\n", (), "row 5 (key 'sku-4'): The row has 2 cells, the header 3."),
        (TABLE.replace("sku-2", ""), (), "row 3: key is blank"),
        (TABLE, ("--prompt", "{nam}"), "Did you mean {name}?"),
        (TABLE, ("--output", "gs://bucket"), "Google wants a folder"),
        (TABLE, ("--item-arguments", "output_uri"), "output_uri"),
        (TABLE, ("--max-cost-usd", "0.1"), "max_cost_usd is 0.1; the requests come to about 0.117 USD"),
    ],
)
def test_what_a_task_would_refuse_ends_with_1(
    estimate: Callable[..., Said], table: Path, content: str, words: tuple[str, ...], told: str
) -> None:
    table.write_text(content, encoding="utf-8")
    done = estimate("table.csv", "--prompt", PROMPT, *words)

    assert done.code == 1
    assert told in " ".join((done.out + done.err).split())
    assert all(len(line) <= 80 for line in done.out.splitlines())


def test_a_json_list_is_a_table_too(estimate: Callable[..., Said]) -> None:
    done = estimate('["a red boat", ["a blue boat"]]', "--item-columns", "prompt")

    assert done.code == 0, done.err
    assert "rows      2" in done.out
