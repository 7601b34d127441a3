"""Which proxy leads where: as ``requests`` decides it, over a table of environments, and over real sockets."""

from __future__ import annotations

import base64
import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests.utils

from airflow_provider_imagen.client.auth import GoogleToken
from airflow_provider_imagen.client.connection_pools import CHECK_SECONDS, ConnectionPools
from airflow_provider_imagen.client.http_request import HttpRequest
from airflow_provider_imagen.client.proxies import proxy_for
from airflow_provider_imagen.client.transport import Transport
from airflow_provider_imagen.core.connection import ConnectionSettings
from airflow_provider_imagen.errors import ImagenError, InvalidConnectionError, NotSentError

ENVIRONMENTS: list[dict[str, str]] = [
    {},
    {"HTTPS_PROXY": "http://upper:1"},
    {"https_proxy": "http://lower:1", "HTTPS_PROXY": "http://upper:1"},
    {"https_proxy": "", "HTTPS_PROXY": "http://upper:1"},
    {"HTTP_PROXY": "http://plain:1"},
    {"HTTP_PROXY": "http://plain:1", "REQUEST_METHOD": "GET"},
    {"ALL_PROXY": "http://all:1"},
    {"ALL_PROXY": "http://all:1", "HTTPS_PROXY": "http://tls:1"},
    {"all_proxy": "http://all:1", "https_proxy": ""},
    *(
        {"HTTPS_PROXY": "http://tls:1", "HTTP_PROXY": "http://plain:1", "NO_PROXY": exceptions}
        for exceptions in (
            "*",
            "googleapis.com",
            ".googleapis.com",
            "storage.googleapis.com",
            "apis.com",
            "storage.googleapis.com:443, other.example",
            "storage.googleapis.com:8443",
            "127.0.0.1",
            "127.0.0.0/8",
            "10.0.0.0/8,localhost",
            "localhost",
            " ,",
            "169.254.169.254",
            "no/cidr, 300.0.0.0/8",
        )
    ),
    {"HTTPS_PROXY": "http://tls:1", "no_proxy": "googleapis.com", "NO_PROXY": "other.example"},
    {"HTTPS_PROXY": "http://tls:1", "no_proxy": "", "NO_PROXY": "googleapis.com"},
]
URLS = [
    "https://storage.googleapis.com/",
    "https://storage.googleapis.com:443/",
    "https://storage.googleapis.com:8443/",
    "https://googleapis.com/",
    "http://127.0.0.1:8080/",
    "http://10.1.2.3/",
    "http://localhost:4443/",
    "http://169.254.169.254/",
    "http://[::1]:80/",
]


@pytest.mark.parametrize("environment", ENVIRONMENTS, ids=str)
@pytest.mark.parametrize("url", URLS)
def test_a_host_is_reached_as_requests_reaches_it(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], url: str
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    wanted = requests.utils.select_proxy(url, requests.utils.get_environ_proxies(url))
    assert proxy_for(urlsplit(url)) == (wanted or None)


def test_a_proxy_without_a_scheme_is_a_plain_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "proxy.example:3128")

    assert proxy_for(urlsplit(URLS[0])) == "http://proxy.example:3128"


class Proxy(socketserver.ThreadingTCPServer):
    """Passes everything on to one server, or refuses it, and remembers how it was asked."""

    daemon_threads = True

    def __init__(self, behind: str, refusal: str = "") -> None:
        super().__init__(("127.0.0.1", 0), _ProxyHandler)
        self.behind = urlsplit(behind)
        self.refusal = refusal
        self.asked: list[tuple[str, dict[str, str]]] = []

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"


class _ProxyHandler(socketserver.StreamRequestHandler):
    server: Proxy

    def handle(self) -> None:
        line = self.rfile.readline()
        head = [line]
        headers: dict[str, str] = {}
        while (each := self.rfile.readline()).strip():
            head.append(each)
            name, _, value = each.decode().partition(":")
            headers[name.lower()] = value.strip()
        self.server.asked.append((line.decode().strip(), headers))
        if self.server.refusal:
            self.wfile.write(f"HTTP/1.1 {self.server.refusal}\r\nContent-Length: 0\r\n\r\n".encode())
            return
        with socket.create_connection((self.server.behind.hostname or "", self.server.behind.port or 0)) as behind:
            if line.startswith(b"CONNECT"):
                self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            else:
                behind.sendall(b"".join([*head, b"\r\n"]))
            back = threading.Thread(target=_pump, args=(behind, self.connection), daemon=True)
            back.start()
            _pump(self.connection, behind)
            back.join(30)


