"""The responses of ordered faults."""

from __future__ import annotations

import asyncio
import gzip

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from airflow_provider_imagen.emulator import broken_connections
from airflow_provider_imagen.emulator.api_errors import ApiError, blocked_prompt, error_body
from airflow_provider_imagen.emulator.faults import Fault
from airflow_provider_imagen.emulator.service_tiers import TIMEOUT_HEADER

WEB_PAGE = "<!DOCTYPE html><html><head><title>Proxy</title></head><body><h1>This is no API</h1></body></html>"


async def before_work(request: Request, fault: Fault | None) -> Response | None:
    """Return the response of a fault that takes effect before the request is handled, None for any other."""
    if fault is None or fault.is_after_work:
        return None
    return await _apply(request, fault, result=None)


async def past_server_timeout(request: Request, fault: Fault | None) -> Response | None:
    """Return the response to a request that a fault delays beyond its ``X-Server-Timeout``, None for any other."""
    limit = request.headers.get(TIMEOUT_HEADER, "")
    if fault is None or not limit.isdigit() or fault.delay_seconds <= int(limit):
        return None
    await asyncio.sleep(int(limit))
    return error_response(ApiError(504, "Deadline expired before operation could complete."))


async def after_work(request: Request, fault: Fault | None, result: Response) -> Response:
    """Return the response of a fault that takes effect after the request was handled, ``result`` for any other."""
    if fault is None or not fault.is_after_work:
        return result
    return await _apply(request, fault, result) or result


def error_response(error: ApiError) -> JSONResponse:
    """Return an error as Google's error body."""
    content = error_body(error.status, error.message, error.details, error.word)
    return JSONResponse(content, error.status)


async def _apply(request: Request, fault: Fault, result: Response | None) -> Response | None:
    await asyncio.sleep(fault.delay_seconds)
    if fault.hang:
        return await broken_connections.hang(request)
    if fault.reset:
        return await broken_connections.reset(request)
    if fault.truncated:
        return await broken_connections.truncate(request, bytes(result.body) if result else b'{"predictions": []}')
    response = _ordered_response(fault) or result
    if response is None:
        return None
    if fault.corrupted:
        response.body = _damaged(bytes(response.body))
    return await _repacked(request, fault, response) if fault.gzip or fault.length_off_by else response


async def _repacked(request: Request, fault: Fault, response: Response) -> Response:
    """Return a response compressed, or send it with a false length."""
    if fault.gzip:
        response.body = gzip.compress(bytes(response.body))
        response.headers["content-encoding"] = "gzip"
    length = len(response.body) + fault.length_off_by
    response.headers["content-length"] = str(length)
    if fault.length_off_by:
        return await broken_connections.send_unchecked(request, response, is_complete=length < len(response.body))
    return response


def _damaged(body: bytes) -> bytes:
    """Return other bytes of the same length."""
    middle = len(body) // 2
    return body[:middle] + bytes(255 - byte for byte in body[middle : middle + 1]) + body[middle + 1 :]


def _ordered_response(fault: Fault) -> Response | None:
    if fault.html:
        return HTMLResponse(WEB_PAGE, fault.status or 200, dict(fault.headers))
    if fault.status is not None:
        return JSONResponse(error_body(fault.status, fault.message, fault.details), fault.status, dict(fault.headers))
    if fault.blocked_prompt:
        return error_response(blocked_prompt(fault.support_codes))
    if fault.empty:
        return JSONResponse({})
    body = f'"{" " * (fault.huge_bytes - 2)}"' if fault.huge_bytes else fault.body
    return Response(body, media_type="application/json") if body is not None else None
