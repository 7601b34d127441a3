"""What an Airflow connection may say, as one frozen value.

The keys are those of Google's own provider wherever they mean the same, so an existing ``google_cloud_platform``
connection works unchanged. Keys that are not listed here have no effect.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError

from airflow_provider_imagen.core.extra_problems import problem_with_extra
from airflow_provider_imagen.core.lenient_json import read_json
from airflow_provider_imagen.core.text import counted, is_blank, quoted, text_from
from airflow_provider_imagen.errors import InvalidConnectionError, InvalidInputError

CLOUD_PLATFORM = "https://www.googleapis.com/auth/cloud-platform"
OLD_PREFIX = "extra__google_cloud_platform__"
NOT_SUPPORTED = ("key_secret_name", "idp_issuer_url", "credentials_provider")
"""Ways to name an identity that we do not read. Passing over one would use another identity, so it is refused."""
LONGEST_TIMEOUT_SECONDS = 3600
MASKED = "***"
"""What Airflow shows instead of a secret. No value that we read contains it."""


def _listed(value: Any) -> Any:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


def _key(value: Any) -> Any:
    """Read a key or a credential configuration, and repair the line breaks of its private key.

    A backslash and an ``n`` stand for them where JSON was put into JSON. Google's own provider repairs them too.
    """
    if isinstance(value, str):
        value = read_json(value.encode())
        if not isinstance(value, dict) or not value:
            raise ValueError("the text is no JSON object with something in it")
    private = value.get("private_key") if isinstance(value, dict) else None
    if not isinstance(private, str):
        return value
    return {**value, "private_key": private.replace("\\r\\n", "\n").replace("\\n", "\n")}


def _key_or_path(value: Any) -> Any:
    return value if isinstance(value, str) and not value.lstrip().startswith("{") else _key(value)


def _without_slash(value: Any) -> Any:
    return value.strip().rstrip("/") if isinstance(value, str) else value


def _number_as_text(value: Any) -> Any:
    """Return a whole number, such as a project's, as text; a template with native types or JSON makes one of it."""
    return text_from(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _without_blanks(value: Any) -> Any:
    """Return a text without the blanks around it, which come along where it is copied from."""
    return value.strip() if isinstance(value, str) else value


def _is_unset(value: Any) -> bool:
    """Say whether a value counts as not set: blank, an empty object, or a list of nothing but such values."""
    if isinstance(value, list | tuple):
        return all(map(_is_unset, value))
    return value == {} or is_blank(value)


Names = Annotated[tuple[str, ...], BeforeValidator(_listed)]
Url = Annotated[str, BeforeValidator(_without_slash), StringConstraints(pattern=r"^https?://[^/?#@\s]+(/[^?#@\s]*)?$")]
Text = Annotated[str, BeforeValidator(text_from)]
PathPart = Annotated[
    str,
    BeforeValidator(_number_as_text),
    StringConstraints(strip_whitespace=True, pattern=r"^[A-Za-z0-9][A-Za-z0-9.:_-]*$"),
]


class ConnectionSettings(BaseModel):
    """Everything a client needs to know about one connection. Secrets are not in its ``repr``."""

    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True, extra="forbid")

    project: PathPart | None = None
    key_path: str | None = None
    keyfile_dict: Annotated[dict[str, Any] | None, BeforeValidator(_key), Field(repr=False)] = None
    credential_config_file: Annotated[str | dict[str, Any] | None, BeforeValidator(_key_or_path), Field(repr=False)] = (
        None
    )
    scope: Names = (CLOUD_PLATFORM,)
    impersonation_chain: Names = ()
    quota_project_id: PathPart | None = None
    is_anonymous: bool = False
    location: PathPart | None = None
    endpoint: Url | None = None
    storage_endpoint: Url | None = None
    send_credentials_to_endpoint: bool = False
    default_model: Text | None = None
    fallback_model: Text | None = None
    timeout_seconds: Annotated[float, Field(gt=0, le=LONGEST_TIMEOUT_SECONDS)] = 300.0


