"""A stopped batch sends nothing more, keeps what came, and its next try asks for the rest."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from support.batches import batch, manifest_of, rows, statuses
from support.emulated import model_requests
from support.stops import WAIT_SECONDS, TimeoutOfTaskError, asked, timeout_raised, when

from airflow_provider_imagen.core.batch.outcome import ItemOutcome
from airflow_provider_imagen.emulator import Fault
from airflow_provider_imagen.errors import RequestStoppedError
from airflow_provider_imagen.hooks.imagen import ImagenHook
from airflow_provider_imagen.runner.batch_table import BatchTable

OURS = ("imagen-item", "imagen-send", "imagen-stop")


@pytest.fixture(autouse=True)
def real_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses take their time here: a batch that does not end at its stop hangs."""
    monkeypatch.setattr(ImagenHook, "client_options", {"jitter": lambda: 0.0})


@pytest.fixture(autouse=True)
def every_thread_ends() -> Iterator[None]:
    yield
    for thread in [each for each in threading.enumerate() if each.name.startswith(OURS)]:
        thread.join(WAIT_SECONDS)
    assert not any(thread.name.startswith(OURS) for thread in threading.enumerate())


def test_a_time_out_ends_the_batch_and_what_came_is_in_the_manifest(make_ti: Any, emulator: Any) -> None:
    emulator.order_fault(Fault("generate", hang=True, prompt_contains="number 7."))
    first, second = make_ti(max_tries=1), make_ti(try_number=2, max_tries=1)

    with timeout_raised() as expire, when(asked(emulator, 8), expire), pytest.raises(TimeoutOfTaskError):
        batch(rows(12), max_concurrency=4).execute({"ti": first})
    said = statuses(manifest_of(first))
    before = len(model_requests(emulator))
    uri = batch(rows(12)).execute({"ti": second})

    assert said[7] == "lost"
    assert said.count("made") >= 4
    assert set(said[:7]) <= {"made", "lost", "not_sent"}
    assert set(statuses(uri)) == {"made", "reused"}
    assert statuses(uri).count("reused") == said.count("made")
    assert len(model_requests(emulator)) == before + 12 - said.count("made")


def test_a_time_out_between_an_answer_and_its_noting_loses_no_outcome(
    make_ti: Any, emulator: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    ti, noted = make_ti(), BatchTable.end

    def expire_first(table: BatchTable, number: int, outcome: ItemOutcome) -> None:
        monkeypatch.setattr(BatchTable, "end", noted)
        raise TimeoutOfTaskError

    monkeypatch.setattr(BatchTable, "end", expire_first)
    with pytest.raises(TimeoutOfTaskError):
        batch(rows(1)).execute({"ti": ti})

    assert statuses(manifest_of(ti)) == ["made"]


def test_on_kill_ends_the_wait_for_quota_and_sends_nothing_more(make_ti: Any, emulator: Any) -> None:
    emulator.order_fault(Fault("generate", status=429, times=None, headers={"Retry-After": "500"}))
    ti = make_ti()
    task = batch(rows(12), max_concurrency=4)

    with when(asked(emulator, 1), task.on_kill), pytest.raises(RequestStoppedError):
        task.execute({"ti": ti})

    assert len(model_requests(emulator)) <= 4
    assert statuses(manifest_of(ti)) == ["not_sent"] * 12


def test_a_stop_before_the_first_request_sends_none(ti: Any, emulator: Any) -> None:
    task = batch(rows(3))
    task.on_kill()

    with pytest.raises(RequestStoppedError):
        task.execute({"ti": ti})

    assert not model_requests(emulator)


def test_answers_under_way_at_a_stop_are_stored(make_ti: Any, emulator: Any) -> None:
    emulator.order_fault(Fault("generate", delay_seconds=0.8, times=None))
    ti = make_ti()
    task = batch(rows(8), max_concurrency=4)

    with when(asked(emulator, 4), task.on_kill), pytest.raises(RequestStoppedError):
        task.execute({"ti": ti})

    assert statuses(manifest_of(ti)) == [*["made"] * 4, *["not_sent"] * 4]


def test_a_try_after_a_stop_counts_what_was_under_way_as_spent(make_ti: Any, emulator: Any) -> None:
    emulator.order_fault(Fault("generate", hang=True, prompt_contains="number 0."))
    first, second = make_ti(max_tries=1), make_ti(try_number=2, max_tries=1)
    words = {"max_concurrency": 1, "max_cost_usd": 3 * 0.039}
    task = batch(rows(3), **words)

    with when(asked(emulator, 1), task.on_kill), pytest.raises(RequestStoppedError):
        task.execute({"ti": first})
    with pytest.raises(AirflowFailException, match="1 not sent"):
        batch(rows(3), **words).execute({"ti": second})

    assert len(model_requests(emulator)) == 3
