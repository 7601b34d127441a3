"""One connection's session with Google: token, connection pool, retries, and what a refusal means."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TypeVar

from airflow_provider_imagen.client.auth import GoogleToken, ignore_secret
from airflow_provider_imagen.client.connection_pools import ConnectionPools
from airflow_provider_imagen.client.http_request import HttpRequest
from airflow_provider_imagen.client.large_bodies import LargeBodies
from airflow_provider_imagen.client.limits import TransportLimits
from airflow_provider_imagen.client.stop_signal import StopSignal
from airflow_provider_imagen.client.transport import StreamedResponse, Transport
from airflow_provider_imagen.core.connection import ConnectionSettings
from airflow_provider_imagen.core.connection_secrets import secret_parts
from airflow_provider_imagen.core.protocols import endpoints, service_tiers
from airflow_provider_imagen.core.protocols.http_errors import HttpResponse, Operation, error_from
from airflow_provider_imagen.core.recovery.retry import RetryRules
from airflow_provider_imagen.errors import ImagenError, InvalidConnectionError, RequestStoppedError

log: logging.Logger = logging.getLogger(__name__)
ResultT = TypeVar("ResultT")
POOL_SIZE = 8


def utc_now() -> datetime:
    """Return the time of this machine, in UTC."""
    return datetime.now(UTC)


@dataclass(slots=True)
class _Tries:
    """How often and how long an action was tried."""

    free_of_charge: bool
    stores_output: bool = False
    started: float = field(default_factory=time.monotonic)
    paused: float = 0.0
    count: int = 0


class Session:
    """Sends requests for one connection: one connection pool, one cached token. Safe to share between threads.

    :param settings: the connection.
    :param transport: sends one request; None: a pool of its own that signs requests with the connection's token.
    :param now: returns the time, in UTC.
    :param sleep: pauses for so many seconds. None: until the session is stopped, at most so long.
    :param jitter: returns a random number from 0 to 1.
    :param retry_rules: when a request is sent again.
    :param on_secret: receives every token before it is used, so that logs can mask it.
    :param pool_size: how many connections to one host are kept open.
    :param limits: how long a connection may take and how large a response may be.
    :param large_bodies: bounds the large responses that many threads read at a time. None: no bound.
    """

    def __init__(
        self,
        settings: ConnectionSettings,
        *,
        transport: Transport | None = None,
        now: Callable[[], datetime] = utc_now,
        sleep: Callable[[float], object] | None = None,
        jitter: Callable[[], float] = random.random,
        retry_rules: RetryRules | None = None,
        on_secret: Callable[[str], None] = ignore_secret,
        pool_size: int = POOL_SIZE,
        limits: TransportLimits | None = None,
        large_bodies: LargeBodies | None = None,
    ) -> None:
        self.settings = settings
        self.large_bodies = large_bodies
        self.now = now
        self.retry_rules: RetryRules = retry_rules or RetryRules()
        self._signal = StopSignal()
        self._sleep = sleep or self._signal.wait
        self._jitter = jitter
        limits = limits or TransportLimits()
        pools = ConnectionPools(pool_size, limits.connect_seconds)
        self._token = GoogleToken(settings, on_secret, pools, self._signal)
        self.transport: Transport = transport or Transport(
            self._token,
            settings.timeout_seconds,
            limits=limits,
            signal=self._signal,
            pools=pools,
            large_bodies=large_bodies,
            secrets=secret_parts(settings),
        )

    def longest_seconds(self, service_tier: str | None = None) -> float:
        """Return how long one request may take, with all its tries: the last one begins within the retry deadline.

        :param service_tier: the tier that it is sent in.
        """
        seconds = service_tiers.response_seconds(service_tier, self.settings.timeout_seconds)
        return self.retry_rules.deadline_seconds + 2 * seconds

    @property
    def project(self) -> str:
        """The project that is billed.

        :raises InvalidConnectionError: neither task, connection nor credentials name one.
        """
        project = self.settings.project or self._token.project
        if not project:
            raise InvalidConnectionError(
                "No Google Cloud project is known. Set project in the connection, or project_id on the task."
            )
        return project

    def check_token(self) -> None:
        """Get a token if this connection sends one.

        :raises CredentialsError: Google gives none for these credentials.
        """
        base = self.settings.endpoint or endpoints.vertex_host(self.settings.location or "global")
        self._token.headers_for(base)

    def request(self, request: HttpRequest, operation: Operation, *, once: bool = False) -> HttpResponse:
        """Send a request, again where :class:`RetryRules` allows it, and return the successful response.

        A refused token is renewed once in each try: nothing was accepted, so that costs nothing.

        :param request: what to send.
        :param operation: what it is about, for errors.
        :param once: the caller repeats it.
        :raises RequestStoppedError: the session is stopped; nothing was sent.
        :raises ImagenError: what any other response means, or why there is none.
        """
        tries = _Tries(free_of_charge=request.free_of_charge, stores_output=request.stores_output)
        while True:
            try:
                self._signal.check(request.method, request.url, free_of_charge=request.free_of_charge)
                response = self.transport.send(request)
                if response.status == HTTPStatus.UNAUTHORIZED:
                    self._token.renew()
                    response = self.transport.send(request)
                if _is_successful(request, response):
                    return response
                raise error_from(response, operation, now=self.now(), free_of_charge=request.free_of_charge)
            except ImagenError as failure:
                if once:
                    raise
                self._wait_for_next_try(tries, failure)

    def stream(self, request: HttpRequest, operation: Operation) -> StreamedResponse:
        """Send a request once and return its response with the body still to be read. A refused token is renewed.

        :param request: what to send.
        :param operation: what it is about, for errors.
        :raises RequestStoppedError: the session is stopped; nothing was sent.
        :raises ImagenError: what a response means that is neither 200 nor 206 nor named by the request, or why there is
            none.
        """
        self._signal.check(request.method, request.url, free_of_charge=request.free_of_charge)
        streamed = self.transport.stream(request)
        if streamed.response.status == HTTPStatus.UNAUTHORIZED:
            self._token.renew()
            streamed = self.transport.stream(request)
        if streamed.response.status in {HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT, *request.other_statuses}:
            return streamed
        raise error_from(streamed.response, operation, now=self.now(), free_of_charge=request.free_of_charge)

    def retry(self, action: Callable[[], ResultT], *, free_of_charge: bool = True) -> ResultT:
        """Run an action until it succeeds, fails for good, its time is up, or the session is stopped.

        :param action: what to run.
        :param free_of_charge: a second run costs nothing, even if the first one was accepted.
        :return: what the action returned.
        :raises ImagenError: what its last run raised.
        :raises RequestStoppedError: the session was stopped between two runs.
        """
        tries = _Tries(free_of_charge=free_of_charge)
        while True:
            try:
                return action()
            except ImagenError as failure:
                self._wait_for_next_try(tries, failure)

    def _wait_for_next_try(self, tries: _Tries, failure: ImagenError) -> None:
        """Pause before the next try, or raise the failure again if there is none."""
        rules, tries.count = self.retry_rules, tries.count + 1
        if not rules.worth_another_try(failure, free_of_charge=tries.free_of_charge, stores_output=tries.stores_output):
            raise failure
        pause = rules.pause_seconds(failure, tries.count, self._jitter())
        if rules.is_too_late(failure, max(time.monotonic() - tries.started, tries.paused), pause):
            raise failure
        if not self._signal.is_stopped:
            at_most = rules.deadline_after(failure)
            log.warning(
                "%s Trying again in %.1f s (try %d), for %g s at most.", failure, pause, tries.count + 1, at_most
            )
            self.pause(pause)
        if self._signal.is_stopped:
            raise RequestStoppedError(f"{failure} The task was stopped, so it was not sent again.") from failure
        tries.paused += pause

    def pause(self, seconds: float) -> None:
        """Let time pass, as between two tries. Ends at once when the session is stopped."""
        if not self._signal.is_stopped:
            self._sleep(seconds)

    @property
    def is_stopped(self) -> bool:
        """Whether requests that may be billed are refused."""
        return self._signal.is_stopped

    def stop(self) -> None:
        """Send no request that may be billed any more, from any thread, and end all pauses.

        Responses under way still arrive. Requests that are free of charge are still sent, each once, so that the
        images in these responses can be stored.
        """
        self._signal.stop()

    def abort(self) -> None:
        """Stop, send nothing at all any more, and end responses under way: their connections are closed."""
        self._signal.abort()
        self.transport.abort()

    def close(self) -> None:
        """Close the pooled connections."""
        self.transport.close()


def _is_successful(request: HttpRequest, response: HttpResponse) -> bool:
    is_deleted = request.method == "DELETE" and response.status == HTTPStatus.NO_CONTENT
    return response.status == HTTPStatus.OK or is_deleted or response.status in request.other_statuses
