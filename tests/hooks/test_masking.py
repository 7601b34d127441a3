"""What is secret in a connection is masked by Airflow, wherever it would show up."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from airflow.providers.common.compat.sdk import redact

from airflow_provider_imagen.hooks import imagen, masking
from airflow_provider_imagen.hooks.imagen import ImagenHook

PEM = f"-----BEGIN PRIVATE KEY-----\n{'a1' * 32}\n{'b2' * 32}\n-----END PRIVATE KEY-----\n"


@pytest.fixture
def masked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    told: list[str] = []
    monkeypatch.setattr(masking, "mask_secret", told.append)
    monkeypatch.setattr(imagen, "mask_secret", told.append)
    return told


def test_the_secrets_of_a_connection_are_masked_when_it_is_read(
    set_connection: Callable[..., None], masked: list[str]
) -> None:
    config = {"type": "external_account", "client_secret": "planted-secret"}
    set_connection(keyfile_dict=json.dumps({"private_key": PEM}), credential_config_file=json.dumps(config))

    _ = ImagenHook().settings

    assert {PEM, json.dumps(PEM)[1:-1], "a1" * 32, "b2" * 32, "planted-secret"} == set(masked)


def test_every_client_of_a_hook_has_its_tokens_masked(set_connection: Callable[..., None], masked: list[str]) -> None:
    set_connection(project="of-this-test")
    hook = ImagenHook()

    for client in (hook.client, hook.waiting_client()):
        client.session._token._on_secret("planted-token")

    assert masked == ["planted-token"] * 2


def test_the_extras_that_airflow_shows_hold_no_secret() -> None:
    """What the connection API and the UI show went through this function."""
    extras = {
        "keyfile_dict": json.dumps({"private_key": PEM}),
        "credential_config_file": {"client_secret": "planted-secret", "refresh_token": "planted-token"},
        "project": "p",
    }

    shown = json.dumps(redact(extras))

    assert '"project": "p"' in shown
    assert not [secret for secret in ("a1a1", "planted") if secret in shown]
