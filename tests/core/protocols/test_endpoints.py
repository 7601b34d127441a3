"""Where requests go, and where a token may go."""

from __future__ import annotations

import pytest

from airflow_provider_imagen.core.protocols.endpoints import (
    STORAGE,
    is_google,
    listing_url,
    lookup_url,
    model_url,
    vertex_host,
)


@pytest.mark.parametrize(
    ("location", "host"),
    [
        ("us-central1", "https://us-central1-aiplatform.googleapis.com"),
        ("europe-west4", "https://europe-west4-aiplatform.googleapis.com"),
        ("global", "https://aiplatform.googleapis.com"),
        ("us", "https://aiplatform.us.rep.googleapis.com"),
        ("eu", "https://aiplatform.eu.rep.googleapis.com"),
    ],
)
def test_every_location_has_its_host_and_a_token_may_go_there(location: str, host: str) -> None:
    assert vertex_host(location) == host
    assert is_google(model_url(host, "p", location, "m", "predict"))
    assert is_google(lookup_url(host, "m"))


def test_urls_are_those_of_the_reference() -> None:
    base = vertex_host("us-central1")

    assert model_url(base, "my-project", "us-central1", "imagegeneration@006", "predict") == (
        "https://us-central1-aiplatform.googleapis.com/v1/projects/my-project/locations/us-central1"
        "/publishers/google/models/imagegeneration@006:predict"
    )
    assert lookup_url(base, "imagen-4.0-generate-001") == (
        "https://us-central1-aiplatform.googleapis.com/v1/publishers/google/models/imagen-4.0-generate-001"
    )
    assert listing_url(STORAGE, "bucket") == "https://storage.googleapis.com/storage/v1/b/bucket/o"
    assert is_google(listing_url(STORAGE, "bucket"))


def test_a_project_of_a_domain_keeps_its_colon() -> None:
    assert "/projects/example.com:p/" in model_url("http://x", "example.com:p", "l", "m", "predict")


@pytest.mark.parametrize("odd", ["a/b", "../b", "a?b", "a#b", "a b", "a%2Fb"])
def test_nothing_leaves_its_place_in_the_path(odd: str) -> None:
    urls = [
        model_url("http://x", odd, "l", "m", "predict"),
        model_url("http://x", "p", odd, "m", "predict"),
        model_url("http://x", "p", "l", odd, "predict"),
    ]

    assert {url.count("/") for url in urls} == {model_url("http://x", "p", "l", "m", "predict").count("/")}
    assert not any(odd in url for url in [*urls, lookup_url("http://x", odd), listing_url("http://x", odd)])


@pytest.mark.parametrize(
    "url",
    [
        "https://aiplatform.googleapis.com",
        "https://storage.googleapis.com/",
        "https://storage.googleapis.com:443/x",
        "HTTPS://Storage.GoogleAPIs.com/x",
        "https://aiplatform.us.rep.googleapis.com/v1/x?a=b#c",
    ],
)
def test_a_token_may_go_to_google(url: str) -> None:
    assert is_google(url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "googleapis.com",
        "http://storage.googleapis.com/",
        "ftp://storage.googleapis.com/",
        "//storage.googleapis.com/",
        "https://googleapis.com/",
        "https://evilgoogleapis.com/",
        "https://evil-googleapis.com/",
        "https://googleapis.com.evil.com/",
        "https://storage.googleapis.com.evil.com/",
        "https://evil.com/.googleapis.com",
        "https://evil.com?.googleapis.com",
        "https://evil.com#.googleapis.com",
        "https://evil.com\\.googleapis.com",
        "https://evil.com\\@storage.googleapis.com/",
        "https://evil.com:443.googleapis.com/",
        "https://evil.com%2f.googleapis.com/",
        "https://evil.com\n.googleapis.com/",
        "https://evil.com\t.googleapis.com/",
        "https://user@storage.googleapis.com/",
        "https://user:pass@storage.googleapis.com/",
        "https://@storage.googleapis.com/",
        "https://storage.googleapis.com@evil.com/",
        "https://storage.googleapis.com:x@evil.com/",
        "https://storage.googleapis.com:443@evil.com/",
        "https://.googleapis.com/",
        "https://[",
        " https://storage.googleapis.com/",
        "http://127.0.0.1:8085/",
        "https://ü.googleapis.com/",
    ],
)
def test_a_token_may_not_go_anywhere_else(url: str) -> None:
    assert not is_google(url)
