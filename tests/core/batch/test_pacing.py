"""How fast a batch sends, against services that refuse, on a clock that the test moves."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_imagen.core.batch.pacing import Pace


def test_sends_as_many_side_by_side_as_it_may() -> None:
    pace = Pace(max_concurrency=3)
    assert [pace.allowed(0.0, in_flight)[0] for in_flight in range(5)] == [True, True, True, False, False]


def test_a_refusal_halves_the_concurrency_and_pauses_every_sender() -> None:
    pace = Pace(max_concurrency=8).after_refusal(100.0, None)
    assert pace.width == 4
    assert pace.allowed(100.0, 0) == (False, pytest.approx(0.75))
    assert pace.allowed(101.0, 3) == (True, 0.0)
    assert not pace.allowed(101.0, 4)[0]


def test_refusals_of_requests_that_were_under_way_halve_nothing_again() -> None:
    pace = Pace(max_concurrency=8)
    for moment in range(8):
        pace = pace.after_refusal(100.0 + moment / 100, None)
    assert pace.width == 4
    assert pace.refusals == 1


def test_what_google_asks_to_wait_holds_for_all_and_the_longest_counts() -> None:
    pace = Pace(max_concurrency=8).after_refusal(0.0, 30.0, jitter=0.0).after_refusal(1.0, 5.0, jitter=0.0)
    assert pace.allowed(29.0, 0) == (False, pytest.approx(1.0))
    assert pace.allowed(30.0, 0) == (True, 0.0)
    assert pace.after_refusal(2.0, 300.0, jitter=1.0).paused_until == 303.0


def test_pauses_without_a_word_of_google_double_up_to_a_minute() -> None:
    pace, pauses, now = Pace(max_concurrency=8), [], 0.0
    for _ in range(9):
        pace = pace.after_refusal(now, None, jitter=1.0)
        pauses.append(pace.paused_until - now)
        now = pace.paused_until
    assert pauses == [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0, 60.0]
    assert pace.width == 1
    assert pace.after_answer(now).after_refusal(now, None, jitter=1.0).paused_until - now == 1.0


def test_a_round_of_answers_allows_one_request_more_up_to_the_bound() -> None:
    pace, widths = Pace(max_concurrency=4).after_refusal(0.0, None), []
    for _ in range(20):
        pace = pace.after_answer(10.0)
        widths.append(pace.width)
    assert widths == sorted(widths)
    assert widths[2] == 3
    assert widths[-1] == 4


@given(
    per_minute=st.floats(0.2, 5_000),
    delays=st.lists(st.floats(0, 3), min_size=1, max_size=300),
)
def test_no_minute_has_more_requests_than_allowed(per_minute: float, delays: list[float]) -> None:
    pace, now, sent = Pace(max_concurrency=10, requests_per_minute=per_minute), 0.0, []
    for delay in delays:
        now += delay * 60 / per_minute / 3
        may, wait = pace.allowed(now, 0)
        if not may:
            now += wait
            assert pace.allowed(math.nextafter(now, math.inf), 0)[0]
            now = math.nextafter(now, math.inf)
        pace = pace.after_sent(now)
        sent.append(now)
    for start in sent:
        assert sum(start <= each < start + 60.0 for each in sent) <= max(1, math.ceil(per_minute))


def run(
    pace: Pace, requests: int, accepts: Callable[[float, int], bool], latency: float, retry_after: float | None = None
) -> tuple[float, int, Pace]:
    """Send until every request is answered; return the time it took, how many were refused, and the pace."""
    now, waiting, refused = 0.0, requests, 0
    under_way: list[tuple[float, bool]] = []
    while waiting or under_way:
        may, wait = pace.allowed(now, len(under_way)) if waiting else (False, math.inf)
        if may:
            answered = accepts(now, len(under_way))
            heapq.heappush(under_way, (now + (latency if answered else 0.05), answered))
            pace, waiting = pace.after_sent(now), waiting - 1
            continue
        ends = under_way[0][0] if under_way else math.inf
        if ends > now + wait:
            now += wait + 1e-9
            continue
        now, answered = heapq.heappop(under_way)
        pace = pace.after_answer(now) if answered else pace.after_refusal(now, retry_after)
        waiting, refused = waiting + (not answered), refused + (not answered)
        assert refused < 50 * requests
    return now, refused, pace


def test_without_refusals_it_takes_the_ideal_time() -> None:
    took, refused, _ = run(Pace(max_concurrency=8), 1_632, lambda *_: True, 1.0)
    assert (took, refused) == (pytest.approx(204.0), 0)


def test_a_service_that_takes_three_at_once_is_found_and_kept_busy() -> None:
    took, refused, pace = run(Pace(max_concurrency=16), 600, lambda _, under_way: under_way < 3, 1.0)
    assert took < 1.6 * 600 / 3
    assert refused < 600 * 0.35
    assert pace.width <= 6


def test_a_minute_of_refusals_costs_few_requests_and_all_are_answered() -> None:
    took, refused, pace = run(Pace(max_concurrency=8), 400, lambda now, _: not 10.0 < now < 70.0, 1.0)
    assert refused < 20
    assert took < 50 + 60 + 64 + 10
    assert pace.refusals == 0


def test_nothing_is_sent_while_google_asks_to_wait() -> None:
    sent: list[float] = []

    def accepts(now: float, _: int) -> bool:
        sent.append(now)
        return len(sent) != 5

    run(Pace(max_concurrency=4), 40, accepts, 1.0, retry_after=20.0)
    refused_at = sent[4] + 0.05
    assert not [moment for moment in sent if refused_at < moment < refused_at + 20.0]


def test_a_bound_per_minute_holds_beside_refusals() -> None:
    took, _, _ = run(Pace(max_concurrency=8, requests_per_minute=60), 120, lambda *_: True, 3.0)
    assert took == pytest.approx(119 + 3, rel=0.01)
