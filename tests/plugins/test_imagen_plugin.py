"""How Airflow finds the gallery, and that every other part of Airflow does not pay for it."""

from __future__ import annotations

import importlib.metadata
import json
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import airflow
import pytest
from airflow.plugins_manager import AirflowPlugin

from airflow_provider_imagen.plugins import imagen
from airflow_provider_imagen.plugins.imagen import ImagenPlugin

HAS_GALLERY = tuple(map(int, airflow.__version__.split(".")[:2])) >= (3, 1)
needs_gallery = pytest.mark.skipif(not HAS_GALLERY, reason="this Airflow has no views of plugins")


def test_is_registered_in_the_way_that_airflow_reads_without_being_told_to() -> None:
    (entry,) = [
        each
        for each in importlib.metadata.distribution("airflow-provider-imagen").entry_points
        if each.group == "airflow.plugins"
    ]

    assert entry.load() is ImagenPlugin
    assert any(base.__name__ == AirflowPlugin.__name__ for base in ImagenPlugin.__mro__)


@pytest.mark.parametrize("lazy", ["True", "False"])
def test_airflow_loads_it_without_an_error(airflow_database: None, monkeypatch: pytest.MonkeyPatch, lazy: str) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__LAZY_DISCOVER_PROVIDERS", lazy)
    command = [Path(sys.executable).with_name("airflow"), "plugins", "-o", "json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    listed = json.loads(done.stdout[done.stdout.index("[{") :])

    (ours,) = [plugin for plugin in listed if plugin["name"] == "imagen"]
    assert len(ours.get("fastapi_apps", [])) == (1 if HAS_GALLERY else 0)
    assert "Failed" not in done.stdout + done.stderr


def test_airflow_that_reads_all_metadata_has_it_once(airflow_database: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Airflow 3.2 and later show a plugin that is named twice as one that could not be imported."""
    monkeypatch.setenv("AIRFLOW__CORE__LAZY_DISCOVER_PROVIDERS", "False")
    code = (
        "import airflow.plugins_manager as manager\n"
        "manager.ensure_plugins_loaded()\n"
        "asked = getattr(manager, '_get_plugins', lambda: (manager.plugins, manager.import_errors))\n"
        "plugins, errors = asked()\n"
        "print(['imagen' for plugin in plugins if plugin.name == 'imagen'], dict(errors))\n"
    )
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.splitlines()[-1] == "['imagen'] {}"


def test_importing_it_loads_nothing_that_airflow_has_not_loaded_itself() -> None:
    code = (
        "import json, sys, airflow.plugins_manager\n"
        "from airflow.providers.common.compat.sdk import AirflowPlugin, conf\n"
        "before = set(sys.modules)\n"
        "import airflow_provider_imagen.plugins.imagen as ours\n"
        "ours.ImagenPlugin()\n"
        "print(json.dumps(sorted(set(sys.modules) - before)))\n"
    )
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=True)

    loaded = [name for name in json.loads(done.stdout.splitlines()[-1]) if name.startswith("airflow_provider_imagen")]
    assert set(loaded) <= {f"airflow_provider_imagen{rest}" for rest in ("", ".plugins", ".plugins.imagen")}
    strangers = {name.partition(".")[0] for name in json.loads(done.stdout.splitlines()[-1])}
    assert not strangers & {"fastapi", "starlette", "PIL", "requests", "jinja2"}


@pytest.mark.parametrize("version", ["2.11.2", "3.0.6"])
def test_older_airflow_gets_nothing(monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    monkeypatch.setattr(imagen, "airflow_version", version)

    assert not imagen._has_plugin_views()
    assert ImagenPlugin().fastapi_apps == []


@pytest.mark.parametrize("version", ["3.1.0", "3.3.2", "3.10.0", "4.0.0.dev1"])
def test_newer_airflow_gets_it(monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    monkeypatch.setattr(imagen, "airflow_version", version)

    assert imagen._has_plugin_views()


@needs_gallery
def test_airflow_starts_although_it_moved_what_the_gallery_needs(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "airflow_provider_imagen.plugins.gallery.routes", None)

    assert ImagenPlugin().fastapi_apps == []
    assert "cannot be served" in caplog.text


@needs_gallery
def test_offers_a_tab_for_task_instances_and_one_for_dags() -> None:
    views = {view["destination"]: view for view in ImagenPlugin.external_views}

    assert set(views) == {"task_instance", "dag"}
    assert len({view["url_route"] for view in views.values()}) == 2
    assert all(not urlsplit(view["href"]).netloc for view in views.values())


def test_the_tabs_respect_the_path_under_which_airflow_is_served(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "https://example.com/team/airflow/")

    assert [view["href"] for view in imagen._views()] == [
        "/team/airflow/imagen-gallery/dags/{DAG_ID}/runs/{RUN_ID}/tasks/{TASK_ID}/{MAP_INDEX}",
        "/team/airflow/imagen-gallery/dags/{DAG_ID}",
    ]
