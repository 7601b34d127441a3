"""The look for the images of a lost response, in the place where Google stores them."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

from airflow_provider_imagen.client.session import Session
from airflow_provider_imagen.core.catalogue.plan import RequestPlan
from airflow_provider_imagen.core.responses import ImagesResponse
from airflow_provider_imagen.errors import ImagenError, RequestStoppedError, ResponseLostError
from airflow_provider_imagen.runner import failures
from airflow_provider_imagen.runner.images import ImageFolder
from airflow_provider_imagen.runner.listener import RunListener
from airflow_provider_imagen.runner.results import LOST_REASON
from airflow_provider_imagen.runner.run_state import RunState
from airflow_provider_imagen.runner.sending import StopSwitch

log: logging.Logger = logging.getLogger("airflow.task")
LOOK_PAUSE_SECONDS = 5.0
LOOK_SECONDS = 60.0
"""How long a lost response may still bring images. Imagen takes 5 to 20 seconds."""


def take_files(state: RunState, images: ImageFolder, names: list[str]) -> None:
    """Take new files in the place as images of the request.

    :param state: what the run knows.
    :param images: the place.
    :param names: the names of the files.
    """
    chosen, others = images.choose(names)
    state.kept = images.described(chosen)
    state.others = tuple(images.uris(others))


def wait_for_late_images(session: Session) -> None:
    """Wait as long as the images of a try that was killed may still come; a stop ends that.

    :param session: for its pauses.
    """
    log.warning("An earlier try was killed. Google may still store its images, so they are waited for.")
    waited = 0.0
    while waited < LOOK_SECONDS and not session.is_stopped:
        session.pause(LOOK_PAUSE_SECONDS)
        waited += LOOK_PAUSE_SECONDS


@dataclass(frozen=True, slots=True)
class ImageLook:
    """Looks for images whose response did not arrive.

    :param plan: what was asked.
    :param state: what the run knows; what is found is added to it.
    :param images: the place.
    :param session: for its clock and its pauses.
    :param listener: is called with the images that are found.
    :param stop: ends the look from outside.
    """

    plan: RequestPlan[Any]
    state: RunState
    images: ImageFolder
    session: Session
    listener: RunListener
    stop: StopSwitch

    def run(self) -> None:
        """Watch the place until every image of the lost response is there, or a minute is over.

        :raises RequestStoppedError: the look was stopped.
        :raises ResponseLostError: the response was lost, and the place cannot be read.
        :raises ImagenError: the place cannot be read.
        """
        state = self.state
        failure = next(iter(state.round.errors), None)
        reason = str(failure or "An earlier try of this task stopped before its answer came.")
        log.warning("%s Looking for its images before a request is sent.", reason)
        before = state.record.before if state.record else state.before
        started, paused = self.session.now(), 0.0
        while True:
            try:
                with failures.place_errors(self.plan.request.output_uri):
                    take_files(state, self.images, self.images.new_since(before))
            except RequestStoppedError:
                raise
            except ImagenError as unreadable:
                if failure is None:
                    raise
                raise ResponseLostError(f"{reason} {unreadable}") from failure
            paused = max(paused, (self.session.now() - started).total_seconds())
            if len(state.kept) >= self.plan.request.count or paused >= LOOK_SECONDS or self.stop.is_on:
                break
            self.session.pause(min(LOOK_PAUSE_SECONDS, LOOK_SECONDS - paused))
            paused += LOOK_PAUSE_SECONDS
        state.looked = True
        if state.sendings and state.kept:
            self._count_as_new(paused)

    def _count_as_new(self, seconds: float) -> None:
        """Take images that a look found as the response that was lost."""
        state, requested = self.state, self.plan.request.count
        log.warning("The answer was lost, and these images of it were found: %s.", ", ".join(state.kept_uris))
        reasons = (LOST_REASON,) if len(state.kept) < requested else ()
        state.round.outcomes = {0: ImagesResponse(state.kept, requested, reasons)}
        state.seconds += seconds
        self.listener.found(self.plan, len(state.kept))
        state.kept = ()
