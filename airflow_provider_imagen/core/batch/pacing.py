"""How fast the requests of a batch are sent, by what Google answers: additive increase, multiplicative decrease.

The concurrency begins at its bound, is halved when Google refuses for lack of quota or capacity (429, 503), and grows
by one with each round of answers. ``Retry-After`` holds for all requests: one refusal pauses every sender. Time is an
argument, in seconds of a monotonic clock.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

MINUTE_SECONDS = 60.0
FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 60.0
"""Of a pause without ``Retry-After``; what Google asks for is obeyed even beyond it."""
FULL_WAIT_SECONDS = 1.0
"""How long to wait for an answer before asking again, while as many requests are under way as may be."""
_MARGIN = 1e-6
"""So that rounding never lets one request more into a minute."""


@dataclass(frozen=True, slots=True)
class Pace:
    """The pace of a batch at one moment.

    :param max_concurrency: the most requests under way, from 1.
    :param requests_per_minute: the most that are sent in any 60 seconds, None for no bound. They are spread evenly.
    :param concurrency: how many may be under way now; None stands for ``max_concurrency``.
    :param next_at: nothing is sent before, by ``requests_per_minute``.
    :param paused_until: nothing is sent before, because Google refused.
    :param refusals: rounds that were refused since the last answer.
    """

    max_concurrency: int
    requests_per_minute: float | None = None
    concurrency: float | None = None
    next_at: float = float("-inf")
    paused_until: float = float("-inf")
    refusals: int = 0

    @property
    def width(self) -> int:
        """How many requests may be under way."""
        return self.max_concurrency if self.concurrency is None else max(1, int(self.concurrency))

    def allowed(self, now: float, in_flight: int) -> tuple[bool, float]:
        """Say whether one more request may be sent now, else how many seconds to wait before asking again.

        :param now: the time.
        :param in_flight: how many requests are under way. An answer may allow one more at once.
        """
        earliest = max(self.next_at, self.paused_until)
        if now < earliest:
            return False, earliest - now
        if in_flight >= self.width:
            return False, FULL_WAIT_SECONDS
        return True, 0.0

    def after_sent(self, now: float) -> Pace:
        """Return the pace after a request was sent."""
        if self.requests_per_minute is None:
            return self
        return replace(self, next_at=now + MINUTE_SECONDS / self.requests_per_minute * (1 + _MARGIN))

    def after_answer(self, now: float) -> Pace:  # noqa: ARG002  # every event has its time
        """Return the pace after an answer that is no refusal for lack of quota or capacity."""
        if self.concurrency is None and not self.refusals:
            return self
        current = float(self.width) if self.concurrency is None else self.concurrency
        grown = min(float(self.max_concurrency), current + 1.0 / current)
        return replace(self, concurrency=grown, refusals=0)

    def after_refusal(self, now: float, retry_after: float | None, jitter: float = 0.5) -> Pace:
        """Return the pace after a 429 or 503.

        Refusals that arrive during the pause belong to requests that were sent before it, and halve nothing again.

        :param now: the time.
        :param retry_after: seconds that Google asked to wait, None when it did not say.
        :param jitter: a random number from 0 to 1, so that many tasks do not ask again at the same moment.
        """
        if now < self.paused_until:
            return self._paused(now, retry_after, jitter, self.refusals)
        refused = self._paused(now, retry_after, jitter, self.refusals + 1)
        return replace(refused, concurrency=max(1.0, self.width / 2))

    def _paused(self, now: float, retry_after: float | None, jitter: float, refusals: int) -> Pace:
        own = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2.0 ** min(refusals - 1, 30)) * (0.5 + jitter / 2)
        pause = max(own, retry_after + jitter if retry_after else 0.0)
        return replace(self, paused_until=max(self.paused_until, now + pause), refusals=refusals)
