"""When which wait looks: the earliest first, few at once while looks end quickly, pauses that end together."""

from __future__ import annotations

import pytest

from airflow_provider_imagen.triggers.poll_queue import (
    CONCURRENT_POLLS,
    QUICK_POLLS,
    QUICK_SECONDS,
    SLACK_SECONDS,
    PollQueue,
)


def queue_of(*looks: str, now: float = 100.0) -> PollQueue[str]:
    queue: PollQueue[str] = PollQueue()
    for look in looks:
        queue.add(look, now)
    return queue


def begun(queue: PollQueue[str], now: float) -> list[str]:
    """Begin what may begin."""
    looks = []
    while (at := queue.next_at()) is not None and at <= now:
        looks.append(queue.begin(now))
    return looks


def test_looks_begin_in_the_order_in_which_they_are_due_and_equal_ones_as_they_came() -> None:
    queue = queue_of("now", "now too")
    queue.add("later", 100.0, 5.0)
    queue.add("sooner", 100.0, 1.0)

    order = []
    while queue:
        order.append(queue.begin(200.0))
        queue.end(200.0)

    assert order == ["now", "now too", "sooner", "later"]


def test_nothing_begins_before_it_is_due() -> None:
    queue = queue_of()
    queue.add("later", 100.0, 5.0)

    assert begun(queue, 104.9) == []
    assert begun(queue, 105.0 + SLACK_SECONDS) == ["later"]


def test_a_few_looks_run_at_once_and_more_only_when_none_ends_quickly() -> None:
    queue = queue_of(*"abcdef")

    assert begun(queue, 100.0) == ["a", "b"][:QUICK_POLLS]
    assert begun(queue, 100.0 + QUICK_SECONDS / 2) == []
    assert begun(queue, 100.0 + QUICK_SECONDS) == ["c"]
    queue.end(100.0 + 1.5 * QUICK_SECONDS)
    assert begun(queue, 100.0 + 2 * QUICK_SECONDS) == []
    assert begun(queue, 100.0 + 2.5 * QUICK_SECONDS) == ["d"]


def test_looks_that_hang_are_joined_by_others_up_to_the_bound_and_no_further() -> None:
    queue = queue_of(*map(str, range(100)))
    looks = [look for millisecond in range(1000) for look in begun(queue, 100.0 + millisecond / 1000)]

    assert len(looks) == CONCURRENT_POLLS
    assert queue.next_at() is None
    queue.end(200.0)
    assert queue.next_at() is not None


def test_all_looks_that_hang_run_within_a_tenth_of_a_second() -> None:
    queue = queue_of(*map(str, range(100)))
    looks = [look for millisecond in range(100) for look in begun(queue, 100.0 + millisecond / 1000)]

    assert len(looks) == CONCURRENT_POLLS


@pytest.mark.parametrize("pause", [0.01, 1.0, 5.0, 60.0, 3600.0])
def test_pauses_are_at_most_a_little_longer_than_asked_and_never_shorter(pause: float) -> None:
    for now in (100.0, 100.003, 107.77):
        due = queue_of().add("look", now, pause)

        assert now + pause <= due <= now + pause + min(0.02 * pause, SLACK_SECONDS) + 1e-9


def test_waits_that_began_one_after_another_look_again_together() -> None:
    queue = queue_of()
    moments = {queue.add("look", 100.0 + number / 1000, 5.0) for number in range(500)}

    assert len(moments) <= 500 / 1000 / SLACK_SECONDS + 1


def test_a_pause_of_nothing_is_none() -> None:
    assert queue_of().add("look", 100.0, 0.0) == 100.0
