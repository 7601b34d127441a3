"""Where a model stands in its life on a given day. The day is always given, never looked up."""

from __future__ import annotations

from datetime import date
from typing import Literal

from airflow_provider_imagen.core.catalogue import Catalogue, Model

LifeState = Literal["active", "deprecated", "retiring", "retired"]

RETIRING_SOON_DAYS = 90
"""How long before its last day a model counts as retiring."""


def state_of(model: Model, today: date) -> LifeState:
    """Say where a model stands: it works on its last day and is ``retired`` on the next.

    :param model: a row of the catalogue.
    :param today: the day to judge by.
    """
    if model.retired_on(today):
        return "retired"
    if model.discontinued and (model.discontinued - today).days <= RETIRING_SOON_DAYS:
        return "retiring"
    return "deprecated" if model.deprecated and model.deprecated <= today else "active"


def living_replacement(model: Model, models: Catalogue, today: date) -> str | None:
    """Return what to use instead of a model: Google's replacement, or that one's own if it is retired by now.

    :param model: a row of the catalogue.
    :param models: the catalogue, in which replacements are looked up.
    :param today: the day to judge by.
    """
    name, passed = model.replacement, {model.id}
    while name and name not in passed:
        passed.add(name)
        known = models.find(name)
        if known is None or known.replacement is None or known.retired_on(today) is None:
            break
        name = known.replacement
    return name


def advice_when_missing(name: str, models: Catalogue, today: date) -> str:
    """Say what to do when Google answers that there is no such model.

    :param name: the model id that was asked.
    :param models: the catalogue.
    :param today: the day by which a model counts as retired.
    """
    known = models.find(name)
    if known is None:
        guess = models.closest(name)
        return f"Check the model id and the location.{f' Did you mean {guess}?' if guess else ''}"
    state = state_of(known, today)
    if state == "retired":
        return f"{known.id} is retired. {known.end_of_life()}"
    check = "Check the model id, the location, and that the project may use the model."
    return f"{check} {known.end_of_life()}" if state == "retiring" else check
