"""Sends the requests for the images of one run that are missing, stores what comes, and counts it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any

from airflow_provider_imagen.core.catalogue.plan import RequestPlan, part_of
from airflow_provider_imagen.core.response_merge import merge
from airflow_provider_imagen.core.responses import ImagesResponse
from airflow_provider_imagen.core.text import counted
from airflow_provider_imagen.errors import OutputError, ResponseLostError
from airflow_provider_imagen.runner.images import ImageFolder, rescue
from airflow_provider_imagen.runner.listener import RunListener
from airflow_provider_imagen.runner.run_state import RunState
from airflow_provider_imagen.runner.sender import RequestClient
from airflow_provider_imagen.runner.sending import Round, SendAll, StopSwitch

log: logging.Logger = logging.getLogger("airflow.task")


@dataclass(frozen=True, slots=True)
class RequestSending:
    """Sends the requests of one run. Their intent is recorded before.

    :param plan: what to ask of which model.
    :param state: what the run knows; what comes is added to it.
    :param client: sends the requests.
    :param images: where the images go.
    :param listener: is called when requests are sent and answered.
    :param stop: ends the wait from outside.
    :param send_all: sends the requests of one sending, and returns what came of them.
    :param storage_uri: the ``gs://`` folder for Google to write to. None: the images come as bytes.
    """

    plan: RequestPlan[Any]
    state: RunState
    client: RequestClient
    images: ImageFolder
    listener: RunListener
    stop: StopSwitch
    send_all: SendAll
    storage_uri: str | None

    def run(self, numbers: Sequence[int], *, is_continued: bool) -> None:
        """Send the requests for some images, and store what comes.

        :param numbers: the numbers of the images.
        :param is_continued: an earlier try ended while it waited for them.
        :raises OutputError: images came and could not be stored; they are kept on this machine.
        :raises RequestStoppedError: the run was stopped. Images whose responses came in time are stored.
        """
        state, plan, session = self.state, self.plan, self.client.session
        requests = [[number] for number in numbers] if plan.protocol.one_image_per_request else [list(numbers)]
        state.resent += len({*numbers} & {*state.round.lost})
        if state.kept:
            log.warning("%d of %d images are there; asking for the others.", len(state.kept), plan.request.count)
        elif state.sendings:
            log.warning("Asking once more.")
        if is_continued and not state.sendings:
            state.resent += len(requests)
            log.warning("An earlier try ended while it waited for these images. Google may bill them a second time.")
        self.listener.sending(plan, len(requests))
        started = session.now()
        on_stop = partial(self._interrupted, started)
        sent = self.send_all(self._send_one, requests, session, self.stop, on_stop)
        seconds = self._report(sent, started)
        state.round.outcomes.update(sent.outcomes)
        state.usages = (*state.usages, *sent.usages)
        state.sendings, state.looked, state.seconds = state.sendings + 1, False, state.seconds + seconds
        self._raise_if_not_stored()

    def _report(self, sent: Round, started: datetime, missing: int = 0) -> float:
        """Tell the listener what a sending came to, and return how many seconds it took."""
        seconds = (self.client.session.now() - started).total_seconds()
        asked = sum(response.requested for response in sent.responses)
        errors = [*sent.errors, *[ResponseLostError("The task was stopped.")] * missing]
        self.listener.sent(self.plan, merge(sent.responses, asked, sent.usages), errors, seconds)
        return seconds

    def _interrupted(self, started: datetime, sent: Round, missing: int) -> str:
        """Count what came before a stop, and say what may be billed without having come."""
        self._report(sent, started, missing)
        text = (
            f"The task was stopped. {_without_response(missing, len(sent.lost))}. Images that came are stored, and the "
            "next try of this task finds them."
        )
        images = [image for response in sent.responses for image in response.images]
        if lost := [image for image in images if image.uri is None]:
            text = f"{text} But: {rescue([image.uri for image in images if image.uri], lost)}"
        log.error("%s", text)
        return text

    def _send_one(self, numbers: Sequence[int]) -> ImagesResponse:
        """Send one request for the images of these numbers, and store them. Runs in a thread."""
        response = self.client.vertex.send(
            part_of(self.plan, numbers), index=numbers[0], requested=len(numbers), storage_uri=self.storage_uri
        )
        elsewhere = [image.uri for image in response.images if image.uri]
        if elsewhere and self.storage_uri is None:
            raise OutputError(
                f"Google was asked for bytes and stored images itself: {', '.join(elsewhere)}. They are billed; fetch "
                "them from there."
            )
        return replace(response, images=self.images.save_all(numbers, response.images))

    def _raise_if_not_stored(self) -> None:
        images = [image for response in self.state.round.responses for image in response.images]
        if lost := [image for image in images if image.uri is None]:
            raise rescue([image.uri for image in images if image.uri], lost)


def _without_response(under_way: int, lost: int) -> str:
    """Say for how many requests no response came, and that Google may bill these."""
    said = [
        counted(under_way, "request was under way", "requests were under way") if under_way else "",
        counted(lost, "response was lost", "responses were lost") if lost else "",
    ]
    billed = "it" if under_way + lost == 1 else "them"
    return f"{' and '.join(filter(None, said))}: Google may bill {billed}" if any(said) else "None was under way"
