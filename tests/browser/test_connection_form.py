"""The connection form of the newest Airflow, filled in and read as a person does."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from airflow_site import airflow_command

from airflow_provider_imagen.provider_info import CONNECTION_FIELDS

pytestmark = pytest.mark.usefixtures("newest_airflow")

KEY = '{"type": "service_account", "private_key": "planted-key"}'
READ_SECONDS = 60


def field(form: Any, name: str) -> Any:
    return form.locator(f"[name=element_{name}]")


def open_fields(page: Any) -> Any:
    form = page.get_by_role("dialog")
    form.get_by_role("button", name="Extra Fields", exact=True).click()
    field(form, "project").wait_for()
    return form


def new_connection(page: Any, conn_id: str) -> Any:
    page.goto("/connections")
    page.get_by_role("button", name="Add Connection").click()
    form = page.get_by_role("dialog")
    form.get_by_label("Connection ID").fill(conn_id)
    form.get_by_role("combobox").fill("Google Im")
    page.get_by_role("option", name="Google Imagen").click()
    return open_fields(page)


def row_of(page: Any, conn_id: str) -> Any:
    page.goto("/connections")
    return page.get_by_role("row").filter(has=page.get_by_text(conn_id, exact=True))


def reopened(page: Any, conn_id: str) -> Any:
    row_of(page, conn_id).get_by_role("button", name="Edit Connection").click()
    return open_fields(page)


def save(page: Any, form: Any) -> None:
    form.get_by_role("button", name="Save", exact=True).click()
    form.wait_for(state="detached")


def switch(form: Any, name: str) -> None:
    field(form, name).locator("xpath=ancestor::label").click()


def toast(page: Any) -> str:
    message: str = page.locator("[data-scope=toast][data-part=root]").first.inner_text()
    return message


@pytest.fixture
def conn_id(site: Any, request: pytest.FixtureRequest) -> Iterator[str]:
    name = getattr(request, "param", "imagen_of_a_person")
    yield name
    if name in [each["connection_id"] for each in site.call("GET", "connections")["connections"]]:
        site.call("DELETE", f"connections/{name}")


@pytest.fixture
def stored(site: Any) -> Callable[[str], dict[str, Any]]:
    """Return a function that tells what Airflow's database has in the extras of a connection."""

    def read(conn_id: str) -> dict[str, Any]:
        command = [airflow_command(), "connections", "get", conn_id, "-o", "json"]
        done = subprocess.run(
            command, env=site.environment, capture_output=True, text=True, check=True, timeout=READ_SECONDS
        )
        extras: dict[str, Any] = json.loads(done.stdout[done.stdout.index("[{") :])[0]["extra_dejson"]
        return extras

    return read


def test_every_field_has_its_label_and_help_and_fields_without_meaning_are_hidden(
    page: Any, picture: Callable[..., None]
) -> None:
    form = new_connection(page, "never_saved")
    form.get_by_text(CONNECTION_FIELDS["is_anonymous"]["description"]).wait_for()
    picture(page, "fields")

    shown = form.inner_text().splitlines()
    for each in CONNECTION_FIELDS.values():
        assert each["label"] in shown
        assert each["description"] in shown
    assert field(form, "keyfile_dict").get_attribute("type") == "password"
    assert not field(form, "send_credentials_to_endpoint").is_checked()
    assert not field(form, "is_anonymous").is_checked()
    suggestions = form.locator("datalist#list_default_model option").evaluate_all("all => all.map(each => each.value)")
    assert suggestions == CONNECTION_FIELDS["default_model"]["schema"]["examples"]

    form.get_by_role("button", name="Standard Fields").click()
    form.locator("[name=description]").wait_for()
    picture(page, "standard-fields")
    assert [
        name for name in ("host", "login", "password", "port", "schema") if form.locator(f"[name={name}]").count()
    ] == []


def test_the_form_holds_numbers_and_texts_to_their_limits(page: Any) -> None:
    form = new_connection(page, "never_saved")
    seconds = field(form, "timeout_seconds")
    seconds.fill("86400")
    seconds.blur()

    assert seconds.input_value() == "3600"
    assert field(form, "location").get_attribute("maxlength") == "100"
    assert field(form, "endpoint").get_attribute("maxlength") == "2048"


