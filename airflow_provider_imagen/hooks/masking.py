"""Tells Airflow's secrets masker what is secret in a connection, so that nobody's log line shows it."""

from __future__ import annotations

from airflow.providers.common.compat.sdk import mask_secret

from airflow_provider_imagen.core.connection import ConnectionSettings
from airflow_provider_imagen.core.connection_secrets import secret_parts


def mask_secrets_of(settings: ConnectionSettings) -> None:
    """Register every secret of a connection. Tokens are registered by the client, when there is one."""
    for secret in dict.fromkeys(secret_parts(settings)):
        mask_secret(secret)
