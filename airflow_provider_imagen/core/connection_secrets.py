"""Which parts of a connection are secret, in every form in which a log might show them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from airflow_provider_imagen.core.connection import ConnectionSettings

SECRET_NAMES = ("private_key", "private_key_id", "client_secret", "refresh_token", "access_token", "token", "password")
"""Names under which key files and credential configurations keep secrets."""

SHORTEST_LINE = 20
"""Characters. A shorter line of a key is not worth masking: it would hide innocent words."""


def secret_parts(settings: ConnectionSettings) -> Iterator[str]:
    """Yield the secrets of a connection: whole, as JSON writes them, and line by line."""
    for value in (settings.keyfile_dict, settings.credential_config_file):
        for secret in _secrets_in(value):
            yield secret
            yield json.dumps(secret)[1:-1]
            yield from (line for line in secret.splitlines() if len(line) >= SHORTEST_LINE and "-----" not in line)


def _secrets_in(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, each in value.items():
            if isinstance(each, str) and name in SECRET_NAMES and each:
                yield each
            elif name == "headers" and isinstance(each, dict):
                # Headers of a request for an identity; any of them may hold the secret.
                yield from (text for text in each.values() if isinstance(text, str) and text)
            else:
                yield from _secrets_in(each)