@pytest.mark.parametrize("conn_id", ["imagen_default"], indirect=True)
def test_a_person_makes_a_connection_reopens_it_and_runs_a_dag_with_it(
    page: Any, site: Any, emulator: Any, conn_id: str, picture: Callable[..., None]
) -> None:
    form = new_connection(page, conn_id)
    field(form, "project").fill("my-project")
    field(form, "endpoint").fill(emulator.endpoint)
    field(form, "storage_endpoint").fill(emulator.storage_endpoint)
    field(form, "timeout_seconds").fill("45")
    switch(form, "is_anonymous")
    picture(page, "filled")
    save(page, form)

    form = reopened(page, conn_id)
    picture(page, "reopened")
    assert field(form, "project").input_value() == "my-project"
    assert field(form, "endpoint").input_value() == emulator.endpoint
    assert field(form, "timeout_seconds").input_value() == "45"
    assert field(form, "is_anonymous").is_checked()
    assert not field(form, "send_credentials_to_endpoint").is_checked()
    form.get_by_role("button", name="Close").click()

    site.unpause(["imagen_minimal"])
    page.goto("/dags/imagen_minimal")
    page.get_by_role("button", name="Trigger").click()
    page.get_by_role("dialog").get_by_role("button", name="Trigger").click()
    page.wait_for_url(re.compile("/runs/manual"))
    page.get_by_role("row").filter(has_text="picture").get_by_text("Success").first.wait_for()
    assert [name for name in emulator.list_objects("my-bucket") if name.endswith((".jpg", ".png"))]


def test_a_key_that_is_saved_again_unseen_is_still_the_real_one(
    page: Any, conn_id: str, stored: Callable[[str], dict[str, Any]], picture: Callable[..., None]
) -> None:
    form = new_connection(page, conn_id)
    field(form, "keyfile_dict").fill(KEY)
    save(page, form)

    form = reopened(page, conn_id)
    picture(page, "masked")
    assert field(form, "keyfile_dict").input_value() == "***"
    field(form, "location").fill("europe-west4")
    save(page, form)

    assert {name: value for name, value in stored(conn_id).items() if value not in {None, "", False, "False"}} == {
        "keyfile_dict": KEY,
        "location": "europe-west4",
    }


@pytest.mark.parametrize(
    ("extra", "answer"),
    [
        ({}, "Google accepted the credentials and knows gemini-nano-banana-2.1. Tasks will bill project my-project."),
        ({"endpoint": "http://127.0.0.1:9"}, "Nothing listens at http://127.0.0.1:9, the connection's endpoint"),
        ({"project": None, "is_anonymous": True}, "Set project in the connection"),
        ({"default_model": "imagen-9"}, "Check the model id and the location"),
        ({"keyfile_dict": "***"}, "Enter the real value in the connection form"),
        ({"timeout_seconds": -1}, "timeout_seconds is -1; allowed is a number of seconds above 0, at most 3600"),
        ({"keyfile_dict": "{broken"}, "keyfile_dict cannot be read; allowed is the whole content of the key file"),
    ],
    ids=["works", "nothing answers", "no project", "no such model", "stars for a key", "no time", "broken key"],
)
def test_the_test_button_says_what_to_mend(
    page: Any, site: Any, emulator: Any, conn_id: str, extra: dict[str, Any], answer: str
) -> None:
    known = {"project": "my-project", "endpoint": emulator.endpoint} | extra
    # Airflow 3.3.2 sends port 0 for none, and refuses the test because the connection's port was another one.
    body = {"connection_id": conn_id, "conn_type": "imagen", "port": 0, "extra": json.dumps(known)}
    site.call("POST", "connections", body)

    row_of(page, conn_id).get_by_role("button", name="Test Connection").click()

    page.locator("[data-scope=toast][data-part=root]").first.wait_for()
    assert answer in toast(page)
