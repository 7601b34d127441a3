"""Sends the requests of one round from threads, and stores each image as soon as its response is there.

The calling thread only waits, so that a signal can end the wait at any moment. After a stop nothing more is sent;
responses under way are waited for a moment, because they are paid.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Any, Protocol

from airflow_provider_imagen.core.responses import ImagesResponse
from airflow_provider_imagen.core.token_usage import TokenUsage
from airflow_provider_imagen.errors import (
    ImagenError,
    NoImageError,
    PermanentError,
    RequestStoppedError,
    ResponseLostError,
    ServerError,
    UnexpectedResponseError,
)

MOST_AT_ONCE = 8
"""How many requests for one image each are sent side by side."""
GRACE_SECONDS = 3.0
"""How long responses under way are waited for after a stop. Airflow kills a worker 5 s after it asked for the stop."""

SendOne = Callable[[Sequence[int]], ImagesResponse]
"""Sends one request for the images of these numbers, and stores what comes."""


class Connection(Protocol):
    """What a stop acts on: the client's session."""

    def stop(self) -> None:
        """Send nothing more that may be billed."""

    def abort(self) -> None:
        """End responses under way."""


@dataclass(slots=True)
class Round:
    """What came of the requests of one sending.

    :param outcomes: by the number of the request's first image, the response or the error.
    """

    outcomes: dict[int, ImagesResponse | ImagenError] = field(default_factory=dict)

    def numbers(self, *kinds: type[ImagenError]) -> list[int]:
        """Return the numbers whose requests ended with one of these errors."""
        return [number for number, outcome in sorted(self.outcomes.items()) if isinstance(outcome, kinds)]

    @property
    def responses(self) -> list[ImagesResponse]:
        """The responses that came, in the order of their numbers."""
        return [outcome for _, outcome in sorted(self.outcomes.items()) if isinstance(outcome, ImagesResponse)]

    @property
    def errors(self) -> list[ImagenError]:
        """The errors, in the order of their numbers."""
        return [outcome for _, outcome in sorted(self.outcomes.items()) if isinstance(outcome, ImagenError)]

    @property
    def usages(self) -> list[TokenUsage]:
        """The tokens of the responses without an image that were errors."""
        empty = [error for error in self.errors if isinstance(error, NoImageError)]
        return [error.usage for error in empty if isinstance(error.usage, TokenUsage)]

    @property
    def lost(self) -> list[int]:
        """The numbers whose responses were lost."""
        return self.numbers(ResponseLostError, UnexpectedResponseError)

    @property
    def server_errors(self) -> list[int]:
        """The numbers whose responses were errors in Google's own words."""
        return self.numbers(ServerError)

    @property
    def empty(self) -> list[int]:
        """The numbers whose responses had neither an image nor a reason, and may be asked for again."""
        return [number for number in self.numbers(NoImageError) if number not in self.numbers(PermanentError)]


class StopSwitch:
    """Ends a run from outside: from a signal handler, or from another thread."""

    def __init__(self) -> None:
        self.is_on: bool = False
        self._queue: SimpleQueue[Any] | None = None
        self._connection: Connection | None = None

    def turn_on(self) -> None:
        """Stop. Safe inside a signal handler: no lock that the interrupted code may hold is waited for."""
        self.is_on = True
        if self._queue is not None:
            self._queue.put(None)
        if self._connection is not None:
            threading.Thread(target=_end, args=(self._connection,), name="imagen-stop", daemon=True).start()

    def bind(self, connection: Connection) -> None:
        """Name the connection that a stop acts on."""
        self._connection = connection
        if self.is_on:
            connection.stop()

    def watch(self, queue: SimpleQueue[Any]) -> None:
        """Name the queue whose reader a stop wakes."""
        self._queue = queue
        if self.is_on:
            queue.put(None)


def _end(connection: Connection) -> None:
    """Stop, and after a moment end what is still under way: a listing or a record may hang as a response may."""
    connection.stop()
    threading.Event().wait(GRACE_SECONDS)
    connection.abort()


