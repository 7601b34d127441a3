"""The provider metadata: valid for Airflow, true for this package, and free of imports.

The checks on modules and classes are those Airflow's own repository runs on its providers.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import json
import pkgutil
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest

import airflow_provider_imagen
from airflow_provider_imagen.hooks.imagen import ImagenHook
from airflow_provider_imagen.provider_info import CONNECTION_FIELDS, get_provider_info

INFO = get_provider_info()
PACKAGE = Path(airflow_provider_imagen.__file__).parent
CONNECTION = INFO["connection-types"][0]


def test_is_valid_against_the_schema_that_airflow_checks_when_it_starts() -> None:
    schema = json.loads((files("airflow") / "provider_info.schema.json").read_text())

    jsonschema.validate(INFO, schema)


def test_connection_type_is_valid_against_the_stricter_schema_for_providers() -> None:
    schema_file = files("airflow") / "provider.yaml.schema.json"
    if not schema_file.is_file():
        pytest.skip("this Airflow does not ship the stricter schema")
    schema = json.loads(schema_file.read_text())

    jsonschema.validate(INFO["connection-types"], schema["properties"]["connection-types"])


def test_package_name_is_the_distribution_that_registers_it() -> None:
    distribution = importlib.metadata.distribution(INFO["package-name"])

    (entry,) = [each for each in distribution.entry_points if each.group == "apache_airflow_provider"]
    assert entry.load()() == INFO


@pytest.mark.parametrize("room", ["hooks", "operators", "sensors", "triggers"])
def test_lists_exactly_the_public_modules_on_disk(room: str) -> None:
    listed = {module for entry in INFO[room] for module in entry["python-modules"]}

    assert listed == {f"airflow_provider_imagen.{room}.imagen"}
    assert (PACKAGE / room / "imagen.py").is_file()
    for module in listed:
        importlib.import_module(module)


def test_names_the_function_that_offers_the_commands() -> None:
    (path,) = INFO["cli"]

    assert [group.name for group in pkgutil.resolve_name(path)()] == ["imagen"]


def test_integrations_are_declared_once_and_every_use_is_declared() -> None:
    names = [entry["integration-name"] for entry in INFO["integrations"]]
    used = {entry["integration-name"] for room in ("hooks", "operators", "sensors", "triggers") for entry in INFO[room]}

    assert len(names) == len(set(names))
    assert used == set(names)


def test_connection_type_and_hook_agree() -> None:
    assert CONNECTION["hook-class-name"] == f"{ImagenHook.__module__}.{ImagenHook.__qualname__}"
    assert CONNECTION["connection-type"] == ImagenHook.conn_type
    assert CONNECTION["hook-name"] == ImagenHook.hook_name
    assert "__" not in ImagenHook.conn_type


def test_form_offers_exactly_the_extras_that_have_an_effect() -> None:
    from airflow_provider_imagen.core.connection import ConnectionSettings

    assert set(CONNECTION_FIELDS) == set(ConnectionSettings.model_fields)


def test_older_airflow_gets_the_same_form_behaviour_from_the_hook() -> None:
    declared = CONNECTION["ui-field-behaviour"]
    behaviour = ImagenHook.get_ui_field_behaviour()

    assert {key.replace("_", "-"): value for key, value in behaviour.items()} == declared


def test_the_key_field_has_a_name_that_airflow_masks_and_a_password_widget() -> None:
    from airflow.providers.common.compat.sdk import redact

    assert redact({"keyfile_dict": "planted"})["keyfile_dict"] == "***"
    assert CONNECTION_FIELDS["keyfile_dict"]["schema"]["format"] == "password"


def test_reading_the_metadata_imports_no_airflow() -> None:
    code = (
        "import sys, airflow_provider_imagen.provider_info as info; info.get_provider_info();"
        "print([name for name in sys.modules if name.partition('.')[0] in {'airflow', 'pydantic', 'requests'}])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("list", {"package_name": "airflow-provider-imagen", "version": airflow_provider_imagen.__version__}),
        (
            "hooks",
            {
                "connection_type": "imagen",
                "class": "airflow_provider_imagen.hooks.imagen.ImagenHook",
                "conn_id_attribute_name": "imagen_conn_id",
                "package_name": "airflow-provider-imagen",
                "hook_name": "Google Imagen",
            },
        ),
    ],
)
def test_airflow_names_the_provider_and_its_connection_type(
    airflow_database: None, command: str, expected: dict[str, str]
) -> None:
    airflow = Path(sys.executable).with_name("airflow")
    done = subprocess.run([airflow, "providers", command, "-o", "json"], capture_output=True, text=True, check=True)
    rows = json.loads(done.stdout[done.stdout.index("[{") :])

    (ours,) = [row for row in rows if row["package_name"] == "airflow-provider-imagen"]
    assert expected.items() <= ours.items()
    assert "ImportError" not in done.stderr
