"""Which model a task uses when it may name none."""

from __future__ import annotations

from airflow_provider_imagen.core.catalogue import Catalogue
from airflow_provider_imagen.core.text import is_blank


def choose_model(job: str, named: str | None, default_model: str | None, models: Catalogue) -> tuple[str, str]:
    """Return the model and the reason in words.

    :param job: ``generate`` or ``upscale``.
    :param named: the task's own choice.
    :param default_model: the connection's choice, passed over when the catalogue says it does not do this job.
    :param models: the catalogue.
    """
    if named is not None and not is_blank(named):
        return named, "named by the task"
    known = models.find(default_model) if default_model else None
    if default_model and (known is None or job in known.jobs):
        return default_model, "default_model of the connection"
    return models.defaults["upscale" if job == "upscale" else "generate"], f"the catalogue's default to {job}"
