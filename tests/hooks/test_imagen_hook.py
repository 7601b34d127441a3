"""The hook: an Airflow connection becomes settings, and a test of it says what to mend."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Callable
from typing import Any

import pytest
from airflow import __version__ as airflow_version

from airflow_provider_imagen.client.imagen import ImagenClient
from airflow_provider_imagen.errors import InvalidConnectionError
from airflow_provider_imagen.hooks.imagen import ImagenHook


@pytest.fixture
def emulated(set_connection: Callable[..., None], emulator: Any) -> None:
    set_connection(**emulator.connection["extra"])


def test_reads_nothing_until_it_is_used() -> None:
    ImagenHook("no_such_connection")


def test_a_google_cloud_platform_connection_works_unchanged(set_connection: Callable[..., None]) -> None:
    set_connection(
        "google_cloud_default",
        "google_cloud_platform",
        project="billed",
        keyfile_dict='{"type": "service_account"}',
        scope="https://www.googleapis.com/auth/cloud-platform",
        num_retries=5,
        extra__google_cloud_platform__impersonation_chain="painter@x.iam",
    )

    settings = ImagenHook("google_cloud_default").settings

    assert settings.project == "billed"
    assert settings.keyfile_dict == {"type": "service_account"}
    assert settings.impersonation_chain == ("painter@x.iam",)


def test_what_a_task_says_goes_before_what_the_connection_says(set_connection: Callable[..., None]) -> None:
    set_connection(project="connection", location="europe-west4", impersonation_chain="a@x.iam")

    settings = ImagenHook(project_id="task", location="us-east4", impersonation_chain=["b@x.iam", "c@x.iam"]).settings

    assert (settings.project, settings.location) == ("task", "us-east4")
    assert settings.impersonation_chain == ("b@x.iam", "c@x.iam")


def test_a_missing_connection_is_reported_with_the_command_that_makes_it() -> None:
    with pytest.raises(InvalidConnectionError, match="'nowhere'.*airflow connections add nowhere --conn-type imagen"):
        _ = ImagenHook("nowhere").settings


def test_gives_the_same_client_every_time(set_connection: Callable[..., None]) -> None:
    set_connection(project="p")
    hook = ImagenHook()

    assert hook.get_conn() is hook.get_conn()


@pytest.mark.usefixtures("emulated")
def test_a_connection_is_tested_without_making_an_image(emulator: Any) -> None:
    assert ImagenHook().test_connection() == (
        True,
        "Google accepted the credentials and knows gemini-nano-banana-2.1. Tasks will bill project emulator-project.",
    )
    assert [request.method for request in emulator.requests] == ["GET"]


@pytest.mark.parametrize(("of_tasks", "of_the_test"), [(300, 20), (5, 5)])
def test_nobody_waits_for_a_test_as_long_as_a_task_may_wait(
    set_connection: Callable[..., None], emulator: Any, monkeypatch: pytest.MonkeyPatch, of_tasks: int, of_the_test: int
) -> None:
    patience: list[float] = []

    class Watched(ImagenClient):
        def __init__(self, settings: Any, *arguments: Any, **named: Any) -> None:
            patience.append(settings.timeout_seconds)
            super().__init__(settings, *arguments, **named)

    monkeypatch.setattr("airflow_provider_imagen.client.imagen.ImagenClient", Watched)
    set_connection(**{**emulator.connection["extra"], "timeout_seconds": of_tasks})

    assert ImagenHook().test_connection()[0]
    assert patience == [of_the_test]


@pytest.mark.parametrize(
    ("extra", "advice"),
    [
        ({"project": None, "is_anonymous": True}, "Set project in the connection"),
        ({"key_path": "/nowhere.json", "send_credentials_to_endpoint": True}, "Set one of keyfile_dict, key_path"),
        ({"default_model": "imagen-9"}, "Check the model id and the location"),
        ({"endpoint": "http://127.0.0.1:9"}, "Check the network, the proxy and the connection's endpoint"),
        ({"timeout_seconds": -1}, "Correct them in the connection form"),
    ],
)
def test_a_failing_test_says_what_to_mend(
    set_connection: Callable[..., None], emulator: Any, extra: dict[str, Any], advice: str
) -> None:
    set_connection(**{**emulator.connection["extra"], **extra})

    worked, message = ImagenHook().test_connection()

    assert not worked
    assert advice in message


@pytest.mark.skipif(
    not airflow_version.startswith("2."), reason="only Airflow 2 brings the form library of the older UI"
)
def test_older_airflow_gets_one_form_field_for_each_extra() -> None:
    from airflow_provider_imagen.provider_info import CONNECTION_FIELDS

    with warnings.catch_warnings(action="ignore"):  # the form library warns of itself when it is first imported
        importlib.import_module("flask_appbuilder.fieldwidgets")

    widgets = ImagenHook.get_connection_form_widgets()

    assert list(widgets) == list(CONNECTION_FIELDS)
    assert widgets["keyfile_dict"].field_class.__name__ == "PasswordField"
    drawn = {name: (str(widget.args[0]), widget.kwargs["description"]) for name, widget in widgets.items()}
    assert drawn == {name: (field["label"], field["description"]) for name, field in CONNECTION_FIELDS.items()}
