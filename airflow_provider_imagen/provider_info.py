"""What Airflow reads about this provider when it starts.

Nothing is imported here, and nothing may fail here: Airflow validates this dict against its own schema in every
command, and an invalid one stops them all.
"""

from __future__ import annotations

from typing import Any

PACKAGE = "airflow_provider_imagen"
INTEGRATION = "Google Imagen"

# Suggestions, not limits: Google releases models and opens regions faster than we do.
_MODELS = ["gemini-nano-banana-2.1", "gemini-3.1-flash-image", "gemini-3.1-flash-lite-image", "gemini-3-pro-image"]
_LOCATIONS = ["global", "us-central1", "us-east4", "europe-west4", "asia-northeast1"]
_TEXT = ["string", "null"]

# The form of Airflow 3 holds texts to maxLength and numbers to minimum and maximum; it knows no pattern, and of formats
# only some. What it lets through is refused, in words, by the test of the connection and by the task that reads it.
_NAME = {"type": _TEXT, "maxLength": 100}
_LONG = {"type": _TEXT, "maxLength": 2048}

CONNECTION_FIELDS: dict[str, dict[str, Any]] = {
    "project": {
        "label": "Project ID",
        "schema": _NAME,
        "description": "Google Cloud project that is billed. Empty: the project of the credentials.",
    },
    "location": {
        "label": "Location",
        "schema": {**_NAME, "examples": _LOCATIONS},
        "description": "For example us-central1. Empty: the model's own default. Set: no other place is ever used.",
    },
    "default_model": {
        "label": "Default model",
        "schema": {**_NAME, "examples": _MODELS},
        "description": "Model for tasks that name none. Empty: the provider's default, gemini-nano-banana-2.1.",
    },
    "fallback_model": {
        "label": "Fallback model",
        "schema": {**_NAME, "examples": _MODELS},
        "description": "Model for tasks whose own model is retired or answers 404. Empty: such tasks fail.",
    },
    "keyfile_dict": {
        "label": "Service account key (JSON)",
        "schema": {"type": _TEXT, "format": "password"},
        "description": "The whole content of the key file. Empty: one of the two files, else the default login.",
    },
    "key_path": {
        "label": "Service account key file",
        "schema": _LONG,
        "description": "Path of a key file that every worker can read, for example /secrets/key.json.",
    },
    "credential_config_file": {
        "label": "Credential configuration file",
        "schema": _LONG,
        "description": "Path of a workload identity federation configuration that every worker can read.",
    },
    "impersonation_chain": {
        "label": "Impersonation chain",
        "schema": _LONG,
        "description": "Service account to act as, by e-mail address; a comma-separated chain ends with it.",
    },
    "quota_project_id": {
        "label": "Quota project ID",
        "schema": _NAME,
        "description": "Project whose quota is used. Empty: that of the credentials, else the project ID.",
    },
    "scope": {
        "label": "Scopes",
        "schema": _LONG,
        "description": "Comma-separated OAuth scopes. Empty: https://www.googleapis.com/auth/cloud-platform.",
    },
    "timeout_seconds": {
        "label": "Timeout in seconds",
        "schema": {"type": ["integer", "null"], "minimum": 1, "maximum": 3600},
        "description": "How long to wait for an answer, 1 to 3600. Empty: 300.",
    },
    "endpoint": {
        "label": "Vertex AI endpoint",
        "schema": _LONG,
        "description": "Base URL instead of Google's, for example of the emulator. No Google token is sent to it.",
    },
    "storage_endpoint": {
        "label": "Cloud Storage endpoint",
        "schema": _LONG,
        "description": "Base URL instead of https://storage.googleapis.com. No Google token is sent to it.",
    },
    # No name with "token" in it: Airflow's form would take the value for a secret, show *** and switch it on.
    "send_credentials_to_endpoint": {
        "label": "Send the Google token to these endpoints",
        "schema": {"type": ["boolean", "null"], "default": False},
        "description": "Only for a proxy of your own that must see your Google token.",
    },
    "is_anonymous": {
        "label": "Anonymous",
        "schema": {"type": ["boolean", "null"], "default": False},
        "description": "Send no Google token at all, for example to the emulator. Needs a project ID.",
    },
}
"""The fields of the connection form. The hook builds the form of older Airflow versions from the same table."""

CONFIG_OPTIONS: dict[str, dict[str, Any]] = {
    "gallery_local_folders": {
        "description": (
            "Absolute folders on the API server's own disk, comma-separated, from which the gallery may show images. "
            "Empty: images with a local path are listed and not shown."
        ),
        "version_added": "0.1.0",
        "type": "string",
        "example": "/mnt/shared/images,/data/posters",
        "default": "",
    },
}
"""The options of the configuration section ``[imagen]``."""

PLACEHOLDERS = {
    "project": "my-project",
    "location": "us-central1",
    "default_model": "gemini-nano-banana-2.1",
    "fallback_model": "gemini-nano-banana-2.1",
    "key_path": "/secrets/key.json",
    "credential_config_file": "/secrets/federation.json",
    "impersonation_chain": "painter@my-project.iam.gserviceaccount.com",
    "quota_project_id": "my-project",
    "scope": "https://www.googleapis.com/auth/cloud-platform",
    "timeout_seconds": "300",
    "endpoint": "http://127.0.0.1:8085",
    "storage_endpoint": "http://127.0.0.1:8085",
}
"""Shown in empty fields by Airflow 2.11; Airflow 3 shows those of its standard fields only."""

LINKS = ("OutputFolderLink", "ModelLink", "BatchFolderLink", "ManifestLink", "JobLink")

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
        "operators": [_modules("operators.imagen", "operators.batch")],
        "sensors": [_modules("sensors.imagen")],
        "triggers": [_modules("triggers.batch_job", "triggers.imagen")],
        "connection-types": [
            {
                "connection-type": "imagen",
                "hook-class-name": f"{PACKAGE}.hooks.imagen.ImagenHook",
                "hook-name": INTEGRATION,
                "ui-field-behaviour": {"hidden-fields": HIDDEN_FIELDS, "relabeling": {}, "placeholders": PLACEHOLDERS},
                "conn-fields": CONNECTION_FIELDS,
            }
        ],
        "cli": [f"{PACKAGE}.cli.get_commands"],
        "extra-links": [f"{PACKAGE}.links.imagen.{name}" for name in LINKS],
        "task-decorators": [
            {"name": "imagen", "class-name": f"{PACKAGE}.decorators.imagen.imagen_task"},
            {"name": "imagen_batch", "class-name": f"{PACKAGE}.decorators.batch.imagen_batch_task"},
        ],
        # No "plugins": every Airflow reads the entry point airflow.plugins, and one that reads this key as well has the
        # gallery twice, the second time as an import error.
        "config": {"imagen": {"description": "The gallery of images in Airflow's UI.", "options": CONFIG_OPTIONS}},
    }


def _modules(*names: str) -> dict[str, Any]:
    return {"integration-name": INTEGRATION, "python-modules": [f"{PACKAGE}.{name}" for name in names]}
