"""The life of a batch prediction job, row by row: what is known, and the step that follows."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import product
from typing import Any, get_args

import pytest

from airflow_provider_imagen.core.batch.job_decision import (
    GONE,
    LOOKS_SECONDS,
    MISSING_SECONDS,
    NOT_SUBMITTED,
    STOPPED,
    SUBMITTED,
    Attach,
    Cancel,
    Close,
    Create,
    Creation,
    JobFacts,
    LookUp,
    Read,
    RecordState,
    Step,
    Stop,
    Wait,
    choose,
    next_step,
    rule_for,
    table_for,
)
from airflow_provider_imagen.core.protocols.batch_job import END_STATES, BatchJob

DEAD = {"record": "intended"}
LOST_NOW = {"record": "intended", "creation": "lost", "creations": 1}
LOST_BEFORE = {"record": "lost"}
SUBMITTED_JOB = {"record": "submitted"}
ALL_LOOKS = {"looks": len(LOOKS_SECONDS)}
RESEND = {"on_lost": "resend"}

LIFE: list[tuple[str, dict[str, Any], Step]] = [
    ("nothing recorded", {}, Create()),
    ("refused", DEAD | {"creation": "refused", "creations": 1}, Stop("refused", "withdraw")),
    ("never accepted", DEAD | {"creation": "not_sent", "creations": 1}, Stop("not_sent", "withdraw")),
    ("lost, then refused", DEAD | {"creation": "refused", "creations": 2}, Stop("refused", "lost")),
    ("lost, then never accepted", DEAD | {"creation": "not_sent", "creations": 2}, Stop("not_sent", "lost")),
    ("worker died, not looked for yet", DEAD, LookUp(5)),
    ("worker died, looked once", DEAD | {"looks": 1}, LookUp(30)),
    ("worker died, looked twice", DEAD | {"looks": 2}, LookUp(60)),
    ("worker died, looked three times", DEAD | {"looks": 3}, LookUp(120)),
    ("worker died, looked four times", DEAD | {"looks": 4}, LookUp(300)),
    ("worker died, found at the third look", DEAD | {"looks": 3, "found": 1}, Attach()),
    ("worker died, two found", DEAD | {"looks": 1, "found": 2}, Attach()),
    ("worker died, never found", DEAD | ALL_LOOKS, Create()),
    ("worker died, never found, cleared", DEAD | ALL_LOOKS | {"cleared": True}, Create()),
    ("answer lost", LOST_NOW, LookUp(5)),
    ("answer lost, found", LOST_NOW | {"looks": 1, "found": 1}, Attach()),
    ("answer lost, never found", LOST_NOW | ALL_LOOKS, Stop("response_lost", "lost")),
    ("answer lost, never found, resend", LOST_NOW | ALL_LOOKS | RESEND, Create()),
    (
        "lost again, never found, resend",
        LOST_NOW | ALL_LOOKS | RESEND | {"creations": 2},
        Stop("response_lost", "lost"),
    ),
    ("lost again, the first one found", LOST_NOW | RESEND | {"creations": 2, "looks": 1, "found": 1}, Attach()),
    ("lost before, a retry", LOST_BEFORE, LookUp(0)),
    ("lost before, a retry, found by now", LOST_BEFORE | {"looks": 1, "found": 1}, Attach()),
    ("lost before, a retry, not found", LOST_BEFORE | {"looks": 1}, Stop("response_lost", "keep")),
    ("lost before, a retry, not found, resend", LOST_BEFORE | RESEND | {"looks": 1}, Create()),
    ("lost before, cleared, not looked for yet", LOST_BEFORE | {"cleared": True}, LookUp(0)),
    ("lost before, cleared, not found", LOST_BEFORE | {"cleared": True, "looks": 1}, Create()),
    ("just accepted", SUBMITTED_JOB, Wait()),
    *((state, SUBMITTED_JOB | {"state": state}, Read()) for state in sorted(END_STATES)),
    *((state, SUBMITTED_JOB | {"state": state}, Wait()) for state in ("QUEUED", "PENDING", "RUNNING", "PAUSED")),
    ("being cancelled", SUBMITTED_JOB | {"state": "CANCELLING"}, Wait()),
    ("a state of a later year", SUBMITTED_JOB | {"state": "RESTING"}, Wait()),
    ("not known for a moment", SUBMITTED_JOB | {"state": GONE, "missing_seconds": 60}, Wait()),
    ("not known any more", SUBMITTED_JOB | {"state": GONE, "missing_seconds": MISSING_SECONDS}, Read()),
    ("late", SUBMITTED_JOB | {"state": "RUNNING", "late": True}, Stop("timeout", "keep")),
    ("late, to be cancelled", SUBMITTED_JOB | {"late": True, "cancel_on_timeout": True}, Cancel()),
    (
        "late, cancelled",
        SUBMITTED_JOB | {"state": "CANCELLING", "late": True, "cancel_on_timeout": True, "cancelled": True},
        Stop("timeout", "keep"),
    ),
    ("late, but it has ended", SUBMITTED_JOB | {"state": "SUCCEEDED", "late": True}, Read()),
    ("read", {"record": "read"}, Close()),
    ("stopped before the create", {"stopped": True}, Stop("stopped", "keep")),
    ("stopped during the look-ups", LOST_NOW | {"stopped": True}, Stop("stopped", "keep")),
    ("stopped during the wait", SUBMITTED_JOB | {"stopped": True}, Stop("stopped", "keep")),
    ("stopped during the wait, cancel_on_kill", SUBMITTED_JOB | {"stopped": True, "cancel_on_kill": True}, Cancel()),
    (
        "stopped, cancelled",
        SUBMITTED_JOB | {"stopped": True, "cancel_on_kill": True, "cancelled": True},
        Stop("stopped", "keep"),
    ),
    (
        "stopped after its end, cancel_on_kill",
        SUBMITTED_JOB | {"stopped": True, "cancel_on_kill": True, "state": "SUCCEEDED"},
        Stop("stopped", "keep"),
    ),
]


@pytest.mark.parametrize(("known", "step"), [case[1:] for case in LIFE], ids=[case[0] for case in LIFE])
def test_what_is_known_decides_the_next_step(known: dict[str, Any], step: Step) -> None:
    assert next_step(JobFacts(**known)) == step


def test_every_row_has_a_case() -> None:
    used = {rule_for(JobFacts(**known)).known for _, known, _ in LIFE}

    assert used == {rule.known for table in (STOPPED, NOT_SUBMITTED, SUBMITTED) for rule in table}


def every_combination() -> list[JobFacts]:
    switches = product([False, True], repeat=3)
    return [
        JobFacts(
            record, found, looks, creation, creations, on_lost, cleared, state, missing, late, cancel_on_timeout=cancel
        )
        for (record, found, looks, creation, creations, on_lost, state, missing), (cleared, late, cancel) in product(
            product(
                get_args(RecordState),
                (0, 1, 2),
                (0, 1, 5),
                get_args(Creation),
                (0, 1, 2),
                ("fail", "resend"),
                ("", "RUNNING", "FAILED", GONE),
                (0.0, 1000.0),
            ),
            list(switches),
        )
    ]


def test_in_no_case_are_more_than_two_jobs_created_in_one_try() -> None:
    for facts in every_combination():
        is_consistent = not facts.creation or (facts.record == "intended" and facts.creations > 0)
        if is_consistent and isinstance(next_step(facts), Create):
            assert facts.creations < 2 or not facts.creation
            assert facts.found == 0
            assert facts.creation != "lost" or (facts.on_lost == "resend" and facts.looks == len(LOOKS_SECONDS))
            assert facts.record not in {"submitted", "read"}


def test_every_combination_of_facts_has_a_step() -> None:
    for facts in every_combination():
        assert rule_for(facts) in table_for(facts)


def job(name: str, state: str, minute: int | None) -> BatchJob:
    created = None if minute is None else datetime(2026, 11, 25, 6, minute, tzinfo=UTC)
    return BatchJob(f"projects/p/locations/global/batchPredictionJobs/{name}", state, created=created)


@pytest.mark.parametrize(
    ("jobs", "chosen"),
    [
        ([("2", "RUNNING", 5), ("1", "RUNNING", 1)], "1"),
        ([("1", "FAILED", 1), ("2", "PENDING", 5)], "2"),
        ([("1", "CANCELLED", 1), ("2", "SUCCEEDED", 5)], "2"),
        ([("1", "", None), ("2", "RUNNING", 5)], "2"),
        ([("1", "EXPIRED", 1)], "1"),
    ],
)
def test_of_two_jobs_the_older_one_that_may_bring_images_is_kept(jobs: list[Any], chosen: str) -> None:
    kept, others = choose(job(*each) for each in jobs)

    assert kept.name.endswith(f"/{chosen}")
    assert len(others) == len(jobs) - 1
