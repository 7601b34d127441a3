"""Plants secrets, runs DAGs in an Airflow of their own at DEBUG, and looks for the secrets in all that is left."""

from __future__ import annotations

import base64
import json
import os
import secrets
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

HERE = Path(__file__).resolve().parent
WINDOW = 20
"""Characters. A piece of a secret this long counts as a leak."""


def written_as(secret: str) -> Iterator[str]:
    """Yield a secret in every way of writing that a log or a table may use."""
    yield secret
    yield json.dumps(secret)[1:-1]
    yield json.dumps(json.dumps(secret))[3:-3]
    yield quote(secret, safe="")
    yield secret.encode().hex()
    for start in range(3):  # where a text begins decides how base64 writes it
        yield base64.b64encode(secret.encode()[start:]).decode()[:-4]
        yield base64.urlsafe_b64encode(secret.encode()[start:]).decode()[:-4]


def pieces_of(secret: str) -> set[str]:
    """Return short pieces of a secret; whoever shows twice as much in a row shows one of them."""
    return {
        written[place : place + WINDOW]
        for written in written_as(secret)
        for place in range(0, len(written) - WINDOW + 1, WINDOW)
    }


@dataclass
class Hunt:
    """Secrets by name, and where they were found."""

    planted: dict[str, str] = field(default_factory=dict)

    def found_in(self, text: str) -> set[str]:
        return {name for name, secret in self.planted.items() if any(piece in text for piece in pieces_of(secret))}

    def found_after(self, run: FinishedRun) -> dict[str, set[str]]:
        """Return for each place the names of the secrets in it."""
        found = {place: self.found_in(text) for place, text in run.places()}
        return {place: names for place, names in found.items() if names}


@dataclass
class FinishedRun:
    """What a run left behind."""

    home: Path
    output: str

    def places(self) -> Iterator[tuple[str, str]]:
        yield "output", "\n".join(line for line in self.output.splitlines() if not _is_of_the_console(line))
        for path in (each for each in self.home.rglob("*") if each.is_file() and each.suffix != ".py"):
            yield path.name, path.read_bytes().decode("latin-1")
        yield from self.tables()

    def tables(self) -> Iterator[tuple[str, str]]:
        with sqlite3.connect(self.home / "airflow.db") as database:
            names = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            for name in names:
                rows = database.execute(f'SELECT * FROM "{name}"').fetchall()
                yield name, "\n".join(_as_text(value) for row in rows for value in row)
        database.close()

    def states(self) -> dict[str, str]:
        with sqlite3.connect(self.home / "airflow.db") as database:
            rows = dict(database.execute("SELECT task_id, state FROM task_instance WHERE dag_id = 'hunted'").fetchall())
        database.close()
        return rows


def _is_of_the_console(line: str) -> bool:
    """Tell whether Airflow shows this line in ``dag.test()`` only: a worker that is supervised writes no such line.

    At DEBUG it says what it is told to mask. The console of Airflow 3.0 draws the local variables of all frames.
    """
    is_drawn_frame = version("apache-airflow").startswith("3.0.") and line.startswith("│")
    return "msg=MaskSecret(" in line or is_drawn_frame


def _as_text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


class _TokenServer(ThreadingHTTPServer):
    daemon_threads = True
    token = ""
    asked = 0


class _GivesToken(BaseHTTPRequestHandler):
    server: _TokenServer

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.asked += 1
        issued = "urn:ietf:params:oauth:token-type:access_token"
        answer = {"access_token": self.server.token, "expires_in": 3600, "token_type": "Bearer"}
        body = json.dumps({**answer, "issued_token_type": issued}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture(scope="session")
def token_server() -> Iterator[_TokenServer]:
    """A server that gives everybody the same token."""
    with _TokenServer(("127.0.0.1", 0), _GivesToken) as server:
        server.token = f"ya29.{secrets.token_urlsafe(60)}"
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture(scope="session")
def service_account(token_server: _TokenServer) -> dict[str, str]:
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    return {
        "type": "service_account",
        "project_id": "project-of-the-key",
        "private_key_id": secrets.token_hex(20),
        "private_key": pem,
        "client_email": "painter@project-of-the-key.iam.gserviceaccount.com",
        "token_uri": f"http://127.0.0.1:{token_server.server_address[1]}/token",
    }


def body_of(pem: str) -> str:
    """Return the lines of a key that no other key has."""
    return "\n".join(pem.splitlines()[2:-1])


@pytest.fixture(scope="session")
def run_hunted(airflow_database: None, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., FinishedRun]:
    """Return a function that runs the DAG ``hunted`` of a source text with a database and logs of its own."""

    def run(source: str, **environment: str) -> FinishedRun:
        home = tmp_path_factory.mktemp("hunted")
        (home / "dags").mkdir()
        (home / "dags" / "hunted.py").write_text(source)
        (home / "plugins").mkdir()
        shutil.copy(HERE / "lineage_listener.py", home / "plugins")
        (home / "libraries").mkdir()
        shutil.copy(HERE / "statsd.py", home / "libraries")
        with sqlite3.connect(Path(os.environ["AIRFLOW_HOME"]) / "airflow.db") as migrated:
            with sqlite3.connect(home / "airflow.db") as copied:
                migrated.backup(copied)
            copied.close()
        migrated.close()
        own = {
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__CORE__DAGS_FOLDER": str(home / "dags"),
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db",
            "AIRFLOW__LOGGING__LOGGING_LEVEL": "DEBUG",
            "AIRFLOW__METRICS__STATSD_ON": "True",
            "AIRFLOW__METRICS__STATSD_INFLUXDB_ENABLED": "True",  # else tags are not sent
            "AIRFLOW__OPENLINEAGE__TRANSPORT": json.dumps(
                {"type": "file", "log_file_path": f"{home}/openlineage.json", "append": True}
            ),
            "PYTHONPATH": os.pathsep.join([str(home / "libraries"), *filter(None, [os.environ.get("PYTHONPATH")])]),
            "COLUMNS": "100000",
            "NO_COLOR": "1",
        }
        own = {**os.environ, **own, **environment}
        python = [sys.executable, "-W", "ignore"]
        finished = subprocess.run(
            [*python, home / "dags" / "hunted.py"], env=own, check=False, capture_output=True, text=True
        )
        viewed = subprocess.run(
            [*python, HERE / "web_views.py"],
            env={**own, "_AIRFLOW_PROCESS_CONTEXT": "server"},
            check=False,
            capture_output=True,
            text=True,
        )
        assert viewed.returncode == 0, viewed.stdout + viewed.stderr
        return FinishedRun(home, finished.stdout + finished.stderr + viewed.stdout + viewed.stderr)

    return run


@pytest.fixture(scope="session")
def hunt(token_server: _TokenServer, service_account: dict[str, str]) -> Hunt:
    return Hunt({"token": token_server.token, "private key": body_of(service_account["private_key"])})
