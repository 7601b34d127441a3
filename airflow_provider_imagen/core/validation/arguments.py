"""From a task's arguments to a request and a list of every mistake in it.

Nothing here knows Airflow or sends anything. The rules themselves live in :mod:`.rules`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from pydantic import ValidationError

from airflow_provider_imagen.core.requests import ImageRequest
from airflow_provider_imagen.core.text import quoted
from airflow_provider_imagen.core.validation import rules

RequestT = TypeVar("RequestT", bound=ImageRequest)

STAND_INS = {
    "prompt": "-",
    "image": "gs://bucket/-",
    "output_uri": "gs://bucket/-/",
    "model": "any-model",
    "upscale_factor": "x2",
}
"""Values that offend no rule, put in place of a required argument of the wrong type so that the rest is checked too."""


def read_request(kind: type[RequestT], arguments: Mapping[str, Any]) -> tuple[RequestT, list[str]]:
    """Return a request and every mistake that is one with every model; it may only be sent when there is none.

    :param kind: the kind of request.
    :param arguments: its arguments by name, ``model`` among them.
    """
    problems: list[str] = []
    try:
        request = kind.model_validate(dict(arguments))
    except ValidationError as failure:
        problems, wrong = _wrong_types(kind, arguments, failure)
        kept = {name: value for name, value in arguments.items() if name not in wrong}
        missing = wrong & STAND_INS.keys() & kind.model_fields.keys()
        request = kind.model_validate({**kept, **{name: STAND_INS[name] for name in missing}})
    return cast("RequestT", request), [*problems, *rules.problems_with(request)]


def _wrong_types(
    kind: type[RequestT], arguments: Mapping[str, Any], failure: ValidationError
) -> tuple[list[str], set[str]]:
    wrong = {str(error["loc"][0]): error for error in failure.errors()}
    problems = [_type_problem(kind, name, error["type"], arguments.get(name)) for name, error in wrong.items()]
    return problems, set(wrong)


def _type_problem(kind: type[RequestT], name: str, error_type: str, value: Any) -> str:
    if error_type == "missing":
        return f"{name} is missing. Pass {name}=..."
    field = kind.model_fields.get(name)
    if field is None:
        return f"{name} is no argument here. Allowed: {', '.join(sorted(kind.model_fields.keys() - {'pictures'}))}."
    if name in {"prompt", "image"} and isinstance(value, (list, tuple)):
        if not value:
            return f"{name} is an empty list: the task before made nothing. Skip this task, or map over the list."
        return f"{name} is a list of {len(value)}; one task takes one. Map over it: .expand({name}=...)."
    form = _form_of(field.annotation, field.description)
    return f"{name} is {quoted(value)} and must be {form}. Correct the value or its template."


def _form_of(annotation: Any, description: str | None) -> str:
    if description:
        return description
    for option in getattr(annotation, "__args__", ()):
        for detail in getattr(option, "__metadata__", ()):
            if getattr(detail, "description", None):
                return str(detail.description)
    return "of another type"
