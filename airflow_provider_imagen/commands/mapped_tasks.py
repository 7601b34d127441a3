"""The instances of a mapped task, as far as its DAG file tells them."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sized
from itertools import product
from math import prod
from typing import Any, NamedTuple

from airflow_provider_imagen.commands.dag_tasks import RunTimeValue

MOST_COMBINATIONS = 1024
"""As many as Airflow maps over, unless ``[core] max_map_length`` was raised. Of more, each value is looked at once."""


class Instance(NamedTuple):
    """Instances of a mapped task that have the same arguments.

    :param mapped: the arguments that come from the expansion.
    :param number: how many there are, None: only a run knows.
    :param from_a_run: the names of the arguments are known to a run only.
    """

    mapped: dict[str, Any]
    number: int | None = 1
    from_a_run: bool = False


def instances_of(task: Any) -> Iterator[Instance]:
    """Yield the instances of a mapped task.

    :param task: an operator of Airflow that was made by ``expand`` or ``expand_kwargs``.
    """
    expanded = task.expand_input.value
    if not expanded and getattr(task, "op_kwargs_expand_input", None) is not None:
        # The values go to the function, and none is an argument of the operator.
        yield Instance({"op_kwargs": _arguments_of_function(task)}, size_of(task.op_kwargs_expand_input))
    elif isinstance(expanded, Mapping):
        yield from _combinations(expanded)
    elif isinstance(expanded, list | tuple):
        yield from (Instance(dict(each)) if isinstance(each, Mapping) else _from_a_run(1) for each in expanded)
    else:
        yield _from_a_run(None)


def size_of(expand_input: Any) -> int | None:
    """Return how many instances an expansion makes, None: only a run knows."""
    value = expand_input.value
    if isinstance(value, Mapping):
        sizes = [len(each) if _is_literal(each) else None for each in value.values()]
        return None if None in sizes else prod(size or 0 for size in sizes)
    return len(value) if _is_literal(value) else None


def times_in_groups(task: Any) -> int | None:
    """Return how many instances the mapped task groups around a task make of it, None: only a run knows."""
    sizes: list[int | None] = [
        size_of(inputs) if (inputs := getattr(group, "_expand_input", None)) is not None else None
        for group in task.iter_mapped_task_groups()
    ]
    return None if None in sizes else prod(size or 0 for size in sizes)


def _arguments_of_function(task: Any) -> dict[str, Any]:
    """Return what the function of a task is called with; where only a run knows that, what it has to have."""
    value = task.op_kwargs_expand_input.value
    if isinstance(value, list | tuple) and value:
        value = value[0]
    if isinstance(value, Mapping):
        return dict(value)
    signature = inspect.signature(task.python_callable)
    try:
        given = signature.bind_partial(*(task.partial_kwargs.get("op_args") or ()), **task.partial_kwargs["op_kwargs"])
    except TypeError:  # the function cannot be called with these, which Airflow says when it makes the task
        return {}
    return {
        name: RunTimeValue("{{ what an expansion brings }}")
        for name, parameter in signature.parameters.items()
        if name not in given.arguments
        and parameter.default is parameter.empty
        and parameter.kind in {parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY}
    }


def _from_a_run(number: int | None) -> Instance:
    return Instance({}, number, from_a_run=True)


def _combinations(expanded: Mapping[str, Any]) -> Iterator[Instance]:
    choices = [_choices(value) for value in expanded.values()]
    known = all(map(_is_literal, expanded.values()))
    if prod(map(len, choices)) <= MOST_COMBINATIONS:
        for chosen in product(*choices):
            yield Instance(dict(zip(expanded, chosen, strict=True)), 1 if known else None)
        return
    for number in range(max(map(len, choices))):
        chosen = tuple(each[number % len(each)] for each in choices)
        yield Instance(dict(zip(expanded, chosen, strict=True)), None)


def _choices(value: Any) -> list[Any]:
    """Return the values of one argument; of what another task returns, that itself, in place of each of them."""
    if isinstance(value, Mapping):
        return list(value.items())
    return list(value) if _is_literal(value) else [value]


def _is_literal(value: Any) -> bool:
    return isinstance(value, list | tuple | set | Mapping) and isinstance(value, Sized)