def _pump(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        return


@pytest.fixture
def proxy_to() -> Iterator[Callable[..., Proxy]]:
    running: list[tuple[Proxy, threading.Thread]] = []

    def start(behind: str, refusal: str = "") -> Proxy:
        proxy = Proxy(behind, refusal)
        thread = threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        running.append((proxy, thread))
        return proxy

    yield start
    for proxy, thread in running:
        proxy.shutdown()
        proxy.server_close()
        thread.join()


class NoToken:
    def headers_for(self, url: str) -> dict[str, str]:
        return {}


@pytest.fixture
def transport() -> Iterator[Transport]:
    made = Transport(NoToken(), timeout_seconds=5)
    yield made
    made.close()


def test_a_plain_request_goes_through_the_proxy_with_its_whole_address(
    transport: Transport,
    script: Any,
    answer_with: Callable[..., bytes],
    proxy_to: Callable[..., Proxy],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    script.order(answer_with(200, b"{}"))
    proxy = proxy_to(script.url)
    monkeypatch.setenv("HTTP_PROXY", f"http://user%40a:pa%3Ass@{proxy.address}")

    assert transport.send(HttpRequest("GET", "http://storage.example/b", query={"a": "1"})).status == 200

    ((line, headers),) = proxy.asked
    assert (line, headers["host"]) == ("GET http://storage.example/b?a=1 HTTP/1.1", "storage.example")
    assert headers["proxy-authorization"] == f"Basic {base64.b64encode(b'user@a:pa:ss').decode()}"


def test_a_tls_request_goes_through_a_tunnel_and_only_the_proxy_sees_its_password(
    transport: Transport,
    tls_script: Any,
    answer_with: Callable[..., bytes],
    proxy_to: Callable[..., Proxy],
    certificate: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tls_script.order(answer_with(200, b"{}"))
    proxy = proxy_to(tls_script.url)
    monkeypatch.setenv("https_proxy", f"http://user:pass@{proxy.address}")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))

    assert transport.send(HttpRequest("POST", tls_script.url, json={})).status == 200

    ((line, headers),) = proxy.asked
    assert line.startswith(f"CONNECT {urlsplit(tls_script.url).netloc} HTTP/")
    assert headers["proxy-authorization"].startswith("Basic ")
    assert "proxy-authorization" not in tls_script.received[0].headers


def test_a_proxy_that_is_set_later_is_used_soon_after(
    script: Any, answer_with: Callable[..., bytes], proxy_to: Callable[..., Proxy], monkeypatch: pytest.MonkeyPatch
) -> None:
    script.order(answer_with(200, b"{}"))
    proxy, clock = proxy_to(script.url), [0.0]
    transport = Transport(NoToken(), timeout_seconds=5, pools=ConnectionPools(clock=lambda: clock[0]))
    transport.send(HttpRequest("GET", script.url))

    monkeypatch.setenv("HTTP_PROXY", f"http://{proxy.address}")
    clock[0] += CHECK_SECONDS
    transport.send(HttpRequest("GET", script.url))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    clock[0] += CHECK_SECONDS
    transport.send(HttpRequest("GET", script.url))
    transport.close()

    assert len(proxy.asked) == 1
    assert len(script.received) == 3


@pytest.mark.parametrize(
    ("proxy", "text"),
    [
        ("ftp://127.0.0.1:1", "scheme ftp.*Set HTTPS_PROXY or ALL_PROXY on this machine"),
        ("socks5://127.0.0.1:1", "scheme socks5.*Set HTTPS_PROXY or ALL_PROXY on this machine"),
        ("http://", "proxy of this machine"),
        ("http://127.0.0.1:99999", "proxy of this machine"),
    ],
)
def test_a_proxy_that_cannot_be_used_is_a_fault_of_this_machine(
    transport: Transport, monkeypatch: pytest.MonkeyPatch, proxy: str, text: str
) -> None:
    monkeypatch.setenv("ALL_PROXY", proxy)

    with pytest.raises(InvalidConnectionError, match=f"Nothing was sent.*{text}"):
        transport.send(HttpRequest("GET", "http://storage.example/"))


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"])
def test_certificates_to_trust_are_named_by_the_environment(
    transport: Transport,
    tls_script: Any,
    answer_with: Callable[..., bytes],
    certificate: Path,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
) -> None:
    tls_script.order(answer_with(200, b"{}"))
    monkeypatch.setenv(variable, str(certificate))

    assert transport.send(HttpRequest("POST", tls_script.url, json={})).status == 200
    assert transport.send(HttpRequest("POST", tls_script.url, json={})).status == 200
    assert tls_script.connections == 1


@pytest.mark.parametrize(
    ("refusal", "kind", "text"),
    [
        ("407 Proxy Authentication Required", InvalidConnectionError, "asks for a login.*address in HTTPS_PROXY"),
        ("403 Forbidden", InvalidConnectionError, "refuses it \\(403 Forbidden\\).*name it in NO_PROXY"),
        ("502 Bad Gateway", NotSentError, "Check the network, the proxy"),
        ("429 Too Many Requests", NotSentError, "Check the network, the proxy"),
    ],
)
def test_a_proxy_that_opens_no_tunnel_is_asked_again_only_if_that_can_help(
    transport: Transport,
    proxy_to: Callable[..., Proxy],
    monkeypatch: pytest.MonkeyPatch,
    refusal: str,
    kind: type[ImagenError],
    text: str,
) -> None:
    proxy = proxy_to("http://127.0.0.1:9", refusal)
    monkeypatch.setenv("HTTPS_PROXY", f"http://{proxy.address}")

    with pytest.raises(kind, match=f"Nothing was sent.*{text}|{text}"):
        transport.send(HttpRequest("POST", "https://aiplatform.googleapis.com/v1", json={}))
    assert len(proxy.asked) == 1


def test_the_way_to_the_token_server_is_judged_like_any_other(
    proxy_to: Callable[..., Proxy], monkeypatch: pytest.MonkeyPatch, key: dict[str, str]
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://{proxy_to('http://127.0.0.1:9', '407 No').address}")
    settings = ConnectionSettings(keyfile_dict={**key, "token_uri": "https://oauth2.googleapis.com/token"}, scope=())

    with pytest.raises(InvalidConnectionError, match="not even to the token server.*HTTPS_PROXY"):
        GoogleToken(settings).headers_for("https://aiplatform.googleapis.com/")
