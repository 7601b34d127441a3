"""A task of this provider as its DAG file has it: values that stand there, and values that only a run knows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

TaskKind = Literal["generate", "upscale", "batch", "wait"]

PARAM = re.compile(r"""\{\{\s*params(?:\.([A-Za-z_]\w*)|\[\s*(?:'([^']+)'|"([^"]+)")\s*\])\s*\}\}""")
TEMPLATE = re.compile(r"\{[{%#]")


@dataclass(frozen=True, slots=True)
class RunTimeValue:
    """A value that another task or an expansion brings.

    :param text: how it is shown: the template that fetches it, or its kind in braces.
    """

    text: str

    def __str__(self) -> str:
        """Return a template: the constructor of a subclass may write the value into a text, which then is open."""
        return "{{ known_to_a_run }}"


@dataclass(frozen=True, slots=True)
class ImagenTask:
    """A task, or one of the instances that a mapped task has.

    :param kind: ``generate``, ``upscale``, ``batch`` or, of a sensor, ``wait``.
    :param arguments: the arguments by name; what another task brings is a :class:`RunTimeValue`.
    :param params: the defaults of the params that templates may name.
    :param instances: how often a run has this task; None: only a run knows.
    :param problem: why no such task can be made, None if it can.
    :param wrong_templates: what is wrong with its templates, a sentence each.
    :param file: the DAG file.
    :param lines: the line of each argument in it; of the task itself under the name ``""``.
    """

    dag_id: str
    task_id: str
    kind: TaskKind
    arguments: Mapping[str, Any] = field(default_factory=dict)
    params: Mapping[str, str] = field(default_factory=dict)
    instances: int | None = 1
    problem: str | None = None
    wrong_templates: tuple[str, ...] = ()
    file: str = ""
    lines: Mapping[str, int] = field(default_factory=dict)

    @property
    def job(self) -> Literal["generate", "upscale"]:
        """What its model does."""
        return "upscale" if self.kind == "upscale" else "generate"

    def settled(self, name: str) -> Any:
        """Return an argument with the defaults of params filled into its templates."""
        return self._filled(self.arguments.get(name))

    def shown(self, name: str) -> str | None:
        """Return an argument as text, a template as it is written."""
        value = self.arguments.get(name)
        return value.text if isinstance(value, RunTimeValue) else None if value is None else str(value)

    def known(self) -> dict[str, Any]:
        """Return the arguments that the DAG file settles, with defaults of params filled in."""
        filled = {name: self._filled(value) for name, value in self.arguments.items()}
        return {name: value for name, value in filled.items() if not is_open(value)}

    def open_arguments(self) -> tuple[str, ...]:
        """Return the names of the arguments that only a run knows."""
        return tuple(name for name, value in self.arguments.items() if is_open(self._filled(value)))

    def _filled(self, value: Any) -> Any:
        if isinstance(value, str):
            return PARAM.sub(lambda found: self.params.get(next(filter(None, found.groups())), found[0]), value)
        if isinstance(value, Mapping):
            return {name: self._filled(each) for name, each in value.items()}
        return type(value)(map(self._filled, value)) if type(value) in {list, tuple} else value


def is_open(value: Any) -> bool:
    """Say whether a value, or one in it, is a template or comes from another task."""
    if isinstance(value, str):
        return TEMPLATE.search(value) is not None
    if isinstance(value, Mapping):
        return any(is_open(each) for each in value.values())
    return isinstance(value, RunTimeValue) or (isinstance(value, list | tuple | set) and any(map(is_open, value)))


def texts_in(value: Any) -> Iterator[str]:
    """Yield the texts in a value, also those in lists and dicts."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        yield from (text for each in value.values() for text in texts_in(each))
    elif isinstance(value, list | tuple | set):
        yield from (text for each in value for text in texts_in(each))
