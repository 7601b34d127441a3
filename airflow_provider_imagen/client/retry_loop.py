"""Tries a request as often as :mod:`airflow_provider_imagen.core.recovery.retry` allows; tenacity does the counting."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception

from airflow_provider_imagen.core.recovery.retry import RetryRules

log = logging.getLogger(__name__)
ResultT = TypeVar("ResultT")


@dataclass(frozen=True, slots=True)
class RetryLoop:
    """Runs an action until it succeeds, fails for good, or time is up.

    :param rules: when another try is made.
    :param sleep: how to pause.
    :param jitter: a random number from 0 to 1.
    """

    rules: RetryRules = field(default_factory=RetryRules)
    sleep: Callable[[float], None] = time.sleep
    jitter: Callable[[], float] = random.random

    def run(self, action: Callable[[], ResultT], *, free_of_charge: bool) -> ResultT:
        """Return what the action returns, or raise what its last try raised."""
        retrying = Retrying(
            retry=retry_if_exception(
                lambda failure: self.rules.worth_another_try(failure, free_of_charge=free_of_charge)
            ),
            wait=self._pause,
            stop=self._is_too_late,
            before_sleep=_announce,
            sleep=self.sleep,
            reraise=True,
        )
        return retrying(action)

    def _pause(self, state: RetryCallState) -> float:
        failure = state.outcome.exception() if state.outcome else None
        return self.rules.pause_seconds(failure, state.attempt_number, self.jitter())

    def _is_too_late(self, state: RetryCallState) -> bool:
        spent = max(state.seconds_since_start or 0.0, state.idle_for)
        return self.rules.is_too_late(spent, state.upcoming_sleep)


def _announce(state: RetryCallState) -> None:
    failure = state.outcome.exception() if state.outcome else None
    log.warning("%s Trying again in %.1f s (try %d).", failure, state.upcoming_sleep, state.attempt_number + 1)
