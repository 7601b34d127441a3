"""Waits for batch prediction jobs in the worker."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from airflow_provider_imagen.client.imagen import ImagenClient
from airflow_provider_imagen.core.batch.job_waiting import PollOutcome
from airflow_provider_imagen.errors import ImagenError, RequestStoppedError
from airflow_provider_imagen.runner.job_looks import JobLooks
from airflow_provider_imagen.runner.sending import StopSwitch

log: logging.Logger = logging.getLogger("airflow.task")


def wait_for_jobs(
    client: ImagenClient,
    names: Sequence[str],
    stop: StopSwitch,
    *,
    deadline: float,
    poll_interval: float,
    looks_once: bool = False,
    cancel_on_stop: bool = False,
) -> PollOutcome:
    """Return what the wait came to: an event, or none after one look at jobs that go on.

    :param client: asks Google.
    :param names: resource names of the jobs.
    :param stop: ends the wait from outside.
    :param deadline: Unix time in seconds at which the wait is over.
    :param poll_interval: seconds between two looks.
    :param looks_once: look once only.
    :param cancel_on_stop: cancel the jobs when the wait is ended from outside.
    :raises RequestStoppedError: the task was stopped.
    """
    looks = JobLooks(names, deadline, poll_interval)
    logged = ""
    stop.bind(client.session)
    while True:
        outcome = looks.look(client, client.session.now().timestamp())
        if outcome.text != logged:
            logged = outcome.text
            log.info("%s", logged)
        if outcome.event is not None or looks_once:
            return outcome
        if not stop.is_on:
            client.session.pause(outcome.pause_seconds)
        if stop.is_on:
            raise RequestStoppedError(_stopped(client, names, is_cancelled=cancel_on_stop))


def _stopped(client: ImagenClient, names: Sequence[str], *, is_cancelled: bool) -> str:
    if not is_cancelled:
        return "The task was stopped while it waited. Its jobs go on; the next try finds them again."
    for name in names:
        try:
            client.batch_jobs.cancel(name)
        except ImagenError as failure:
            log.warning("The job could not be cancelled, and may be billed: %s", failure)
    return "The task was stopped while it waited. Its jobs are cancelled; the next try reads what they answered."
