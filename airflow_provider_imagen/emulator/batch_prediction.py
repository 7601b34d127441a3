"""Batch prediction jobs of Vertex AI: create, get, list, cancel, delete.

Sources: Google's reference of ``JobService`` and what users of it reported. The emulator's own: the order of a list
(by id), how long a job takes unless a test orders it, the texts of refusals to cancel or delete, and what a larger
``imageSize`` comes to (silently 1K: Google's page only says that batches support no other). ``readMask`` is ignored.
"""

from __future__ import annotations

import secrets
import threading
import zlib
from collections.abc import Collection, Mapping
from typing import Any

from airflow_provider_imagen.emulator import proto_json
from airflow_provider_imagen.emulator.api_errors import ApiError
from airflow_provider_imagen.emulator.job_filters import job_filter
from airflow_provider_imagen.emulator.job_orders import CANCELLED, EXPIRED, SYSTEM_FAILURE, JobOrder
from airflow_provider_imagen.emulator.job_results import JobFailedError, JobWorker
from airflow_provider_imagen.emulator.job_validation import check_job
from airflow_provider_imagen.emulator.jobs import Counts, Job
from airflow_provider_imagen.emulator.locations import check_location
from airflow_provider_imagen.emulator.order_queue import OrderQueue
from airflow_provider_imagen.emulator.ordered_clock import OrderedClock

PAGE_SIZE = 100
LONGEST_WORK_SECONDS = 20.0
"""So long a look waits for the answers of a job that has ended; then it shows that the job still runs."""

OUTPUT_ONLY = {
    "name",
    "state",
    "error",
    "partialFailures",
    "outputInfo",
    "completionStats",
    "resourcesConsumed",
    "modelVersionId",
    "createTime",
    "startTime",
    "endTime",
    "updateTime",
}
ERRORS = {
    "JOB_STATE_CANCELLED": CANCELLED,
    "JOB_STATE_EXPIRED": EXPIRED,
    "JOB_STATE_FAILED": SYSTEM_FAILURE,
}
SHARES = {"JOB_STATE_SUCCEEDED": 1.0, "JOB_STATE_PARTIALLY_SUCCEEDED": 0.5, "JOB_STATE_CANCELLED": 0.5}
"""How many of the lines a job has answered at its end, by its state, unless that is ordered."""


