"""When another try is safe, and how long to pause before it."""

from __future__ import annotations

import pytest

from airflow_provider_imagen import errors
from airflow_provider_imagen.core.recovery.retry import RetryRules

RULES = RetryRules(first_pause_seconds=1.0, longest_pause_seconds=60.0, deadline_seconds=600.0)


@pytest.mark.parametrize(
    ("failure", "when_billed", "when_free"),
    [
        (errors.NotSentError("x"), True, True),
        (errors.QuotaExceededError("x"), True, True),
        (errors.ServiceUnavailableError("x"), True, True),
        (errors.ResponseLostError("x"), False, True),
        (errors.RequestRejectedError("x"), False, False),
        (errors.PermissionDeniedError("x"), False, False),
        (errors.ModelNotFoundError("x"), False, False),
        (errors.PromptBlockedError("x"), False, False),
        (errors.UnexpectedResponseError("x"), False, False),
        (errors.CredentialsError("x"), False, False),
        (ValueError("x"), False, False),
        (ConnectionError("x"), False, False),
        (KeyboardInterrupt(), False, False),
    ],
)
def test_only_what_cannot_be_billed_twice_is_tried_again(
    failure: BaseException, *, when_billed: bool, when_free: bool
) -> None:
    assert RULES.worth_another_try(failure, free_of_charge=False) is when_billed
    assert RULES.worth_another_try(failure, free_of_charge=True) is when_free


@pytest.mark.parametrize(
    ("tries", "jitter", "pause"),
    [
        (1, 1.0, 1.0),
        (2, 1.0, 2.0),
        (3, 1.0, 4.0),
        (6, 1.0, 32.0),
        (7, 1.0, 60.0),
        (10_000, 1.0, 60.0),
        (1, 0.0, 0.5),
        (3, 0.0, 2.0),
        (3, 0.5, 3.0),
    ],
)
def test_pauses_double_up_to_the_longest_and_jitter_takes_up_to_half(tries: int, jitter: float, pause: float) -> None:
    assert RULES.pause_seconds(errors.NotSentError("x"), tries, jitter) == pause


@pytest.mark.parametrize(
    ("asked_for", "tries", "jitter", "pause"),
    [
        (30.0, 1, 0.0, 30.0),
        (30.0, 1, 1.0, 31.0),
        (300.0, 1, 0.0, 300.0),
        (2.0, 6, 1.0, 32.0),
        (0.0, 1, 1.0, 1.0),
        (None, 1, 1.0, 1.0),
    ],
)
def test_waits_at_least_as_long_as_google_asks(
    asked_for: float | None, tries: int, jitter: float, pause: float
) -> None:
    assert RULES.pause_seconds(errors.QuotaExceededError("x", asked_for), tries, jitter) == pause


def test_a_failure_that_says_nothing_about_waiting_gets_the_ordinary_pause() -> None:
    assert RULES.pause_seconds(None, 1, 1.0) == 1.0
    assert RULES.pause_seconds(errors.ResponseLostError("x"), 2, 1.0) == 2.0


@pytest.mark.parametrize(("spent", "pause", "late"), [(590.0, 10.0, False), (590.0, 10.1, True), (0.0, 601.0, True)])
def test_no_try_starts_after_the_deadline(spent: float, pause: float, *, late: bool) -> None:
    assert RULES.is_too_late(errors.NotSentError("x"), spent, pause) is late


@pytest.mark.parametrize(
    ("failure", "seconds"),
    [
        (errors.NotSentError("x", is_refused=True), 10.0),
        (errors.NotSentError("x"), 600.0),
        (errors.QuotaExceededError("x"), 600.0),
    ],
)
def test_where_nothing_listens_the_deadline_may_be_nearer(failure: errors.ImagenError, seconds: float) -> None:
    rules = RetryRules(refused_deadline_seconds=10.0)

    assert rules.deadline_after(failure) == seconds
    assert RULES.deadline_after(failure) == 600.0
    assert rules.is_too_late(failure, 5.0, 6.0) is (seconds == 10.0)
