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

from airflow_provider_imagen.emulator.fault_responses import answered, refused, strike
from airflow_provider_imagen.emulator.faults import Fault, FaultQueue
from airflow_provider_imagen.emulator.generate_content import GenerateContentHandler, translated
from airflow_provider_imagen.emulator.predict import PredictHandler
from airflow_provider_imagen.emulator.predict_limits import is_served_in, models
from airflow_provider_imagen.emulator.predict_validation import Refusal, not_served, wrong_protocol
from airflow_provider_imagen.emulator.request_log import LoggedRequest, RequestLog
from airflow_provider_imagen.emulator.storage import Storage
from airflow_provider_imagen.emulator.storage_front import StorageFront
from airflow_provider_imagen.emulator.storage_requests import StorageRequest


class Service:
    """Everything behind the routes.

    :param storage: the Cloud Storage server.
    """

    def __init__(self, storage: Storage) -> None:
        self.storage = storage
        self.faults = FaultQueue()
        self.front = StorageFront(storage, self.faults)
        self.predictions = PredictHandler(self.front)
        self.contents = GenerateContentHandler()
        self.calls = RequestLog()
        self.retired: set[str] = set()

    async def remembered(self, request: Request) -> bytes:
        """Read the body of a request, and remember the request."""
        body = await request.body()
        path, query = request.scope["path"], request.scope["query_string"].decode()
        self.calls.add(LoggedRequest(request.method, path, query, dict(request.headers), body))
        return body

    async def predict(self, request: Request, place: tuple[str, str, str]) -> Response:
        """Answer a ``:predict``."""
        raw = await self.remembered(request)
        try:
            body = json.loads(raw)
            operation = "upscale" if (body.get("parameters") or {}).get("mode") == "upscale" else "generate"
        except (ValueError, AttributeError):
            return refused(Refusal(400, "Invalid JSON payload received."))
        fault = self.faults.take(operation)
        return await self._worked(
            request, fault, lambda: self.predictions.answer(body, self._row(place, "predict"), fault)
        )

    async def generate_content(self, request: Request, place: tuple[str, str, str]) -> Response:
        """Answer a ``:generateContent``."""
        raw = await self.remembered(request)
        try:
            body = json.loads(raw)
        except ValueError:
            body = None
        if not isinstance(body, dict):
            return refused(Refusal(400, "Invalid JSON payload received."))
        fault = translated(self.faults.take("generate", is_gemini=True))
        return await self._worked(
            request, fault, lambda: self.contents.answer(body, self._row(place, "generateContent"), fault)
        )

    async def describe(self, request: Request, model: str) -> Response:
        """Answer a look-up of a publisher model."""
        await self.remembered(request)
        fault = self.faults.take("lookup")
        if struck := await strike(request, fault, done=None):
            return struck
        if model in self.retired or model not in models():
            return refused(Refusal(404, f"Publisher Model `publishers/google/models/{model}` was not found."))
        row = models()[model]
        stage = "PUBLIC_PREVIEW" if "preview" in model else "GA"
        name = f"publishers/google/models/{row['id']}"
        return await answered(
            request, fault, JSONResponse({"name": name, "versionId": "default", "launchStage": stage})
        )

    async def forward(self, request: Request) -> Response:
        """Pass a Cloud Storage call on to the real server."""
        body = await self.remembered(request)
        # Not request.url: before Starlette 1 it takes a question mark in an object's name for the start of the query.
        path, query = request.scope["raw_path"].decode(), request.scope["query_string"].decode()
        asked = StorageRequest(request.method, path, query, dict(request.headers), body)
        fault = self.faults.take(asked.operation, is_content=asked.reads_content)
        if struck := await strike(request, fault, done=None):
            return struck
        answer = await run_in_threadpool(self.front.answer, asked)
        response = Response(answer.body, answer.status)
        for name, value in answer.headers:
            response.headers.append(name, value)
        return await answered(request, fault, response)

    async def _worked(self, request: Request, fault: Fault | None, work: Callable[[], dict[str, Any]]) -> Response:
        if early := await strike(request, fault, done=None):
            return early
        try:
            answer = await run_in_threadpool(work)
        except Refusal as refusal:
            return refused(refusal)
        self.calls.accept()
        return await answered(request, fault, JSONResponse(answer))

    def _row(self, place: tuple[str, str, str], protocol: str) -> dict[str, Any]:
        project, location, model = place
        row = models().get(model)
        if row is None or model in self.retired or not is_served_in(row, location):
            raise not_served(project, location, model)
        if row["protocol"] != protocol:
            raise wrong_protocol(model, protocol)
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
        async def describe(request: Request, model: str) -> Response:
            return await service.describe(request, model)


def _add_storage_routes(app: FastAPI, service: Service) -> None:
    methods = ["GET", "POST", "PUT", "PATCH", "DELETE"]
    for start in ("/storage/v1", "/upload/storage/v1", "/download/storage/v1"):

        @app.api_route(f"{start}/{{rest:path}}", methods=methods)
        async def forward(request: Request, rest: str) -> Response:
            del rest
            return await service.forward(request)


def _add_controls(app: FastAPI, service: Service) -> None:
    @app.get("/emulator/requests")
    def list_calls() -> list[dict[str, str]]:
        return [
            {"method": call.method, "path": call.path, "query": call.query, "body": call.body.decode(errors="replace")}
            for call in service.calls.all()
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
    def forget() -> None:
        service.faults.clear()
        service.calls.clear()
        service.retired.clear()
        service.front.clear()
