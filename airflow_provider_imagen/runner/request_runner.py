"""Performs the steps of one request: sends, watches, stores, records. Which step follows is decided in ``core``."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

from airflow_provider_imagen.core.catalogue.plan import RequestPlan, part_of
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
from airflow_provider_imagen.core.response_merge import merge
from airflow_provider_imagen.core.responses import ImagesResponse
from airflow_provider_imagen.core.result_document import ResultDocument
from airflow_provider_imagen.core.storage.object_names import OwnPlace
from airflow_provider_imagen.errors import (
    ImagenError,
    ObjectExistsError,
    OutputError,
    RequestStoppedError,
    ResponseLostError,
)
from airflow_provider_imagen.runner import failures
from airflow_provider_imagen.runner.images import ImageFolder, rescue
from airflow_provider_imagen.runner.listener import HostMemory, RunListener
from airflow_provider_imagen.runner.outcome import Outcome
from airflow_provider_imagen.runner.records import RecordFolder
from airflow_provider_imagen.runner.results import LOST_REASON, merged_response, result_document
from airflow_provider_imagen.runner.run_state import RunState
from airflow_provider_imagen.runner.sender import RequestClient
from airflow_provider_imagen.runner.sending import Round, SendAll, StopSwitch, send_round
from airflow_provider_imagen.runner.store import OutputStore

log: logging.Logger = logging.getLogger("airflow.task")
LOOK_PAUSE_SECONDS = 5.0
LOOK_SECONDS = 60.0
"""How long a lost response may still bring images. Imagen takes 5 to 20 seconds."""
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
        self._client = client
        self._session = client.session
        self._listener = listener
        self._stop_switch = stop
        self._hosts = hosts if store.is_local else None
        self._records = records or RecordFolder(store, place.name, fingerprint)
        self._images = images or ImageFolder(store, place)
        self._send_all = send_all
        self._storage_uri = store.google_writes_to(place.folder) if plan.protocol.stores_output else None
        self._state = RunState()

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
                self._look()
            elif isinstance(step, WaitForWriter):
                self._wait_for_writer()
            elif isinstance(step, Return):
                return self._reuse() if step.reused else self._finish()
            else:
                return self._end(step)

    def _facts(self) -> Facts:
        state, request, record = self._state, self._plan.request, self._state.record
        return Facts(
            requested=request.count,
            images=len(state.kept) + state.new_images,
            if_exists=request.if_exists,
            on_lost=request.on_lost,
            stores_output=self._storage_uri is not None,
            one_image_per_request=self._plan.protocol.one_image_per_request,
            record="unreadable" if state.unreadable else record.state if record else "none",
            same_fingerprint=record is None or record.fingerprint == self._fingerprint,
            writer=self._writer(),
            cleared=record is not None and record.is_cleared_for(self._task),
            present=len(state.before),
            other_host=state.sendings == 0 and record is None and self._ran_on_another_host(),
            sendings=state.sendings,
            looked=state.looked,
            new=state.new_images,
            lost=len(state.round.lost),
            server_errors=len(state.round.server_errors),
            empty=len(state.round.empty),
            filtered=state.filtered,
            failed=state.failed,
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
            self._take([name for name, version in there.items() if record.before.get(name) != version], state)
        state.before = record.before if record is not None and self._is_in_flight(record) else there
        self._images.begin(state.before, replaces=self._place.is_key or self._plan.request.if_exists == "generate")

    def _is_in_flight(self, record: RequestRecord) -> bool:
        return record.result is None and record.fingerprint == self._fingerprint

    def _take(self, names: list[str], state: RunState) -> None:
        """Take new files in the place as images of this request."""
        chosen, others = self._images.choose(names)
        state.kept = self._images.described(chosen)
        state.others = tuple(self._images.uris(others))

    def _ran_on_another_host(self) -> bool:
        known = self._hosts.get() if self._hosts else None
        return known is not None and known.get("fingerprint") == self._fingerprint and known["host"] != self._task.host

    def _send(self, images: int) -> None:
        """Record the intent, send, and store what comes."""
        state, plan = self._state, self._plan
        is_continued = state.record is not None and self._is_in_flight(state.record)
        if not is_continued:
            state.kept = ()  # images of an earlier result
        numbers = self._numbers(images)
        one_each = plan.protocol.one_image_per_request
        if not self._record_intent():
            self._read_place()  # another writer came first: what it recorded decides
            return
        requests = [[number] for number in numbers] if one_each else [numbers]
        state.resent += len({*numbers} & {*state.round.lost})
        if state.kept:
            log.warning("%d of %d images are there; asking for the others.", len(state.kept), plan.request.count)
        elif state.sendings:
            log.warning("Asking once more.")
        if is_continued and not state.sendings:
            state.resent += len(requests)
            log.warning("An earlier try ended while it waited for these images. Google may bill them a second time.")
        self._listener.sending(plan, len(requests))
        started = self._session.now()
        on_stop = partial(self._interrupted, started)
        sent = self._send_all(self._send_one, requests, self._session, self._stop_switch, on_stop)
        seconds = self._report(sent, started)
        state.round.outcomes.update(sent.outcomes)
        state.usages = (*state.usages, *sent.usages)
        state.sendings, state.looked, state.seconds = state.sendings + 1, False, state.seconds + seconds
        self._raise_if_not_stored()

    def _report(self, sent: Round, started: datetime, missing: int = 0) -> float:
        """Tell the listener what a sending came to, and return how many seconds it took."""
        seconds = (self._session.now() - started).total_seconds()
        asked = sum(response.requested for response in sent.responses)
        errors = [*sent.errors, *[ResponseLostError("The task was stopped.")] * missing]
        self._listener.sent(self._plan, merge(sent.responses, asked, sent.usages), errors, seconds)
        return seconds

    def _interrupted(self, started: datetime, sent: Round, missing: int) -> str:
        """Count what came before a stop, and say what may be billed without having come."""
        self._report(sent, started, missing)
        text = (
            f"The task was stopped. {missing} request(s) were under way: Google may bill them. Images that came are "
            "stored, and the next try of this task finds them."
        )
        images = [image for response in sent.responses for image in response.images]
        if lost := [image for image in images if image.uri is None]:
            text = f"{text} But: {rescue([image.uri for image in images if image.uri], lost)}"
        log.error("%s", text)
        return text

    def _record_intent(self) -> bool:
        """Record the intent to send, and say whether no other writer of the same name was first."""
        intent = self._new_record()
        with failures.place_errors(self._plan.request.output_uri):
            try:
                self._records.write_intent(intent)
            except ObjectExistsError:
                return False
            if self._place.is_key and self._records.is_contested(intent, self._session.now()):
                self._records.withdraw()
                return False
        self._state.record, self._state.unreadable = intent, ()
        if self._hosts:
            self._hosts.set({"fingerprint": self._fingerprint, "host": self._task.host})
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

    def _send_one(self, numbers: Sequence[int]) -> ImagesResponse:
        """Send one request for the images of these numbers, and store them. Runs in a thread."""
        response = self._client.vertex.send(
            part_of(self._plan, numbers), index=numbers[0], requested=len(numbers), storage_uri=self._storage_uri
        )
        elsewhere = [image.uri for image in response.images if image.uri]
        if elsewhere and self._storage_uri is None:
            raise OutputError(
                f"Google was asked for bytes and stored images itself: {', '.join(elsewhere)}. They are billed; fetch "
                "them from there."
            )
        return replace(response, images=self._images.save_all(numbers, response.images))

    def _raise_if_not_stored(self) -> None:
        images = [image for response in self._state.round.responses for image in response.images]
        if lost := [image for image in images if image.uri is None]:
            raise rescue([image.uri for image in images if image.uri], lost)

    def _look(self) -> None:
        """Watch the place until every image of the lost response is there, or a minute is over."""
        state = self._state
        failure = next(iter(state.round.errors), None)
        reason = str(failure or "An earlier try of this task stopped before its answer came.")
        log.warning("%s Looking for its images before a request is sent.", reason)
        before = state.record.before if state.record else state.before
        started, paused = self._session.now(), 0.0
        while True:
            try:
                with failures.place_errors(self._plan.request.output_uri):
                    self._take(self._images.new_since(before), state)
            except RequestStoppedError:
                raise
            except ImagenError as unreadable:
                if failure is None:
                    raise
                raise ResponseLostError(f"{reason} {unreadable}") from failure
            paused = max(paused, (self._session.now() - started).total_seconds())
            if len(state.kept) >= self._plan.request.count or paused >= LOOK_SECONDS or self._stop_switch.is_on:
                break
            self._session.pause(min(LOOK_PAUSE_SECONDS, LOOK_SECONDS - paused))
            paused += LOOK_PAUSE_SECONDS
        state.looked = True
        if state.sendings and state.kept:
            self._count_as_new(paused)

    def _count_as_new(self, seconds: float) -> None:
        """Take images that a look found as the response that was lost."""
        state, requested = self._state, self._plan.request.count
        log.warning("The answer was lost, and these images of it were found: %s.", ", ".join(state.kept_uris))
        reasons = (LOST_REASON,) if len(state.kept) < requested else ()
        state.round.outcomes = {0: ImagesResponse(state.kept, requested, reasons)}
        state.seconds += seconds
        self._listener.found(self._plan, len(state.kept))
        state.kept = ()

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
            self._forget_host()
        elif stop.record == "lost" and state.record is not None:
            self._records.mark_lost(state.record)
        if stop.reason == "filtered":
            response = merged_response(state, self._plan, self._images)
            refusal = failures.refusal_of(state.round, response)
            kept = tuple(self._images.uris(state.before)) if self._place.is_key else ()
            document = result_document(response, state, self._plan, self._images, kept_earlier=kept)
            return Outcome(document, self._plan, refusal=refusal, response=response)
        raise failures.error_for(
            stop.reason,
            errors=state.round.errors,
            unreadable=state.unreadable,
            record=state.record,
            task=self._task,
            uris=state.kept_uris or self._images.uris(state.before),
            name=self._place.name,
            host=(self._hosts.get() or {}).get("host", "") if self._hosts else "",
        )

    def _release(self, document: ResultDocument) -> None:
        """Remove the record where the next try shall make new images: these are about to be returned."""
        if self._plan.request.if_exists == "generate":
            self._records.remove()
            if self._records.has_intent:  # it may not be removed, so the result beside it says that it is over
                self._records.finish(self._finished(document))
        self._forget_host()

    def _forget_host(self) -> None:
        if self._hosts:
            self._hosts.clear()
