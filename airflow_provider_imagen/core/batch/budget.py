"""The money of a batch: what is spent, what is reserved for requests under way, and what may not be crossed.

Amounts are list prices in US dollars, see :mod:`..catalogue.pricing`. A request is reserved before it is sent, so the
limit holds for whatever the requests under way come to. A lost response counts as spent.
"""

from __future__ import annotations

from dataclasses import dataclass

DIGITS = 9
"""Sums are rounded to this many digits after the point, so that 100 times 0.04 is 4."""


@dataclass(frozen=True, slots=True)
class Budget:
    """What a batch may spend, and has.

    :param limit: the most, in US dollars; None for no limit.
    :param spent: what its requests came to, in all tries of the task instance.
    :param reserved: what the requests under way may come to.
    """

    limit: float | None = None
    spent: float = 0.0
    reserved: float = 0.0

    @property
    def left(self) -> float | None:
        """What may still be reserved; None without a limit."""
        return None if self.limit is None else max(0.0, round(self.limit - self.spent - self.reserved, DIGITS))

    def reserve(self, cost: float) -> Budget | None:
        """Return the budget with one more request under way, None where the limit would be crossed.

        :param cost: the most that the request may come to.
        """
        if self.left is not None and round(cost, DIGITS) > self.left:
            return None
        return Budget(self.limit, self.spent, round(self.reserved + cost, DIGITS))

    def settle(self, reserved: float, actual: float) -> Budget:
        """Return the budget after a response.

        :param reserved: what was reserved for its request.
        :param actual: what it came to.
        """
        return Budget(self.limit, round(self.spent + actual, DIGITS), self.release(reserved).reserved)

    def release(self, reserved: float) -> Budget:
        """Return the budget after a request that was refused or not sent: Google charges nothing for it."""
        return Budget(self.limit, self.spent, max(0.0, round(self.reserved - reserved, DIGITS)))

    def lost(self, reserved: float) -> Budget:
        """Return the budget after a request whose response did not arrive: it may be charged in full."""
        return self.settle(reserved, reserved)

    def problem_with_estimate(self, estimate: float | None) -> str | None:
        """Return why a batch may not begin, None when it may.

        :param estimate: what its requests come to; None where a model has no price.
        """
        if self.limit is None:
            return None
        if estimate is None:
            return (
                f"max_cost_usd is {self.limit:g}, but no price is known of a model that is asked, so nothing can be "
                "counted. Choose a model with a price (airflow imagen models), or leave max_cost_usd out."
            )
        if self.reserve(estimate) is not None:
            return None
        spent = f" and {self.spent:.6g} are spent" if self.spent else ""
        return (
            f"max_cost_usd is {self.limit:g}{spent}; the requests come to about {estimate:.6g} USD by list price. "
            "Raise it, or ask for less."
        )
