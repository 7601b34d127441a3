"""Registers what is secret in a connection with Airflow's secrets masker, so that no log line shows it."""

from __future__ import annotations

from airflow.providers.common.compat.sdk import mask_secret

from airflow_provider_imagen.core.connection import ConnectionSettings
from airflow_provider_imagen.core.connection_secrets import secret_parts


def mask_secrets_of(settings: ConnectionSettings) -> None:
    """Register every secret of a connection. Tokens are registered by the client, when there is one."""
    # The masker compiles all its secrets again with each new one, so the long ones, whole keys, come last.
    for secret in sorted(set(secret_parts(settings)), key=len):
        mask_secret(secret)
