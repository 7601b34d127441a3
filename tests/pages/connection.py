"""The extras of a connection: from the settings that are read and the form that Airflow shows."""

from __future__ import annotations

from typing import Any

from airflow_provider_imagen.core.connection import ConnectionSettings
from airflow_provider_imagen.provider_info import CONNECTION_FIELDS
from pages.markdown import table


def extras() -> str:
    """Return every extra with its label in the form, its default and its meaning."""
    rows = (
        (f"`{name}`", CONNECTION_FIELDS[name]["label"], _default(field.default), CONNECTION_FIELDS[name]["description"])
        for name, field in ConnectionSettings.model_fields.items()
    )
    return table(("extra", "in the form", "default", "meaning"), rows)


def _default(value: Any) -> str:
    if value in (None, ()):
        return "not set"
    return f"`{value[0] if isinstance(value, tuple) else value}`"
