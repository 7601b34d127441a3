"""What is wrong with an extra of a connection, in words. A value that may be a secret is never in them."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

_KEY = "the whole content of the key file, a JSON object from { to }, with its quotes and commas"
_PATH_PART = "letters, digits and . : _ -, such as"
_URL = "a base URL such as http://127.0.0.1:8085, without user name, question mark and fragment"
_SWITCH = "true or false"

ALLOWED = {
    "project": f"{_PATH_PART} my-project-1",
    "key_path": "the path of a key file, as text",
    "keyfile_dict": _KEY,
    "credential_config_file": "the path of a credential configuration file, or its content, a JSON object from { to }",
    "scope": "comma-separated OAuth scopes, or a list of them",
    "impersonation_chain": "a service account, or several separated by commas",
    "quota_project_id": f"{_PATH_PART} my-project-1",
    "is_anonymous": _SWITCH,
    "location": f"{_PATH_PART} us-central1 or global",
    "endpoint": _URL,
    "storage_endpoint": _URL,
    "send_credentials_to_endpoint": _SWITCH,
    "default_model": "a model id such as gemini-3-pro-image",
    "fallback_model": "a model id such as gemini-3-pro-image",
    "timeout_seconds": "a number of seconds above 0, at most 3600",
}
"""What each extra may be."""


def problem_with_extra(name: str, value: Any) -> str:
    """Return a sentence about an extra that cannot be used. Only a number is in it: any text may be a secret.

    :param name: the name of the extra.
    :param value: its value.
    """
    shown = "cannot be read"
    if name == "timeout_seconds" and not isinstance(value, bool):
        with suppress(TypeError, ValueError, OverflowError):
            shown = f"is {float(value):g}"
    return f"{name} {shown}; allowed is {ALLOWED.get(name, 'another value')}"
