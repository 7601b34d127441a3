"""Trying again: only what is safe, as long as Google asks, inside the deadline."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from airflow_provider_imagen.client.retry_loop import RetryLoop
from airflow_provider_imagen.core.recovery.retry import RetryRules
from airflow_provider_imagen.errors import (
    ImagenError,
    NotSentError,
    QuotaExceededError,
    RequestRejectedError,
    ResponseLostError,
    ServiceUnavailableError,
)


class Played:
    """An action that fails with the given errors in turn, then succeeds; and a sleep that only remembers."""

    def __init__(self, *failures: ImagenError) -> None:
        self.failures = list(failures)
        self.tries = 0
        self.pauses: list[float] = []

    def __call__(self) -> str:
        self.tries += 1
        if self.failures:
            raise self.failures.pop(0)
        return "done"

    def attempts(self, deadline_seconds: float = 600.0) -> RetryLoop:
        return RetryLoop(RetryRules(deadline_seconds=deadline_seconds), sleep=self.pauses.append, jitter=lambda: 1.0)


@pytest.mark.parametrize("failure", [NotSentError("x"), QuotaExceededError("x"), ServiceUnavailableError("x")])
def test_tries_again_when_google_accepted_nothing(failure: ImagenError) -> None:
    played = Played(failure, failure)

    assert played.attempts().run(played, free_of_charge=False) == "done"
    assert (played.tries, played.pauses) == (3, [1.0, 2.0])


def test_never_repeats_a_request_that_may_have_been_billed() -> None:
    played = Played(ResponseLostError("x"))

    with pytest.raises(ResponseLostError):
        played.attempts().run(played, free_of_charge=False)
    assert played.tries == 1


def test_repeats_a_lost_answer_that_cost_nothing() -> None:
    played = Played(ResponseLostError("x"))

    assert played.attempts().run(played, free_of_charge=True) == "done"


def test_does_not_repeat_what_cannot_succeed() -> None:
    played = Played(RequestRejectedError("x"))

    with pytest.raises(RequestRejectedError):
        played.attempts().run(played, free_of_charge=True)
    assert played.tries == 1


def test_waits_as_long_as_google_asks() -> None:
    played = Played(QuotaExceededError("x", 30.0))

    played.attempts().run(played, free_of_charge=False)

    assert played.pauses == [31.0]


def test_gives_up_at_once_when_google_asks_to_wait_past_the_deadline() -> None:
    played = Played(QuotaExceededError("x", 3600.0))

    with pytest.raises(QuotaExceededError):
        played.attempts().run(played, free_of_charge=False)
    assert (played.tries, played.pauses) == (1, [])


def test_all_pauses_together_stay_inside_the_deadline() -> None:
    played = Played(*[ServiceUnavailableError("x")] * 1000)

    with pytest.raises(ServiceUnavailableError):
        played.attempts(deadline_seconds=100.0).run(played, free_of_charge=False)
    assert played.pauses == [1.0, 2.0, 4.0, 8.0, 16.0, 32.0]
    assert played.tries == len(played.pauses) + 1


def test_says_why_and_when_it_tries_again(caplog: pytest.LogCaptureFixture) -> None:
    played = Played(QuotaExceededError("No quota left."))

    played.attempts().run(played, free_of_charge=False)

    assert "No quota left. Trying again in 1.0 s (try 2)." in caplog.text


def test_returns_the_result_of_a_first_try_without_a_pause() -> None:
    played = Played()
    action: Callable[[], str] = played

    assert played.attempts().run(action, free_of_charge=False) == "done"
    assert played.pauses == []
