"""A gate between the workers and the emulator, which knows of every call how far it has come.

It passes calls on byte by byte, and at the one moment it was told of it ends the worker: before it passes on what the
worker sent, or before it passes back what the emulator answered.
"""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from http.client import HTTPConnection, HTTPResponse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import urlsplit

from kills.kill_points import AtGoogle, CallKind

PATIENCE_SECONDS = 300.0
NOT_PASSED_BACK = {"transfer-encoding", "connection", "content-length"}
ASKS = (":predict", ":generateContent")


class Gatekeeper(ThreadingHTTPServer):
    """Passes calls on to the emulator.

    :param target: the emulator.
    """

    daemon_threads = True

    def __init__(self, target: str) -> None:
        super().__init__(("127.0.0.1", 0), _Call)
        self.target = urlsplit(target).netloc
        self._open = 0
        self._changed = threading.Condition()
        self.forget()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve_forever, args=(0.01,), name="gatekeeper", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        super().__exit__()

    def expect(self, moment: AtGoogle | None = None, strike: Callable[[], None] = lambda: None) -> None:
        """Begin a new try: count its calls from one, and strike at the moment."""
        with self._changed:
            self.asks: list[dict[str, Any]] = []
            self.counts: Counter[CallKind] = Counter()
            self.moment, self.strike = moment, strike

    def forget(self) -> None:
        """Begin a new task."""
        self.made: set[str] = set()
        self.looked, self.ready = threading.Event(), threading.Event()
        self.ready.set()
        self.expect()

    def settle(self) -> None:
        """Wait until every connection is at its end, also those of a caller who is dead.

        A connection of our own comes first: when it has been accepted, so have those that were made before it.
        """
        ours = HTTPConnection("127.0.0.1", self.server_port, timeout=PATIENCE_SECONDS)
        ours.request("HEAD", "/", headers={"Connection": "close"})
        ours.getresponse().read()
        ours.close()
        with self._changed:
            if not self._changed.wait_for(lambda: self._open == 0, PATIENCE_SECONDS):
                raise TimeoutError("The emulator still works on a call.")

    def process_request(self, request: Any, client_address: Any) -> None:
        """Count a connection as open."""
        with self._changed:
            self._open += 1
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Count it as ended."""
        super().shutdown_request(request)
        with self._changed:
            self._open -= 1
            self._changed.notify_all()

    def number_of(self, kind: CallKind) -> AtGoogle:
        """Count a call."""
        with self._changed:
            self.counts[kind] += 1
            if kind == "listing":
                self.looked.set()
            return AtGoogle(kind, self.counts[kind], "arrived")

    def remember(self, asks: list[dict[str, Any]], asked: bytes, answer: bytes) -> None:
        """Keep what a model was asked, with the other requests of that try, and checksums of its images."""
        with self._changed:
            asks.append(json.loads(asked))
            self.made.update(hashlib.sha256(image).hexdigest() for image in _images_in(json.loads(answer)))


class _Call(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Gatekeeper

    def do_HEAD(self) -> None:
        self.send_response_only(204)
        self.end_headers()

    def do_POST(self) -> None:
        self._pass_on()

    do_GET = do_DELETE = do_POST  # noqa: N815  # http.server's own names

    def _pass_on(self) -> None:
        asks = self.server.asks
        length = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(length // 2)
        call = self.server.number_of(_kind_of(self.command, self.path, body))
        if self._reached(call, "half sent"):
            self.close_connection = True
            return
        body += self.rfile.read(length - len(body))
        if len(body) < length:  # the worker died while it sent this one
            self.close_connection = True
            return
        self._reached(call, "arrived")
        if self._reached(call, "slow"):
            self.server.looked.wait(PATIENCE_SECONDS)
        if call.call == "listing" and call.number > 1:
            self.server.ready.wait(PATIENCE_SECONDS)
        answer, content = self._ask(body)
        if call.call == "ask" and answer.status == 200:
            self.server.remember(asks, body, content)
            self.server.ready.set()
        self._reached(call, "done")
        self._pass_back(call, answer, content)

    def _ask(self, body: bytes) -> tuple[HTTPResponse, bytes]:
        connection = HTTPConnection(self.server.target, timeout=PATIENCE_SECONDS)
        try:
            connection.request(self.command, self.path, body, dict(self.headers))
            answer = connection.getresponse()
            return answer, answer.read()
        finally:
            connection.close()

    def _pass_back(self, call: AtGoogle, answer: HTTPResponse, content: bytes) -> None:
        try:
            self.send_response_only(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in NOT_PASSED_BACK:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content[: len(content) // 2])
            self._reached(call, "half answered")
            self.wfile.write(content[len(content) // 2 :])
        except OSError:  # the worker is gone
            self.close_connection = True

    def _reached(self, call: AtGoogle, when: str) -> bool:
        """Strike if this is the moment."""
        moment = self.server.moment
        if moment is None or (moment.call, moment.number, moment.when) != (call.call, call.number, when):
            return False
        if when == "slow":
            self.server.ready.clear()
        self.server.strike()
        return True

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def _kind_of(method: str, path: str, start: bytes) -> CallKind:
    route = urlsplit(path).path
    if route.endswith(ASKS):
        return "ask"
    if route.startswith("/upload/"):
        return "record upload" if b"_imagen/" in start[:400] else "image upload"
    return "listing" if method == "GET" and route.endswith("/o") else "other"


def _images_in(answer: Any) -> Iterator[bytes]:
    """Yield the images in an answer of either protocol."""
    for prediction in answer.get("predictions", []):
        if "bytesBase64Encoded" in prediction:
            yield base64.b64decode(prediction["bytesBase64Encoded"])
    for candidate in answer.get("candidates", []):
        for part in candidate["content"].get("parts", []):
            if "inlineData" in part and not part.get("thought"):
                yield base64.b64decode(part["inlineData"]["data"])
