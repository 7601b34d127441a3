"""Refuses arguments that have another name here, where a DAG file is read."""

from __future__ import annotations

import inspect
from collections.abc import Collection
from functools import cache
from typing import Any


def refuse_other_names(operator: Any, given: Collection[str]) -> None:
    """Refuse names that nothing in the classes of an operator takes, where it is known what is meant.

    :param operator: the class that is to be made; a subclass may have arguments of its own.
    :param given: the names of the arguments.
    :raises TypeError: names the right ones.
    """
    unknown = [name for name in given if name not in _names_in(operator) and not name.startswith("_")]
    if not unknown:
        return
    from airflow_provider_imagen.core.validation.argument_names import problem_with_names

    if problem := problem_with_names(
        operator.__name__, unknown, operator.template_fields, getattr(operator, "job", "wait")
    ):
        raise TypeError(problem)


@cache
def _names_in(operator: Any) -> frozenset[str]:
    """Return the arguments of all constructors of a class."""
    return frozenset(
        name
        for kind in operator.__mro__
        if "__init__" in vars(kind)
        for name, parameter in inspect.signature(kind.__init__).parameters.items()
        if parameter.kind is not parameter.VAR_KEYWORD
    )
