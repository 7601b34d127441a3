"""What a caller gets when an ordered fault strikes."""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from airflow_provider_imagen.emulator import breaking
from airflow_provider_imagen.emulator.faults import Fault
from airflow_provider_imagen.emulator.refusals import Refusal, blocked_prompt, envelope


async def strike(request: Request, fault: Fault | None, done: bytes | None) -> Response | None:
    """Return what a fault answers at this point; ``done`` is the answer when the work is done, None before it."""
    if fault is None or fault.after_work == (done is None):
        return None
    await asyncio.sleep(fault.delay_seconds)
    if fault.reset:
        return await breaking.reset(request)
    if fault.truncated:
        return await breaking.cut_short(request, done or b'{"predictions": []}')
    return _ordered_answer(fault)


async def answered(request: Request, fault: Fault | None, done: Response) -> Response:
    """Return the answer of finished work, unless a fault strikes now."""
    return await strike(request, fault, done=bytes(done.body)) or done


def refused(refusal: Refusal) -> JSONResponse:
    """Return a refusal as Google's error body."""
    content = envelope(refusal.status, refusal.message, refusal.details, refusal.word)
    return JSONResponse(content, refusal.status)


def _ordered_answer(fault: Fault) -> Response | None:
    if fault.status is not None:
        return JSONResponse(envelope(fault.status, fault.message, fault.details), fault.status, dict(fault.headers))
    if fault.blocked_prompt:
        return refused(blocked_prompt(fault.support_codes))
    if fault.empty:
        return JSONResponse({})
    return Response(fault.body, media_type="application/json") if fault.body is not None else None
