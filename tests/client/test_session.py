"""The session: sends again only what is safe, as long as Google asks, inside the deadline; and nothing once stopped."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from airflow_provider_imagen.client.http_request import HttpRequest
from airflow_provider_imagen.client.session import Session
from airflow_provider_imagen.core.connection import ConnectionSettings
from airflow_provider_imagen.core.protocols.http_errors import Operation
from airflow_provider_imagen.core.recovery.retry import RetryRules
from airflow_provider_imagen.errors import (
    ImagenError,
    NotSentError,
    PermissionDeniedError,
    QuotaExceededError,
    RequestRejectedError,
    RequestStoppedError,
    ResponseLostError,
    ServerError,
    ServiceUnavailableError,
)

OPERATION = Operation("Asking")


def session_of(**options: Any) -> Session:
    return Session(ConnectionSettings(project="one", is_anonymous=True), **options)


@pytest.mark.parametrize("is_streamed", [False, True])
@pytest.mark.parametrize("settings", [{"is_anonymous": True}, {}])
def test_a_401_to_a_request_without_a_token_blames_no_key(
    script: Any, answer_with: Callable[..., bytes], settings: dict[str, bool], is_streamed: bool
) -> None:
    script.order(answer_with(401))
    session = Session(ConnectionSettings(project="one", storage_endpoint=script.url, **settings))
    send = session.stream if is_streamed else session.request

    with pytest.raises(PermissionDeniedError, match="No token was sent: .*send_credentials_to_endpoint") as caught:
        send(HttpRequest("GET", script.url, free_of_charge=True), OPERATION)
    assert "renew the key" not in str(caught.value)
    session.close()


class Played:
    """An action that fails with the given errors in turn, then succeeds; and a sleep that only remembers."""

    def __init__(self, *failures: ImagenError) -> None:
        self.failures = list(failures)
        self.tries = 0
        self.pauses: list[float] = []

    def __call__(self) -> str:
        self.tries += 1
        if self.failures:
            raise self.failures.pop(0)
        return "done"

    def session(self, deadline_seconds: float = 600.0) -> Session:
        rules = RetryRules(deadline_seconds=deadline_seconds)
        return session_of(sleep=self.pauses.append, jitter=lambda: 1.0, retry_rules=rules)


@pytest.mark.parametrize(
    "failure", [NotSentError("x"), QuotaExceededError("x"), ServiceUnavailableError("x"), ServerError("x")]
)
def test_tries_again_when_google_accepted_nothing(failure: ImagenError) -> None:
    played = Played(failure, failure)

    assert played.session().retry(played, free_of_charge=False) == "done"
    assert (played.tries, played.pauses) == (3, [1.0, 2.0])


def test_never_repeats_a_request_that_may_have_been_billed() -> None:
    played = Played(ResponseLostError("x"))

    with pytest.raises(ResponseLostError):
        played.session().retry(played, free_of_charge=False)
    assert played.tries == 1


def test_repeats_a_lost_answer_that_cost_nothing() -> None:
    played = Played(ResponseLostError("x"))

    assert played.session().retry(played, free_of_charge=True) == "done"


def test_does_not_repeat_what_cannot_succeed() -> None:
    played = Played(RequestRejectedError("x"))

    with pytest.raises(RequestRejectedError):
        played.session().retry(played, free_of_charge=True)
    assert played.tries == 1


def test_waits_as_long_as_google_asks() -> None:
    played = Played(QuotaExceededError("x", 30.0))

    played.session().retry(played, free_of_charge=False)

    assert played.pauses == [31.0]


def test_gives_up_at_once_when_google_asks_to_wait_past_the_deadline() -> None:
    played = Played(QuotaExceededError("x", 3600.0))

    with pytest.raises(QuotaExceededError):
        played.session().retry(played, free_of_charge=False)
    assert (played.tries, played.pauses) == (1, [])


def test_all_pauses_together_stay_inside_the_deadline() -> None:
    played = Played(*[ServiceUnavailableError("x")] * 1000)

    with pytest.raises(ServiceUnavailableError):
        played.session(deadline_seconds=100.0).retry(played, free_of_charge=False)
    assert played.pauses == [1.0, 2.0, 4.0, 8.0, 16.0, 32.0]
    assert played.tries == len(played.pauses) + 1


def test_says_why_and_when_it_tries_again(caplog: pytest.LogCaptureFixture) -> None:
    played = Played(QuotaExceededError("No quota left."))

    played.session().retry(played, free_of_charge=False)

    assert "No quota left. Trying again in 1.0 s (try 2), for 600 s at most." in caplog.text


def test_returns_the_result_of_a_first_try_without_a_pause() -> None:
    played = Played()
    action: Callable[[], str] = played

    assert played.session().retry(action, free_of_charge=False) == "done"
    assert played.pauses == []


def test_a_stopped_session_sends_nothing_that_may_be_billed(script: Any, answer_with: Callable[..., bytes]) -> None:
    script.order(answer_with(200))
    session = session_of()
    session.stop()

    with pytest.raises(RequestStoppedError, match="stopped before POST .* was sent. Nothing was billed"):
        session.request(HttpRequest("POST", script.url, json={}), OPERATION)
    assert script.connections == 0


def test_a_stopped_session_still_stores_images_that_were_under_way(
    script: Any, answer_with: Callable[..., bytes]
) -> None:
    script.order(answer_with(503), answer_with(200))
    session = session_of()
    session.stop()
    upload = HttpRequest("POST", script.url, json={}, free_of_charge=True)

    with pytest.raises(RequestStoppedError, match="HTTP 503.*not sent again"):
        session.request(upload, OPERATION)
    assert session.request(upload, OPERATION).status == 200


def test_a_request_that_is_connecting_when_the_session_is_stopped_is_not_sent(
    script: Any, answer_with: Callable[..., bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    from urllib3.util import connection

    script.order(answer_with(200))
    session, connect = session_of(), connection.create_connection

    def stop_meanwhile(*arguments: Any, **options: Any) -> Any:
        session.stop()
        return connect(*arguments, **options)

    monkeypatch.setattr(connection, "create_connection", stop_meanwhile)

    with pytest.raises(RequestStoppedError):
        session.request(HttpRequest("POST", script.url, json={}), OPERATION)
    assert script.received == []


def test_a_pause_ends_at_once_when_the_session_is_stopped() -> None:
    session = session_of()
    threading.Timer(0.01, session.stop).start()

    session.pause(600)
    session.pause(600)


def test_a_back_off_that_is_cut_short_sends_nothing_more() -> None:
    played = Played(QuotaExceededError("No quota left."))
    session = session_of(sleep=lambda seconds: session.stop(), jitter=lambda: 1.0)

    with pytest.raises(RequestStoppedError, match="No quota left.*not sent again"):
        session.retry(played, free_of_charge=False)
    assert played.tries == 1


@pytest.mark.parametrize("begun", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{", b"HTTP/1.0 200 OK\r\n\r\n{"])
def test_an_aborted_session_ends_a_response_that_a_thread_reads(script: Any, begun: bytes) -> None:
    script.order(begun)
    session = session_of()
    outcome: list[BaseException] = []

    def ask() -> None:
        try:
            session.request(HttpRequest("POST", script.url, json={}), OPERATION)
        except ImagenError as failure:
            outcome.append(failure)

    reading = threading.Thread(target=ask, daemon=True)
    reading.start()
    assert script.has_read.wait(300)
    session.stop()
    session.abort()
    reading.join(300)

    assert [type(each) for each in outcome] == [ResponseLostError]


def test_an_aborted_session_sends_nothing_at_all(script: Any, answer_with: Callable[..., bytes]) -> None:
    script.order(answer_with(200))
    session = session_of()
    session.abort()

    with pytest.raises(RequestStoppedError):
        session.request(HttpRequest("GET", script.url, free_of_charge=True), OPERATION)
    assert script.connections == 0
