"""Where in a DAG file a task and its arguments stand."""

from __future__ import annotations

import ast
import re
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

TASK = ""
"""The name under which the line of the task itself is found."""

Lines = Mapping[str, int]
NUMBER = re.compile(r"__\d+\Z")
"""What Airflow adds to the id of a function that is called again."""


class TaskInSource(NamedTuple):
    """A task as it is written.

    :param inside: names of the DAGs, groups and functions around it.
    :param lines: the line of each argument; of the task itself under the name ``""``.
    """

    inside: frozenset[str]
    lines: Lines


def tasks_in(source: str) -> dict[str, list[TaskInSource]]:
    """Return the tasks in a DAG file, by task id without its groups.

    Found are calls with ``task_id="..."``, also where ``.partial(...)`` and ``.expand(...)`` share the arguments, and
    functions with a decorator, whose name is the task's. Of other tasks nothing is known.

    :param source: the text of a DAG file.
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return {}
    found: dict[str, list[TaskInSource]] = {}
    seen: set[ast.Call] = set()
    waiting: deque[tuple[ast.AST, frozenset[str]]] = deque([(tree, frozenset())])
    while waiting:
        node, inside = waiting.popleft()
        if isinstance(node, ast.Call) and node not in seen:
            chain = _chain(node)
            seen.update(chain)
            for task_id, line in _ids_in(chain):
                found.setdefault(task_id, []).append(TaskInSource(inside, {TASK: line, **_arguments(chain)}))
        elif isinstance(node, ast.FunctionDef) and node.decorator_list:
            calls = [each for each in node.decorator_list if isinstance(each, ast.Call)]
            lines = {TASK: node.lineno, **_arguments(calls)}
            found.setdefault(node.name, []).append(TaskInSource(inside, lines))
        inside |= frozenset(_names_of(node))
        waiting.extend((child, inside) for child in ast.iter_child_nodes(node))
    return found


def lines_of(tasks: Mapping[str, Sequence[TaskInSource]], dag_id: str, task_id: str) -> Lines:
    """Return the lines of a task: of several with its id, of the one inside the most of its DAG and groups.

    :param tasks: the tasks of its file.
    :param dag_id: its DAG.
    :param task_id: its id, after those of its groups.
    """
    *groups, name = task_id.split(".")
    around = {dag_id, *groups}
    written = tasks.get(name) or tasks.get(NUMBER.sub("", name)) or ()
    return max(written, key=lambda each: len(each.inside & around)).lines if written else {}


def _chain(call: ast.Call) -> list[ast.Call]:
    """Return a call and those that it goes on from: of ``partial(...).expand(...)`` first the expand."""
    chain = [call]
    while isinstance(inner := chain[-1].func, ast.Attribute) and isinstance(inner.value, ast.Call):
        chain.append(inner.value)
    return chain


def _ids_in(chain: Sequence[ast.Call]) -> Iterator[tuple[str, int]]:
    for call in chain:
        for keyword in call.keywords:
            if keyword.arg == "task_id" and isinstance(keyword.value, ast.Constant):
                yield str(keyword.value.value), call.lineno


def _names_of(node: ast.AST) -> Iterator[str]:
    """Yield the names that a DAG or a group may have which is opened, or made of a function, here."""
    calls: list[ast.expr] = []
    if isinstance(node, ast.With):
        calls = [each.context_expr for each in node.items]
    elif isinstance(node, ast.FunctionDef):
        yield node.name
        calls = node.decorator_list
    for call in calls:
        if isinstance(call, ast.Call):
            values = [*call.args, *(each.value for each in call.keywords if each.arg in {"dag_id", "group_id"})]
            yield from (each.value for each in values if isinstance(each, ast.Constant) and isinstance(each.value, str))


def _arguments(calls: Sequence[ast.Call]) -> dict[str, int]:
    return {keyword.arg: keyword.value.lineno for call in reversed(calls) for keyword in call.keywords if keyword.arg}
