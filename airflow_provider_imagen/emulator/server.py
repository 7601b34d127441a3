"""Starts and stops the emulator: HTTP in a thread, fake-gcs-server as a child process."""

from __future__ import annotations

import ipaddress
import socket
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import uvicorn

from airflow_provider_imagen.emulator.app import Service, make_app
from airflow_provider_imagen.emulator.broken_connections import BreakableProtocol
from airflow_provider_imagen.emulator.faults import Fault
from airflow_provider_imagen.emulator.job_orders import JobOrder
from airflow_provider_imagen.emulator.request_log import LoggedRequest
from airflow_provider_imagen.emulator.storage import LOOPBACK, Storage

PROJECT = "emulator-project"
READY_SECONDS = 10.0


class Emulator:
    """A running emulator, as a context manager.

    :param buckets: buckets to make.
    :param host: address to listen on; loopback only unless ``allow_remote``, because no request is authenticated.
    :param port: port to listen on, 0 for a free one.
    :param storage_port: port of fake-gcs-server, 0 for a free one. Clients use :attr:`storage_endpoint` instead.
    :param storage_folder: where to keep objects. None: in memory.
    :param allow_remote: listen on an address that other machines reach.
    :raises ValueError: ``host`` is no loopback address and ``allow_remote`` was not given.
    """

    def __init__(
        self,
        buckets: Sequence[str] = (),
        *,
        host: str = LOOPBACK,
        port: int = 0,
        storage_port: int = 0,
        storage_folder: Path | None = None,
        allow_remote: bool = False,
    ) -> None:
        if not (allow_remote or _is_loopback(host)):
            raise ValueError(f"{host} is reachable from other machines. Use {LOOPBACK}, or say --allow-remote.")
        self.buckets: tuple[str, ...] = tuple(buckets)
        self._address = (host, port)
        self._storage = Storage(storage_port, storage_folder)
        self._service = Service(self._storage)
        config = uvicorn.Config(
            make_app(self._service),
            http=BreakableProtocol,
            ws="none",
            lifespan="off",
            log_level="error",
            access_log=False,
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._serve, name="imagen-emulator", daemon=True)
        self._socket: socket.socket | None = None

    def __enter__(self) -> Self:
        """Start serving; ready when this returns."""
        self._socket = socket.create_server(self._address)
        try:
            self._storage.start(self.endpoint)
            for bucket in self.buckets:
                self._storage.make_bucket(bucket)
            self._thread.start()
            self._wait_until_ready()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, failure: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop serving."""
        self.stop()

    def stop(self) -> None:
        """Stop both servers."""
        self._server.should_exit = True
        if self._thread.is_alive():
            self._thread.join()
        if self._socket is not None:
            self._socket.close()
        self._storage.stop()

    @property
    def endpoint(self) -> str:
        """The base URL for Vertex AI."""
        if self._socket is None:
            raise RuntimeError("The emulator is not running; use it in a with statement.")
        host, port = self._socket.getsockname()[:2]
        return f"http://{host}:{port}"

    @property
    def storage_endpoint(self) -> str:
        """The base URL for Cloud Storage: the same server, so that faults apply there too."""
        return self.endpoint

    @property
    def connection(self) -> dict[str, Any]:
        """An Airflow connection to this emulator, ready for ``AIRFLOW_CONN_...`` as JSON."""
        extra = {"project": PROJECT, "endpoint": self.endpoint, "storage_endpoint": self.storage_endpoint}
        return {"conn_type": "imagen", "extra": extra}

    @property
    def requests(self) -> list[LoggedRequest]:
        """The requests received so far."""
        return self._service.requests.all()

    @property
    def accepted(self) -> int:
        """The number of requests that images were made for: what Google would bill, even when the response was lost."""
        return self._service.requests.accepted

    def order_fault(self, fault: Fault) -> None:
        """Order a fault."""
        self._service.faults.order(fault)

    def order_job(self, order: JobOrder) -> None:
        """Order what becomes of batch prediction jobs that are created from now on."""
        self._service.jobs.orders.order(order)

    def measure(self, *, latency_seconds: float = 0.0, drawings: int = 0, image_bytes: int = 0) -> None:
        """Prepare a measurement of clients, until the reset.

        :param latency_seconds: how long every answer with images takes, the time to make them included.
        :param drawings: how many drawings are served over and over, each time with other bytes, because drawing takes
            longer than a measurement can bear; 0: every image is drawn.
        :param image_bytes: how large the files of these drawings are at least, PNG and JPEG.
        :raises ValueError: one of these is negative, or there are no drawings to make large.
        """
        self._service.measure(latency_seconds=latency_seconds, drawings=drawings, image_bytes=image_bytes)

    def advance(self, seconds: float) -> None:
        """Put the clock of batch prediction jobs forward."""
        self._service.jobs.clock.advance(seconds)

    def retire(self, model: str) -> None:
        """Answer 404 for a model until the reset."""
        self._service.vertex.retired.add(model)

    def unfired_faults(self) -> list[Fault | JobOrder]:
        """Return the ordered faults, and orders of jobs, that did not apply as often as ordered."""
        return [*self._service.faults.unfired(), *self._service.jobs.orders.unfired()]

    def fired_faults(self) -> int:
        """Return how often faults fired in all."""
        return sum(fired for _, fired in self.fault_counts())

    def fault_counts(self) -> list[tuple[Fault, int]]:
        """Return every ordered fault and how often it fired."""
        return self._service.faults.counts()

    def clear_faults(self) -> None:
        """Remove the ordered faults. Objects and requests stay."""
        self._service.faults.clear()

    def is_idle(self) -> bool:
        """Whether no request is being handled; a client may have disconnected from one that still is."""
        return not self._server.server_state.tasks

    def put_object(self, bucket: str, name: str, data: bytes, content_type: str) -> None:
        """Store an object."""
        self._storage.write_uri(f"gs://{bucket}/{name}", data, content_type)

    def read_object(self, bucket: str, name: str) -> bytes:
        """Return the content of an object."""
        return self._storage.read_uri(f"gs://{bucket}/{name}")

    def list_objects(self, bucket: str, prefix: str = "") -> list[str]:
        """Return the names of the objects in a bucket, sorted."""
        return sorted(self._storage.names(bucket, prefix))

    def reset(self) -> None:
        """Remove jobs, faults, requests and retired models, and empty the buckets."""
        self._service.reset()
        for bucket in self.buckets:
            self._storage.delete_all(bucket)

    def _serve(self) -> None:
        if self._socket is not None:
            self._server.run(sockets=[self._socket])

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while not self._server.started:
            if time.monotonic() > deadline or not self._thread.is_alive():
                raise RuntimeError("The emulator did not start.")
            time.sleep(0.005)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
