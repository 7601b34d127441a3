"""Copies the repository, builds wheels and sdists from copies, and reads what is in them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
SHIPPED = ["airflow_provider_imagen", "dags_examples", "docs", "tests", ".ci"]
SHIPPED_FILES = ["CHANGELOG.md", "LICENSE", "Makefile", "README.md", "pyproject.toml", ".gitignore"]
LITTER = [
    ".airflow-home/airflow.db",
    ".git/HEAD",
    ".hypothesis/examples",
    ".venv/lib/module.py",
    "airflow_provider_imagen/.mypy_cache/state.json",
    "airflow_provider_imagen/__pycache__/errors.cpython-311.pyc",
    "airflow_provider_imagen/core/stray.pyc",
    "build/lib/module.py",
    "dags_examples/demo-output/image.png",
    "demo-output/contact_sheet.png",
    "dist/older.whl",
    "tests/.pytest_cache/state.json",
    "tests/__pycache__/conftest.cpython-311.pyc",
]


def copy_repository(target: Path) -> set[str]:
    """Copy what belongs into an sdist, and return the names of the files."""
    litter = shutil.ignore_patterns("__pycache__", "*.pyc", ".*_cache", "demo-output")
    for folder in SHIPPED:
        shutil.copytree(REPOSITORY / folder, target / folder, ignore=litter)
    for name in SHIPPED_FILES:
        shutil.copy(REPOSITORY / name, target)
    return {str(path.relative_to(target)) for path in target.rglob("*") if path.is_file()}


def build(source: Path, kind: str, target: Path, **environment: str) -> Path:
    """Build one distribution without a network, without isolation and without git."""
    command = [sys.executable, "-m", "hatchling", "build", "--target", kind, "--directory", str(target)]
    environment = {**{name: os.environ[name] for name in ("HOME", "LANG") if name in os.environ}, **environment}
    subprocess.run(command, cwd=source, env={**environment, "PATH": ""}, check=True, capture_output=True)
    (built,) = target.iterdir()
    return built


def wheel_files(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}
