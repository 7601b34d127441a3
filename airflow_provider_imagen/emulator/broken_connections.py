"""Broken connections on purpose: a reset, silence, half an answer or a false length, over the real socket."""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import Any, cast

from starlette.requests import Request
from starlette.responses import Response
from uvicorn.protocols.http.h11_impl import H11Protocol

_open: dict[tuple[str, int], asyncio.Transport] = {}


class BreakableProtocol(H11Protocol):
    """HTTP/1.1 that remembers its connections, so that a route can break the one it answers on."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Remember the connection by its client's address."""
        super().connection_made(transport)
        self._address = tuple(transport.get_extra_info("peername")[:2])
        _open[self._address] = transport

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        _open.pop(self._address, None)
        super().connection_lost(exc)


async def reset(request: Request) -> Response:
    """Reset the connection of a request: the client sees a broken connection and no answer."""
    transport = _transport_of(request)
    raw: socket.socket = transport.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
    return await _gone(request)


async def cut_short(request: Request, body: bytes) -> Response:
    """Send the first half of an answer and close the connection."""
    transport = _transport_of(request)
    start = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    transport.write(start + body[: len(body) // 2])
    transport.close()
    return await _gone(request)


async def hang(request: Request) -> Response:
    """Say nothing until the client gives up."""
    return await _gone(request)


async def send_as_it_is(request: Request, answer: Response, *, is_over: bool) -> Response:
    """Send an answer with the headers it bears, true or not, and close the connection if the answer is over."""
    transport = _transport_of(request)
    headers = "".join(f"{name}: {value}\r\n" for name, value in answer.headers.items())
    transport.write(f"HTTP/1.1 {answer.status_code} Said\r\n{headers}\r\n".encode() + bytes(answer.body))
    if is_over:
        transport.close()
    return await _gone(request)


def _transport_of(request: Request) -> asyncio.Transport:
    return _open[cast("tuple[str, int]", tuple(request.scope["client"]))]


async def _gone(request: Request) -> Response:
    message: Any = {}
    while message.get("type") != "http.disconnect":
        message = await request.receive()
    return Response()
