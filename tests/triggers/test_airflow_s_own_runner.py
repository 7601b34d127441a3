"""The runner of Airflow's triggerer runs our trigger: from the stored row to the event, across a restart."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from airflow.jobs.triggerer_job_runner import TriggerRunner
from airflow.models.trigger import Trigger

from airflow_provider_imagen.triggers.imagen import ImagenOutputTrigger

pytestmark = [
    pytest.mark.usefixtures("emulated", "no_thread_stays"),
    pytest.mark.skipif(not hasattr(TriggerRunner, "init_comms"), reason="the runner of Airflow 2 needs a database"),
]


def runner_with(row: Trigger) -> TriggerRunner:
    from airflow.executors.workloads import RunTrigger

    runner = TriggerRunner()
    stored = {"classpath": row.classpath, "encrypted_kwargs": row.encrypted_kwargs}
    runner.to_create.append(RunTrigger(id=1, ti=None, **stored))
    return runner


def test_a_wait_goes_on_in_the_next_triggerer_and_is_reported_once(
    emulator: Any, wait_for: Callable[..., ImagenOutputTrigger]
) -> None:
    row = Trigger(*wait_for("gs://bucket/run/").serialize())

    async def stopped_while_it_waits() -> TriggerRunner:
        runner = runner_with(row)
        await runner.create_triggers()
        while not emulator.requests:  # noqa: ASYNC110  # it is another thread that fills them
            await asyncio.sleep(0)
        runner.to_cancel.append(1)
        await runner.cancel_triggers()
        await asyncio.wait([runner.triggers[1]["task"]])
        await runner.cleanup_finished_triggers()
        return runner

    async def run_to_the_end() -> TriggerRunner:
        runner = runner_with(row)
        await runner.create_triggers()
        await runner.triggers[1]["task"]
        await runner.cleanup_finished_triggers()
        return runner

    stopped = asyncio.run(stopped_while_it_waits())
    emulator.put_object("bucket", "run/a.png", b"x", "image/png")
    ended = asyncio.run(run_to_the_end())

    for runner in (stopped, ended):
        assert (runner.triggers, list(runner.failed_triggers)) == ({}, [])
    assert list(stopped.events) == []
    ((number, event, *_),) = ended.events
    assert (number, event.payload["status"], event.payload["uris"]) == (1, "done", ["gs://bucket/run/a.png"])
