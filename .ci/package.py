"""Builds wheel and sdist, and tries the wheel in an environment that holds nothing but Airflow.

``package.py TOOLS EMULATED``: the Python that builds, and one that has the emulator and mypy.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
DIST = REPOSITORY / "dist"
BARE = REPOSITORY / ".venv-bare"
CONSTRAINTS = REPOSITORY / ".ci" / "constraints.txt"
EXTRA = "pip install 'airflow-provider-imagen[emulator]'"
AIRFLOW = {"AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
IMPORT_ALL = """
import importlib, pkgutil, airflow_provider_imagen as package
walk = pkgutil.walk_packages(package.__path__, "airflow_provider_imagen.", onerror=lambda _: None)
names = [each.name for each in walk]
names = [name for name in names if ".emulator" not in name and not name.endswith("__main__")]
for name in names: importlib.import_module(name)
print(len(names), "modules from", package.__file__)
"""
WRONG_TYPE = """
from airflow_provider_imagen.operators.imagen import ImagenGenerateOperator
ImagenGenerateOperator(task_id="t", prompt="p", output_uri="gs://b/", compression_quality=[1])
"""


def run(*command: object, cwd: Path = REPOSITORY, code: int = 0, **environment: str) -> str:
    """Run a command that has to end with a certain code, and return what it said."""
    words = [str(word) for word in command]
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(words, cwd=cwd, env={**clean, **environment}, capture_output=True, text=True, check=False)
    if done.returncode != code:
        sys.exit(f"{' '.join(words)}\nended with {done.returncode}, not {code}:\n{done.stdout}{done.stderr}")
    return done.stdout + done.stderr


def expect(condition: object, claim: str, seen: str = "") -> None:
    """Print what was found to be true, or stop."""
    if not condition:
        sys.exit(f"NOT TRUE: {claim}\n{seen}")
    print(f"ok  {claim}", flush=True)


def build(tools: str) -> tuple[Path, Path]:
    """Build the sdist, and the wheel from it."""
    shutil.rmtree(DIST, ignore_errors=True)
    run(tools, "-m", "build", "--no-isolation", "--outdir", DIST)
    (wheel,), (sdist,) = DIST.glob("*.whl"), DIST.glob("*.tar.gz")
    run(tools, "-m", "twine", "check", "--strict", wheel, sdist)
    print(f"ok  {wheel.name} was built from {sdist.name}, and twine finds nothing wrong with either")
    return wheel, sdist


def install(wheel: Path) -> Path:
    """Install Airflow into a new environment and the wheel beside it, and return the folder of its commands."""
    run(sys.executable, "-m", "venv", "--clear", BARE)
    pip = (BARE / "bin" / "python", "-m", "pip", "--disable-pip-version-check")
    run(*pip, "install", "--quiet", "--constraint", CONSTRAINTS, "apache-airflow")
    before = set(run(*pip, "freeze").split())
    run(*pip, "install", "--quiet", "--constraint", CONSTRAINTS, wheel)
    run(*pip, "check")
    added = sorted(
        {line.partition("==")[0] for line in run(*pip, "freeze").splitlines() if "==" in line}
        - {line.partition("==")[0] for line in before}
    )
    expect(added, f"beside Airflow the wheel needs: {', '.join(added)}")
    return BARE / "bin"


def try_wheel(commands: Path, home: Path) -> None:
    """Let Airflow find the provider, import every module, and ask the emulator to start."""
    airflow = {**AIRFLOW, "AIRFLOW_HOME": str(home)}
    run(commands / "airflow", "db", "migrate", cwd=home, **airflow)
    providers = run(commands / "airflow", "providers", "list", "-o", "json", cwd=home, **airflow)
    expect("airflow-provider-imagen" in providers, "airflow providers list names it", providers)
    imported = run(commands / "python", "-c", IMPORT_ALL, cwd=home, **airflow)
    expect(
        f"from {BARE}" in imported, f"all of it is imported without the extra: {imported.splitlines()[-1]}", imported
    )
    refused = run(commands / "python", "-m", "airflow_provider_imagen.emulator", cwd=home, code=1, **airflow)
    expect(EXTRA in refused, "the emulator says which extra it needs", refused)


def make_an_image(commands: Path, home: Path, examples: Path, emulated: str) -> None:
    """Run the smallest example in the bare environment, against an emulator that runs in another one."""
    airflow = {**AIRFLOW, "AIRFLOW_HOME": str(home), "AIRFLOW__CORE__DAGS_FOLDER": str(examples)}
    command = [emulated, "-m", "airflow_provider_imagen.emulator", "--storage-folder", str(home / "buckets")]
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) as emulator:
        try:
            assert emulator.stdout is not None
            connection = json.dumps(json.loads(emulator.stdout.readline())["airflow_connection"])
            add = ("connections", "add", "imagen_default", "--conn-json", connection)
            run(commands / "airflow", *add, cwd=home, **airflow)
            told = run(commands / "airflow", "dags", "test", "imagen_minimal", cwd=home, **airflow)
        finally:
            emulator.terminate()
    images = [file for file in (home / "buckets").rglob("*") if file.is_file() and "sample_0" in file.name]
    expect(images, "airflow connections add, and the smallest example makes an image", told)


def check_types(commands: Path, home: Path, examples: Path, emulated: str) -> None:
    """Check the examples strictly, with the types that the installed wheel brings."""
    strict = (emulated, "-m", "mypy", "--strict", "--python-executable", commands / "python", "--cache-dir", home)
    loose = ("--untyped-calls-exclude=airflow",)
    run(*strict, *loose, *sorted(examples.glob("*.py")), cwd=home)
    print("ok  mypy --strict passes the examples, from the wheel's types alone")
    (home / "wrong.py").write_text(WRONG_TYPE)
    refused = run(*strict, *loose, "wrong.py", cwd=home, code=1)
    expect("compression_quality" in refused, "mypy sees an argument of the wrong type", refused)


def main(tools: str, emulated: str) -> None:
    """Do all of it, and stop at the first thing that is not true."""
    wheel, sdist = build(tools)
    commands = install(wheel)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        with tarfile.open(sdist) as archive:
            archive.extractall(home, filter="data")
        examples = home / sdist.name.removesuffix(".tar.gz") / "dags_examples"
        try_wheel(commands, home)
        make_an_image(commands, home, examples, emulated)
        check_types(commands, home, examples, emulated)


if __name__ == "__main__":
    main(*(str(Path(python).absolute()) for python in sys.argv[1:]))
