"""Performs the steps of one request: sends, watches, stores, records. Which step follows is decided in ``core``."""

from __future__ import annotations

import logging
from functools import partial
from typing import Any

from airflow_provider_imagen.core.catalogue.plan import RequestPlan
from airflow_provider_imagen.core.recovery.decision import (
    Facts,
    Look,
    Return,
    Send,
    Stop,
    WaitForWriter,
    Writer,
    next_step,
)
from airflow_provider_imagen.core.recovery.request_record import RequestRecord, TaskIdentity, relevant_record
from airflow_provider_imagen.core.result_document import ResultDocument
from airflow_provider_imagen.core.storage.object_names import OwnPlace
from airflow_provider_imagen.errors import ImagenError, ObjectExistsError, RequestStoppedError
from airflow_provider_imagen.runner import failures
from airflow_provider_imagen.runner.host_trace import HostTrace
from airflow_provider_imagen.runner.image_look import ImageLook, take_files
from airflow_provider_imagen.runner.images import ImageFolder
from airflow_provider_imagen.runner.listener import HostMemory, RunListener
from airflow_provider_imagen.runner.outcome import Outcome
from airflow_provider_imagen.runner.records import RecordFolder
from airflow_provider_imagen.runner.request_sending import RequestSending
from airflow_provider_imagen.runner.results import merged_response, result_document
from airflow_provider_imagen.runner.run_state import RunState
from airflow_provider_imagen.runner.sender import RequestClient
from airflow_provider_imagen.runner.sending import SendAll, StopSwitch, send_round
from airflow_provider_imagen.runner.store import OutputStore

log: logging.Logger = logging.getLogger("airflow.task")
WRITER_PAUSE_SECONDS = 10.0


