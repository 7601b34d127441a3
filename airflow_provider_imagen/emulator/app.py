"""The routes: Vertex AI, Cloud Storage, and the controls of the emulator itself."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from typing import Any

from fastapi import FastAPI, HTTPException
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from airflow_provider_imagen.emulator.api_errors import ApiError, model_not_found, wrong_method
from airflow_provider_imagen.emulator.fault_responses import after_work, before_work, error_response
from airflow_provider_imagen.emulator.faults import Fault, FaultQueue
from airflow_provider_imagen.emulator.generate_content import GenerateContentHandler, as_gemini_fault
from airflow_provider_imagen.emulator.predict import PredictHandler
from airflow_provider_imagen.emulator.predict_limits import is_served_in, models
from airflow_provider_imagen.emulator.request_log import LoggedRequest, RequestLog
from airflow_provider_imagen.emulator.storage import Storage
from airflow_provider_imagen.emulator.storage_front import StorageFront
from airflow_provider_imagen.emulator.storage_requests import StorageRequest

INVALID_JSON = ApiError(400, "Invalid JSON payload received.")


class Service:
    """The services behind the routes.

    :param storage: the Cloud Storage server.
    """

    def __init__(self, storage: Storage) -> None:
        self.faults = FaultQueue()
        self.requests = RequestLog()
        self.retired: set[str] = set()
        self._storage = StorageFront(storage, self.faults)
        self._predict = PredictHandler(self._storage)
        self._generate_content = GenerateContentHandler()

    def reset(self) -> None:
        """Remove faults, requests, retired models and sessions of uploads."""
        self.faults.clear()
        self.requests.clear()
        self.retired.clear()
        self._storage.clear()

    async def predict(self, request: Request, place: tuple[str, str, str]) -> Response:
        """Handle a ``:predict``."""
        raw = await self._logged_body(request)
        try:
            body = json.loads(raw)
            operation = "upscale" if (body.get("parameters") or {}).get("mode") == "upscale" else "generate"
        except (ValueError, AttributeError):
            return error_response(INVALID_JSON)
        fault = self.faults.take(operation)
        return await self._billed(
            request, fault, lambda: self._predict.answer(body, self._row(place, "predict"), fault)
        )

    async def generate_content(self, request: Request, place: tuple[str, str, str]) -> Response:
        """Handle a ``:generateContent``."""
        raw = await self._logged_body(request)
        try:
            body = json.loads(raw)
        except ValueError:
            body = None
        if not isinstance(body, dict):
            return error_response(INVALID_JSON)
        fault = as_gemini_fault(self.faults.take("generate", is_gemini=True))
        return await self._billed(
            request, fault, lambda: self._generate_content.answer(body, self._row(place, "generateContent"), fault)
        )

    async def get_model(self, request: Request, model: str) -> Response:
        """Handle a look-up of a publisher model."""
        await self._logged_body(request)
        fault = self.faults.take("lookup")
        if early := await before_work(request, fault):
            return early
        if model in self.retired or model not in models():
            return error_response(ApiError(404, f"Publisher Model `publishers/google/models/{model}` was not found."))
        row = models()[model]
        stage = "PUBLIC_PREVIEW" if "preview" in model else "GA"
        name = f"publishers/google/models/{row['id']}"
        return await after_work(
            request, fault, JSONResponse({"name": name, "versionId": "default", "launchStage": stage})
        )

    async def storage(self, request: Request) -> Response:
        """Handle a Cloud Storage request."""
        body = await self._logged_body(request)
        # Not request.url: before Starlette 1 it takes a question mark in an object's name for the start of the query.
        path, query = request.scope["raw_path"].decode(), request.scope["query_string"].decode()
        storage_request = StorageRequest(request.method, path, query, dict(request.headers), body)
        fault = self.faults.take(storage_request.operation, is_content=storage_request.reads_content)
        if early := await before_work(request, fault):
            return early
        result = await run_in_threadpool(self._storage.answer, storage_request)
        response = Response(result.body, result.status)
        for name, value in result.headers:
            response.headers.append(name, value)
        return await after_work(request, fault, response)

    async def _logged_body(self, request: Request) -> bytes:
        """Return the body of a request, and log the request."""
        body = await request.body()
        path, query = request.scope["path"], request.scope["query_string"].decode()
        self.requests.add(LoggedRequest(request.method, path, query, dict(request.headers), body))
        return body

    async def _billed(self, request: Request, fault: Fault | None, work: Callable[[], dict[str, Any]]) -> Response:
        """Do work that Google charges for, unless it ends with an error."""
        if early := await before_work(request, fault):
            return early
        try:
            result = await run_in_threadpool(work)
        except ApiError as error:
            return error_response(error)
        self.requests.accept()
        return await after_work(request, fault, JSONResponse(result))

    def _row(self, place: tuple[str, str, str], protocol: str) -> dict[str, Any]:
        project, location, model = place
        row = models().get(model)
        if row is None or model in self.retired or not is_served_in(row, location):
            raise model_not_found(project, location, model)
        if row["protocol"] != protocol:
            raise wrong_method(model, protocol)
        return row


def make_app(service: Service) -> FastAPI:
    """Return the application."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    _add_vertex_routes(app, service)
    _add_storage_routes(app, service)
    _add_controls(app, service)
    return app


def _add_vertex_routes(app: FastAPI, service: Service) -> None:
    for version in ("v1", "v1beta1"):
        named = f"/{version}/projects/{{project}}/locations/{{location}}/publishers/google/models/{{model}}"

        @app.post(f"{named}:predict")
        async def predict(request: Request, project: str, location: str, model: str) -> Response:
            return await service.predict(request, (project, location, model))

        @app.post(f"{named}:generateContent")
        async def generate_content(request: Request, project: str, location: str, model: str) -> Response:
            return await service.generate_content(request, (project, location, model))

        @app.get(f"/{version}/publishers/google/models/{{model}}")
        async def get_model(request: Request, model: str) -> Response:
            return await service.get_model(request, model)


def _add_storage_routes(app: FastAPI, service: Service) -> None:
    methods = ["GET", "POST", "PUT", "PATCH", "DELETE"]
    for start in ("/storage/v1", "/upload/storage/v1", "/download/storage/v1"):

        @app.api_route(f"{start}/{{rest:path}}", methods=methods)
        async def storage(request: Request, rest: str) -> Response:
            del rest
            return await service.storage(request)


def _add_controls(app: FastAPI, service: Service) -> None:
    @app.get("/emulator/requests")
    def list_requests() -> list[dict[str, str]]:
        return [
            {"method": each.method, "path": each.path, "query": each.query, "body": each.body.decode(errors="replace")}
            for each in service.requests.all()
        ]

    @app.get("/emulator/faults")
    def list_faults() -> list[dict[str, Any]]:
        return [{**dataclasses.asdict(fault), "fired": fired} for fault, fired in service.faults.counts()]

    @app.post("/emulator/faults")
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

    @app.post("/emulator/retired-models/{model}")
    def retire(model: str) -> list[str]:
        service.retired.add(model)
        return sorted(service.retired)

    @app.post("/emulator/reset")
    def reset() -> None:
        service.reset()
