"""A stand-in for Google that answers every ``:generateContent`` with the same image after a fixed time, for little CPU.

Run as ``replay_server.py IMAGE_BYTES LATENCY_SECONDS``, it prints its port and serves until its standard input ends.
``GET /count`` answers how many images were asked for.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import struct
import subprocess
import sys
import urllib.request
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


def image_of(size_bytes: int) -> bytes:
    """Return the bytes of a PNG, as far as a reader of its beginning can tell."""
    header = b"IHDR" + struct.pack(">IIBBBBB", 1024, 1024, 8, 2, 0, 0, 0)
    beginning = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))
    return beginning + os.urandom(size_bytes - len(beginning))


def answer_with(image: bytes) -> bytes:
    """Return Google's answer with an image, as it stands on the wire."""
    part = {"inlineData": {"mimeType": "image/png", "data": base64.b64encode(image).decode()}}
    candidate = {"content": {"role": "model", "parts": [part]}, "finishReason": "STOP"}
    return response(json.dumps({"candidates": [candidate]}).encode())


def response(body: bytes) -> bytes:
    """Return an HTTP response of JSON."""
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


class Replay(asyncio.Protocol):
    """Answers the requests of one connection, one after another."""

    count = 0

    def __init__(self, answer: bytes, latency_seconds: float) -> None:
        self._answer = answer
        self._latency_seconds = latency_seconds
        self._received = bytearray()

    def connection_made(self, transport: Any) -> None:
        """Keep the connection."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer a request once it is whole."""
        self._received += data
        end = self._received.find(b"\r\n\r\n")
        if end < 0:
            return
        head = bytes(self._received[:end]).lower()
        _, found, length = head.partition(b"content-length:")
        if len(self._received) < end + 4 + (int(length.split(b"\r\n")[0]) if found else 0):
            return
        self._received.clear()
        if head.startswith(b"get /count"):
            self._transport.write(response(json.dumps(Replay.count).encode()))
            return
        Replay.count += 1
        asyncio.get_running_loop().call_later(self._latency_seconds, self._send)

    def _send(self) -> None:
        if not self._transport.is_closing():
            self._transport.write(self._answer)


async def serve(image_bytes: int, latency_seconds: float) -> None:
    """Serve until standard input ends."""
    answer, loop = answer_with(image_of(image_bytes)), asyncio.get_running_loop()
    server = await loop.create_server(lambda: Replay(answer, latency_seconds), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


@contextmanager
def replay(image_bytes: int, latency_seconds: float) -> Iterator[str]:
    """Run the server in a process of its own and yield its URL."""
    command = [sys.executable, __file__, str(image_bytes), str(latency_seconds)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
        finally:
            process.stdin.close()


def count_at(url: str) -> int:
    """Return how many images a server was asked for."""
    with urllib.request.urlopen(f"{url}/count") as answer:
        return int(json.load(answer))


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), float(sys.argv[2])))
