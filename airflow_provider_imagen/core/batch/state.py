"""What is kept of a batch between its tries, beside plan and manifest: its state, and the lease of its writer."""

from __future__ import annotations

import hashlib
import re
from datetime import datetime

from pydantic import AwareDatetime

from airflow_provider_imagen.core.batch.stored_document import StoredDocument
from airflow_provider_imagen.core.recovery.request_record import TaskIdentity
from airflow_provider_imagen.core.storage.object_names import RECORDS

LARGEST_BYTES = 1 << 20
LEASE_SECONDS = 180.0
"""A lease that was not renewed for so long has no holder any more."""
RENEW_SECONDS = 60.0


def batch_name(task: TaskIdentity) -> str:
    """Return the name of a task's batch: the same in every run, so that tomorrow's finds what was made today."""
    identity = "\0".join((task.dag_id, task.task_id, str(task.map_index)))
    digest = hashlib.sha256(identity.encode(errors="surrogatepass")).hexdigest()[:12]
    return f"{re.sub(r'[^A-Za-z0-9._-]', '_', task.task_id)[:60]}-{digest}"


def batch_folder(name: str) -> str:
    """Return the folder of a batch's files, below its ``output_uri``."""
    return f"{RECORDS}/batches/{name}/"


def run_plan(task: TaskIdentity) -> str:
    """Return the name of the plan of one run, beside the plan of the batch, which a later run replaces."""
    digest = hashlib.sha256(task.run_id.encode(errors="surrogatepass")).hexdigest()[:12]
    return f"plan-{digest}.jsonl"


class StateDocument(StoredDocument):
    """What the state of a batch has in common: the task that wrote it."""

    writer: TaskIdentity


class BatchState(StateDocument):
    """How far a batch is.

    :param planned_at: when its plan was written, by the worker's clock; the plan says the same.
    :param spent_usd: what its requests came to, in all tries that share a budget.
    :param is_over: the last try ended in order; otherwise requests may have been under way when it ended.
    :param is_finished: the last try returned; a later one begins anew.
    """

    planned_at: AwareDatetime | None = None
    spent_usd: float = 0.0
    is_over: bool = False
    is_finished: bool = False

    def shares_budget_with(self, task: TaskIdentity) -> bool:
        """Say whether a try goes on with this budget: a retry does, a clear or another run begins a new one."""
        same = self.writer.instance == task.instance and self.writer.max_tries == task.max_tries
        return same and not self.is_finished


class Lease(StateDocument):
    """Who runs a batch now.

    :param renewed_at: when its writer last said so, by the worker's clock.
    """

    renewed_at: datetime

    def is_of(self, task: TaskIdentity) -> bool:
        """Say whether it belongs to a try of the same task instance, which has ended."""
        return self.writer.instance == task.instance
