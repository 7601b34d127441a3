"""Sends the requests of a batch at one pace and within one budget, which all its threads share."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from airflow_provider_imagen.client.session import Session
from airflow_provider_imagen.client.vertex import VertexClient
from airflow_provider_imagen.core.batch.budget import Budget
from airflow_provider_imagen.core.batch.pacing import Pace
from airflow_provider_imagen.core.catalogue.plan import RequestPlan
from airflow_provider_imagen.core.catalogue.pricing import estimated_cost_usd
from airflow_provider_imagen.core.responses import ImagesResponse
from airflow_provider_imagen.errors import (
    ImagenError,
    OverBudgetError,
    QuotaExceededError,
    RequestStoppedError,
    ResponseLostError,
    RetryableError,
    ServiceUnavailableError,
    UnexpectedResponseError,
)

log: logging.Logger = logging.getLogger("airflow.task")
STOPPED = "The batch was stopped before the request of this item was sent. Nothing was billed for it."
LONGEST_WAIT_SECONDS = 1.0
TOLERANCE_USD = 1e-9


class PaceControl:
    """Says when a request may be sent, and counts money. Safe to share between threads.

    :param pace: the pace at the beginning.
    :param budget: what may be spent, and is spent already.
    :param session: for its pauses, which a stop ends.
    :param clock: returns seconds of a clock that only goes forward.
    :param jitter: returns a random number from 0 to 1.
    """

    def __init__(
        self,
        pace: Pace,
        budget: Budget,
        session: Session,
        clock: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._pace = pace
        self._budget = budget
        self._session = session
        self._clock = clock
        self.jitter = jitter
        self._ahead = 0.0
        self._changed = threading.Condition()
        self._in_flight = 0
        self._is_stopped = False
        self.has_lost: bool = False
        """A response was lost since this was last set to False: what is spent is more than images show."""
        self.requests: int = 0
        """How many requests were sent."""
        self.last_accepted: float = self.now()
        """When Google last accepted a request, by the clock of :meth:`now`."""

    def now(self) -> float:
        """Return the time by a clock that only goes forward. Pauses that a test skips count."""
        return self._clock() + self._ahead

    @property
    def budget(self) -> Budget:
        """The budget now."""
        return self._budget

    def stop(self) -> None:
        """Let no request pass any more. Safe in a signal handler: waits for no lock."""
        self._is_stopped = True

    def reserve(self, cost: float) -> None:
        """Reserve the money for all requests of an item.

        :param cost: the most that they may come to.
        :raises RequestStoppedError: the batch was stopped.
        :raises OverBudgetError: they could cross the budget, and no request is under way that may turn out cheaper.
        """
        with self._changed:
            while (reserved := self._budget.reserve(cost)) is None:
                if self._is_stopped:
                    raise RequestStoppedError(STOPPED)
                if not self._budget.reserved:
                    raise OverBudgetError(
                        f"It could come to {cost:.4g} USD, and {self._budget.left:.4g} of max_cost_usd "
                        f"{self._budget.limit:.4g} are left. It was not sent."
                    )
                self._changed.wait(LONGEST_WAIT_SECONDS)
            self._budget = reserved

    def release(self, cost: float) -> None:
        """Give back what was reserved and is not needed."""
        with self._changed:
            self._budget = self._budget.release(cost)
            self._changed.notify_all()

    def take_turn(self) -> None:
        """Wait until a request may be sent, and count it as under way.

        :raises RequestStoppedError: the batch was stopped.
        """
        while True:
            with self._changed:
                if self._is_stopped:
                    raise RequestStoppedError(STOPPED)
                now = self.now()
                may_send, seconds = self._pace.allowed(now, self._in_flight)
                if may_send:
                    self._pace = self._pace.after_sent(now)
                    self._in_flight += 1
                    self.requests += 1
                    return
                if self._in_flight:
                    self._changed.wait(min(seconds, LONGEST_WAIT_SECONDS))
                    continue
            self.pause(seconds)

    def pause(self, seconds: float) -> None:
        """Let time pass; a stop ends it."""
        before = self.now()
        self._session.pause(seconds)
        with self._changed:
            if not self._is_stopped:
                self._ahead += max(0.0, seconds - (self.now() - before))

    def answered(self, cost: float, actual: float) -> None:
        """Count the response to a request."""
        self._end(lambda budget: budget.settle(cost, actual), None)

    def refused(self, failure: ImagenError) -> None:
        """Count a request that Google refused, or that was never sent: it costs nothing."""
        self._end(lambda budget: budget, failure)

    def lost(self, cost: float, failure: ImagenError) -> None:
        """Count a request whose response did not come: it may be charged."""
        self._end(lambda budget: budget.lost(cost), failure)
        self.has_lost = True

    def wake(self) -> None:
        """Let those that wait see a stop at once."""
        with self._changed:
            self._changed.notify_all()

    def _end(self, settle: Callable[[Budget], Budget], failure: ImagenError | None) -> None:
        with self._changed:
            now = self.now()
            self._in_flight -= 1
            self._budget = settle(self._budget)
            if isinstance(failure, QuotaExceededError | ServiceUnavailableError):
                self._pace = self._pace.after_refusal(now, failure.retry_after_seconds, self.jitter())
            elif failure is None:
                self._pace = self._pace.after_answer(now)
                self.last_accepted = now
            self._changed.notify_all()


class PacedSender:
    """Sends the requests of one item, each in its turn. The money for all of them is reserved before the first.

    :param vertex: sends them.
    :param control: the pace and the budget of the batch.
    :param session: for its retry rules and pauses.
    :param image_usd: the most that one image may cost.
    """

    def __init__(self, vertex: VertexClient, control: PaceControl, session: Session, image_usd: float) -> None:
        self._vertex = vertex
        self._control = control
        self._session = session
        self._image_usd = image_usd
        self._reserved = 0.0
        self._lock = threading.Lock()
        self.lost_usd: float = 0.0
        """What the requests may have come to whose responses did not come."""
        self.answered_usd: float = 0.0
        """What the images in its responses come to."""
        self.is_lost: bool = False
        """The response to the last request did not come."""

    @contextmanager
    def reserved(self, images: int) -> Iterator[None]:
        """Reserve the money for so many images, and give back at the end what was not needed.

        :raises OverBudgetError: the budget does not suffice.
        """
        cost = self._image_usd * images
        self._control.reserve(cost)
        self._reserved = cost
        try:
            yield
        finally:
            self._control.release(self._reserved)

    def send(
        self, plan: RequestPlan[Any], *, index: int = 0, storage_uri: str | None = None, requested: int | None = None
    ) -> ImagesResponse:
        """Send one request when its turn comes, and again where nothing was accepted.

        :raises RequestStoppedError: the batch was stopped.
        :raises OverBudgetError: it is sent once more, and the budget does not suffice for that.
        :raises ImagenError: as :meth:`.VertexClient.send`.
        """
        count = plan.request.count if requested is None else requested
        cost, rules, tries, started = self._image_usd * count, self._session.retry_rules, 0, self._control.now()
        self._take(cost)
        while True:
            try:
                self._control.take_turn()
                return self._once(plan, cost, index=index, storage_uri=storage_uri, requested=count)
            except RetryableError as failure:
                tries += 1
                pause = self._pause_after(failure, tries)
                waited = self._control.now() - max(started, self._control.last_accepted)
                stores = storage_uri is not None
                again = rules.worth_another_try(failure, free_of_charge=False, stores_output=stores)
                if not again or rules.is_too_late(failure, waited, pause):
                    self._give_back(cost)
                    raise
                log.debug("%s Trying again.", failure)
            except (ResponseLostError, UnexpectedResponseError):
                raise
            except ImagenError:
                self._give_back(cost)
                raise
            if pause:
                self._control.pause(pause)

    def _take(self, cost: float) -> None:
        """Take the money for a request from what is reserved for the item; for a second sending, reserve it anew."""
        with self._lock:
            if self._reserved >= cost - TOLERANCE_USD:
                self._reserved = max(0.0, self._reserved - cost)
                return
        self._control.reserve(cost)

    def _give_back(self, cost: float) -> None:
        with self._lock:
            self._reserved += cost

    def _pause_after(self, failure: RetryableError, tries: int) -> float:
        """Return the pause of this request alone; after a refusal for lack of quota all requests pause together."""
        if isinstance(failure, QuotaExceededError | ServiceUnavailableError):
            return 0.0
        return self._session.retry_rules.pause_seconds(failure, tries, self._control.jitter())

    def _once(self, plan: RequestPlan[Any], cost: float, **options: Any) -> ImagesResponse:
        self.is_lost = False
        try:
            response = self._vertex.send(plan, **options, once=True)
        except (ResponseLostError, UnexpectedResponseError) as failure:
            self.is_lost = True
            self.lost_usd += cost
            self._control.lost(cost, failure)
            raise
        except ImagenError as failure:
            self._control.refused(failure)
            raise
        actual = estimated_cost_usd(plan.request, len(response.images), plan.model) or 0.0
        with self._lock:
            self.answered_usd += actual
        self._control.answered(cost, actual)
        return response
