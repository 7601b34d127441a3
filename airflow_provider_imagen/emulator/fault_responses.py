"""What a caller gets when an ordered fault strikes."""

from __future__ import annotations

import asyncio
import gzip

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from airflow_provider_imagen.emulator import broken_connections as breaking
from airflow_provider_imagen.emulator.faults import Fault
from airflow_provider_imagen.emulator.predict_validation import Refusal, blocked_prompt, envelope

WEB_PAGE = "<!DOCTYPE html><html><head><title>Proxy</title></head><body><h1>This is no API</h1></body></html>"


async def strike(request: Request, fault: Fault | None, done: Response | None) -> Response | None:
    """Return what a fault answers at this point; ``done`` is the answer when the work is done, None before it."""
    if fault is None or (fault.after_work or fault.corrupted) == (done is None):
        return None
    await asyncio.sleep(fault.delay_seconds)
    if fault.hang:
        return await breaking.hang(request)
    if fault.reset:
        return await breaking.reset(request)
    if fault.truncated:
        return await breaking.cut_short(request, bytes(done.body) if done else b'{"predictions": []}')
    answer = _ordered_answer(fault) or done
    if fault.corrupted and answer is not None:
        answer.body = _damaged(bytes(answer.body))
    if answer is None or not (fault.gzip or fault.length_off_by):
        return answer
    return await _packed(request, fault, answer)


async def answered(request: Request, fault: Fault | None, done: Response) -> Response:
    """Return the answer of finished work, unless a fault strikes now."""
    return await strike(request, fault, done) or done


def refused(refusal: Refusal) -> JSONResponse:
    """Return a refusal as Google's error body."""
    content = envelope(refusal.status, refusal.message, refusal.details, refusal.word)
    return JSONResponse(content, refusal.status)


async def _packed(request: Request, fault: Fault, answer: Response) -> Response:
    """Send an answer compressed, with a false length, or both."""
    if fault.gzip:
        answer.body = gzip.compress(bytes(answer.body))
        answer.headers["content-encoding"] = "gzip"
    length = len(answer.body) + fault.length_off_by
    answer.headers["content-length"] = str(length)
    if fault.length_off_by:
        return await breaking.send_as_it_is(request, answer, is_over=length < len(answer.body))
    return answer


def _damaged(body: bytes) -> bytes:
    """Return other bytes of the same length."""
    middle = len(body) // 2
    return body[:middle] + bytes(255 - byte for byte in body[middle : middle + 1]) + body[middle + 1 :]


def _ordered_answer(fault: Fault) -> Response | None:
    if fault.html:
        return HTMLResponse(WEB_PAGE, fault.status or 200, dict(fault.headers))
    if fault.status is not None:
        return JSONResponse(envelope(fault.status, fault.message, fault.details), fault.status, dict(fault.headers))
    if fault.blocked_prompt:
        return refused(blocked_prompt(fault.support_codes))
    if fault.empty:
        return JSONResponse({})
    body = f'"{" " * (fault.huge_bytes - 2)}"' if fault.huge_bytes else fault.body
    return Response(body, media_type="application/json") if body is not None else None
