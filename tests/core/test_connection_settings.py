"""What an Airflow connection may say. Nothing secret may come out again in a text."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from airflow_provider_imagen.core.connection import CLOUD_PLATFORM, ConnectionSettings, read_settings
from airflow_provider_imagen.core.extra_problems import ALLOWED
from airflow_provider_imagen.errors import InvalidConnectionError, InvalidInputError
from airflow_provider_imagen.provider_info import CONNECTION_FIELDS

KEY = {"type": "service_account", "private_key": "planted-secret"}
OLD = "extra__google_cloud_platform__"


def read(extras: dict[str, Any] | None = None, **overrides: Any) -> ConnectionSettings:
    return read_settings("my_conn", extras or {}, **overrides)


def refusal(extras: dict[str, Any]) -> str:
    with pytest.raises(InvalidConnectionError, match="The connection my_conn ") as caught:
        read(extras)
    return str(caught.value)


def test_an_empty_connection_is_google_with_the_default_credentials() -> None:
    assert read() == ConnectionSettings()
    assert read().scope == (CLOUD_PLATFORM,)
    assert read().timeout_seconds == 300.0


EXTRAS_OF_GOOGLE_S_PROVIDER: list[tuple[str, Any, Any]] = [
    ("project", "my-project", "my-project"),
    ("project", " example.com:my-project ", "example.com:my-project"),
    ("key_path", "/keys/a.json", "/keys/a.json"),
    ("keyfile_dict", json.dumps(KEY), KEY),
    ("keyfile_dict", KEY, KEY),
    ("credential_config_file", "/keys/wif.json", "/keys/wif.json"),
    ("credential_config_file", {"type": "external_account"}, {"type": "external_account"}),
    ("scope", "https://a, https://b", ("https://a", "https://b")),
    ("impersonation_chain", "a@x.iam, b@x.iam", ("a@x.iam", "b@x.iam")),
    ("impersonation_chain", ["a@x.iam", "b@x.iam"], ("a@x.iam", "b@x.iam")),
    ("impersonation_chain", "a@x.iam", ("a@x.iam",)),
    ("quota_project_id", "other", "other"),
    ("project", 123456789012, "123456789012"),
    ("quota_project_id", 123456789012, "123456789012"),
    ("default_model", 2.5, "2.5"),
    ("is_anonymous", "true", True),
    ("is_anonymous", False, False),
]


@pytest.mark.parametrize("prefix", ["", OLD])
@pytest.mark.parametrize(("name", "stored", "meant"), EXTRAS_OF_GOOGLE_S_PROVIDER)
def test_a_connection_of_google_s_provider_works_as_it_is(prefix: str, name: str, stored: Any, meant: Any) -> None:
    settings = read({f"{prefix}{name}": stored, f"{prefix}num_retries": 5})

    assert getattr(settings, name) == meant
    assert settings == ConnectionSettings(**{name: meant})


@pytest.mark.parametrize(
    ("name", "stored", "meant"),
    [
        ("location", "europe-west4", "europe-west4"),
        ("location", "global", "global"),
        ("endpoint", "http://127.0.0.1:8085/ ", "http://127.0.0.1:8085"),
        ("endpoint", "https://proxy.example/vertex/", "https://proxy.example/vertex"),
        ("endpoint", "http://[::1]:8085", "http://[::1]:8085"),
        ("storage_endpoint", "http://localhost:4443", "http://localhost:4443"),
        ("send_credentials_to_endpoint", True, True),
        ("default_model", "imagen-4.0-fast-generate-001", "imagen-4.0-fast-generate-001"),
        ("timeout_seconds", "30", 30.0),
        ("timeout_seconds", 0.5, 0.5),
    ],
)
def test_our_own_extras_are_read(name: str, stored: object, meant: object) -> None:
    assert getattr(read({name: stored}), name) == meant


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("project", "my-project"),
        ("key_path", "/secrets/key.json"),
        ("credential_config_file", "/secrets/federation.json"),
        ("location", "us-central1"),
        ("default_model", "gemini-3-pro-image"),
        ("fallback_model", "gemini-3-pro-image"),
    ],
)
def test_blanks_around_what_was_pasted_into_the_form_do_not_count(name: str, value: str) -> None:
    assert read({name: f" {value}\n"}) == read({name: value})


@pytest.mark.parametrize("blank", [None, "", "  ", {}, []])
@pytest.mark.parametrize("name", sorted(ConnectionSettings.model_fields))
def test_a_blank_value_counts_as_not_set(name: str, blank: object) -> None:
    assert read({name: blank}) == read()
    assert read({name: blank, f"{OLD}{name}": blank}) == read()


def test_a_blank_value_does_not_hide_the_old_spelling() -> None:
    assert read({f"{OLD}project": "old", "project": ""}).project == "old"


@pytest.mark.parametrize("name", ["colour", "num_retries", "keyfile_json", "host", "Project", f"{OLD}colour"])
def test_an_unknown_key_has_no_effect(name: str) -> None:
    assert read({name: "value"}) == read()


def test_the_task_s_own_values_win_and_none_leaves_the_connection_s() -> None:
    extras = {"project": "a", "location": "us-central1", "impersonation_chain": "x@y.iam"}
    settings = read(extras, project="b", location=None, impersonation_chain=["p@q.iam", "r@s.iam"])

    assert (settings.project, settings.location) == ("b", "us-central1")
    assert settings.impersonation_chain == ("p@q.iam", "r@s.iam")


@pytest.mark.parametrize("prefix", ["", OLD])
@pytest.mark.parametrize("name", ["key_secret_name", "idp_issuer_url", "credentials_provider"])
def test_an_identity_that_we_cannot_read_is_refused_not_replaced(prefix: str, name: str) -> None:
    text = refusal({f"{prefix}{name}": "planted-secret", "project": "p"})

    assert name in text
    assert "Use keyfile_dict" in text
    assert "planted-secret" not in text
    assert read({f"{prefix}{name}": ""}) == read()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("project", "a/b"),
        ("project", "a b"),
        ("project", "../x"),
        ("project", [7]),
        ("project", 1.5),
        ("project", True),
        ("location", "us-central1/x"),
        ("location", "us-central1?x"),
        ("endpoint", "localhost:8085"),
        ("endpoint", "ftp://x"),
        ("endpoint", "https://user:planted-secret@x.example"),
        ("endpoint", "https://x example"),
        ("endpoint", "https://proxy.example/vertex?key=planted-secret"),
        ("endpoint", "https://proxy.example?key=planted-secret"),
        ("storage_endpoint", "https://proxy.example/#storage"),
        ("storage_endpoint", "//x"),
        ("timeout_seconds", 0),
        ("timeout_seconds", 3601),
        ("timeout_seconds", -1),
        ("timeout_seconds", "long"),
        ("timeout_seconds", "inf"),
        ("timeout_seconds", "nan"),
        ("is_anonymous", "perhaps"),
        ("scope", 7),
        ("keyfile_dict", "{'private_key': 'planted-secret'}"),
        ("keyfile_dict", '"planted-secret"'),
        ("keyfile_dict", '["planted-secret"]'),
        ("keyfile_dict", 7),
        ("location", "planted-secret " * 2),
    ],
)
def test_a_value_that_cannot_be_used_is_named_but_not_shown(name: str, value: object) -> None:
    text = refusal({name: value})

    assert "has 1 extra to correct in the connection form:" in text
    assert f"\n  - {name} " in text
    assert "; allowed is " in text
    assert "planted-secret" not in text


def test_every_mistake_is_told_at_once_and_a_number_with_its_limits() -> None:
    text = refusal({"timeout_seconds": 86_400, "keyfile_dict": "{broken", "location": "us central"})

    assert text.splitlines()[1:] == [
        "  - keyfile_dict cannot be read; allowed is the whole content of the key file, a JSON object from { to }, "
        "with its quotes and commas.",
        "  - location cannot be read; allowed is letters, digits and . : _ -, such as us-central1 or global.",
        "  - timeout_seconds is 86400; allowed is a number of seconds above 0, at most 3600.",
    ]


def test_every_extra_has_words_for_what_it_may_be() -> None:
    assert set(ALLOWED) == set(ConnectionSettings.model_fields)


PEM = "-----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY-----\n"


@pytest.mark.parametrize("name", ["keyfile_dict", "credential_config_file"])
@pytest.mark.parametrize("line_break", ["\n", "\\n", "\\r\\n"])
@pytest.mark.parametrize("as_text", [True, False])
def test_line_breaks_of_a_key_may_be_two_characters(name: str, line_break: str, as_text: bool) -> None:
    key: Any = {"type": "service_account", "private_key": PEM.replace("\n", line_break)}

    assert getattr(read({name: json.dumps(key) if as_text else key}), name)["private_key"] == PEM


@pytest.mark.parametrize("text", ["{}", "null", "[]", "7", "true", " {} "])
@pytest.mark.parametrize("name", ["keyfile_dict", "credential_config_file"])
def test_the_text_of_a_key_that_holds_none_is_not_taken_for_no_key(name: str, text: str) -> None:
    if name == "credential_config_file" and "{" not in text:
        assert getattr(read({name: text}), name) == text  # the path of a file, which is not there
        return
    assert f"- {name} " in refusal({name: text})


def test_all_unusable_values_are_named_at_once() -> None:
    text = refusal({"project": "a/b", "timeout_seconds": 0})

    assert "- project " in text
    assert "- timeout_seconds " in text


def test_a_secret_is_not_in_the_representation() -> None:
    settings = read({"keyfile_dict": KEY, "credential_config_file": {"token": "planted-secret"}})

    assert "planted-secret" not in f"{settings!r} {settings}"


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        read().project = "other"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("keyfile_dict", "***"),
        ("keyfile_dict", {"type": "service_account", "private_key": "***"}),
        ("keyfile_dict", '{"private_key": "***"}'),
        ("project", "***"),
    ],
)
def test_the_stars_that_airflow_shows_instead_of_a_secret_are_not_taken_for_one(name: str, value: Any) -> None:
    assert f"has *** as the value of {name}" in refusal({"project": "p", name: value})


@pytest.mark.parametrize("unset", [None, ""])
@pytest.mark.parametrize("off", [False, "false", "False", None, ""])
def test_a_form_saved_with_nothing_filled_in_is_an_empty_connection(unset: object, off: object) -> None:
    saved = dict.fromkeys(CONNECTION_FIELDS, unset) | {"send_credentials_to_endpoint": off, "is_anonymous": off}

    assert read(saved) == ConnectionSettings()


@pytest.mark.parametrize(
    ("override", "value", "text"),
    [
        ("project", ["a", "b"], "project_id is ['a', 'b']; allowed is a project id or number"),
        ("project", "a b", "project_id is 'a b'"),
        ("location", {"a": 1}, "location is {'a': 1}; allowed is a location such as us-central1 or global"),
        ("impersonation_chain", 7, "impersonation_chain is 7; allowed is a service account, or a list of them"),
    ],
)
def test_what_a_task_gives_is_refused_by_the_name_of_its_argument(override: str, value: Any, text: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        read({"project": "p"}, **{override: value})

    assert text in str(caught.value)
    assert "connection" not in str(caught.value)


def test_a_project_number_is_a_project_also_when_a_template_made_a_number_of_it() -> None:
    assert read({}, project=123456789012).project == "123456789012"
