"""An Airflow of the tests' own: its home is a temporary folder, set before anything imports Airflow."""

from __future__ import annotations

import atexit
import importlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from airflow_provider_imagen.emulator import Emulator

REPOSITORY = Path(__file__).resolve().parent.parent
AIRFLOW_HOME = Path(tempfile.mkdtemp(prefix="imagen-tests-"))
DAGS_FOLDER = AIRFLOW_HOME / "dags"
atexit.register(shutil.rmtree, AIRFLOW_HOME, ignore_errors=True)
shutil.copytree(REPOSITORY / "dags_examples", DAGS_FOLDER)
os.environ.update(
    {
        "AIRFLOW_HOME": str(AIRFLOW_HOME),
        "AIRFLOW__CORE__DAGS_FOLDER": str(DAGS_FOLDER),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{AIRFLOW_HOME}/airflow.db",
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "INFO",
        "AIRFLOW__METRICS__TIMER_UNIT_CONSISTENCY": "True",  # or Airflow 2.11 warns of the default
    }
)
for name in [name for name in os.environ if name.startswith(("AIRFLOW_CONN_", "GOOGLE_", "CLOUDSDK_"))]:
    del os.environ[name]
# No test may find the credentials or the metadata server of the machine it runs on.
os.environ.update({"CLOUDSDK_CONFIG": str(AIRFLOW_HOME / "no-gcloud"), "NO_GCE_CHECK": "true"})

# Everywhere the same examples, and no clock decides; `make fuzz` looks further, for other ones each time.
settings.register_profile("ci", max_examples=60, derandomize=True, deadline=None, database=None)
settings.register_profile(
    "thorough", max_examples=3000, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))

if "TEST_WITHOUT_AIRFLOW" not in os.environ:  # make test-fast sets it
    with warnings.catch_warnings():
        # Some versions warn of themselves when they are first imported or used; which test comes first must not matter.
        warnings.simplefilter("ignore")
        importlib.import_module("airflow.serialization.serialized_objects")
        importlib.import_module("sqlalchemy.orm").configure_mappers()


@pytest.fixture(scope="session")
def airflow_database() -> None:
    """A migrated metadata database in the tests' own Airflow home."""
    airflow = Path(sys.executable).with_name("airflow")
    subprocess.run([airflow, "db", "migrate"], check=True, capture_output=True)


@pytest.fixture
def set_connection(monkeypatch: pytest.MonkeyPatch) -> Iterator[object]:
    """Return a function that defines an Airflow connection for this test."""

    def define(conn_id: str = "imagen_default", conn_type: str = "imagen", **extra: object) -> None:
        value = json.dumps({"conn_type": conn_type, "extra": extra})
        monkeypatch.setenv(f"AIRFLOW_CONN_{conn_id.upper()}", value)

    return define


@pytest.fixture(scope="session")
def running_emulator() -> Iterator[Emulator]:
    """One emulator for all tests: Vertex AI and Cloud Storage over real sockets."""
    from airflow_provider_imagen.emulator import Emulator

    with Emulator(buckets=["bucket", "my-bucket"]) as running:
        yield running


@pytest.fixture
def emulator(running_emulator: Emulator) -> Iterator[Emulator]:
    """The emulator as new. A fault that was ordered and never fired fails the test."""
    running_emulator.reset()
    yield running_emulator
    unfired = running_emulator.unfired_faults()
    running_emulator.reset()
    assert not unfired, f"ordered and never fired: {unfired}"
