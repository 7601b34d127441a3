"""The parent of workers that run a batch as a job: imports the runner once, and forks a process for each try.

A script with no threads of its own, because a fork copies only one. It reads orders from standard input, a JSON object
a line, and answers with the status of the process: its exit code, or as a negative number the signal that ended it.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import traceback
from datetime import date
from typing import Any

from airflow_provider_imagen.client.http_request import HttpRequest
from airflow_provider_imagen.client.imagen import ImagenClient
from airflow_provider_imagen.client.transport import StreamedResponse, Transport
from airflow_provider_imagen.core.batch.items import items_in_list
from airflow_provider_imagen.core.batch.plan import BatchArguments, ItemPlanner
from airflow_provider_imagen.core.batch.settings import BatchSettings
from airflow_provider_imagen.core.catalogue import catalogue
from airflow_provider_imagen.core.catalogue.plan import ModelPreferences
from airflow_provider_imagen.core.connection import ConnectionSettings
from airflow_provider_imagen.core.protocols.http_errors import HttpResponse
from airflow_provider_imagen.core.recovery.request_record import TaskIdentity
from airflow_provider_imagen.runner.batch_pictures import BatchPictures
from airflow_provider_imagen.runner.batch_task import Batch, Submitted
from airflow_provider_imagen.runner.job_run import JobRun
from airflow_provider_imagen.runner.job_wait import wait_for_jobs
from airflow_provider_imagen.runner.sending import StopSwitch
from airflow_provider_imagen.runner.task_run import RunContext

TODAY = date(2026, 11, 25)


class NoToken:
    def headers_for(self, url: str) -> dict[str, str]:
        return {}


class DeadlyTransport(Transport):
    """Ends the process before its nth request is sent, or after the answer to it came; or after a job was created."""

    def __init__(self, fatal: int, *, after: bool, at_create: bool) -> None:
        super().__init__(NoToken(), 60.0)
        self.count = 0
        self._fatal, self._after, self._at_create = fatal, after or at_create, at_create

    def send(self, request: HttpRequest) -> HttpResponse:
        return self._deadly(super().send, request)

    def stream(self, request: HttpRequest) -> StreamedResponse:
        return self._deadly(super().stream, request)

    def _deadly(self, call: Any, request: HttpRequest) -> Any:
        self.count += 1
        creates = request.method == "POST" and request.url.endswith("/batchPredictionJobs")
        is_fatal = self.count == self._fatal or (self._at_create and creates)
        if is_fatal and not self._after:
            os.kill(os.getpid(), signal.SIGKILL)
        answer = call(request)
        if is_fatal:
            os.kill(os.getpid(), signal.SIGKILL)
        return answer


class Silent:
    def sending(self, *_: Any) -> None: ...

    def sent(self, *_: Any) -> None: ...

    def found(self, *_: Any) -> None: ...


def run(order: dict[str, Any]) -> int:
    """Run one try; return how many requests it sent."""
    fatal = {"after": order.get("after", False), "at_create": order.get("at_create", False)}
    transport = DeadlyTransport(order.get("fatal", 0), **fatal)
    settings = ConnectionSettings(project="p", endpoint=order["url"], storage_endpoint=order["url"])
    client = ImagenClient(settings, transport=transport, sleep=lambda seconds: None)
    stop = StopSwitch()
    task = TaskIdentity(**order["task"])
    context = RunContext(task, client, open, Silent(), stop, None, {})

    def job_run() -> JobRun:
        arguments = BatchArguments({"output_uri": order["place"], "if_exists": "reuse"})
        pictures = BatchPictures(client.storage, open)
        preferences = ModelPreferences(order["model"])
        planner = ItemPlanner(arguments, preferences, catalogue(), TODAY, pictures.identify, is_job=True)
        options = BatchSettings(mode="batch")
        return JobRun(Batch(items_in_list(order["items"]), planner, pictures, options), context, lambda _: None)

    outcome = job_run().submit()
    while isinstance(outcome, Submitted):
        wait_for_jobs(client, outcome.names, stop, deadline=2e9, poll_interval=1)
        outcome = job_run().collect()
    if outcome.failure:
        raise RuntimeError(outcome.failure)
    return transport.count


def in_child(order: dict[str, Any]) -> None:
    """Run one try in this process, which ends with it."""
    try:
        count = run(order)
        os.write(1, f"{json.dumps({'requests': count})}\n".encode())
        os._exit(0)
    except BaseException:  # noqa: BLE001  # whatever it is, it is shown and ends the process
        traceback.print_exc()
        os._exit(1)


def main() -> None:
    """Run tries until there are no more orders."""
    logging.disable(logging.CRITICAL)
    os.write(1, b'{"ready": 1}\n')
    for line in sys.stdin:
        if (child := os.fork()) == 0:
            in_child(json.loads(line))
        _, status = os.waitpid(child, 0)
        os.write(1, f"{json.dumps({'status': os.waitstatus_to_exitcode(status)})}\n".encode())


if __name__ == "__main__":
    main()
