"""The budget of a batch is a hard stop."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_imagen.core.batch.budget import Budget


def test_a_request_is_reserved_before_it_is_sent_and_the_limit_is_not_crossed() -> None:
    first = Budget(limit=0.1).reserve(0.04)
    assert first is not None
    second = first.reserve(0.04)
    assert second is not None
    assert second.reserve(0.04) is None
    assert second.left == 0.02


def test_what_was_made_is_spent_and_what_was_refused_is_free() -> None:
    budget = Budget(limit=0.1, reserved=0.08)
    assert budget.settle(0.04, 0.02) == Budget(limit=0.1, spent=0.02, reserved=0.04)
    assert budget.release(0.04) == Budget(limit=0.1, reserved=0.04)


def test_a_lost_response_counts_as_spent() -> None:
    assert Budget(limit=0.1, reserved=0.04).lost(0.04) == Budget(limit=0.1, spent=0.04)


def test_sums_do_not_drift() -> None:
    budget: Budget | None = Budget(limit=round(0.04 * 1_632, 2))
    for _ in range(1_632):
        assert budget is not None
        budget = budget.reserve(0.04)
    assert budget is not None
    assert budget.left == 0.0
    assert budget.reserve(0.000001) is None
    assert budget.reserve(0.0) == budget


def test_without_a_limit_everything_is_counted_and_nothing_refused() -> None:
    budget = Budget().reserve(1e6)
    assert budget is not None
    assert budget.left is None
    assert budget.settle(1e6, 12.5) == Budget(spent=12.5)
    assert budget.problem_with_estimate(None) is None
    assert budget.problem_with_estimate(1e9) is None


@pytest.mark.parametrize(
    ("budget", "estimate", "said"),
    [
        (Budget(limit=1.0), 1.0, None),
        (Budget(limit=1.0), 0.0, None),
        (Budget(limit=0.0), 0.0, None),
        (Budget(limit=1.0), 1.01, "max_cost_usd is 1; the requests come to about 1.01 USD"),
        (Budget(limit=1.0, spent=0.5), 0.6, "max_cost_usd is 1 and 0.5 are spent"),
        (Budget(limit=1.0), None, "no price is known"),
    ],
)
def test_an_estimate_above_the_limit_or_unknown_is_refused(budget: Budget, estimate: float, said: str | None) -> None:
    problem = budget.problem_with_estimate(estimate)
    assert (problem is None) if said is None else (problem is not None and said in problem)


@given(
    limit=st.floats(0, 100),
    requests=st.lists(st.tuples(st.floats(0, 10), st.sampled_from(["made", "refused", "lost", "under way"]))),
)
def test_whatever_becomes_of_the_requests_the_limit_holds(limit: float, requests: list[tuple[float, str]]) -> None:
    budget = Budget(limit=limit)
    for cost, fate in requests:
        reserved = budget.reserve(cost)
        if reserved is None:
            continue
        budget = {
            "made": reserved.settle(cost, cost / 2),
            "refused": reserved.release(cost),
            "lost": reserved.lost(cost),
            "under way": reserved,
        }[fate]
        assert budget.spent + budget.reserved <= limit + 1e-6
        assert budget.reserved >= 0
