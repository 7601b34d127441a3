"""What a refused connection is told to be: an endpoint of the connection where nothing listens, or something else."""

from __future__ import annotations

import pickle

import pytest
from urllib3.exceptions import HTTPError, NewConnectionError, ProxyError

from airflow_provider_imagen.client.transport_errors import transport_error
from airflow_provider_imagen.errors import ImagenError, NotSentError

MODEL = "/v1/projects/p/locations/global/publishers/google/models/m:predict"
OBJECT = "/upload/storage/v1/b/bucket/o"


def error_of(place: str, *, by_proxy: bool = False, cause: Exception | None = None) -> ImagenError:
    failure: HTTPError = NewConnectionError(None, "no connection")  # type: ignore[arg-type]
    failure.__cause__ = cause or ConnectionRefusedError(111, "Connection refused")
    failure = ProxyError("Unable to connect to proxy", failure) if by_proxy else failure
    return transport_error(failure, "POST", place, "", was_sent=False)


@pytest.mark.parametrize(
    ("place", "address", "name"),
    [
        (f"http://127.0.0.1:8085{MODEL}", "http://127.0.0.1:8085", "endpoint"),
        (f"http://127.0.0.1:8085/behind{OBJECT}", "http://127.0.0.1:8085", "storage_endpoint"),
        (f"https://vertex.example:443{MODEL}", "https://vertex.example:443", "endpoint"),
    ],
)
def test_where_nothing_listens_the_extra_is_named_that_says_so(place: str, address: str, name: str) -> None:
    error = pickle.loads(pickle.dumps(error_of(place)))

    assert isinstance(error, NotSentError)
    assert error.is_refused
    assert str(error).startswith(f"Nothing listens at {address}, the connection's {name} (connection refused).")
    assert str(error).endswith(f"or correct {name}.")


@pytest.mark.parametrize(
    "error",
    [
        error_of(f"https://aiplatform.googleapis.com{MODEL}"),
        error_of(f"http://127.0.0.1:8085{MODEL}", by_proxy=True),
        error_of(f"http://127.0.0.1:8085{MODEL}", cause=TimeoutError()),
    ],
)
def test_what_google_a_proxy_or_the_network_does_is_no_matter_of_an_endpoint(error: ImagenError) -> None:
    assert isinstance(error, NotSentError)
    assert not error.is_refused
    assert str(error).startswith("No connection to ")
