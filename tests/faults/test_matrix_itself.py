"""The matrix is complete, its page is up to date, and it can fail."""

from __future__ import annotations

import dataclasses
import tomllib
from typing import Any

import pytest
from faults import docs
from faults.matrix import CHAPTERS, FOLDER, OPERATIONS, STORED, Cell, Row, row_from, rows
from faults.operations import RUN
from faults.running import Bench, Seen
from faults.tally import Tally

LOST = ["fail", "ResponseLostError", 1, 0, "lost"]
GOOD = Seen("fail", "ResponseLostError", "lost", requests=1, accepted=1, fired=1, files=0)


def row(**entry: Any) -> Row:
    return row_from("a-row", "answers", {"what": "Something", "any": LOST} | entry)


def named(name: str) -> Row:
    return next(each for each in rows() if each.name == name)


def changed(row: Row, name: str, **values: Any) -> Row:
    cell = row.cells[name]
    assert isinstance(cell, Cell)
    return dataclasses.replace(row, cells={**row.cells, name: dataclasses.replace(cell, **values)})


def test_every_fault_has_an_answer_for_every_operation() -> None:
    found = list(rows())

    assert [each.name for each in found if each.cells.keys() != OPERATIONS.keys()] == []
    assert all(each.what and (each.strike or each.network) for each in found)
    assert len({each.name for each in found}) == len(found)
    assert RUN.keys() == OPERATIONS.keys()


def test_a_cell_without_an_answer_or_a_reason_is_refused() -> None:
    with pytest.raises(ValueError, match="a-row says None of sensor"):
        row_from("a-row", "answers", {"what": "x", **dict.fromkeys(OPERATIONS.keys() - {"sensor"}, LOST)})
    for wrong in ("", [], ["explodes", "", 1, 0, ""], LOST[:4]):
        with pytest.raises(ValueError, match="of upload"):
            row(upload=wrong)


def test_the_closest_name_wins() -> None:
    made = row(sensor="no reason", stored=["success", "", 1, "all", ""])

    assert made.cells["sensor"] == "no reason"
    assert {name for name, cell in made.cells.items() if isinstance(cell, Cell) and cell.state == "success"} == {
        *STORED
    }


def test_no_cell_depends_on_a_name_that_nobody_reads() -> None:
    known = {field.name for field in dataclasses.fields(Row)} - {"cells"}
    scopes = {*OPERATIONS, "stored", "bytes", "asking", "listing", "any"}

    for chapter in CHAPTERS:
        for name, entry in tomllib.loads((FOLDER / f"{chapter}.toml").read_text()).items():
            assert entry.keys() <= known | scopes, name


def test_the_page_about_faults_is_up_to_date() -> None:
    assert docs.PAGE.read_text(encoding="utf-8") == docs.page(), "run: make docs"


def test_a_cell_as_it_should_be_has_no_complaints() -> None:
    tally = Tally()

    assert tally.add(row(), "upload", GOOD) == []
    assert tally.closing_line() == (
        "cells run: 1, faults fired: 1, requests over budget: 0, images lost: 0, duplicates beyond budget: 0"
    )


@pytest.mark.parametrize(
    ("seen", "complaint"),
    [
        ({"state": "retry"}, "ends as retry ResponseLostError, expected fail ResponseLostError"),
        ({"error": "OutputError"}, "ends as fail OutputError"),
        ({"text": "nothing"}, "the error does not say 'lost'"),
        ({"requests": 3}, "2 requests over the budget of 1"),
        ({"accepted": 2}, "2 requests were accepted, at most 1 may be"),
        ({"files": 1}, "1 images are in the output folder, expected 0"),
        ({"lost": ["gs://bucket/made/a.png"]}, "nobody names gs://bucket/made/a.png"),
        ({"fired": 0}, "the fault never fired"),
    ],
)
def test_whatever_is_wrong_with_a_cell_is_said(seen: dict[str, Any], complaint: str) -> None:
    (said,) = Tally().add(row(), "upload", dataclasses.replace(GOOD, **seen))

    assert said.startswith(complaint)


def test_pauses_and_tokens_are_looked_at_too() -> None:
    patient = row(pause_at_least=7, tokens=2, upload=["success", "", 1, "all", ""])
    seen = Seen(requests=1, files=1, fired=1, pauses=[1.0, 6.9], tokens=["Bearer a"])

    complaints = Tally().add(patient, "upload", seen)

    assert [each.split()[0] for each in complaints] == ["['Bearer", "paused"]
    assert Tally().add(patient, "upload", dataclasses.replace(seen, pauses=[7.0], tokens=["a", "b"])) == []


def test_a_task_that_succeeds_with_too_few_images_must_say_so() -> None:
    partly = row(**{"generate-gemini-three": ["success", "", 3, 2, ""]})
    seen = Seen(requests=3, accepted=3, fired=1, files=2)

    (said,) = Tally().add(partly, "generate-gemini-three", seen)

    assert said == "0 images are told to be missing, and 2 are there"
    assert Tally().add(partly, "generate-gemini-three", dataclasses.replace(seen, told_missing=1)) == []


def test_the_closing_line_counts_what_went_wrong() -> None:
    tally = Tally()
    tally.add(row(), "upload", GOOD)
    tally.add(row(), "sensor", dataclasses.replace(GOOD, requests=4, accepted=3, lost=["a"], fired=5))

    assert tally.closing_line() == (
        "cells run: 2, faults fired: 6, requests over budget: 3, images lost: 1, duplicates beyond budget: 2"
    )
    assert any("fail/4/0!" in line for line in tally.table([row()]))


@pytest.mark.parametrize("name", ["upload", "list-folder"])
def test_a_cell_with_a_wrong_budget_is_over_it(bench: Bench, name: str) -> None:
    tally = Tally()
    strict = changed(named("503-once"), name, requests=1)

    assert tally.add(strict, name, bench.run(strict, name)) == ["1 requests over the budget of 1"]
    assert tally.requests_over == 1


def test_a_task_that_repeats_a_lost_answer_pays_twice_and_loses_images(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "airflow_provider_imagen.core.recovery.retry.RetryRules.worth_another_try", lambda *_, **__: True
    )
    tally, row = Tally(), named("reset-after-work")

    complaints = tally.add(row, "generate-imagen-gcs", bench.run(row, "generate-imagen-gcs"))

    assert len(complaints) >= 4
    assert (tally.requests_over, tally.lost, tally.duplicates) == (1, 2, 1)
