"""The routes: Vertex AI, Cloud Storage, and the controls of the emulator itself."""

from __future__ import annotations

import dataclasses
from typing import Any

from fastapi import FastAPI, HTTPException
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException as RouteError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from airflow_provider_imagen.emulator.api_errors import error_body
from airflow_provider_imagen.emulator.batch_prediction import BatchPredictionJobs
from airflow_provider_imagen.emulator.drawings import Drawings
from airflow_provider_imagen.emulator.fault_responses import after_work, before_work
from airflow_provider_imagen.emulator.faults import Fault, FaultQueue
from airflow_provider_imagen.emulator.generate_content import GenerateContentHandler
from airflow_provider_imagen.emulator.job_results import JobWorker
from airflow_provider_imagen.emulator.job_routes import JobRequests, add_job_controls, add_job_routes
from airflow_provider_imagen.emulator.predict import PredictHandler
from airflow_provider_imagen.emulator.request_log import RequestLog
from airflow_provider_imagen.emulator.storage import Storage
from airflow_provider_imagen.emulator.storage_front import StorageFront
from airflow_provider_imagen.emulator.storage_requests import StorageRequest, StorageResponse
from airflow_provider_imagen.emulator.unknown_routes import unknown_route
from airflow_provider_imagen.emulator.vertex import VertexAI

CONTROLS = "/emulator/"
LOGGED_BYTES = 16 * 1024 * 1024
"""So much of a request to Cloud Storage is kept in the log."""


class Service:
    """The services behind the routes.

    :param storage: the Cloud Storage server.
    """

    def __init__(self, storage: Storage) -> None:
        self.faults: FaultQueue = FaultQueue()
        self.requests: RequestLog = RequestLog()
        self._server = storage
        self._storage = StorageFront(storage, self.faults)
        self.drawings: Drawings = Drawings()
        predict = PredictHandler(self._storage, self.drawings)
        generate_content = GenerateContentHandler(self._storage, self.drawings)
        self.vertex: VertexAI = VertexAI(predict, generate_content, self.faults, self.requests)
        worker = JobWorker(self._storage, generate_content, self.faults, self.requests.accept)
        self.jobs: BatchPredictionJobs = BatchPredictionJobs(worker)

    def reset(self) -> None:
        """Remove jobs, faults, requests, retired models, sessions of uploads and the settings of a measurement."""
        self.measure()
        self.jobs.clear()
        self.faults.clear()
        self.requests.clear()
        self.vertex.retired.clear()
        self._storage.clear()

    def measure(self, *, latency_seconds: float = 0.0, drawings: int = 0, image_bytes: int = 0) -> None:
        """Prepare a measurement of clients.

        :param latency_seconds: how long every answer with images takes, the time to make them included.
        :param drawings: how many drawings are served over and over; 0: every image is drawn.
        :param image_bytes: how large the files of these drawings are at least, PNG and JPEG.
        :raises ValueError: one of these is negative, or there are no drawings to make large.
        """
        if not (latency_seconds >= 0 and drawings >= 0 and image_bytes >= 0):
            raise ValueError("latency_seconds, drawings and image_bytes must be at least 0.")
        if image_bytes and not drawings:
            raise ValueError("image_bytes needs drawings: say how many of them are served.")
        self.vertex.latency_seconds = latency_seconds
        self.drawings.reuse(drawings, image_bytes)

    def has_bucket(self, bucket: str) -> bool:
        """Whether a bucket exists."""
        return bool(bucket) and self._server.has_bucket(bucket)

    async def storage(self, request: Request) -> Response:
        """Handle a Cloud Storage request."""
        body = await self.requests.log(request, LOGGED_BYTES)
        # Not request.url: before Starlette 1 it takes a question mark in an object's name for the start of the query.
        path, query = request.scope["raw_path"].decode(), request.scope["query_string"].decode()
        storage_request = StorageRequest(request.method, path, query, dict(request.headers), body)
        fault = self.faults.take(storage_request.operation, is_content=storage_request.reads_content)
        if early := await before_work(request, fault):
            return early
        result = await run_in_threadpool(self._storage.answer, storage_request)
        response = _response(result, is_whole=fault is not None and fault.is_after_work)
        return await after_work(request, fault, response)


