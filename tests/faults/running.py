"""Runs one cell of the matrix over real sockets and reports what was seen, on the server's side too."""

from __future__ import annotations

import contextlib
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import certifi
import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from faults.gate import Gate, gate
from faults.matrix import Row
from faults.operations import CLOUD, RUN, WAITS, Operation, Place, TaskInstance

from airflow_provider_imagen.client.limits import TransportLimits
from airflow_provider_imagen.core.storage.object_names import RECORDS
from airflow_provider_imagen.emulator import Fault
from airflow_provider_imagen.hooks.imagen import ImagenHook

ALWAYS = 1_000_000
LIMIT_BYTES = 2_000_000
"""The largest answer that is read, here: the real limits would make each run move half a gibibyte."""
SETTLING_SECONDS = 300.0


@dataclass
class Seen:
    """What a cell came to.

    :param accepted: how many requests images were made for.
    :param lost: images that are stored, or came to the worker, and that nothing names.
    :param told_missing: how many requests the ``result`` document says failed.
    :param pauses: how long the client would have paused, in seconds.
    """

    state: str = "success"
    error: str = ""
    text: str = ""
    requests: int = 0
    accepted: int = 0
    fired: int = 0
    files: int = 0
    told_missing: int = 0
    lost: list[str] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)


@dataclass
class Bench:
    """What cells run on."""

    emulator: Any
    token_server: Any
    set_connection: Callable[..., None]
    logged: Callable[[], str]
    monkeypatch: pytest.MonkeyPatch
    folder: Path

    def run(self, row: Row, name: str) -> Seen:
        """Run one cell."""
        operation, seen = RUN[name], Seen()
        output = self.folder / "made"
        place = Place(self.emulator, str(output), TaskInstance())
        with self._broken(row, operation) as broken:
            self._connect(row, operation, broken)
            self._hurry(seen, broken)
            returned = self._carry_out(operation, place, seen)
            self._settle()
            seen.requests = len(operation.requests_in(self.emulator)) + (broken.requests if broken else 0)
            seen.fired = self.emulator.fired_faults() + (broken.fired if broken else 0)
        seen.accepted = self.emulator.accepted
        headers = [call.headers.get("authorization", "") for call in operation.requests_in(self.emulator)]
        seen.tokens = list(dict.fromkeys(headers))
        self._count_images(operation, place, returned, seen)
        return seen

    @contextlib.contextmanager
    def _broken(self, row: Row, operation: Operation) -> Iterator[Gate | None]:
        if row.network:
            with gate(row.network, self.emulator.endpoint) as made:
                yield made
            return
        strike = dict(row.strike)
        if row.retry_after_date_in:
            moment = datetime.now(UTC) + timedelta(seconds=row.retry_after_date_in)
            strike["headers"] = {"Retry-After": format_datetime(moment, usegmt=True)}
        self.emulator.order_fault(
            Fault(operation.struck, times=ALWAYS if row.forever else 1, skip=operation.after, **strike)
        )
        yield None

    def _connect(self, row: Row, operation: Operation, broken: Gate | None) -> None:
        extra = dict(self.emulator.connection["extra"])
        if broken:
            extra[operation.endpoint] = broken.url
        if row.slow:
            extra["timeout_seconds"] = 0.5
        if row.tokens:
            extra |= {"keyfile_dict": self.token_server.key, "send_credentials_to_endpoint": True}
        self.set_connection(**extra)

    def _hurry(self, seen: Seen, broken: Gate | None) -> None:
        """Let no pause take time, but count it."""

        def pause(seconds: float) -> None:
            seen.pauses.append(seconds)
            if broken:
                broken.paused()

        if broken:
            self.monkeypatch.setattr("urllib3.util.connection.create_connection", broken.connect)
            self.monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(self._one_certificate()))
        limits = TransportLimits(connect_seconds=0.03, image_bytes=LIMIT_BYTES, other_bytes=LIMIT_BYTES)
        options = {"sleep": pause, "jitter": lambda: 0.5, "limits": limits}
        self.monkeypatch.setattr(ImagenHook, "client_options", options)
        self.monkeypatch.setattr(tempfile, "tempdir", str(self.folder))

    def _one_certificate(self) -> Path:
        """Return a bundle that is read in no time: each try to speak TLS reads it."""
        end = "-----END CERTIFICATE-----\n"
        bundle = self.folder / "certificates.pem"
        bundle.write_text(certifi.contents().partition(end)[0] + end)
        return bundle

    def _carry_out(self, operation: Operation, place: Place, seen: Seen) -> Any:
        try:
            returned = operation.run(place)
        except AirflowFailException as failure:
            seen.state, seen.error, seen.text = "fail", type(failure.imagen_error).__name__, str(failure)
        except Exception as failure:  # noqa: BLE001  # whatever it is, Airflow would try again
            seen.state, seen.error, seen.text = "retry", type(failure).__name__, str(failure)
        else:
            if returned is not WAITS:
                return returned
            seen.state, seen.text = "waits", self.logged()
        return []

    def _settle(self) -> None:
        """Wait until the emulator is done with requests that the client gave up."""
        deadline = time.monotonic() + SETTLING_SECONDS
        while not self.emulator.is_idle():
            assert time.monotonic() < deadline, "the emulator still works on a request"
            time.sleep(0.002)

    def _count_images(self, operation: Operation, place: Place, returned: Any, seen: Seen) -> None:
        """Compare what is stored with what return value, ``result`` and error text name."""
        stored = self._stored(operation, place)
        said = f"{returned} {json.dumps(place.ti.pushed.get('result', {}).get('images'))} {seen.text}"
        folder = place.folder if operation.is_local else CLOUD
        rescued = [str(path) for path in self.folder.glob("imagen-rescued-*/*")]
        unnamed = [uri for uri in stored if uri not in said and folder not in seen.text]
        unnamed += [path for path in rescued if str(Path(path).parent) not in said]
        if operation.struck == "upload":
            unnamed += ["made and nowhere"] * (seen.accepted - len(stored) - len(rescued))
        seen.files, seen.told_missing = len(stored), len(place.ti.pushed.get("result", {}).get("failed_requests", []))
        seen.lost = [] if operation.struck == "list" else unnamed

    def _stored(self, operation: Operation, place: Place) -> list[str]:
        if operation.is_local:
            files = [path for path in Path(place.folder).rglob("*") if path.is_file()]
            return [str(path) for path in files if RECORDS not in path.parts]
        names = self.emulator.list_objects("bucket", "made/")
        return [f"gs://bucket/{name}" for name in names if f"/{RECORDS}/" not in name]