def send_round(
    send_one: SendOne,
    requests: Sequence[Sequence[int]],
    connection: Connection,
    stop: StopSwitch,
    on_stop: Callable[[Round, int], str],
) -> Round:
    """Send requests side by side, and return what came of them.

    :param send_one: sends one request. Runs in another thread.
    :param requests: the numbers of the images that each request asks for.
    :param connection: is stopped when anything ends the wait.
    :param stop: ends the wait from outside.
    :param on_stop: is called when the wait ends early, with what came and the number of responses that did not; returns
        a sentence about them for the error.
    :raises RequestStoppedError: a stop was asked for. Images whose responses came in time are stored.
    """
    ended = EndedRequests()
    stop.watch(ended.queue)
    waiting = iter(requests)
    lock = threading.Lock()
    found = Round()
    try:
        for number in range(0 if stop.is_on else min(len(requests), MOST_AT_ONCE)):
            arguments = (send_one, waiting, lock, ended)
            threading.Thread(target=_work, args=arguments, name=f"imagen-send-{number}", daemon=True).start()
        while len(found.outcomes) < len(requests):
            ended.wait_into(found)
    except BaseException as failure:
        connection.stop()
        ended.drain_into(found, len(requests))
        connection.abort()
        failure.add_note(on_stop(found, len(requests) - len(found.outcomes)))
        raise
    return found


def send_here(send_one: SendOne, requests: Sequence[Sequence[int]], *_: object) -> Round:
    """Send requests from the calling thread, beside it those after the first, and return what came of them.

    For a thread that no signal interrupts: the thread that started it waits for it, and stops the connection.
    """
    waiting, lock, found, ended = iter(requests), threading.Lock(), Round(), EndedRequests()
    for number in range(1, min(len(requests), MOST_AT_ONCE)):
        arguments = (send_one, waiting, lock, ended)
        threading.Thread(target=_work, args=arguments, name=f"imagen-send-{number}", daemon=True).start()
    _work(send_one, waiting, lock, ended)
    while len(found.outcomes) < len(requests):
        ended.wait_into(found)
    return found


SendAll = Callable[
    [SendOne, Sequence[Sequence[int]], Connection, StopSwitch, Callable[[Round, int], str]],
    Round,
]
"""Sends the requests of one sending: :func:`send_round`, or :func:`send_here`."""


class EndedRequests:
    """What became of the requests of one sending, as the threads that send them find out.

    An outcome is kept here before its number goes through the queue: a time-out may be raised in the reader at any
    moment, also between the queue and the place where the reader keeps it.
    """

    def __init__(self) -> None:
        self.queue: SimpleQueue[Any] = SimpleQueue()
        """The numbers of requests that ended, as they end; None for a stop."""
        self._outcomes: dict[int, ImagesResponse | BaseException] = {}

    def add(self, number: int, outcome: ImagesResponse | BaseException) -> None:
        """Keep what became of one request."""
        self._outcomes[number] = outcome
        self.queue.put(number)

    def wait_into(self, found: Round) -> None:
        """Wait for the next request that ends, and note its outcome.

        :raises RequestStoppedError: a stop was asked for.
        :raises BaseException: what the request raised, unless it is an error of this package.
        """
        number = self.queue.get()
        if number is None:
            raise RequestStoppedError("The task was stopped while it waited for responses.")
        outcome = self._outcomes[number]
        if not isinstance(outcome, ImagesResponse | ImagenError):
            raise outcome
        found.outcomes[number] = outcome

    def drain_into(self, found: Round, expected: int) -> None:
        """Wait for the responses that are under way, all together for a moment, and note what is there then."""
        timer = threading.Timer(GRACE_SECONDS, self.queue.put, ["over"])
        timer.daemon = True
        timer.start()
        while len(self._outcomes) < expected and self.queue.get() != "over":
            pass
        timer.cancel()
        for number, outcome in self._outcomes.copy().items():  # threads go on adding
            if number in found.outcomes:
                continue
            if isinstance(outcome, ImagesResponse | ImagenError):
                found.outcomes[number] = outcome
            else:
                found.outcomes[number] = ResponseLostError(f"The request ended with {type(outcome).__name__}.")


def _work(send_one: SendOne, waiting: Iterator[Sequence[int]], lock: threading.Lock, ended: EndedRequests) -> None:
    while True:
        with lock:
            numbers = next(waiting, None)
        if numbers is None:
            return
        try:
            ended.add(numbers[0], send_one(numbers))
        except BaseException as failure:  # noqa: BLE001  # the waiting thread raises it
            ended.add(numbers[0], failure)
