"""What Airflow reads about this provider when it starts.

Nothing is imported here, and nothing may fail here: Airflow validates this dict against its own schema in every
command, and an invalid one stops them all.
"""

from __future__ import annotations

from typing import Any

PACKAGE = "airflow_provider_imagen"
INTEGRATION = "Google Imagen"

CONNECTION_FIELDS: dict[str, dict[str, Any]] = {
    "project": {
        "label": "Project id",
        "schema": {"type": ["string", "null"]},
        "description": "Google Cloud project that is billed. Unset: the project of the credentials.",
    },
    "location": {
        "label": "Location",
        "schema": {"type": ["string", "null"]},
        "description": "For example us-central1. Unset: the model's own default. Set: no other place is ever used.",
    },
    "default_model": {
        "label": "Default model",
        "schema": {"type": ["string", "null"]},
        "description": "Model for tasks that name none.",
    },
    "fallback_model": {
        "label": "Fallback model",
        "schema": {"type": ["string", "null"]},
        "description": "Model for tasks whose own model is retired or answers 404.",
    },
    "keyfile_dict": {
        "label": "Service account key (JSON)",
        "schema": {"type": ["string", "null"], "format": "password"},
        "description": "The content of the key file. Unset: key file, configuration file, else the default login.",
    },
    "key_path": {
        "label": "Service account key file",
        "schema": {"type": ["string", "null"]},
        "description": "Path of a key file that every worker can read.",
    },
    "credential_config_file": {
        "label": "Credential configuration file",
        "schema": {"type": ["string", "null"]},
        "description": "Path of a workload identity federation configuration.",
    },
    "impersonation_chain": {
        "label": "Impersonation chain",
        "schema": {"type": ["string", "null"]},
        "description": "Service account to act as; a comma-separated chain ends with it.",
    },
    "quota_project_id": {
        "label": "Quota project id",
        "schema": {"type": ["string", "null"]},
        "description": "Project whose quota is used, if not the one above.",
    },
    "scope": {
        "label": "Scopes",
        "schema": {"type": ["string", "null"]},
        "description": "Comma-separated OAuth scopes. Unset: cloud-platform.",
    },
    "timeout_seconds": {
        "label": "Timeout in seconds",
        "schema": {"type": ["integer", "null"], "minimum": 1},
        "description": "How long to wait for an answer. Unset: 300.",
    },
    "endpoint": {
        "label": "Vertex AI endpoint",
        "schema": {"type": ["string", "null"]},
        "description": "Base URL instead of Google's, for example of the emulator. No token is sent to it.",
    },
    "storage_endpoint": {
        "label": "Cloud Storage endpoint",
        "schema": {"type": ["string", "null"]},
        "description": "Base URL instead of https://storage.googleapis.com. No token is sent to it.",
    },
    "send_token_to_endpoint": {
        "label": "Send the token to these endpoints",
        "schema": {"type": ["boolean", "null"], "default": False},
        "description": "Only for a proxy of your own that must see your Google token.",
    },
    "is_anonymous": {
        "label": "Anonymous",
        "schema": {"type": ["boolean", "null"], "default": False},
        "description": "Send no token at all.",
    },
}
"""The fields of the connection form. The hook builds the form of older Airflow versions from the same table."""

HIDDEN_FIELDS = ["host", "schema", "login", "password", "port"]


def get_provider_info() -> dict[str, Any]:
    """Return the provider's metadata, valid against Airflow's ``provider_info.schema.json``."""
    return {
        "package-name": "airflow-provider-imagen",
        "name": INTEGRATION,
        "description": "Generate and upscale images with Google's image models on Vertex AI.",
        "integrations": [
            {
                "integration-name": INTEGRATION,
                "external-doc-url": "https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/imagen-api",
                "tags": ["gcp", "ai"],
            }
        ],
        "hooks": [_modules("hooks.imagen")],
        "operators": [_modules("operators.imagen")],
        "sensors": [_modules("sensors.imagen")],
        "triggers": [_modules("triggers.imagen")],
        "connection-types": [
            {
                "connection-type": "imagen",
                "hook-class-name": f"{PACKAGE}.hooks.imagen.ImagenHook",
                "hook-name": INTEGRATION,
                "ui-field-behaviour": {"hidden-fields": HIDDEN_FIELDS, "relabeling": {}, "placeholders": {}},
                "conn-fields": CONNECTION_FIELDS,
            }
        ],
        "cli": [f"{PACKAGE}.cli.get_commands"],
    }


def _modules(*names: str) -> dict[str, Any]:
    return {"integration-name": INTEGRATION, "python-modules": [f"{PACKAGE}.{name}" for name in names]}
