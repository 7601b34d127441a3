"""Vertex AI: the methods of publisher models, with faults, the log of requests and what Google would bill."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import monotonic
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from airflow_provider_imagen.emulator import proto_json, publisher_models, streaming
from airflow_provider_imagen.emulator.api_errors import ApiError, model_not_found, wrong_method
from airflow_provider_imagen.emulator.enum_numbers import with_numbers
from airflow_provider_imagen.emulator.fault_responses import (
    after_work,
    before_work,
    error_response,
    past_server_timeout,
)
from airflow_provider_imagen.emulator.faults import Fault, FaultQueue
from airflow_provider_imagen.emulator.generate_content import GenerateContentHandler, as_gemini_fault, count_tokens
from airflow_provider_imagen.emulator.locations import check_location
from airflow_provider_imagen.emulator.predict import PredictHandler
from airflow_provider_imagen.emulator.predict_limits import is_served_in, models
from airflow_provider_imagen.emulator.request_log import RequestLog

Place = tuple[str, str, str]
"""Project, location and model of a request."""

Work = Callable[[dict[str, Any]], dict[str, Any]]


class VertexAI:
    """Handles the requests of Vertex AI's clients.

    :param predict: answers requests of Imagen's models.
    :param generate_content: answers requests of Gemini's models.
    :param faults: the ordered faults.
    :param requests: the log.
    """

    def __init__(
        self,
        predict: PredictHandler,
        generate_content: GenerateContentHandler,
        faults: FaultQueue,
        requests: RequestLog,
    ) -> None:
        self.retired: set[str] = set()
        self.latency_seconds: float = 0.0
        self._faults = faults
        self._requests = requests
        self._predict = predict
        self._generate_content = generate_content

    async def predict(self, request: Request, place: Place) -> Response:
        """Handle a ``:predict``."""
        try:
            body = proto_json.read(proto_json.parsed(await self._requests.log(request)), "PredictRequest")
        except ApiError as error:
            return error_response(error)
        parameters = body.get("parameters")
        is_upscale = isinstance(parameters, dict) and parameters.get("mode") == "upscale"
        fault = self._faults.take("upscale" if is_upscale else "generate", body=body)
        return await self._billed(
            request, fault, lambda: self._predict.answer(body, self._row(place, "predict"), fault)
        )

    async def generate_content(self, request: Request, place: Place) -> Response:
        """Handle a ``:generateContent``."""
        body = proto_json.parsed(await self._requests.log(request))
        fault = as_gemini_fault(self._faults.take("generate", is_gemini=True, body=body))
        return await self._billed(request, fault, lambda: self._content(request, body, place, fault))

    async def stream_generate_content(self, request: Request, place: Place) -> Response:
        """Handle a ``:streamGenerateContent``: events with ``alt=sse``, else one JSON array."""
        body = proto_json.parsed(await self._requests.log(request))
        fault = as_gemini_fault(self._faults.take("generate", is_gemini=True, body=body))
        write = streaming.event_stream if request.query_params.get("alt") == "sse" else streaming.array
        return await self._billed(request, fault, lambda: self._content(request, body, place, fault), write)

    async def count_tokens(self, request: Request, place: Place) -> Response:
        """Handle a ``:countTokens``, which is free of charge."""
        body = proto_json.parsed(await self._requests.log(request))
        return await self._free(
            request, "count_tokens", lambda: count_tokens(body, self._row(place, "generateContent"))
        )

    async def get_model(self, request: Request, model: str) -> Response:
        """Handle a look-up of a publisher model."""
        await self._requests.log(request)
        return await self._free(request, "lookup", lambda: publisher_models.get_model(model, self.retired))

    async def list_models(self, request: Request, publisher: str) -> Response:
        """Handle a listing of the models of a publisher; ``*`` is every one, and all models are Google's."""
        await self._requests.log(request)
        query = dict(request.query_params)

        def listed() -> dict[str, Any]:
            return publisher_models.list_models(query, self.retired) if publisher in {"google", "*"} else {}

        return await self._free(request, "lookup", listed)

    async def list_own_models(self, request: Request, location: str) -> Response:
        """Handle a listing of the project's own models, of which there are none."""
        await self._requests.log(request)

        def own() -> dict[str, Any]:
            check_location(location)
            return {}

        return await self._free(request, "lookup", own)

    def _content(self, request: Request, body: Any, place: Place, fault: Fault | None) -> dict[str, Any]:
        row = self._row(place, "generateContent")
        return self._generate_content.answer(body, row, dict(request.headers), fault)

    async def _billed(
        self,
        request: Request,
        fault: Fault | None,
        work: Callable[[], dict[str, Any]],
        write: Callable[[dict[str, Any]], Response] = JSONResponse,
    ) -> Response:
        """Do work that Google charges for, unless it ends with an error."""
        due = monotonic() + self.latency_seconds
        if late := await past_server_timeout(request, fault):
            return late
        if early := await before_work(request, fault):
            return early
        try:
            result = await run_in_threadpool(work)
        except ApiError as error:
            response = error_response(error)
            return streaming.error_array(response) if write is streaming.array else response
        self._requests.accept()
        await asyncio.sleep(max(0.0, due - monotonic()))
        return await after_work(request, fault, write(_encoded(request, result)))

    async def _free(self, request: Request, operation: str, work: Callable[[], dict[str, Any]]) -> Response:
        fault = self._faults.take(operation)
        if early := await before_work(request, fault):
            return early
        try:
            response = JSONResponse(_encoded(request, work()))
        except ApiError as error:
            response = error_response(error)
        return await after_work(request, fault, response)

    def _row(self, place: Place, protocol: str) -> dict[str, Any]:
        project, location, model = place
        check_location(location)
        row = models().get(model)
        if row is None or model in self.retired or not is_served_in(row, location):
            raise model_not_found(project, location, model)
        if row["protocol"] != protocol:
            raise wrong_method(model, protocol)
        return row


def _encoded(request: Request, result: dict[str, Any]) -> dict[str, Any]:
    encoding = request.query_params.get("$alt", "")
    return dict(with_numbers(result)) if "enum-encoding=int" in encoding else result
