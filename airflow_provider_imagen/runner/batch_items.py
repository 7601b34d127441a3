"""Runs one item of a batch: the same decisions as for the request of a single task, with what the batch knows."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from airflow_provider_imagen.client.imagen import ImagenClient
from airflow_provider_imagen.client.session import Session
from airflow_provider_imagen.core.batch.outcome import LONGEST_REASON, ItemOutcome, failed_outcome
from airflow_provider_imagen.core.batch.plan import ItemPlanner, PlannedItem
from airflow_provider_imagen.core.batch.reuse import Listed, ListedFile, own_files, place_of
from airflow_provider_imagen.core.catalogue.plan import RequestPlan
from airflow_provider_imagen.core.recovery.request_record import RequestRecord, TaskIdentity
from airflow_provider_imagen.core.responses import ImagesResponse
from airflow_provider_imagen.core.text import counted, shortened
from airflow_provider_imagen.errors import ImagenError, ModelNotFoundError, OutputError
from airflow_provider_imagen.runner.batch_pace import PaceControl, PacedSender
from airflow_provider_imagen.runner.batch_pictures import BatchPictures
from airflow_provider_imagen.runner.images import ImageFolder
from airflow_provider_imagen.runner.listener import RunListener
from airflow_provider_imagen.runner.outcome import Outcome
from airflow_provider_imagen.runner.records import FoundRecords, RecordFolder
from airflow_provider_imagen.runner.request_runner import RequestRunner
from airflow_provider_imagen.runner.sending import Connection, Round, SendOne, StopSwitch, send_here
from airflow_provider_imagen.runner.store import OutputStore, StoredFile

log: logging.Logger = logging.getLogger("airflow.task")


class ItemStop(StopSwitch):
    """The stop of a batch as one of its items sees it: the batch stops the connection, not the item."""

    def bind(self, connection: Connection) -> None:
        """Leave the connection to the batch."""


@dataclass(frozen=True, slots=True)
class ItemClient:
    """What an item's run needs of the client."""

    session: Session
    vertex: PacedSender


@dataclass(slots=True)
class EarlierPlan:
    """What an earlier try, which did not return, meant to make.

    :param planned_at: when.
    :param writer: which try.
    :param before: by key and fingerprint of its items, the files that lay there before, each with its version.
    """

    planned_at: datetime
    writer: TaskIdentity
    before: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)


class ItemRecords(RecordFolder):
    """The records of an item. Its intent is the plan of the batch, so none of its own is written.

    :param planned: what the plan of an earlier try says of it, where images of it may be there.
    """

    def __init__(
        self,
        store: OutputStore,
        own_name: str,
        fingerprint: str,
        listed: Mapping[str, str],
        planned: RequestRecord | None,
    ) -> None:
        super().__init__(store, own_name, fingerprint, listed)
        self._planned = planned

    def find(self) -> FoundRecords:
        """Return the records of this item, among them what the plan of an earlier try says."""
        found = super().find()
        return found if self._planned is None else found._replace(records=(*found.records, self._planned))

    def write_intent(self, record: RequestRecord) -> None:
        """Write none: the plan of the batch is stored."""

    def is_contested(self, record: RequestRecord, now: datetime) -> bool:
        """Say no: the batch has a lease."""
        return False