class RequestRunner:
    """Runs one request of one task instance to its end.

    :param plan: what to ask of which model.
    :param task: the task instance and its try.
    :param place: the request's own place below the ``output_uri``.
    :param fingerprint: tells the request from every other.
    :param client: sends the requests.
    :param store: the folder of the ``output_uri``.
    :param listener: is called when requests are sent and answered.
    :param stop: ends the run from outside.
    :param hosts: remembers on which machine a try ran; used where only one machine sees the folder.
    :param records: what is recorded of the request. None: records of its own.
    :param images: the images in its place. None: found by a listing of its own.
    :param send_all: sends the requests of one sending, and returns what came of them.
    """

    def __init__(
        self,
        plan: RequestPlan[Any],
        task: TaskIdentity,
        place: OwnPlace,
        fingerprint: str,
        *,
        client: RequestClient,
        store: OutputStore,
        listener: RunListener,
        stop: StopSwitch,
        hosts: HostMemory | None = None,
        records: RecordFolder | None = None,
        images: ImageFolder | None = None,
        send_all: SendAll = send_round,
    ) -> None:
        self._plan = plan
        self._task = task
        self._place = place
        self._fingerprint = fingerprint
        self._session = client.session
        self._stop_switch = stop
        self._hosts = HostTrace(hosts if store.is_local else None, fingerprint, task.host)
        self._records = records or RecordFolder(store, place.name, fingerprint)
        self._images = images or ImageFolder(store, place, pause=client.session.pause)
        self._storage_uri = store.google_writes_to(place.folder) if plan.protocol.stores_output else None
        self._state = RunState()
        self._sending = RequestSending(
            plan, self._state, client, self._images, listener, stop, send_all, self._storage_uri
        )
        self._look = ImageLook(plan, self._state, self._images, client.session, listener, stop)

    def run(self) -> Outcome:
        """Return the images, those of an earlier try or new ones.

        :raises ImagenError: see the tree in :mod:`airflow_provider_imagen.errors`.
        """
        self._stop_switch.bind(self._session)
        self._read_place()
        while True:
            step = next_step(self._facts())
            if isinstance(step, Send):
                self._send(step.images)
            elif isinstance(step, Look):
                self._look.run()
            elif isinstance(step, WaitForWriter):
                self._wait_for_writer()
            elif isinstance(step, Return):
                return self._reuse() if step.reused else self._finish()
            else:
                return self._end(step)

    def _facts(self) -> Facts:
        state, request, record = self._state, self._plan.request, self._state.record
        new_images = state.new_images
        return Facts(
            requested=request.count,
            images=len(state.kept) + new_images,
            if_exists=request.if_exists,
            on_lost=request.on_lost,
            stores_output=self._storage_uri is not None,
            one_image_per_request=self._plan.protocol.one_image_per_request,
            record="unreadable" if state.unreadable else record.state if record else "none",
            same_fingerprint=record is None or record.fingerprint == self._fingerprint,
            writer=self._writer(),
            cleared=record is not None and record.is_cleared_for(self._task),
            present=len(state.before),
            other_host=state.sendings == 0 and record is None and self._hosts.is_elsewhere(),
            sendings=state.sendings,
            looked=state.looked,
            new=new_images,
            lost=len(state.round.lost),
            server_errors=len(state.round.server_errors),
            empty=len(state.round.empty),
            filtered=state.filtered,
            failed=state.failed,
            unrecorded=state.unrecorded is not None,
            stopped=self._stop_switch.is_on,
        )

    def _writer(self) -> Writer:
        """Say who wrote the record; another writer's time is over at the latest when this task has waited so long."""
        record, state = self._state.record, self._state
        if record is None:
            return "this_task"
        writer = record.writer_for(self._task, self._session.now())
        is_over = state.waited_for == record.sent_at and state.waited >= record.longest_seconds
        return "expired" if is_over and writer != "this_task" else writer

    def _read_place(self) -> None:
        """Read what earlier tries recorded, and which images of this request lie in the place."""
        state = self._state
        with failures.place_errors(self._plan.request.output_uri):
            found = self._records.find()
            there = self._images.look()
        state.unreadable = found.unreadable
        now = self._session.now()
        state.record = record = relevant_record(found.records, self._task, self._fingerprint, there, now)
        state.kept, state.others = (), ()
        if record is not None and record.result is not None:
            state.kept = self._images.of_result(record.result, there)
        elif record is not None and record.fingerprint == self._fingerprint:
            new = [name for name, version in there.items() if record.before.get(name) != version]
            take_files(state, self._images, new)
        state.before = record.before if record is not None and self._is_in_flight(record) else there
        self._images.begin(state.before, replaces=self._place.is_key or self._plan.request.if_exists == "generate")

    def _is_in_flight(self, record: RequestRecord) -> bool:
        return record.result is None and record.fingerprint == self._fingerprint

    def _send(self, images: int) -> None:
        """Record the intent, send, and store what comes."""
        state = self._state
        is_continued = state.record is not None and self._is_in_flight(state.record)
        if not is_continued:
            state.kept = ()  # images of an earlier result
        numbers = self._numbers(images)
        try:
            is_first = self._record_intent()
        except RequestStoppedError:
            raise
        except ImagenError as failure:
            if not state.sendings:
                raise
            log.warning("Asking once more could not be recorded, so it is not sent: %s", failure)
            state.unrecorded = failure
            return
        if not is_first:
            self._read_place()  # another writer came first: what it recorded decides
            return
        self._sending.run(numbers, is_continued=is_continued)

    def _record_intent(self) -> bool:
        """Record the intent to send, and say whether no other writer of the same name was first."""
        intent = self._new_record()
        once_more = " once more" if self._state.sendings else ""
        with failures.place_errors(self._plan.request.output_uri, f"No model was asked{once_more}."):
            try:
                self._records.write_intent(intent)
            except ObjectExistsError:
                return False
            if self._place.is_key and self._records.is_contested(intent, self._session.now()):
                self._records.withdraw()
                return False
        self._state.record, self._state.unreadable = intent, ()
        self._hosts.leave()
        return True

    def _new_record(self) -> RequestRecord:
        return RequestRecord(
            fingerprint=self._fingerprint,
            writer=self._task,
            sent_at=self._session.now(),
            timeout_seconds=self._session.longest_seconds(getattr(self._plan.request, "service_tier", None)),
            requested=self._plan.request.count,
            before=self._state.before,
        )

    def _numbers(self, images: int) -> list[int]:
        """Return which images to ask for, by their numbers."""
        state = self._state
        if state.sendings and self._plan.protocol.one_image_per_request:
            return sorted((*state.round.empty, *state.round.lost)[:images])
        there = {self._images.number_of(image) for image in state.kept}
        return [number for number in range(self._plan.request.count) if number not in there][:images]

    def _wait_for_writer(self) -> None:
        record = self._state.record
        if record is not None:
            state = self._state
            if state.waited_for != record.sent_at:
                state.waited_for, state.waited = record.sent_at, 0.0
            left = min((record.ends_at - self._session.now()).total_seconds(), record.longest_seconds - state.waited)
            log.info("%s is making %s. Waiting for it, %.0f s at most.", record.writer, self._place.name, left)
            pause = min(WRITER_PAUSE_SECONDS, max(left, 0.0) + 0.1)
            self._session.pause(pause)
            state.waited += pause
        self._read_place()

    def _reuse(self) -> Outcome:
        """Return the images of an earlier try, with what it recorded."""
        state = self._state
        log.info("An earlier try made these images; nothing was asked.\n%s", "\n".join(state.kept_uris))
        recorded = state.record.result if state.record else None
        if recorded is None:
            return self._finish(reused=True)
        images = self._images.recorded(recorded, state.kept)
        document = recorded.model_copy(update={"images": images, "reused": True})
        return Outcome(document, self._plan, partial(self._release, document), reused=True)

    def _finish(self, *, reused: bool = False) -> Outcome:
        """Record the result, remove what it replaces, and return it."""
        state = self._state
        response = merged_response(state, self._plan, self._images)
        if self._place.is_key:
            self._images.remove_older(state.before, [str(image.uri) for image in response.images])
        document = result_document(response, state, self._plan, self._images, reused=reused)
        if self._plan.request.if_exists != "generate":
            self._records.finish(self._finished(document))
        return Outcome(document, self._plan, partial(self._release, document), reused=reused, response=response)

    def _finished(self, document: ResultDocument) -> RequestRecord:
        record = self._state.record or self._new_record()
        return record.model_copy(update={"state": "finished", "result": document, "before": {}})

    def _end(self, stop: Stop) -> Outcome:
        """End with an error, or with the refusal of everything that was asked."""
        state = self._state
        if stop.record == "remove":
            self._records.withdraw()
            self._hosts.forget()
        elif stop.record == "lost" and state.record is not None:
            self._records.mark_lost(state.record)
        if stop.reason == "filtered":
            response = merged_response(state, self._plan, self._images)
            refusal = failures.refusal_of(state.round, response)
            kept = tuple(self._images.uris(state.before)) if self._place.is_key else ()
            document = result_document(response, state, self._plan, self._images, kept_earlier=kept)
            return Outcome(document, self._plan, refusal=refusal, response=response)
        if stop.reason == "not_recorded" and state.unrecorded is not None:
            raise state.unrecorded
        raise failures.error_for(
            stop.reason,
            errors=state.round.errors,
            unreadable=state.unreadable,
            record=state.record,
            task=self._task,
            uris=state.kept_uris or self._images.uris(state.before),
            name=self._place.name,
            host=self._hosts.known,
        )

    def _release(self, document: ResultDocument) -> None:
        """Remove the record where the next try shall make new images: these are about to be returned."""
        if self._plan.request.if_exists == "generate":
            self._records.remove()
            if self._records.has_intent:  # it may not be removed, so the result beside it says that it is over
                self._records.finish(self._finished(document))
        self._hosts.forget()
