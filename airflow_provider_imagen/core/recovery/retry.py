"""When a request is worth another try inside the task, and how long to pause before it.

A request that may have been billed is never repeated here; one that is free of charge (a listing, a look-up) is.
"""

from __future__ import annotations

from dataclasses import dataclass

from airflow_provider_imagen.errors import NotSentError, ResponseLostError, RetryableError, ServerError


@dataclass(frozen=True, slots=True)
class RetryRules:
    """Exponential pauses with jitter, inside a total deadline.

    :param first_pause_seconds: the pause before the second try; it doubles from there.
    :param longest_pause_seconds: no pause of ours is longer. What Google asks for is obeyed even beyond it.
    :param deadline_seconds: no new try starts later than this after the first one.
    :param refused_deadline_seconds: the same where nothing listens at an endpoint that the connection names. None: as
        for any other failure.
    """

    first_pause_seconds: float = 1.0
    longest_pause_seconds: float = 60.0
    deadline_seconds: float = 600.0
    refused_deadline_seconds: float | None = None

    def worth_another_try(self, failure: BaseException, *, free_of_charge: bool, stores_output: bool = False) -> bool:
        """Say whether sending again is safe: nothing was accepted, or nothing costs anything.

        :param failure: why the last try failed.
        :param free_of_charge: the request costs nothing, even if it was accepted.
        :param stores_output: Google stores its images itself. After a :class:`ServerError` its folder has to be looked
            at before it is sent again, because images may be there.
        """
        if isinstance(failure, ServerError) and stores_output:
            return False
        return isinstance(failure, RetryableError) or (free_of_charge and isinstance(failure, ResponseLostError))

    def pause_seconds(self, failure: BaseException | None, tries: int, jitter: float) -> float:
        """Return the pause after the given number of tries.

        :param failure: why the last try failed; what it says about waiting is the least we wait.
        :param tries: how many tries were made, from 1.
        :param jitter: a random number from 0 to 1, so that many tasks do not ask again at the same moment.
        """
        pause = min(self.longest_pause_seconds, self.first_pause_seconds * 2.0 ** min(tries - 1, 30))
        asked_for = (failure.retry_after_seconds or 0.0) if isinstance(failure, RetryableError) else 0.0
        return max(pause * (0.5 + jitter / 2), asked_for + jitter if asked_for else 0.0)

    def deadline_after(self, failure: BaseException) -> float:
        """Return how many seconds after the first try the last one may start.

        :param failure: why the last try failed.
        """
        if isinstance(failure, NotSentError) and failure.is_refused and self.refused_deadline_seconds is not None:
            return min(self.refused_deadline_seconds, self.deadline_seconds)
        return self.deadline_seconds

    def is_too_late(self, failure: BaseException, spent_seconds: float, next_pause_seconds: float) -> bool:
        """Say whether the next try would start after the deadline."""
        return spent_seconds + next_pause_seconds > self.deadline_after(failure)