def make_app(service: Service) -> FastAPI:
    """Return the application."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    _add_vertex_routes(app, service.vertex)
    add_job_routes(app, JobRequests(service.jobs, service.faults, service.requests, service.vertex.retired))
    _add_storage_routes(app, service)
    _add_controls(app, service)
    add_job_controls(app, service.jobs, CONTROLS)

    @app.exception_handler(RouteError)
    async def route_error(request: Request, error: RouteError) -> Response:
        if request.url.path.startswith(CONTROLS):
            return JSONResponse({"detail": error.detail}, error.status_code)
        await service.requests.log(request)
        path = request.scope["path"]
        has_bucket = await run_in_threadpool(service.has_bucket, path.split("/")[1])
        return unknown_route(path, request.url.query, has_bucket=has_bucket)

    @app.exception_handler(Exception)
    async def internal_error(request: Request, error: Exception) -> Response:
        del request, error  # the server logs it
        return JSONResponse(error_body(500, "Internal error encountered."), 500)

    return app


def _response(result: StorageResponse, *, is_whole: bool) -> Response:
    """Return the response of Cloud Storage.

    :param is_whole: whether a large content is needed in one piece.
    """
    response: Response
    if result.pieces and not is_whole:
        response = StreamingResponse(result.pieces, result.status)
    else:
        response = Response(result.body or b"".join(result.pieces or ()), result.status)
    for name, value in result.headers:
        if name not in response.headers or name != "content-length":
            response.headers.append(name, value)
    return response


def _add_vertex_routes(app: FastAPI, vertex: VertexAI) -> None:
    for version in ("v1", "v1beta1"):
        location_path = f"/{version}/projects/{{project}}/locations/{{location}}"
        model_path = f"{location_path}/publishers/google/models/{{model}}"

        @app.post(f"{model_path}:predict")
        async def predict(request: Request, project: str, location: str, model: str) -> Response:
            return await vertex.predict(request, (project, location, model))

        @app.post(f"{model_path}:generateContent")
        async def generate_content(request: Request, project: str, location: str, model: str) -> Response:
            return await vertex.generate_content(request, (project, location, model))

        @app.post(f"{model_path}:streamGenerateContent")
        async def stream_generate_content(request: Request, project: str, location: str, model: str) -> Response:
            return await vertex.stream_generate_content(request, (project, location, model))

        @app.post(f"{model_path}:countTokens")
        async def count_tokens(request: Request, project: str, location: str, model: str) -> Response:
            return await vertex.count_tokens(request, (project, location, model))

        @app.get(f"{location_path}/models")
        async def list_own_models(request: Request, project: str, location: str) -> Response:
            del project
            return await vertex.list_own_models(request, location)

        @app.get(f"/{version}/publishers/{{publisher}}/models")
        async def list_models(request: Request, publisher: str) -> Response:
            return await vertex.list_models(request, publisher)

        @app.get(f"/{version}/publishers/google/models/{{model}}")
        async def get_model(request: Request, model: str) -> Response:
            return await vertex.get_model(request, model)


def _add_storage_routes(app: FastAPI, service: Service) -> None:
    methods = ["GET", "POST", "PUT", "PATCH", "DELETE"]
    for start in ("/storage/v1", "/upload/storage/v1", "/download/storage/v1"):

        @app.api_route(f"{start}/{{rest:path}}", methods=methods)
        async def storage(request: Request, rest: str) -> Response:
            del rest
            return await service.storage(request)


def _add_controls(app: FastAPI, service: Service) -> None:
    @app.get(f"{CONTROLS}requests")
    def list_requests() -> list[dict[str, str]]:
        return [
            {"method": each.method, "path": each.path, "query": each.query, "body": each.body.decode(errors="replace")}
            for each in service.requests.all()
        ]

    @app.get(f"{CONTROLS}faults")
    def list_faults() -> list[dict[str, Any]]:
        return [{**dataclasses.asdict(fault), "fired": fired} for fault, fired in service.faults.counts()]

    @app.post(f"{CONTROLS}faults")
    def order_fault(order: dict[str, Any]) -> dict[str, Any]:
        arguments: dict[str, Any] = {
            name: tuple(each) if isinstance(each, list) else each for name, each in order.items()
        }
        try:
            fault = Fault(**arguments)
        except (TypeError, ValueError) as failure:
            raise HTTPException(422, str(failure)) from failure
        service.faults.order(fault)
        return dataclasses.asdict(fault)

    @app.post(f"{CONTROLS}measurement")
    def measure(order: dict[str, Any]) -> dict[str, Any]:
        try:
            service.measure(**order)
        except (TypeError, ValueError) as failure:
            raise HTTPException(422, str(failure)) from failure
        return order

    @app.get(f"{CONTROLS}accepted")
    def count_accepted() -> dict[str, int]:
        return {"accepted": service.requests.accepted}

    @app.post(f"{CONTROLS}retired-models/{{model}}")
    def retire(model: str) -> list[str]:
        service.vertex.retired.add(model)
        return sorted(service.vertex.retired)

    @app.post(f"{CONTROLS}reset")
    def reset() -> None:
        service.reset()
