"""The routes: Vertex AI, Cloud Storage, and the controls of the emulator itself."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import urllib.error
import urllib.request
from typing import Any

from fastapi import FastAPI, HTTPException
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from airflow_provider_imagen.emulator import breaking
from airflow_provider_imagen.emulator.calls import Call, CallBook
from airflow_provider_imagen.emulator.faults import Fault, FaultBook
from airflow_provider_imagen.emulator.imagen import Painter
from airflow_provider_imagen.emulator.limits import models
from airflow_provider_imagen.emulator.refusals import Refusal, blocked_prompt, envelope, not_served
from airflow_provider_imagen.emulator.storage import Storage

NOT_FORWARDED = {"content-length", "connection", "transfer-encoding", "accept-encoding"}


class Service:
    """Everything behind the routes.

    :param storage: the Cloud Storage server.
    """

    def __init__(self, storage: Storage) -> None:
        self.storage = storage
        self.painter = Painter(storage)
        self.faults = FaultBook()
        self.calls = CallBook()
        self.retired: set[str] = set()

    async def remembered(self, request: Request) -> bytes:
        """Read the body of a request, and remember the request."""
        body = await request.body()
        query = request.url.query
        self.calls.add(Call(request.method, request.url.path, query, dict(request.headers), body))
        return body

    async def predict(self, request: Request, place: tuple[str, str, str]) -> Response:
        """Answer a ``:predict``."""
        raw = await self.remembered(request)
        try:
            body = json.loads(raw)
            operation = "upscale" if (body.get("parameters") or {}).get("mode") == "upscale" else "generate"
        except (ValueError, AttributeError):
            return _error(Refusal(400, "Invalid JSON payload received."))
        fault = self.faults.take(operation)
        if early := await _strike(request, fault, done=None):
            return early
        try:
            answer = await run_in_threadpool(self.painter.predict, body, self._row(place), fault)
        except Refusal as refusal:
            return _error(refusal)
        return await _answer(request, fault, JSONResponse(answer))

    async def describe(self, request: Request, model: str) -> Response:
        """Answer a look-up of a publisher model."""
        await self.remembered(request)
        fault = self.faults.take("lookup")
        if struck := await _strike(request, fault, done=None):
            return struck
        if model in self.retired or model not in models():
            return _error(Refusal(404, f"Publisher Model `publishers/google/models/{model}` was not found."))
        row = models()[model]
        stage = "PUBLIC_PREVIEW" if "preview" in model else "GA"
        name = f"publishers/google/models/{row['id']}"
        answer = JSONResponse({"name": name, "versionId": "default", "launchStage": stage})
        return await _answer(request, fault, answer)

    async def forward(self, request: Request) -> Response:
        """Pass a Cloud Storage call on to the real server."""
        body = await self.remembered(request)
        fault = self.faults.take(_storage_operation(request))
        if struck := await _strike(request, fault, done=None):
            return struck
        status, headers, content = await run_in_threadpool(_ask, self.storage.url, request, body)
        return await _answer(request, fault, Response(content, status, headers))

    def _row(self, place: tuple[str, str, str]) -> dict[str, Any]:
        project, location, model = place
        if model in self.retired or model not in models():
            raise not_served(project, location, model)
        return models()[model]


def make_app(service: Service) -> FastAPI:
    """Return the application."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    _add_vertex_routes(app, service)
    _add_storage_routes(app, service)
    _add_controls(app, service)
    return app


def _add_vertex_routes(app: FastAPI, service: Service) -> None:
    for version in ("v1", "v1beta1"):

        @app.post(f"/{version}/projects/{{project}}/locations/{{location}}/publishers/google/models/{{model}}:predict")
        async def predict(request: Request, project: str, location: str, model: str) -> Response:
            return await service.predict(request, (project, location, model))

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
        except TypeError as failure:
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


async def _answer(request: Request, fault: Fault | None, done: Response) -> Response:
    """Return the answer of finished work, unless a fault strikes now."""
    return await _strike(request, fault, done=bytes(done.body)) or done


async def _strike(request: Request, fault: Fault | None, done: bytes | None) -> Response | None:
    """Return what a fault answers at this point; ``done`` is the answer when the work is done, None before it."""
    if fault is None or fault.after_work == (done is None):
        return None
    await asyncio.sleep(fault.delay_seconds)
    if fault.reset:
        return await breaking.reset(request)
    if fault.truncated:
        return await breaking.cut_short(request, done or b'{"predictions": []}')
    return _ordered_answer(fault)


def _ordered_answer(fault: Fault) -> Response | None:
    if fault.status is not None:
        return JSONResponse(envelope(fault.status, fault.message, fault.details), fault.status, dict(fault.headers))
    if fault.blocked_prompt:
        return _error(blocked_prompt(fault.support_codes))
    if fault.empty:
        return JSONResponse({})
    return Response(fault.body, media_type="application/json") if fault.body is not None else None


def _error(refusal: Refusal) -> JSONResponse:
    return JSONResponse(envelope(refusal.status, refusal.message), refusal.status)


def _storage_operation(request: Request) -> str:
    path = request.scope["raw_path"]  # an object's name may end with /o too, but there the slash is encoded
    if path.startswith(b"/upload/"):
        return "upload"
    return "list" if path.endswith(b"/o") else "download"


def _ask(base: str, request: Request, body: bytes) -> tuple[int, dict[str, str], bytes]:
    path = request.scope["raw_path"].decode()
    url = f"{base}{path}?{request.url.query}"
    headers = {name: value for name, value in request.headers.items() if name not in NOT_FORWARDED}
    forwarded = urllib.request.Request(url, body or None, headers, method=request.method)  # noqa: S310
    try:
        with urllib.request.urlopen(forwarded, timeout=60) as answer:  # noqa: S310
            return answer.status, _kept(answer.headers), answer.read()
    except urllib.error.HTTPError as failure:
        with failure:
            return failure.code, _kept(failure.headers), failure.read()


def _kept(headers: Any) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.lower() not in {*NOT_FORWARDED, "date"}}
