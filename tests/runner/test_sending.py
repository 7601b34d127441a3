"""An outcome that came is noted, wherever a time-out interrupts the thread that waits for it."""

from __future__ import annotations

from airflow_provider_imagen.core.responses import ImagesResponse
from airflow_provider_imagen.errors import ResponseLostError
from airflow_provider_imagen.runner.sending import EndedRequests, Round


def test_an_outcome_whose_number_the_interrupted_reader_took_is_noted_at_the_stop() -> None:
    ended, found = EndedRequests(), Round()
    response = ImagesResponse((), 1, ())
    ended.add(0, response)
    ended.queue.get()

    ended.drain_into(found, 1)

    assert found.responses == [response]


def test_an_error_that_was_noted_before_the_stop_stays_what_it_is() -> None:
    ended, found = EndedRequests(), Round()
    ended.add(0, ResponseLostError("no response"))
    ended.wait_into(found)

    ended.drain_into(found, 1)

    assert found.lost == [0]
