"""Reads JSON as Google's front end does: proto3 JSON with the leniency of its C++ parser.

Names are camelCase or snake_case; a single value may stand for a list of one; null and an unspecified enum value mean
"not set". Whole numbers come as 2, 2.0, 2e0 or "2", booleans also as text, enums as name in any case, number or number
as text, bytes in the standard or the URL-safe alphabet. Sources: the proto3 JSON mapping, and ``DataPiece`` in
protobuf's ``util/internal``.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
from collections.abc import Callable, Iterator
from typing import Any

from airflow_provider_imagen.emulator.api_errors import ApiError
from airflow_provider_imagen.emulator.messages import ENUMS, MESSAGES, ONEOFS

Mistakes = list[tuple[str, str]]
"""The path and the message of every mistake."""

TRUE, FALSE = {"true", "t", "yes", "y", "1"}, {"false", "f", "no", "n", "0"}
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$")
NOT_FINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def parsed(raw: bytes) -> Any:
    """Return the JSON value of a request body, None for what is no JSON."""
    try:
        return json.loads(raw or b"{}")
    except ValueError:
        return None


def read(payload: Any, kind: str) -> dict[str, Any]:
    """Return a message with camelCase names, Python's types and canonical enum names.

    :param payload: the JSON value of a request body; only an object is a message.
    :param kind: the name of the message in :data:`MESSAGES`.
    :raises ApiError: unknown names or values of the wrong kind; all of them at once, as Google does.
    """
    if not isinstance(payload, dict):
        raise ApiError(400, "Invalid JSON payload received.")
    mistakes: Mistakes = []
    message = _value(payload, kind, "", mistakes)
    if mistakes:
        violations = [
            {"field": path, "description": text} if path else {"description": text} for path, text in mistakes
        ]
        detail = {"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": violations}
        raise ApiError(400, "\n".join(text for _, text in mistakes), details=(detail,))
    return dict(message)


def read_known(payload: Any, kind: str) -> Any:
    """Return what can be read of a message; other names and values stay as they are.

    A model server reads the ``Struct`` values of a ``:predict`` so: an unknown name is ignored there.
    """
    if not isinstance(payload, dict):
        return payload
    message: dict[str, Any] = {}
    for name, value in payload.items():
        camel = _camel(name)
        field = MESSAGES[kind].get(camel)
        if field is None:
            message[name] = value
        elif value is not None:
            message[camel] = read_known(value, field) if field in MESSAGES else _converted(value, field)
    return message


def _converted(value: Any, kind: str) -> Any:
    mistakes: Mistakes = []
    converted = _value(value, kind, "", mistakes)
    return value if mistakes else converted


def _value(value: Any, kind: str, path: str, mistakes: Mistakes) -> Any:
    if kind.endswith("*"):
        many = value if isinstance(value, list) else [value]
        read = [_value(each, kind[:-1], f"{path}[{index}]", mistakes) for index, each in enumerate(many)]
        return [each for each in read if each is not None]
    if kind.endswith("{}") and isinstance(value, dict):
        return {name: _value(each, kind[:-2], f"{path}[{name}]", mistakes) for name, each in value.items()}
    if kind in MESSAGES and isinstance(value, dict):
        return dict(_fields(value, kind, path, mistakes))
    try:
        return _scalar(value, kind)
    except ValueError as failure:
        reason = str(failure) or json.dumps(value)
        mistakes.append((path, f"Invalid value at '{path}' ({_type_name(kind)}), {reason}"))
        return value


def _fields(message: dict[str, Any], kind: str, path: str, mistakes: Mistakes) -> Iterator[tuple[str, Any]]:
    chosen = ""
    for name, value in message.items():
        camel = _camel(name)
        if camel not in MESSAGES[kind]:
            place = f" at '{path}'" if path else ""
            mistakes.append((path, f'Invalid JSON payload received. Unknown name "{name}"{place}: Cannot find field.'))
            continue
        if value is None:
            continue
        if camel in ONEOFS.get(kind, ()):
            if chosen:
                text = f"oneof field 'data' is already set. Cannot set '{name}'"
                mistakes.append((path, f"Invalid value at '{path}' (oneof), {text}"))
            chosen = name
        read = _value(value, MESSAGES[kind][camel], f"{path}.{_snake(camel)}".lstrip("."), mistakes)
        if read is not None:
            yield camel, read


def _scalar(value: Any, kind: str) -> Any:
    """Return a scalar or enum value; None for an unspecified enum value.

    :raises ValueError: the value is of another kind; without text, or with Google's reason.
    """
    if not kind:
        return value
    if kind in ENUMS:
        return _enum(value, ENUMS[kind])
    if kind in SCALARS:
        return SCALARS[kind](value)
    raise ValueError


def _enum(value: Any, values: dict[str, int]) -> str | int | None:
    name = value.upper().replace("-", "_") if isinstance(value, str) else ""
    if name not in values:
        number = _integer(value, -(2**31), 2**31 - 1)
        found = [each for each, one in values.items() if one == number >= 0]
        if not found and isinstance(value, str):
            raise ValueError
        if not found:
            return number  # a number that the enum does not have is kept
        name = found[0]
    return None if values[name] == 0 else name


def _string(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError  # noqa: TRY004  # the caller words it
    return value


def _integer(value: Any, lowest: int, highest: int) -> int:
    number = _double(value)
    if isinstance(value, str) and re.fullmatch(r"[+-]?\d+", value):
        number = int(value)
    if not lowest <= number <= highest or number != int(number):
        raise ValueError
    return int(number)


def _double(value: Any) -> float:
    if isinstance(value, str):
        if value in NOT_FINITE:
            return NOT_FINITE[value]
        if not NUMBER.match(value):
            raise ValueError
        return float(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError  # noqa: TRY004  # the caller words it
    return value


def _bool(value: Any) -> bool:
    if isinstance(value, str) and value.lower() in TRUE | FALSE:
        return value.lower() in TRUE
    if not isinstance(value, bool):
        raise ValueError  # noqa: TRY004  # the caller words it
    return value


def _bytes(value: Any) -> bytes:
    text = re.sub(r"\s", "", _string(value)).rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except binascii.Error as failure:
        raise ValueError(f"Base64 decoding failed for {json.dumps(value)}") from failure


SCALARS: dict[str, Callable[[Any], Any]] = {
    "STRING": _string,
    "INT32": lambda value: _integer(value, -(2**31), 2**31 - 1),
    "UINT32": lambda value: _integer(value, 0, 2**32 - 1),
    "FLOAT": _double,
    "DOUBLE": _double,
    "BOOL": _bool,
    "BYTES": _bytes,
}


def _type_name(kind: str) -> str:
    return f"TYPE_{kind}" if kind in SCALARS else f"type.googleapis.com/google.cloud.aiplatform.master.{kind}"


def _camel(name: str) -> str:
    return re.sub(r"_([a-z])", lambda found: found[1].upper(), name)


def _snake(camel: str) -> str:
    return re.sub(r"[A-Z]", lambda found: f"_{found[0].lower()}", camel)
