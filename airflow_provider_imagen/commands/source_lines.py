"""Where in a DAG file a task and its arguments stand."""

from __future__ import annotations

import ast
from collections.abc import Mapping

TASK = ""
"""The name under which the line of the task itself is found."""

Lines = Mapping[str, int]


def lines_of_tasks(source: str) -> dict[str, Lines]:
    """Return the lines of each task's arguments, by task id without its groups.

    Found are calls with ``task_id="..."``, also where ``.partial(...)`` and ``.expand(...)`` share the arguments, and
    functions with a decorator, whose name is the task's. Of other tasks nothing is known.

    :param source: the text of a DAG file.
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return {}
    found: dict[str, Lines] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            _take_call(node, found)
        elif isinstance(node, ast.FunctionDef) and node.decorator_list:
            calls = [each for each in node.decorator_list if isinstance(each, ast.Call)]
            found.setdefault(node.name, {TASK: node.lineno, **_arguments(calls)})
    return found


def _take_call(call: ast.Call, found: dict[str, Lines]) -> None:
    # Calls are met from the outside: of partial(...).expand(...) first the expand, which holds the other.
    chain = [call]
    while isinstance(inner := chain[-1].func, ast.Attribute) and isinstance(inner.value, ast.Call):
        chain.append(inner.value)
    for each in chain:
        for keyword in each.keywords:
            if keyword.arg == "task_id" and isinstance(keyword.value, ast.Constant):
                found.setdefault(str(keyword.value.value), {TASK: each.lineno, **_arguments(chain)})


def _arguments(calls: list[ast.Call]) -> dict[str, int]:
    return {keyword.arg: keyword.value.lineno for call in reversed(calls) for keyword in call.keywords if keyword.arg}