class BatchPredictionJobs:
    """The jobs of all projects and locations.

    :param worker: imports and answers their lines.
    """

    def __init__(self, worker: JobWorker) -> None:
        self.orders: OrderQueue[JobOrder] = OrderQueue()
        self.clock: OrderedClock = OrderedClock()
        self._worker = worker
        self._lock = threading.Lock()
        self._jobs: dict[str, Job] = {}
        self._threads: dict[str, threading.Thread] = {}
        self._stopped = threading.Event()

    def create(self, project: str, location: str, payload: Any, retired: Collection[str]) -> dict[str, Any]:
        """Create a job.

        :raises ApiError: the job is refused.
        """
        check_location(location)
        body = proto_json.read(payload, "BatchPredictionJob")
        body = {name: value for name, value in body.items() if name not in OUTPUT_ONLY}
        row = check_job(body, location, retired)
        order = self.orders.fire(lambda _: True) or JobOrder()
        name = f"{_parent(project, location)}/batchPredictionJobs/{secrets.randbelow(9 * 10**18) + 10**18}"
        job = Job(name, body, row, order, self.clock)
        with self._lock:
            self._jobs[name] = job
        return job.resource

    def get(self, project: str, location: str, identifier: str) -> dict[str, Any]:
        """Return a job; this is a look at it.

        :raises ApiError: there is none.
        """
        job = self._job(project, location, identifier)
        with job.lock:
            job.look()
            self._go_on(job)
            return job.resource

    def list(self, project: str, location: str, query: Mapping[str, str]) -> dict[str, Any]:
        """Return one page of the jobs of a location.

        :raises ApiError: the filter, the size or the token of the page cannot be read.
        """
        check_location(location)
        is_wanted = job_filter(query.get("filter", ""))
        size, start = _page_size(query), query.get("pageToken", "")
        with self._lock:
            jobs = [
                job for name, job in sorted(self._jobs.items()) if name.startswith(f"{_parent(project, location)}/")
            ]
        resources = [self._resource(job) for job in jobs if not job.is_hidden]
        found = [each for each in resources if is_wanted(each) and each["name"].rpartition("/")[2] > start]
        page: dict[str, Any] = {"batchPredictionJobs": found[:size]} if found else {}
        if len(found) > size:
            page["nextPageToken"] = found[size - 1]["name"].rpartition("/")[2]
        return page

    def cancel(self, project: str, location: str, identifier: str) -> dict[str, Any]:
        """Cancel a job.

        :raises ApiError: there is none, or it has ended.
        """
        job = self._job(project, location, identifier)
        with job.lock:
            self._go_on(job)
            if job.ended:
                message = f"The BatchPredictionJob cannot be cancelled: its state is {job.state}."
                raise ApiError(400, message, word="FAILED_PRECONDITION")
            job.cancel()
        return {}

    def delete(self, project: str, location: str, identifier: str) -> dict[str, Any]:
        """Delete a job that has ended, not its results; return the operation, which is done.

        :raises ApiError: there is none, or it has not ended.
        """
        job = self._job(project, location, identifier)
        with job.lock:
            self._go_on(job)
            if not job.ended:
                message = f"The BatchPredictionJob cannot be deleted: its state is {job.state}. Cancel it first."
                raise ApiError(400, message, word="FAILED_PRECONDITION")
        with self._lock:
            self._jobs.pop(job.name, None)
        return {
            "name": f"{_parent(project, location)}/operations/{secrets.randbelow(9 * 10**18) + 10**18}",
            "metadata": {"@type": "type.googleapis.com/google.cloud.aiplatform.v1.DeleteOperationMetadata"},
            "done": True,
            "response": {"@type": "type.googleapis.com/google.protobuf.Empty"},
        }

    def clear(self) -> None:
        """Remove jobs and orders, and set the clock right."""
        self._stopped.set()
        with self._lock:
            threads, jobs = list(self._threads.values()), list(self._jobs.values())
            self._threads, self._jobs = {}, {}
        for thread in threads:
            thread.join()
        for job in jobs:
            job.lines.close()
        self._stopped.clear()
        self.orders.clear()
        self.clock.reset()

    def _job(self, project: str, location: str, identifier: str) -> Job:
        check_location(location)
        name = f"{_parent(project, location)}/batchPredictionJobs/{identifier}"
        with self._lock:
            job = self._jobs.get(name)
        if job is None:
            raise ApiError(404, f"The BatchPredictionJob {name} does not exist.")
        return job

    def _resource(self, job: Job) -> dict[str, Any]:
        with job.lock:
            self._go_on(job)
            return job.resource

    def _go_on(self, job: Job) -> None:
        """Do what is due."""
        if job.ended or (phase := job.phase) == "waiting":
            return
        if not job.started and (job.never_runs or job.is_cancelled):
            if phase == "ended":
                state = job.order.after_cancel if job.is_cancelled else job.order.end_state
                job.end(state, job.order.error or ERRORS.get(state))
            return
        if not job.started:
            try:
                self._worker.read_input(job)
            except JobFailedError as failure:
                job.counts = Counts(incomplete=-1)
                job.end("JOB_STATE_FAILED", failure.error)
                return
            job.start()
        if phase == "ended":
            self._finish(job)

    def _finish(self, job: Job) -> None:
        """Wait for the answers, which are worked on in a thread of their own."""
        if job.name not in self._threads:
            thread = threading.Thread(target=self._work, args=(job,), name="imagen-batch", daemon=True)
            with self._lock:
                self._threads[job.name] = thread
            thread.start()
        self._threads[job.name].join(LONGEST_WORK_SECONDS)

    def _work(self, job: Job) -> None:
        state = job.order.after_cancel if job.is_cancelled else job.order.end_state
        share = SHARES.get(state, 0.0)
        if job.progress_at_cancel is not None and state == "JOB_STATE_CANCELLED":
            share = job.progress_at_cancel
        finished = int(job.total * share) if job.order.finished_lines is None else job.order.finished_lines
        error = job.order.error or ERRORS.get(state)
        try:
            self._worker.write_results(job, min(finished, job.total), self._stopped.is_set)
        except JobFailedError as failure:
            state, error = "JOB_STATE_FAILED", failure.error
        except BaseException:
            state, error = "JOB_STATE_FAILED", SYSTEM_FAILURE
            raise  # the thread reports it
        finally:
            job.end(state, error)


def _parent(project: str, location: str) -> str:
    """Return the name of a location with the number of its project, by which Google names what it creates."""
    number = project if project.isdigit() else str(zlib.crc32(project.encode()) + 10**11)
    return f"projects/{number}/locations/{location}"


def _page_size(query: Mapping[str, str]) -> int:
    value = query.get("pageSize") or "0"
    if not value.isdigit():
        raise ApiError(400, f"Invalid pageSize, {value}")
    return int(value) or PAGE_SIZE
