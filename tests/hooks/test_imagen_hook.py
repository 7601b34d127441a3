"""The hook: an Airflow connection becomes settings, and a test of it says what to mend."""

from __future__ import annotations

import importlib
import json
import threading
import warnings
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import airflow
import pytest
from airflow import __version__ as airflow_version

from airflow_provider_imagen.client.imagen import ImagenClient
from airflow_provider_imagen.core.connection import ConnectionSettings
from airflow_provider_imagen.errors import InvalidConnectionError
from airflow_provider_imagen.hooks.imagen import ImagenHook


@pytest.fixture
def emulated(set_connection: Callable[..., None], emulator: Any) -> None:
    set_connection(**emulator.connection["extra"])


def test_reads_nothing_until_it_is_used() -> None:
    ImagenHook("no_such_connection")


def test_a_hook_that_waits_for_its_connection_holds_up_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """``functools.cached_property`` would on Python 3.11, where its lock is one for all objects of a class."""
    begun, other_is_done = threading.Event(), threading.Event()
    was_in_time: list[bool] = []

    def read(hook: ImagenHook) -> dict[str, Any]:
        if hook.imagen_conn_id == "slow":
            begun.set()
            was_in_time.append(other_is_done.wait(20))
        return {"project": hook.imagen_conn_id}

    monkeypatch.setattr(ImagenHook, "_extras", read)
    slow = threading.Thread(target=lambda: ImagenHook("slow").settings)
    slow.start()
    begun.wait()
    assert ImagenHook("other").settings.project == "other"
    other_is_done.set()
    slow.join()

    assert was_in_time == [True]


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


BLANK = ["  ", "\n"]  # Airflow 3.0 and 3.1 pass over connections whose extra they cannot read, these among them
BLANK_EXTRAS = [] if airflow.__version__.startswith(("3.0.", "3.1.")) else BLANK
BROKEN_EXTRAS = [
    '{"project":"p","location":"europe-west4",}',
    "{'project': 'p'}",
    '{"keyfile_dict": {"private_key": "planted\nplanted"}}',
    '"{\\"project\\": \\"p\\"}"',
    "[1]",
    "7",
    "true",
    "null",
    '"planted"',
    "planted",
    '{"project": NaN}',
    '{"project": "p"} planted',
    '{"project": "p"',
    "\ufeff{}",
    "{" * 100_000,
]


@pytest.mark.filterwarnings("ignore")  # Airflow 2 warns of such an extra and goes on
@pytest.mark.parametrize("extra", BROKEN_EXTRAS, ids=lambda text: text[:20])
@pytest.mark.parametrize("form", ["json", "uri"])
def test_an_extra_that_is_no_json_object_is_an_error_and_never_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, extra: str, form: str
) -> None:
    whole = json.dumps({"conn_type": "imagen", "extra": extra})
    monkeypatch.setenv("AIRFLOW_CONN_X", whole if form == "json" else f"imagen://?__extra__={quote(extra, safe='')}")

    with pytest.raises(InvalidConnectionError, match="connection '?x'?.* no JSON object") as caught:
        _ = ImagenHook("x").settings

    assert "planted" not in f"{caught.value} {caught.value.__cause__!r} {caught.value.__context__!r} {caplog.text}"


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("extra", [[1], 7, True, "[1]"])
def test_nor_is_an_extra_of_another_type_nothing(monkeypatch: pytest.MonkeyPatch, extra: Any) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_X", json.dumps({"conn_type": "imagen", "extra": extra}))

    with pytest.raises(InvalidConnectionError, match="no JSON object"):
        _ = ImagenHook("x").settings


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("extra", ["", *BLANK_EXTRAS, None, {}, "{}"])
def test_an_extra_that_is_not_there_is_an_empty_connection(monkeypatch: pytest.MonkeyPatch, extra: Any) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_X", json.dumps({"conn_type": "imagen", "extra": extra}))

    assert ImagenHook("x").settings == ConnectionSettings()


def test_what_airflow_itself_cannot_read_is_an_error_of_the_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(cls: type, conn_id: str) -> Any:
        raise ValueError("Encountered non-JSON in `extra` field: planted")

    monkeypatch.setattr(ImagenHook, "get_connection", classmethod(refuse))

    with pytest.raises(InvalidConnectionError, match="not written as Airflow writes connections") as caught:
        _ = ImagenHook("x").settings
    assert "planted" not in str(caught.value)


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
        ({"endpoint": "http://127.0.0.1:9"}, "Nothing listens at http://127.0.0.1:9, the connection's endpoint"),
        ({"timeout_seconds": -1}, "timeout_seconds is -1; allowed is a number of seconds above 0, at most 3600"),
        ({"timeout_seconds": 86_400}, "timeout_seconds is 86400; allowed is"),
        ({"keyfile_dict": '{"type": "service_account",}'}, "keyfile_dict cannot be read; allowed is the whole content"),
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
    (_, seconds), (_, longest) = (widgets[name].kwargs["validators"] for name in ("timeout_seconds", "location"))
    assert (seconds.min, seconds.max, longest.max) == (1, 3600, 100)
    drawn = {name: (str(widget.args[0]), widget.kwargs["description"]) for name, widget in widgets.items()}
    assert drawn == {name: (field["label"], field["description"]) for name, field in CONNECTION_FIELDS.items()}
