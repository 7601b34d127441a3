"""Tells Airflow what one of our errors means for the task: fail at once, or fail and let Airflow try again."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_imagen.errors import OutputError, PermanentError, ResponseLostError, UnexpectedResponseError

log: logging.Logger = logging.getLogger("airflow.task")
MAYBE_PAID = (ResponseLostError, OutputError, UnexpectedResponseError)
"""Failures after which images may be there and billed."""


@contextmanager
def fail_permanently(task: Any) -> Iterator[None]:
    """Turn a permanent error or a lost answer into ``AirflowFailException``, so that no retry is spent on it.

    A task with a ``retry_policy`` of its own (Airflow 3.3) gets the error itself, because Airflow does not ask a
    policy about ``AirflowFailException``; but not where images may have been paid for already. There a retry would pay
    again, so not even a policy is asked.

    The error itself is the exception's ``imagen_error``.

    :param task: the operator that runs.
    """
    try:
        yield
    except (PermanentError, ResponseLostError) as failure:
        if getattr(task, "retry_policy", None) is not None and not isinstance(failure, MAYBE_PAID):
            raise
        # Airflow prints a whole chain of errors, and the text of each: what is to be read stands at the end, once.
        log.debug("Where it happened:", exc_info=failure)
        ending = AirflowFailException(f"{type(failure).__name__}: {failure}")
        ending.imagen_error = failure  # type: ignore[attr-defined]
        raise ending from None