@dataclass(slots=True)
class ItemRunner:
    """Runs the items of one batch, each in some thread.

    :param planner: makes their requests.
    :param client: sends them.
    :param store: the folder of the ``output_uri``.
    :param pictures: reads what they start from.
    :param control: the pace and the budget.
    :param task: the task instance and its try.
    :param listener: is called when requests are sent and answered.
    :param stop: ends the batch.
    :param notes: what else the records say.
    :param listed: what lay below the ``output_uri`` when the batch began.
    :param earlier: the plan of an earlier try that did not return.
    """

    planner: ItemPlanner
    client: ImagenClient
    store: OutputStore
    pictures: BatchPictures
    control: PaceControl
    task: TaskIdentity
    listener: RunListener
    stop: ItemStop
    notes: Mapping[str, Any]
    listed: Listed
    earlier: EarlierPlan | None = None
    _missing: dict[str, str] = field(default_factory=dict)
    """Models that Google does not know, each with what it said."""

    def run(self, item: PlannedItem) -> tuple[ItemOutcome, ImagenError | None]:
        """Return what became of an item, and the error that ended it."""
        image_usd = (item.most_usd or 0.0) / item.images
        sender = PacedSender(self.client.vertex, self.control, self.client.session, image_usd)
        model = item.model
        try:
            plan = self._plan(item)
            model = plan.request.model
            with sender.reserved(item.images):
                try:
                    outcome = self._request(item, plan, sender)
                except ModelNotFoundError as missing:
                    self._missing[model] = str(missing)
                    if (fallback := self.planner.with_fallback(item, model, str(missing))) is None:
                        raise
                    model = fallback.request.model
                    outcome = self._request(item, fallback, sender)
            return self._outcome(item, outcome, sender), None
        except ImagenError as failure:
            # Images that came and could not be stored are paid, and no later try will count them.
            not_stored_usd = sender.answered_usd if isinstance(failure, OutputError) else 0.0
            cost = round(sender.lost_usd + not_stored_usd, 6)
            return failed_outcome(failure, model=model, was_sent=sender.is_lost, cost_usd=cost), failure

    def _plan(self, item: PlannedItem) -> RequestPlan[Any]:
        """Return what to send: with the fallback where Google did not know the model of an item before."""
        plan = self.planner.request_plan(item)
        because = self._missing.get(plan.request.model)
        fallback = None if because is None else self.planner.with_fallback(item, plan.request.model, because)
        return fallback or plan

    def _request(self, item: PlannedItem, plan: RequestPlan[Any], sender: PacedSender) -> Outcome:
        plan = self.pictures.added_to(plan, self.store)
        place, files = place_of(item), self.listed.files.get(item.key, [])
        records = ItemRecords(
            self.store,
            place.name,
            item.fingerprint,
            self.listed.records.get(item.key, {}),
            self._planned(item, files),
        )
        runner = RequestRunner(
            replace(plan, notes={**self.notes, **plan.notes}),
            self.task,
            place,
            item.fingerprint,
            client=ItemClient(self.client.session, sender),
            store=self.store,
            listener=self.listener,
            stop=self.stop,
            records=records,
            images=ImageFolder(
                self.store, place, [StoredFile(*file) for file in files], pause=self.client.session.pause
            ),
            send_all=self._send_all,
        )
        outcome = runner.run()
        outcome.release()
        return outcome

    def _send_all(self, send_one: SendOne, requests: Sequence[Sequence[int]], *_: object) -> Round:
        """Send requests, and make room for other large responses once the images of one are stored."""
        large_bodies = self.client.session.large_bodies

        def send(numbers: Sequence[int]) -> ImagesResponse:
            try:
                return send_one(numbers)
            finally:
                if large_bodies is not None:
                    large_bodies.leave()

        return send_here(send, requests)

    def _planned(self, item: PlannedItem, files: Sequence[ListedFile]) -> RequestRecord | None:
        """Return what the earlier try's plan says of an item of which it left images, None if it left none."""
        if self.earlier is None or (before := self.earlier.before.get((item.key, item.fingerprint))) is None:
            return None
        there = own_files(item, files)
        if all(before.get(name) == version for name, version in there.items()):
            return None
        return RequestRecord(
            fingerprint=item.fingerprint,
            writer=self.earlier.writer,
            sent_at=self.earlier.planned_at,
            requested=item.images,
            before=before,
        )

    def _outcome(self, item: PlannedItem, outcome: Outcome, sender: PacedSender) -> ItemOutcome:
        document = outcome.document
        seconds = document.duration_seconds
        if outcome.refusal is not None:
            refusal = shortened(str(outcome.refusal), LONGEST_REASON)
            return ItemOutcome("filtered", (), refusal, document.model, sender.lost_usd, seconds, is_final=True)
        if outcome.reused:
            return ItemOutcome("reused", document.uris, None, document.model, 0.0, None)
        missing = item.images - len(document.uris)
        reason = _why_fewer(outcome, missing) if missing > 0 else None
        known = document.estimated_cost_usd
        cost = None if known is None else round(known + sender.lost_usd, 6)
        return ItemOutcome("made", document.uris, reason, document.model, cost, seconds)


def _why_fewer(outcome: Outcome, missing: int) -> str:
    response = outcome.response
    reasons = [*(response.failures if response else ()), *([response.why()] if response and response.filtered else [])]
    return shortened(f"{counted(missing, 'image')} missing. {' '.join(reasons)}".strip(), LONGEST_REASON)
