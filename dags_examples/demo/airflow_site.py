"""A real Airflow with its UI on this machine: API server, scheduler, DAG processor and triggerer.

Started by ``make ui`` and by the browser tests. Run on Airflow 3.1 and 3.3; other versions were not tried.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import requests

LOOPBACK = "127.0.0.1"
READY_SECONDS = 1800.0
STOP_SECONDS = 15.0
POLL_SECONDS = 0.3
REQUEST_TIMEOUT_SECONDS = 120.0
COMPONENTS = ("metadatabase", "scheduler", "triggerer", "dag_processor")
LOG_LINES_SHOWN = 30

TIMEOUTS = {
    "AIRFLOW__WORKERS__EXECUTION_API_TIMEOUT": "120",
    "AIRFLOW__WORKERS__MAX_FAILED_HEARTBEATS": "30",
    "AIRFLOW__CORE__DAGBAG_IMPORT_TIMEOUT": "600",
    "AIRFLOW__DAG_PROCESSOR__DAG_FILE_PROCESSOR_TIMEOUT": "900",
    "AIRFLOW__DAG_PROCESSOR__STALE_DAG_THRESHOLD": "1800",
    "AIRFLOW__DAG_PROCESSOR__HEALTH_CHECK_THRESHOLD": "600",
    "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": "600",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "3000",
    "AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT": "6000",
    "AIRFLOW__TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": "600",
    "AIRFLOW__TRIGGERER__RUNNER_HEALTH_CHECK_THRESHOLD": "600",
    "AIRFLOW__API__WORKER_TIMEOUT": "1200",
    "AIRFLOW__API__LOG_FETCH_TIMEOUT_SEC": "120",
    "AIRFLOW__EXECUTION_API__JWT_EXPIRATION_TIME": "6000",
}
"""Ten times Airflow's defaults and more: on a slow machine everything is late, and nothing is broken."""
SQLITE_TIMEOUT_SECONDS = 120


class AirflowSite:
    """A running Airflow, as a context manager.

    :param home: an existing folder for its database, its log (``airflow.log``) and its configuration.
    :param dags_folder: the DAGs to show.
    :param users: role of each user; each gets a new password, see :attr:`passwords`.
    :param preferred_port: port of the UI where it is free; else, and by default, any free one.
    :param base_path: path of the UI's address, such as ``/airflow``; by default none.
    """

    def __init__(
        self,
        home: Path,
        dags_folder: Path,
        users: Mapping[str, str] | None = None,
        preferred_port: int = 0,
        base_path: str = "",
    ) -> None:
        self.home = home
        self.base_path = base_path
        self.users = dict(users or {"admin": "admin"})
        self.passwords = {user: secrets.token_urlsafe(9) for user in self.users}
        self.port = _free_port(preferred_port)
        self.environment = airflow_environment(home, dags_folder) | self._settings()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """Where the UI is."""
        return f"http://{LOOPBACK}:{self.port}{self.base_path}"

    @property
    def log(self) -> Path:
        """What Airflow printed."""
        return self.home / "airflow.log"

    def __enter__(self) -> Self:
        """Start Airflow; every component is healthy when this returns."""
        passwords = self.home / "passwords.json"
        passwords.touch(mode=0o600)
        passwords.write_text(json.dumps(self.passwords), encoding="utf-8")
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [airflow_command(), "standalone"],
                env=self.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            self.wait_until(self._is_healthy, "healthy")
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, failure: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop Airflow."""
        self.stop()

    def stop(self) -> None:
        """Stop every process of this Airflow."""
        if self._process is None:
            return
        _signal_group(self._process.pid, signal.SIGTERM)
        try:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(STOP_SECONDS)
        finally:
            _signal_group(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def call(self, method: str, path: str, body: Any = None, user: str = "admin") -> Any:
        """Call Airflow's REST API as one of the users and return the JSON of its response.

        :raises requests.HTTPError: Airflow refused.
        """
        answer = requests.request(
            method,
            f"{self.address}/api/v2/{path}",
            json=body,
            headers=self.token(user),
            timeout=REQUEST_TIMEOUT_SECONDS,
        )
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def unpause(self, dag_ids: Sequence[str]) -> None:
        """Wait until Airflow has read these DAGs, and let them run."""
        self.wait_until(lambda: set(dag_ids) <= self._known_dags(), f"aware of {', '.join(dag_ids)}")
        for dag_id in dag_ids:
            self.call("PATCH", f"dags/{dag_id}", {"is_paused": False})

    def _known_dags(self) -> set[str]:
        return {dag["dag_id"] for dag in self.call("GET", "dags")["dags"]}

    def token(self, user: str) -> dict[str, str]:
        """Return the header with which one of the users calls Airflow."""
        login = {"username": user, "password": self.passwords[user]}
        answer = requests.post(f"{self.address}/auth/token", json=login, timeout=REQUEST_TIMEOUT_SECONDS)
        answer.raise_for_status()
        return {"Authorization": f"Bearer {answer.json()['access_token']}"}

    def _is_healthy(self) -> bool:
        try:
            answer = requests.get(f"{self.address}/api/v2/monitor/health", timeout=REQUEST_TIMEOUT_SECONDS)
        except (requests.ConnectionError, requests.Timeout):
            return False
        return answer.ok and all((answer.json()[name] or {}).get("status") == "healthy" for name in COMPONENTS)

    def wait_until(self, reached: Callable[[], Any], what: str) -> None:
        """Wait until a condition holds.

        :param reached: returns whether it does.
        :param what: what Airflow was not, for the error text.
        :raises RuntimeError: Airflow ended, or ``READY_SECONDS`` passed.
        """
        deadline = time.monotonic() + READY_SECONDS
        while not reached():
            ended = self._process is None or self._process.poll() is not None
            if ended or time.monotonic() > deadline:
                tail = "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-LOG_LINES_SHOWN:])
                why = "ended" if ended else f"was not {what} within {READY_SECONDS:.0f} s"
                raise RuntimeError(f"{tail}\n\nAirflow {why}. The last lines of {self.log} are above.")
            time.sleep(POLL_SECONDS)

    def _settings(self) -> dict[str, str]:
        return TIMEOUTS | {
            "AIRFLOW__API__HOST": LOOPBACK,
            "AIRFLOW__API__PORT": str(self.port),
            "AIRFLOW__API__BASE_URL": self.address,
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{self.address}/execution/",
            "AIRFLOW__CORE__PARALLELISM": "4",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(self.home / "passwords.json"),
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join(f"{user}:{role}" for user, role in self.users.items()),
            "AIRFLOW__CORE__TEST_CONNECTION": "Enabled",
            "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(_free_port()),
            "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(_free_port()),
        }


def airflow_environment(home: Path, dags_folder: Path) -> dict[str, str]:
    """Return an environment in which Airflow has the settings and DAGs of this project only."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
    return inherited | {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(dags_folder),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGBAG_IMPORT_TIMEOUT": TIMEOUTS["AIRFLOW__CORE__DAGBAG_IMPORT_TIMEOUT"],
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db?timeout={SQLITE_TIMEOUT_SECONDS}",
        # Airflow starts its own parts by the name "airflow".
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]),
        "PYTHONWARNINGS": "ignore",
    }


def airflow_command() -> str:
    """Return the path of the airflow command beside this interpreter."""
    return str(Path(sys.executable).with_name("airflow"))


def _free_port(preferred: int = 0) -> int:
    for port in (preferred, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((LOOPBACK, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise RuntimeError(f"No free port on {LOOPBACK}.")


def _signal_group(leader: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(leader, number)
