"""Stores the images that the lines of a job brought, item by item, and records what became of each."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace

from airflow_provider_imagen.core.batch.job_answers import LineAnswer
from airflow_provider_imagen.core.batch.outcome import LONGEST_REASON, ItemOutcome, failed_outcome
from airflow_provider_imagen.core.batch.plan import PlannedItem
from airflow_provider_imagen.core.batch.reuse import Listed, place_of
from airflow_provider_imagen.core.catalogue.plan import RequestPlan
from airflow_provider_imagen.core.catalogue.pricing import JOB_FACTOR, cost_of
from airflow_provider_imagen.core.recovery.request_record import RequestRecord, TaskIdentity
from airflow_provider_imagen.core.requests import GenerateRequest
from airflow_provider_imagen.core.responses import ImagesResponse
from airflow_provider_imagen.core.text import counted, shortened
from airflow_provider_imagen.errors import ImagenError, ImagesFilteredError, OutputError, ServerError
from airflow_provider_imagen.runner import failures
from airflow_provider_imagen.runner.images import ImageFolder
from airflow_provider_imagen.runner.records import RecordFolder
from airflow_provider_imagen.runner.results import merged_response, result_document
from airflow_provider_imagen.runner.run_state import RunState
from airflow_provider_imagen.runner.store import OutputStore, StoredFile


@dataclass(frozen=True, slots=True)
class JobPlace:
    """Where the images of a job go.

    :param store: the folder of the ``output_uri``.
    :param listed: what lay below it when the results began to be read.
    :param task: the task instance and its try.
    :param record: the intent of the job; what its items are recorded with.
    """

    store: OutputStore
    listed: Listed
    task: TaskIdentity
    sent_record: RequestRecord


@dataclass(slots=True)
class JobItem:
    """One item of a job, while its lines are read. Safe to share between threads.

    :param item: the item.
    :param plan: what was asked for it.
    :param place: where its images go.
    """

    item: PlannedItem
    plan: RequestPlan[GenerateRequest]
    place: JobPlace
    _state: RunState = field(default_factory=RunState)
    _folder: ImageFolder = field(init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        """Look at what lies under its key."""
        files = [StoredFile(*file) for file in self.place.listed.files.get(self.item.key, [])]
        self._folder = ImageFolder(self.place.store, place_of(self.item), files)
        self._state.before = self._folder.look()
        self._state.sendings = 1
        self._folder.begin(self._state.before, replaces=True)

    def add(self, image: int, answer: LineAnswer) -> bool:
        """Take up the answer to one line, store its image, and say whether every image of the item is stored.

        :param image: which image of the item the line asked for.
        :param answer: the answer.
        :raises OutputError: the image could not be stored; it stays in the results of the job.
        """
        outcome: ImagesResponse | ImagenError
        if answer.response is None:
            outcome = answer.failure or ServerError("There was no answer.")
        else:
            kept = answer.response.images[:1]
            stored = tuple(self._folder.save(image, each) for each in kept)
            if refused := [each.why_not_stored for each in stored if each.why_not_stored]:
                raise OutputError(
                    f"An image of the job could not be stored: {refused[0]}. It stays in the results of the job, which "
                    "the next try reads again. Check that the worker may write to output_uri."
                )
            outcome = replace(answer.response, images=stored)
        with self._lock:
            outcomes = self._state.round.outcomes
            if not _has_image(outcomes.get(image)):
                outcomes[image] = outcome
            return len(outcomes) == self.item.images and all(_has_image(each) for each in outcomes.values())

    def finish(self, unanswered: ItemOutcome) -> ItemOutcome:
        """Record the item, and return what became of it.

        :param unanswered: what becomes of an item of which no line was answered.
        :raises ImagenError: its place cannot be written.
        """
        state = self._state
        if not state.round.outcomes:
            return unanswered
        for image in range(self.item.images):
            state.round.outcomes.setdefault(image, ServerError(unanswered.reason or "There was no answer."))
        response = merged_response(state, self.plan, self._folder)
        model = self.plan.request.model
        if not response.images:
            return self._without_images(response, model)
        # What a response says of its tier is about requests that are sent one by one.
        usages = [replace(usage, traffic_type="") for usage in response.usages]
        whole = cost_of(self.plan.request, self.plan.model, response.sizes, usages=usages)
        cost = None if whole is None else round(whole.usd * JOB_FACTOR, 6)
        money = {} if whole is None else {"estimated_cost_usd": cost, "cost_basis": whole.basis}
        self._folder.remove_older(state.before, [str(image.uri) for image in response.images])
        document = result_document(response, state, self.plan, self._folder, **money)
        listed = self.place.listed.records.get(self.item.key, {})
        records = RecordFolder(self.place.store, self.item.key, self.item.fingerprint, listed)
        records.find()
        records.finish(self.place.sent_record.model_copy(update=self._recorded(document)))
        fewer = self.item.images - len(document.uris)
        why = [*response.failures, *([response.why()] if response.filtered else [])]
        missing = f"{counted(fewer, 'image')} missing. {' '.join(why)}".strip()
        reason = shortened(missing, LONGEST_REASON) if fewer else None
        return ItemOutcome("made", document.uris, reason, model, cost)

    def _recorded(self, document: object) -> dict[str, object]:
        return {
            "fingerprint": self.item.fingerprint,
            "requested": self.item.images,
            "state": "finished",
            "result": document,
            "before": {},
        }

    def _without_images(self, response: ImagesResponse, model: str) -> ItemOutcome:
        sent = self._state.round
        others = [error for error in sent.errors if not isinstance(error, ImagesFilteredError)]
        if others:
            failure = failures.most_serious(others)
            found = failed_outcome(failure, model=model, was_sent=False, cost_usd=0.0)
            return found._replace(status="failed") if found.status == "lost" else found
        refusal = failures.refusal_of(sent, response)
        return ItemOutcome("filtered", (), shortened(str(refusal), LONGEST_REASON), model, 0.0, is_final=True)


def _has_image(outcome: ImagesResponse | ImagenError | None) -> bool:
    return isinstance(outcome, ImagesResponse) and bool(outcome.images)
