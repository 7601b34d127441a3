"""Looks for the images of a request whose answer was lost, before anybody pays for them again."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from airflow_provider_imagen.client.storage import FolderView
from airflow_provider_imagen.client.vertex import ImagenClient
from airflow_provider_imagen.core.catalogue.plan import RequestPlan
from airflow_provider_imagen.core.recovery.image_search import LATEST_SECONDS, Sighting, sighting
from airflow_provider_imagen.core.recovery.request_record import FILE_NAME, LARGEST_BYTES, Receipt, read_receipt
from airflow_provider_imagen.core.recovery.retry import RetryRules
from airflow_provider_imagen.core.requests import ImageRequest
from airflow_provider_imagen.core.responses import ImagesResponse
from airflow_provider_imagen.core.storage.listing import StoredObject
from airflow_provider_imagen.core.storage.locations import parse_folder
from airflow_provider_imagen.core.storage.object_names import TaskIdentity, folder_name
from airflow_provider_imagen.errors import OutputError, ResponseLostError, StorageNotFoundError

log = logging.getLogger("airflow.task")
PAUSE_SECONDS = 5.0
DEADLINE_SECONDS = RetryRules().deadline_seconds


def can_be_searched(plan: RequestPlan[Any]) -> bool:
    """Say whether Google stores the images of this request itself, so that a lost answer loses no image."""
    return plan.request.output_uri.startswith("gs://") and plan.protocol.stores_output


class Search:
    """Looks into the folder that a request wrote to.

    :param request: what was asked.
    :param client: who asks.
    :param task: the task instance.
    """

    def __init__(self, request: ImageRequest, client: ImagenClient, task: TaskIdentity) -> None:
        self._client = client
        self._folder = parse_folder(request.output_uri)
        self._requested = request.count
        self._own_name = f"{self._folder.prefix}{folder_name(task)}/{FILE_NAME}"
        self._task = task
        self._timeout_seconds = client.settings.timeout_seconds
        self._keeps_receipts = request.if_exists != "generate"
        self._receipts: dict[tuple[str, datetime], Receipt | None] = {}

    def images_since(self, asked_at: datetime, lost_at: datetime | None = None) -> ImagesResponse | None:
        """Return the images that appeared since a request was sent, None when none did.

        Looks again until images can no longer come. What is not surely from this request is not taken.

        :param asked_at: when the request was given to the client, by this machine's clock.
        :param lost_at: when its answer was lost; None: unknown, because its worker died.
        :raises ResponseLostError: images appeared that may be somebody else's; names them.
        """
        spent = max(0.0, (self._client.now() - (lost_at or asked_at)).total_seconds())
        # Between being given to the client and being sent a request may have waited for Google to take it.
        lasted = lost_at - asked_at if lost_at else timedelta(seconds=DEADLINE_SECONDS + self._timeout_seconds)
        while True:
            seen = self._look(asked_at, lasted + timedelta(seconds=LATEST_SECONDS))
            if seen.is_complete or spent >= LATEST_SECONDS:
                return self._judge(seen, spent)
            pause = min(PAUSE_SECONDS, LATEST_SECONDS - spent)
            self._client.pause(pause)
            spent += pause

    def _judge(self, seen: Sighting, spent: float) -> ImagesResponse | None:
        if not seen.folders:
            return None
        if not seen.is_ours or (self._task.map_index >= 0 and not self._keeps_receipts):
            raise ResponseLostError(
                f"Images appeared that may belong to this task or to another one: {', '.join(seen.uris)}. Nothing more "
                "was asked, so nothing is paid twice. Look at them; if they are not there for this task, clear it. "
                "With if_exists='reuse' on all tasks that share this folder, each finds its own."
            )
        log.warning("The answer was lost, and these images of it were found: %s.", ", ".join(seen.uris))
        return seen.answer(spent)

    def _look(self, asked_at: datetime, lasting: timedelta) -> Sighting:
        view = self._client.storage.look_into(self._folder)
        ahead = self._clock_difference(view)
        since = asked_at + ahead
        oldest = since - timedelta(seconds=DEADLINE_SECONDS + self._timeout_seconds)
        others = self._receipts_in(view, oldest)
        claimed = {uri for receipt in others for uri in receipt.uris}
        return sighting(
            view.objects,
            self._folder,
            (since, since + lasting),
            claimed=claimed,
            requested=self._requested,
            rivals=[
                asked for receipt in others if receipt.result is None and (asked := receipt.asked_at + ahead) > oldest
            ],
        )

    def _clock_difference(self, view: FolderView) -> timedelta:
        """Return how far Cloud Storage's clock is ahead of this machine's, or a little less.

        Its date has whole seconds and was written before it was read; so nothing that came after the request is missed.
        """
        return view.seen_at - view.read_at if view.seen_at else timedelta()

    def _receipts_in(self, view: FolderView, oldest: datetime) -> list[Receipt]:
        """Return the receipts of others that are not older than this."""
        notes = [each for each in view.objects if each.name.endswith(f"/{FILE_NAME}") and each.name != self._own_name]
        return [receipt for receipt in self._read([each for each in notes if each.time_created >= oldest]) if receipt]

    def _read(self, notes: list[StoredObject]) -> Iterator[Receipt | None]:
        """Yield other tasks' receipts; each version of one is fetched once."""
        for note in notes:
            version = (note.name, note.time_created)
            if version not in self._receipts:
                uri = f"gs://{self._folder.bucket}/{note.name}"
                self._receipts[version] = self._fetch(uri)
            yield self._receipts[version]

    def _fetch(self, uri: str) -> Receipt | None:
        try:
            return read_receipt(self._client.download(uri, LARGEST_BYTES))
        except (OutputError, StorageNotFoundError):
            return None  # too large to be a receipt, or gone meanwhile
