"""What Airflow gets of a batch: XCom ``result``, asset events, lineage, and whether the task failed."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from airflow_provider_imagen.core.result_document import RESULT_KEY
from airflow_provider_imagen.errors import BatchFailedError, BatchRefusedError
from airflow_provider_imagen.runner.batch_run import BatchOutcome

log = logging.getLogger("airflow.task")


def report_batch(outcome: BatchOutcome, operator: Any, context: Mapping[str, Any], hook: Any) -> str | None:
    """Report what a batch came to, and return the URI of its manifest.

    :param outcome: what became of the items.
    :param operator: the task; gets its lineage.
    :param context: Airflow's task context.
    :param hook: the hook that was used, for lineage.
    :raises BatchFailedError: more items failed than may.
    """
    push_document(outcome.document, context["ti"])
    if outcome.failure is not None:
        raise (BatchFailedError if outcome.counts.may_succeed else BatchRefusedError)(outcome.failure)
    return outcome.manifest_uri


def push_document(document: Mapping[str, Any], ti: Any) -> None:
    """Store the ``result`` document in XCom. The images are made and paid whatever becomes of it."""
    try:
        ti.xcom_push(key=RESULT_KEY, value=dict(document))
    except Exception:  # whatever Airflow raises
        log.warning("The %s document could not be stored in XCom.", RESULT_KEY, exc_info=True)
