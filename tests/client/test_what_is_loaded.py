"""A process loads what its connection needs, and no more: importing takes longer than anything else a task does."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

CODE = """
import json, sys
from airflow_provider_imagen.client.imagen import ImagenClient
from airflow_provider_imagen.core.connection import ConnectionSettings
from airflow_provider_imagen.core.storage.locations import CloudFolder

client = ImagenClient(ConnectionSettings(**json.loads(sys.argv[1])))
assert list(client.storage.list(CloudFolder("bucket", "a/"))) == []
print(json.dumps(sorted(sys.modules)))
"""


def loaded_with(**settings: Any) -> set[str]:
    """Return the modules of a fresh process that listed a folder."""
    command = [sys.executable, "-W", "ignore", "-c", CODE, json.dumps(settings)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout))


def test_an_anonymous_connection_loads_neither_google_auth_nor_requests(
    script: Any, answer_with: Callable[..., bytes]
) -> None:
    script.order(answer_with(200))

    loaded = loaded_with(is_anonymous=True, storage_endpoint=script.url)

    assert not {"google.auth", "google.oauth2", "requests", "tenacity"} & loaded


def test_a_key_loads_its_own_part_of_google_auth_and_its_token_comes_without_requests(
    script: Any, answer_with: Callable[..., bytes], key: dict[str, str]
) -> None:
    token = json.dumps({"access_token": "planted", "expires_in": 3600, "token_type": "Bearer"}).encode()
    script.order(answer_with(200, token), answer_with(200))

    key = {**key, "token_uri": f"{script.url}/token"}
    loaded = loaded_with(keyfile_dict=key, storage_endpoint=script.url, send_credentials_to_endpoint=True)

    others = ("compute_engine", "aws", "identity_pool", "pluggable", "impersonated_credentials", "transport.requests")
    assert "google.oauth2.service_account" in loaded
    assert not {"requests", *(f"google.auth.{name}" for name in others)} & loaded
    assert [each.path for each in script.received] == ["/token", script.received[1].path]
    assert script.received[1].headers["authorization"] == "Bearer planted"
