"""What is kept of a batch between its tries."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from airflow_provider_imagen.core.batch.state import BatchState, Lease, batch_name
from airflow_provider_imagen.core.recovery.request_record import TaskIdentity

NOW = datetime(2026, 11, 26, tzinfo=UTC)
TASK = TaskIdentity(dag_id="d", run_id="r", task_id="a task", max_tries=1)


def test_the_name_of_a_batch_is_the_same_in_every_run_and_another_for_every_task() -> None:
    other_run = TASK.model_copy(update={"run_id": "s", "try_number": 2})
    others = [TASK.model_copy(update=change) for change in ({"dag_id": "e"}, {"task_id": "b"}, {"map_index": 1})]

    assert batch_name(TASK) == batch_name(other_run)
    assert len({batch_name(task) for task in (TASK, *others)}) == 4
    assert batch_name(TASK).startswith("a_task-")


def test_state_and_lease_survive_a_file() -> None:
    state = BatchState(writer=TASK, planned_at=NOW, spent_usd=1.5, is_over=True)
    lease = Lease(writer=TASK, renewed_at=NOW)

    assert BatchState.decode(state.encode()) == state
    assert Lease.decode(lease.encode()) == lease


@pytest.mark.parametrize("content", [b"", b"{", b"{}", b"[]", b"\xff"])
def test_what_is_no_state_is_none(content: bytes) -> None:
    assert BatchState.decode(content) is None


@pytest.mark.parametrize(
    ("change", "is_finished", "shares"),
    [
        ({"try_number": 2}, False, True),
        ({"try_number": 2}, True, False),
        ({"max_tries": 2}, False, False),
        ({"run_id": "s"}, False, False),
    ],
)
def test_a_retry_goes_on_with_the_budget_and_a_clear_or_another_run_does_not(
    change: dict[str, object], is_finished: bool, shares: bool
) -> None:
    state = BatchState(writer=TASK, is_finished=is_finished)

    assert state.shares_budget_with(TASK.model_copy(update=change)) == shares
