"""What is allowed but probably not meant, one sentence each, for the task's log."""

from __future__ import annotations

from datetime import date

from airflow_provider_imagen.core.catalogue import Catalogue, Model, ModelMatch
from airflow_provider_imagen.core.catalogue.lifecycle import RETIRING_SOON_DAYS
from airflow_provider_imagen.core.requests import GenerateRequest, ImageRequest
from airflow_provider_imagen.core.text import counted
from airflow_provider_imagen.core.validation.compatibility import remarks_on_losses


def remarks_on(request: ImageRequest, match: ModelMatch, models: Catalogue, today: date) -> list[str]:
    """Return the remarks on a request without mistakes.

    :param request: the request.
    :param match: what is known of its model.
    :param models: the catalogue.
    :param today: the day by which a model counts as retired.
    """
    model = match.row
    if not match.is_known:
        guess = models.closest(request.model)
        return [
            f"The model {request.model} is not in our catalogue, so only the limits that all models of its kind have "
            f"were checked.{f' Did you mean {guess}?' if guess else ''}",
            *remarks_on_losses(request, model),
        ]
    remarks = [*_remarks_on_life(model, today), *remarks_on_losses(request, model)]
    if isinstance(request, GenerateRequest) and request.seed is not None and _enhances(request, model):
        remarks.append(
            f"{model.id} rewrites the prompt, and then a seed has no effect. Set enhance_prompt=False for repeatable "
            "images."
        )
    return remarks


def _remarks_on_life(model: Model, today: date) -> list[str]:
    """Return a warning when a model has ended or ends within ``RETIRING_SOON_DAYS``."""
    if model.discontinued is None or (model.discontinued - today).days > RETIRING_SOON_DAYS:
        return []
    days = (model.discontinued - today).days
    left = counted(abs(days), "day")
    return [f"{model.end_of_life()} That {f'is in {left}' if days >= 0 else f'was {left} ago'}."]


def _enhances(request: GenerateRequest, model: Model) -> bool:
    if "enhance_prompt" not in model.parameters:
        return False
    return model.enhance_prompt_default if request.enhance_prompt is None else request.enhance_prompt
