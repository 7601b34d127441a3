"""No extra but those of the allowlist has an effect, and no host but Google's gets a token."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

import pytest
import urllib3
from hypothesis import assume, example, given
from hypothesis import strategies as st

from airflow_provider_imagen.core.connection import NOT_SUPPORTED, OLD_PREFIX, ConnectionSettings, read_settings
from airflow_provider_imagen.core.connection_secrets import SECRET_NAMES, secret_parts
from airflow_provider_imagen.core.protocols.endpoints import is_google
from airflow_provider_imagen.errors import InvalidConnectionError

KNOWN = set(ConnectionSettings.model_fields)
text = st.text(st.characters(exclude_categories=[]), max_size=20)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=6,
)
other_names = st.one_of(
    text,
    st.sampled_from(["proxy", "verify", "num_retries", "host", "token", "universe_domain", "Endpoint", "endpoint "]),
    st.sampled_from(sorted(KNOWN)).flatmap(lambda name: st.sampled_from([name.upper(), f"{name}_", f"_{name}"])),
).filter(lambda name: name not in KNOWN | set(NOT_SUPPORTED) and not name.startswith(OLD_PREFIX))
SOUND = {"project": "p", "location": "us-central1", "endpoint": "http://127.0.0.1:8085", "timeout_seconds": 5}


@given(others=st.dictionaries(other_names, values, max_size=5))
def test_an_extra_that_is_not_listed_has_no_effect(others: dict[str, Any]) -> None:
    assert read_settings("c", {**others, **SOUND}) == read_settings("c", SOUND)
    assert read_settings("c", others) == ConnectionSettings()


@given(others=st.dictionaries(st.sampled_from([f"{OLD_PREFIX}{name}" for name in ("num_retries", "x", "")]), values))
def test_nor_has_an_unlisted_one_with_the_old_prefix(others: dict[str, Any]) -> None:
    assert read_settings("c", {**others, **SOUND}) == read_settings("c", SOUND)


@given(extras=st.dictionaries(st.sampled_from(sorted(KNOWN)), values, max_size=4))
@example({"keyfile_dict": "[" * 100_000})
@example({"credential_config_file": '{"a":' * 100_000})
@example({"keyfile_dict": "9" * 5000})
@example({"timeout_seconds": 10**400})
@example({"timeout_seconds": "1e999"})
def test_any_value_of_a_listed_one_is_read_or_becomes_our_error(extras: dict[str, Any]) -> None:
    refusal = ""
    try:
        list(secret_parts(read_settings("c", extras)))
    except InvalidConnectionError as failure:
        refusal = str(failure)
    refusal.encode()


planted = st.text("abcdefghijklmnopqrstuvwxyz", min_size=12, max_size=40).map(lambda tail: f"planted{tail}")


@given(secret=planted, name=st.sampled_from(SECRET_NAMES), as_text=st.booleans())
def test_a_secret_is_in_no_repr_and_no_error(secret: str, name: str, as_text: bool) -> None:
    value = {"type": "x", "nested": {name: secret}}
    extra: Any = json.dumps(value) if as_text else value
    settings = read_settings("c", {"keyfile_dict": extra, "credential_config_file": extra})

    assert secret not in f"{settings!r} {settings}"
    assert secret in set(secret_parts(settings))
    with pytest.raises(InvalidConnectionError) as caught:
        read_settings("c", {"keyfile_dict": json.dumps(value)[:-1], "timeout_seconds": secret, "endpoint": secret})
    assert secret not in f"{caught.value!r} {caught.value} {caught.value.__cause__!r}"


# What surrounds and disguises a host, put together at random.
SCHEMES = ["https://", "HTTPS://", "http://", "https:/", "https:\\\\", "//", "ftp://", " https://", "https://\t"]
HOSTS = [
    "aiplatform.googleapis.com",
    "us-central1-aiplatform.GoogleAPIs.com",
    "storage.googleapis.com.",
    "googleapis.com",
    "googleapis.com.evil.org",
    "evil-googleapis.com",
    "storage.googleapis.com%2eevil.org",
    "storage.g\u043e\u043egleapis.com",
    "storage.googleapis\u3002com",
    "storage.googleapis.c\u043em",
    "xn--ggleapis-n4a.com",
    "evil.org",
    "127.0.0.1",
    "[::1]",
]
BEFORE = [
    "",
    "user@",
    "user:pass@",
    "@",
    "evil.org\\@",
    "evil.org#@",
    "evil.org?@",
    "evil.org/",
    "storage.googleapis.com@",
]
AFTER = [
    "",
    "/",
    ":443",
    ":443/",
    ":8443/x",
    ":",
    ":x",
    "@evil.org/",
    "\\@evil.org",
    "#@evil.org",
    "?x=@evil.org",
    ".evil.org",
]
urls = st.one_of(
    st.tuples(st.sampled_from(SCHEMES), st.sampled_from(BEFORE), st.sampled_from(HOSTS), st.sampled_from(AFTER)).map(
        "".join
    ),
    st.tuples(st.sampled_from(["https://", "https://storage.googleapis.com"]), text).map("".join),
    st.tuples(st.just("https://"), text, st.just(".googleapis.com/")).map("".join),
)


def is_surely_google(url: str) -> bool:
    """Say it from what the HTTP library itself will connect to; everybody who reads the URL must agree."""
    try:
        library, python = urllib3.util.parse_url(url), urlsplit(url)
        hosts = {library.host, python.hostname}
    except (urllib3.exceptions.LocationParseError, ValueError):
        return False
    if hosts == {None} or len({(host or "").lower() for host in hosts}) != 1:
        return False
    host = str(library.host).lower()
    return library.scheme == python.scheme == "https" and library.auth is None and host.endswith(".googleapis.com")


@given(url=urls)
@example("https://storage.googleapis.com:443@evil.org/")
@example("https://evil.org\\.googleapis.com/")
def test_where_a_token_may_go_the_http_library_connects_to_google(url: str) -> None:
    if is_google(url):
        assert is_surely_google(url)
        assert url.isascii() or urlsplit(url).netloc.isascii()


@given(
    label=st.text("abcdefghijklmnopqrstuvwxyz0123456789-", min_size=1, max_size=30),
    port=st.none() | st.integers(1, 65535),
    path=st.text("abc/?=&%._-", max_size=20),
)
def test_a_token_may_go_to_every_plain_address_of_google(label: str, port: int | None, path: str) -> None:
    assume(not label.startswith("-"))

    assert is_google(f"https://{label}.googleapis.com{'' if port is None else f':{port}'}/{path}")
