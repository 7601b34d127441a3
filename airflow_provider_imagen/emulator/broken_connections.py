"""Connections that are broken on purpose: a reset, no response, half a response or a false length, on the socket."""

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
    """HTTP/1.1 that keeps its transports, so that a route can break the one of its request."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Keep the transport by its client's address."""
        super().connection_made(transport)
        self._address = tuple(transport.get_extra_info("peername")[:2])
        _open[self._address] = transport

    def connection_lost(self, exc: Exception | None) -> None:
        """Remove the transport."""
        _open.pop(self._address, None)
        super().connection_lost(exc)


async def reset(request: Request) -> Response:
    """Reset the connection of a request, without a response."""
    transport = _transport_of(request)
    raw: socket.socket = transport.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
    return await _disconnected(request)


async def truncate(request: Request, body: bytes) -> Response:
    """Send the first half of a response and close the connection."""
    transport = _transport_of(request)
    start = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    transport.write(start + body[: len(body) // 2])
    transport.close()
    return await _disconnected(request)


async def hang(request: Request) -> Response:
    """Send no response until the client disconnects."""
    return await _disconnected(request)


async def send_unchecked(request: Request, response: Response, *, is_complete: bool) -> Response:
    """Send a response with the headers it has, true or not, and close the connection if it is complete."""
    transport = _transport_of(request)
    headers = "".join(f"{name}: {value}\r\n" for name, value in response.headers.items())
    transport.write(f"HTTP/1.1 {response.status_code} Response\r\n{headers}\r\n".encode() + bytes(response.body))
    if is_complete:
        transport.close()
    return await _disconnected(request)


def _transport_of(request: Request) -> asyncio.Transport:
    return _open[cast("tuple[str, int]", tuple(request.scope["client"]))]


async def _disconnected(request: Request) -> Response:
    message: Any = {}
    while message.get("type") != "http.disconnect":
        message = await request.receive()
    return Response()
