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
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import airflow_provider_imagen
from airflow_provider_imagen.core.catalogue import catalogue
from airflow_provider_imagen.hooks.imagen import ImagenHook
from airflow_provider_imagen.provider_info import CONNECTION_FIELDS, PLACEHOLDERS, get_provider_info

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

    batch = {"operators": {"operators.batch"}, "triggers": {"triggers.batch_job"}}.get(room, set())
    assert listed == {f"airflow_provider_imagen.{name}" for name in {f"{room}.imagen"} | batch}
    assert (PACKAGE / room / "imagen.py").is_file()
    for module in listed:
        importlib.import_module(module)


def test_names_the_function_that_offers_the_commands() -> None:
    (path,) = INFO["cli"]

    assert [group.name for group in pkgutil.resolve_name(path)()] == ["imagen"]


def test_names_the_decorator_that_makes_a_task_of_a_function() -> None:
    modules = {each["name"]: pkgutil.resolve_name(each["class-name"]).__module__ for each in INFO["task-decorators"]}

    assert modules == {
        "imagen": "airflow_provider_imagen.decorators.imagen",
        "imagen_batch": "airflow_provider_imagen.decorators.batch",
    }


def test_names_the_links_that_the_operators_have() -> None:
    """Airflow 2 shows no link that the metadata does not name."""
    from airflow_provider_imagen.operators.batch import ImagenBatchOperator
    from airflow_provider_imagen.operators.imagen import ImagenGenerateOperator

    operators = (ImagenGenerateOperator, ImagenBatchOperator)
    links = {type(link) for operator in operators for link in operator.operator_extra_links}
    assert {pkgutil.resolve_name(path) for path in INFO["extra-links"]} == links


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


MASK_THE_FORM = """
import json, sys
from airflow.providers.common.compat.sdk import redact
print("\\n" + json.dumps(redact(dict.fromkeys(sys.argv[1:], "planted"))))
"""


def test_airflow_masks_the_key_and_no_other_field() -> None:
    """In a process of its own: a masker keeps every secret that it was given, by other tests too."""
    # A switch whose name Airflow takes for a secret's comes up switched on in the form, and is saved as ***.
    command = [sys.executable, "-W", "ignore", "-c", MASK_THE_FORM, *CONNECTION_FIELDS]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    shown = json.loads(done.stdout.splitlines()[-1])
    passwords = {name for name, field in CONNECTION_FIELDS.items() if field["schema"].get("format") == "password"}

    assert {name for name, value in shown.items() if value != "planted"} == passwords == {"keyfile_dict"}


@pytest.mark.parametrize("name", ["default_model", "fallback_model"])
def test_the_form_suggests_models_that_make_images_and_have_no_last_day(name: str) -> None:
    suggested = [catalogue().find(model) for model in CONNECTION_FIELDS[name]["schema"]["examples"]]

    assert [model for model in suggested if model is None or "generate" not in model.jobs or model.discontinued] == []


def test_the_form_names_the_default_model() -> None:
    default = catalogue().defaults["generate"]

    assert default in CONNECTION_FIELDS["default_model"]["description"]
    assert PLACEHOLDERS["default_model"] == default


def test_placeholders_belong_to_fields_of_the_form() -> None:
    assert set(PLACEHOLDERS) <= set(CONNECTION_FIELDS)


READ_THE_FORM = """
import json, warnings
from airflow.api_fastapi.core_api.services.ui.connections import HookMetaService
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    (ours,) = [form for form in HookMetaService.hook_meta_data() if form.connection_type == "imagen"]
spoken = [str(each.message) for each in caught if "imagen" in f"{each.message} {each.filename}".lower()]
print("\\n" + json.dumps({"form": ours.model_dump(mode="json"), "warnings": spoken}))
"""


@pytest.fixture(scope="session")
def form_of_airflow_3(airflow_database: None) -> dict[str, Any]:
    """What the UI of Airflow 3 gets to draw the form, and what Airflow warned about us meanwhile."""
    pytest.importorskip("airflow.api_fastapi", reason="Airflow 2 has another UI")
    if version("apache-airflow").startswith("3.0."):
        pytest.skip("Airflow 3.0 draws extras as fields only where Flask-AppBuilder is installed")
    command = [sys.executable, "-c", READ_THE_FORM]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    read: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return read


def test_airflow_3_draws_every_field_with_its_label_and_help_and_hides_what_has_no_meaning(
    form_of_airflow_3: dict[str, Any],
) -> None:
    form = form_of_airflow_3["form"]
    drawn = {name: (field["schema"]["title"], field["description"]) for name, field in form["extra_fields"].items()}

    assert drawn == {name: (field["label"], field["description"]) for name, field in CONNECTION_FIELDS.items()}
    assert [field["value"] for field in form["extra_fields"].values() if field["value"]] == []
    hidden = {name for name, field in form["standard_fields"].items() if field and field["hidden"]}
    assert hidden == {"host", "login", "password", "port", "url_schema"}


def test_airflow_3_reads_the_form_without_a_warning_about_this_provider(form_of_airflow_3: dict[str, Any]) -> None:
    assert form_of_airflow_3["warnings"] == []


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
