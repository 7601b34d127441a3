"""What a ``@task.imagen`` function may return, and what is said when it returns something else."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping
from typing import Any

from airflow_provider_imagen.errors import InvalidInputError

ALLOWED = "Allowed are a prompt, or a dict with prompt and other arguments of ImagenGenerateOperator."
HOW_TO_MAP = (
    "One task asks once, so that a retry never pays again for what is there. For several prompts let an earlier task "
    "return the list and map over it: poster.expand(product=products())."
)


def arguments_in(returned: Any, names: Collection[str]) -> dict[str, Any]:
    """Return the operator's arguments in what a function returned.

    :param returned: a prompt, or a dict of arguments.
    :param names: the arguments there are.
    :raises InvalidInputError: it is anything else.
    """
    arguments = dict(returned) if isinstance(returned, Mapping) else {"prompt": returned}
    problems = [_unknown(name, names) for name in arguments if name not in names]
    prompt = arguments.get("prompt")
    if not isinstance(prompt, str) or not prompt.strip():
        problems.append(_no_prompt(returned, prompt))
    if problems:
        raise InvalidInputError(tuple(problems))
    return arguments


def _unknown(name: Any, names: Collection[str]) -> str:
    close = difflib.get_close_matches(str(name), names, n=1)
    meant = f" Did you mean {close[0]!r}?" if close else ""
    return f"The function returned the argument {name!r}, which ImagenGenerateOperator does not have.{meant}"


def _no_prompt(returned: Any, prompt: Any) -> str:
    if isinstance(returned, list | tuple | set):
        return f"The function returned a {type(returned).__name__} of {len(returned)}. {HOW_TO_MAP}"
    if isinstance(returned, Mapping):
        return f"The function returned a dict whose prompt is {prompt!r}. {ALLOWED}"
    what = "a blank prompt" if isinstance(returned, str) else f"{type(returned).__name__} {returned!r}"
    return f"The function returned {what}. {ALLOWED}"
