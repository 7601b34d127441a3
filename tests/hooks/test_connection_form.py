"""The connection form that each version of Airflow builds from us, asked the way its own UI asks."""

from __future__ import annotations

from typing import Any

import airflow
import pytest

from airflow_provider_imagen.provider_info import CONNECTION_FIELDS

AIRFLOW = tuple(map(int, airflow.__version__.split(".")[:2]))


@pytest.fixture
def form() -> Any:
    """What the API server of Airflow 3 tells the browser about our connection type."""
    connections = pytest.importorskip(
        "airflow.api_fastapi.core_api.services.ui.connections", reason="Airflow 2 has another UI"
    )
    (ours,) = [each for each in connections.HookMetaService.hook_meta_data() if each.connection_type == "imagen"]
    return ours


@pytest.mark.skipif(AIRFLOW < (3, 1), reason="before Airflow 3.1 this is not where the fields come from")
@pytest.mark.filterwarnings("ignore")
def test_the_ui_of_airflow_3_gets_one_field_for_each_extra(form: Any) -> None:
    assert form.hook_name == "Google Imagen"
    assert list(form.extra_fields) == list(CONNECTION_FIELDS)
    assert form.extra_fields["keyfile_dict"]["schema"]["format"] == "password"


@pytest.mark.skipif(AIRFLOW != (3, 0), reason="about Airflow 3.0")
@pytest.mark.filterwarnings("ignore")
def test_airflow_3_0_knows_the_type_and_shows_its_extras_as_json(form: Any) -> None:
    assert (form.hook_name, form.extra_fields) == ("Google Imagen", None)
