"""What became of items, in words and numbers, and whether the task failed."""

from __future__ import annotations

import pytest

from airflow_provider_imagen import errors
from airflow_provider_imagen.core.batch.outcome import (
    MOST_FAILURES,
    MOST_IN_A_ROW,
    Counts,
    ItemOutcome,
    Trouble,
    failed_outcome,
    failure_text,
)
from airflow_provider_imagen.core.batch.settings import BatchSettings


def counts_of(*outcomes: ItemOutcome, on_filtered: str = "fail", on_lost: str = "fail") -> Counts:
    counts = Counts(len(outcomes), on_filtered, on_lost)
    for row, outcome in enumerate(outcomes, 1):
        counts.add(row, f"k{row}", outcome)
    return counts


@pytest.mark.parametrize(
    ("failure", "was_sent", "status", "is_final"),
    [
        (errors.ResponseLostError("x"), True, "lost", False),
        (errors.UnexpectedResponseError("x"), True, "lost", False),
        (errors.RequestStoppedError("x"), False, "not_sent", False),
        (errors.RequestStoppedError("x"), True, "lost", False),
        (errors.OverBudgetError("x"), False, "not_sent", True),
        (errors.ImagesFilteredError("x"), False, "filtered", True),
        (errors.PromptBlockedError("x"), False, "filtered", True),
        (errors.RequestRejectedError("x"), False, "failed", True),
        (errors.RequestRejectedError("x", True), False, "failed", False),
        (errors.TokenLimitError("x"), False, "failed", True),
        (errors.PermissionDeniedError("x"), False, "failed", False),
        (errors.NoImageError("x"), False, "failed", False),
        (errors.OutputError("x"), False, "failed", False),
        (errors.QuotaExceededError("x"), False, "failed", False),
    ],
)
def test_an_error_is_a_status(failure: errors.ImagenError, was_sent: bool, status: str, is_final: bool) -> None:
    outcome = failed_outcome(failure, model="m", was_sent=was_sent, cost_usd=0.1)

    assert (outcome.status, outcome.is_final, outcome.reason) == (status, is_final, "x")


@pytest.mark.parametrize(("on_filtered", "failed"), [("fail", 4), ("skip", 3), ("warn", 3)])
def test_failed_lost_and_unsent_items_count_and_filtered_ones_by_policy(on_filtered: str, failed: int) -> None:
    statuses = ("made", "reused", "filtered", "failed", "lost", "not_sent")

    assert counts_of(*[ItemOutcome(status) for status in statuses], on_filtered=on_filtered).failed == failed


@pytest.mark.parametrize(
    ("outcome", "on_lost", "may_succeed"),
    [
        (ItemOutcome("failed"), "fail", True),
        (ItemOutcome("failed", is_final=True), "fail", False),
        (ItemOutcome("not_sent"), "fail", True),
        (ItemOutcome("lost"), "fail", False),
        (ItemOutcome("lost"), "resend", True),
        (ItemOutcome("filtered", is_final=True), "fail", False),
    ],
)
def test_another_try_may_help_or_not(outcome: ItemOutcome, on_lost: str, may_succeed: bool) -> None:
    assert bool(counts_of(outcome, on_lost=on_lost).may_succeed) == may_succeed


def test_the_document_sums_and_keeps_the_first_failures() -> None:
    made = ItemOutcome("made", ("a", "b"), model="m", cost_usd=0.5)
    counts = counts_of(made, *[ItemOutcome("failed", reason=str(n)) for n in range(MOST_FAILURES + 5)])

    document = counts.document("gs://b/m", output_uri="gs://b/")

    assert (document["images"], document["estimated_cost_usd"], document["models"]) == (2, 0.5, {"m": 1})
    assert document["counts"]["failed"] == MOST_FAILURES + 5
    assert [each["reason"] for each in document["failures"]] == [str(n) for n in range(MOST_FAILURES)]


def test_a_task_fails_above_its_limit_and_says_why() -> None:
    counts = counts_of(*[ItemOutcome("made")] * 8, ItemOutcome("failed", reason="No."), ItemOutcome("lost", reason="?"))

    assert failure_text(counts, BatchSettings(max_failed_items="20%"), "gs://b/m") is None
    text = failure_text(counts, BatchSettings(max_failed_items=1), "gs://b/m")
    assert text is not None
    assert text.startswith("2 of 10 items have no images, max_failed_items allows 1 (8 made, 1 failed, 1 lost)")
    assert "gs://b/m" in text
    assert "row 9 (key 'k9'), failed: No." in text


@pytest.mark.parametrize(
    ("kind", "at_once"),
    [
        (errors.CredentialsError, True),
        (errors.OutputError, True),
        (errors.QuotaExceededError, True),
        (errors.OverBudgetError, True),
        (errors.PermissionDeniedError, False),
        (errors.ModelNotFoundError, False),
    ],
)
def test_trouble_of_all_ends_the_batch(kind: type[errors.ImagenError], at_once: bool) -> None:
    trouble = Trouble()

    said = [trouble.ends_batch(kind("x")) for _ in range(MOST_IN_A_ROW)]

    assert said == ([True] * MOST_IN_A_ROW if at_once else [*[False] * (MOST_IN_A_ROW - 1), True])


@pytest.mark.parametrize("kind", [errors.RequestRejectedError, errors.ImagesFilteredError, errors.NoImageError])
def test_trouble_of_one_item_does_not(kind: type[errors.ImagenError]) -> None:
    trouble = Trouble()

    assert not any(trouble.ends_batch(kind("x")) for _ in range(5 * MOST_IN_A_ROW))


def test_a_success_between_refusals_begins_the_count_anew() -> None:
    trouble = Trouble()
    refused = errors.PermissionDeniedError("x")

    for _ in range(5):
        assert not any(trouble.ends_batch(refused) for _ in range(MOST_IN_A_ROW - 1))
        assert not trouble.ends_batch(None)


def test_items_without_an_outcome_are_said_to_be_not_done() -> None:
    assert Counts(20).in_words() == "none done"
