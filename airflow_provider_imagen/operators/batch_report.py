"""What Airflow gets of a batch: XCom ``result``, asset events, lineage, and whether the task failed."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from airflow_provider_imagen.core.result_document import RESULT_KEY
from airflow_provider_imagen.errors import BatchFailedError, BatchRefusedError
from airflow_provider_imagen.operators.lineage import report_assets
from airflow_provider_imagen.runner.batch_task import BatchOutcome

log: logging.Logger = logging.getLogger("airflow.task")


def report_batch(outcome: BatchOutcome, operator: Any, context: Mapping[str, Any], hook: Any) -> str | None:
    """Report what a batch came to, and return the URI of its manifest.

    :param outcome: what became of the items.
    :param operator: the task; gets its lineage.
    :param context: Airflow's task context.
    :param hook: the hook that was used, for lineage.
    :raises BatchRefusedError: more items failed than may, and none of them can succeed with the same words.
    :raises BatchFailedError: more items failed than may.
    """
    document, uri = outcome.document, outcome.manifest_uri
    push_document(document, operator, context["ti"])
    if uri is not None:
        operator.lineage = ([], [uri, document["output_uri"]])
        extra = {name: document[name] for name in ("manifest", "output_uri", "counts")}
        report_assets(extra, [], [uri], outlets=operator.outlets, context=context, hook=hook)
    if outcome.failure is not None:
        raise (BatchFailedError if outcome.counts.may_succeed else BatchRefusedError)(outcome.failure)
    return uri


def push_document(document: dict[str, Any], operator: Any, ti: Any) -> None:
    """Store the ``result`` document in XCom. The images are made and paid whatever becomes of it.

    :param document: the document.
    :param operator: the task; its links read the document.
    :param ti: the task instance.
    """
    operator.batch_document = document
    try:
        ti.xcom_push(key=RESULT_KEY, value=document)
    except Exception:  # whatever Airflow raises
        log.warning("The %s document could not be stored in XCom.", RESULT_KEY, exc_info=True)
