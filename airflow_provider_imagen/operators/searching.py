"""Looks for the images of a request whose answer was lost, before anybody pays for them again."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta

from airflow_provider_imagen.client.imagen import ImagenClient
from airflow_provider_imagen.client.storage import FolderView
from airflow_provider_imagen.core.catalogue import catalogue
from airflow_provider_imagen.core.listing import StoredObject
from airflow_provider_imagen.core.naming import TaskIdentity, folder_name
from airflow_provider_imagen.core.output_uri import parse_folder
from airflow_provider_imagen.core.receipt import FILE_NAME, LARGEST_BYTES, Receipt, read_receipt
from airflow_provider_imagen.core.recovery import LATEST_SECONDS, Sighting, sighting
from airflow_provider_imagen.core.request import GenerateRequest, UpscaleRequest
from airflow_provider_imagen.core.result import Answer
from airflow_provider_imagen.errors import AnswerLostError

log = logging.getLogger("airflow.task")
PAUSE_SECONDS = 5.0


def can_be_searched(request: GenerateRequest | UpscaleRequest) -> bool:
    """Say whether Google stores the images of this request itself, so that a lost answer loses no image."""
    model = catalogue().stand_in(request.model, request.job)
    return request.storage_uri is not None and model.protocol == "predict"


class Search:
    """Looks into the folder that a request wrote to.

    :param request: what was asked.
    :param client: who asks.
    :param task: the task instance.
    """

    def __init__(self, request: GenerateRequest | UpscaleRequest, client: ImagenClient, task: TaskIdentity) -> None:
        self._client = client
        self._folder = parse_folder(request.output_uri)
        self._requested = request.count
        self._own_name = f"{self._folder.prefix}{folder_name(task)}/{FILE_NAME}"
        self._task = task
        self._keeps_receipts = request.if_exists != "generate"
        self._receipts: dict[tuple[str, datetime], Receipt | None] = {}

    def images_since(self, asked_at: datetime) -> Answer | None:
        """Return the images that appeared since a request was sent, None when none did.

        Looks again until images can no longer come. What is not surely from this request is not taken.

        :param asked_at: when the request was sent, by this machine's clock.
        :raises AnswerLostError: images appeared that may be somebody else's; names them.
        """
        spent = max(0.0, (self._client.now() - asked_at).total_seconds())
        latest = min(self._client.settings.timeout_seconds, LATEST_SECONDS)
        while True:
            seen = self._look(asked_at)
            if seen.is_complete or spent >= latest:
                return self._judge(seen, spent)
            pause = min(PAUSE_SECONDS, latest - spent)
            self._client.pause(pause)
            spent += pause

    def _judge(self, seen: Sighting, spent: float) -> Answer | None:
        if not seen.folders:
            return None
        if not seen.is_ours or (self._task.map_index >= 0 and not self._keeps_receipts):
            raise AnswerLostError(
                f"Images appeared that may belong to this task or to another one: {', '.join(seen.uris)}. Nothing more "
                "was asked, so nothing is paid twice. Look at them; if they are not there for this task, clear it. "
                "With if_exists='reuse' on all tasks that share this folder, each finds its own."
            )
        log.warning("The answer was lost, and these images of it were found: %s.", ", ".join(seen.uris))
        return seen.answer(spent)

    def _look(self, asked_at: datetime) -> Sighting:
        view = self._client.storage.look_into(self._folder)
        since = asked_at + self._clock_difference(view)
        others = self._receipts_in(view)
        claimed = {uri for receipt in others for uri in receipt.uris}
        return sighting(
            view.objects,
            self._folder,
            (since, since + timedelta(seconds=self._client.settings.timeout_seconds + LATEST_SECONDS)),
            claimed=claimed,
            requested=self._requested,
            others_are_asking=any(_is_open(receipt, asked_at) for receipt in others),
        )

    def _clock_difference(self, view: FolderView) -> timedelta:
        """Return how far Cloud Storage's clock is ahead of this machine's, or a little less.

        Its date has whole seconds and was written before it was read; so nothing that came after the request is missed.
        """
        return view.seen_at - self._client.now() if view.seen_at else timedelta()

    def _receipts_in(self, view: FolderView) -> list[Receipt]:
        notes = [each for each in view.objects if each.name.endswith(f"/{FILE_NAME}") and each.name != self._own_name]
        return [receipt for receipt in self._read(notes) if receipt]

    def _read(self, notes: list[StoredObject]) -> Iterator[Receipt | None]:
        """Yield other tasks' receipts; each version of one is fetched once."""
        for note in notes:
            version = (note.name, note.time_created)
            if version not in self._receipts:
                uri = f"gs://{self._folder.bucket}/{note.name}"
                self._receipts[version] = read_receipt(self._client.download(uri, LARGEST_BYTES))
            yield self._receipts[version]


def _is_open(receipt: Receipt, asked_at: datetime) -> bool:
    """Say whether another task's images may be among those that appeared since ``asked_at``."""
    return receipt.result is None and receipt.asked_at > asked_at - timedelta(seconds=10 * LATEST_SECONDS)
