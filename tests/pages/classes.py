"""The classes that a DAG uses, with every argument: from their signatures and docstrings."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Literal, get_args, get_origin

from airflow_provider_imagen.core import choices
from airflow_provider_imagen.core.validation.rules import CHOICES, RANGES
from airflow_provider_imagen.provider_info import get_provider_info
from pages.docstrings import docstring_of
from pages.markdown import code, table

_SEE = "see `ImagenGenerateOperator`"
_LINK = "see [`ImagenGenerateOperator`](#imagengenerateoperator)"


def _public_classes() -> Iterator[tuple[str, type]]:
    """Yield what the provider's metadata names, and the module to import it from."""
    info = get_provider_info()
    for kind in ("operators", "sensors", "triggers", "hooks"):
        for name in (name for entry in info[kind] for name in entry["python-modules"]):
            module = importlib.import_module(name)
            yield from (
                (name, each)
                for each in vars(module).values()
                if inspect.isclass(each)
                and each.__name__.startswith("Imagen")
                and (each.__module__ == name or each.__name__ in getattr(module, "__all__", ()))
            )


def section(module: str, kind: type) -> str:
    """Return how a class is imported, what it does, its arguments, and what it raises."""
    told = docstring_of(kind)
    parts = [f"```python\nfrom {module} import {kind.__name__}\n```", *told.paragraphs]
    if rows := list(_arguments(kind, told.params)):
        parts.append(table(("argument", "type", "default", "meaning"), rows))
    if told.raises:
        parts.append("\n".join(f"- raises `{name}`: {what}" for name, what in told.raises.items()))
    return "\n\n".join(parts).replace(_SEE, _LINK)


def _decorators() -> Iterator[type]:
    """Yield the operators behind the decorators that the provider's metadata names."""
    for each in get_provider_info()["task-decorators"]:
        module = importlib.import_module(each["class-name"].rpartition(".")[0])
        yield next(
            kind
            for kind in vars(module).values()
            if getattr(kind, "custom_operator_name", None) == f"@task.{each['name']}"
        )


def decorator(kind: type) -> str:
    """Return what a decorator does."""
    told = docstring_of(kind)
    raises = "\n".join(f"- raises `{name}`: {what}" for name, what in told.raises.items())
    text = "\n\n".join(filter(None, [*told.paragraphs, raises]))
    for name in ("ImagenGenerateOperator", "ImagenBatchOperator"):
        text = text.replace(f"`{name}`", f"[`{name}`](#{name.lower()})")
    return text


SECTIONS: dict[str, Callable[[], str]] = {
    **{kind.__name__: partial(section, module, kind) for module, kind in _public_classes()},
    **{kind.custom_operator_name: partial(decorator, kind) for kind in _decorators()},  # type: ignore[attr-defined]
}


def _arguments(kind: type, told: dict[str, str]) -> Iterator[tuple[str, ...]]:
    for name, parameter in inspect.signature(kind.__init__).parameters.items():  # type: ignore[misc]
        if name == "self" or parameter.kind is parameter.VAR_KEYWORD:
            continue
        yield f"`{name}`", f"`{parameter.annotation}`", _default(parameter.default), told[name]


def _default(value: Any) -> str:
    if value is inspect.Parameter.empty:
        return "required"
    return f'`"{value}"`' if isinstance(value, str) else f"`{value}`"


def types() -> str:
    """Return the values that an editor completes, by the name of their type."""
    lists = {name: get_args(each) for name, each in vars(choices).items() if get_origin(each) is Literal}
    return table(("type", "values"), ((f"`{name}`", code(values)) for name, values in lists.items()))


def allowed_values() -> str:
    """Return what the rules for every model allow."""
    rows = [(f"`{name}`", code(values)) for name, values in CHOICES.items()]
    rows += [(f"`{name}`", f"{low} to {high}") for name, (low, high) in RANGES.items()]
    return table(("argument", "allowed"), rows)