def read_extra(conn_id: str, text: str | None) -> dict[str, Any]:
    """Read the extra of an Airflow connection: nothing, or the text of a JSON object.

    What cannot be read is never taken for nothing: a task would act under another identity, or in another place.

    :raises InvalidConnectionError: it is something else.
    """
    if text is None or not text.strip():
        return {}
    try:
        extra = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        extra = None
    if isinstance(extra, dict):
        return extra
    # The text is left out, and so is the error that holds it: it may be a secret.
    raise InvalidConnectionError(
        f"The extra of the connection {conn_id} is no JSON object, so nothing of it was read and nothing was sent. "
        "Correct it: double quotes around names and texts, no comma after the last entry, \\n for a line break inside "
        "a text, and braces around it all."
    )


def _refuse(word: str) -> None:
    """Refuse ``NaN`` and ``Infinity``, which no JSON has."""
    raise ValueError(word)


def read_settings(conn_id: str, extras: Mapping[str, Any], **overrides: Any) -> ConnectionSettings:
    """Read the extras of an Airflow connection.

    :param conn_id: the connection's id, for the error text.
    :param extras: the extras as Airflow stores them; blank values count as not set.
    :param overrides: values that a task gives itself; None leaves the connection's value.
    :raises InvalidConnectionError: an extra cannot be used.
    :raises InvalidInputError: a value that the task gives cannot be used.
    """
    set_values = {key: _without_blanks(value) for key, value in extras.items() if not _is_unset(value)}
    old = {key.removeprefix(OLD_PREFIX): value for key, value in set_values.items() if key.startswith(OLD_PREFIX)}
    known = {**old, **{key: value for key, value in set_values.items() if not key.startswith(OLD_PREFIX)}}
    if refused := [name for name in NOT_SUPPORTED if known.get(name)]:
        raise InvalidConnectionError(
            f"The connection {conn_id} takes its credentials from {', '.join(refused)}, which this provider does not "
            "read. Use keyfile_dict, key_path, credential_config_file or Application Default Credentials."
        )
    wanted = {name: value for name, value in known.items() if name in ConnectionSettings.model_fields}
    if masked := [name for name, value in wanted.items() if MASKED in str(value)]:
        raise InvalidConnectionError(
            f"The connection {conn_id} has {MASKED} as the value of {', '.join(masked)}. Airflow shows that instead "
            "of a secret; it was saved in place of the real value. Enter the real value in the connection form."
        )
    given = {name: value for name, value in overrides.items() if not _is_unset(value)}
    wanted.update(given)
    try:
        return ConnectionSettings(**wanted)
    except ValidationError as failure:
        # The input is left out: it may be a secret.
        errors = failure.errors(include_input=False)
        if names := [name for name in given if any(error["loc"][0] == name for error in errors)]:
            raise InvalidInputError(tuple(_problem_with(name, given[name]) for name in names)) from None
        wrong = dict.fromkeys(str(error["loc"][0]) for error in errors)
        lines = "".join(f"\n  - {problem_with_extra(name, wanted.get(name))}." for name in wrong)
        raise InvalidConnectionError(
            f"The connection {conn_id} has {counted(len(wrong), 'extra')} to correct in the connection form:{lines}"
        ) from None


def _problem_with(name: str, value: Any) -> str:
    """Say what is wrong with a value that a task gives itself, by the name that the task's argument has."""
    argument, allowed = {
        "project": ("project_id", "a project id or number such as my-project-1"),
        "location": ("location", "a location such as us-central1 or global"),
        "impersonation_chain": ("impersonation_chain", "a service account, or a list of them"),
    }.get(name, (name, "another value"))
    return f"{argument} is {quoted(value)}; allowed is {allowed}. Correct the value or its template."
