"""The routes of batch prediction jobs, and the controls of what becomes of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from fastapi import FastAPI, HTTPException
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from airflow_provider_imagen.emulator import proto_json
from airflow_provider_imagen.emulator.api_errors import ApiError
from airflow_provider_imagen.emulator.batch_prediction import BatchPredictionJobs
from airflow_provider_imagen.emulator.enum_numbers import with_numbers
from airflow_provider_imagen.emulator.fault_responses import after_work, before_work, error_response
from airflow_provider_imagen.emulator.faults import FaultQueue
from airflow_provider_imagen.emulator.job_orders import JobOrder
from airflow_provider_imagen.emulator.request_log import RequestLog


class JobRequests:
    """Handles the requests of batch prediction jobs, with faults and the log.

    :param jobs: the jobs.
    :param retired: ids of models that are not served any more.
    """

    def __init__(self, jobs: BatchPredictionJobs, faults: FaultQueue, requests: RequestLog, retired: set[str]) -> None:
        self.jobs = jobs
        self._faults, self._requests, self._retired = faults, requests, retired

    async def create(self, request: Request, project: str, location: str) -> Response:
        """Handle a creation."""
        body = proto_json.parsed(await self._requests.log(request))
        return await self._handle(
            request, "create_job", lambda: self.jobs.create(project, location, body, self._retired)
        )

    async def list(self, request: Request, project: str, location: str) -> Response:
        """Handle a listing."""
        await self._requests.log(request)
        query = dict(request.query_params)
        return await self._handle(request, "list_jobs", lambda: self.jobs.list(project, location, query))

    async def get(self, request: Request, *place: str) -> Response:
        """Handle a look at a job."""
        await self._requests.log(request)
        return await self._handle(request, "get_job", lambda: self.jobs.get(*place))

    async def cancel(self, request: Request, *place: str) -> Response:
        """Handle a cancellation."""
        await self._requests.log(request)
        return await self._handle(request, "cancel_job", lambda: self.jobs.cancel(*place))

    async def delete(self, request: Request, *place: str) -> Response:
        """Handle a deletion."""
        await self._requests.log(request)
        return await self._handle(request, "delete_job", lambda: self.jobs.delete(*place))

    async def _handle(self, request: Request, operation: str, work: Callable[[], dict[str, Any]]) -> Response:
        fault = self._faults.take(operation)
        if early := await before_work(request, fault):
            return early
        try:
            result = await run_in_threadpool(work)
        except ApiError as error:
            return await after_work(request, fault, error_response(error))
        is_numbered = "enum-encoding=int" in request.query_params.get("$alt", "")
        return await after_work(request, fault, JSONResponse(with_numbers(result) if is_numbered else result))


def add_job_routes(app: FastAPI, requests: JobRequests) -> None:
    """Add the routes of jobs."""
    for version in ("v1", "v1beta1"):
        jobs = f"/{version}/projects/{{project}}/locations/{{location}}/batchPredictionJobs"

        @app.post(jobs)
        async def create(request: Request, project: str, location: str) -> Response:
            return await requests.create(request, project, location)

        @app.get(jobs)
        async def list_jobs(request: Request, project: str, location: str) -> Response:
            return await requests.list(request, project, location)

        @app.get(f"{jobs}/{{job}}")
        async def get(request: Request, project: str, location: str, job: str) -> Response:
            return await requests.get(request, project, location, job)

        @app.post(f"{jobs}/{{job}}:cancel")
        async def cancel(request: Request, project: str, location: str, job: str) -> Response:
            return await requests.cancel(request, project, location, job)

        @app.delete(f"{jobs}/{{job}}")
        async def delete(request: Request, project: str, location: str, job: str) -> Response:
            return await requests.delete(request, project, location, job)


def add_job_controls(app: FastAPI, jobs: BatchPredictionJobs, path: str) -> None:
    """Add the controls of what becomes of jobs.

    :param path: the beginning of the paths of controls.
    """

    @app.get(f"{path}job-orders")
    def list_orders() -> list[dict[str, Any]]:
        return [{**dataclasses.asdict(order), "fired": fired} for order, fired in jobs.orders.counts()]

    @app.post(f"{path}job-orders")
    def order_job(order: dict[str, Any]) -> dict[str, Any]:
        if isinstance(order.get("error"), list):
            order["error"] = tuple(order["error"])
        try:
            ordered = JobOrder(**order)
        except (TypeError, ValueError) as failure:
            raise HTTPException(422, str(failure)) from failure
        jobs.orders.order(ordered)
        return dataclasses.asdict(ordered)

    @app.post(f"{path}clock")
    def advance(order: dict[str, float]) -> dict[str, str]:
        try:
            jobs.clock.advance(order["seconds"])
        except (KeyError, ValueError) as failure:
            raise HTTPException(422, f"seconds must be a number of at least 0: {failure}") from failure
        return {"now": jobs.clock.now().isoformat()}
