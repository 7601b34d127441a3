"""A client of the emulator that speaks HTTP and imports nothing of the provider's client."""

from __future__ import annotations

import base64
import http.client
import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from PIL import Image

IMAGEN_4 = "imagen-4.0-generate-001"
UPSCALER = "imagen-4.0-upscale-preview"
PLACE = "projects/p/locations/us-central1/publishers/google/models"


@dataclass(frozen=True)
class HttpResponse:
    """A response."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def message(self) -> str:
        return str(self.json["error"]["message"])

    @property
    def predictions(self) -> list[dict[str, Any]]:
        assert self.status == 200, self.body
        return list(self.json["predictions"])


class HttpClient:
    """Sends each request over a new connection."""

    def __init__(self, endpoint: str) -> None:
        self._place = urlsplit(endpoint)

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        content_type: str = "application/json",
        headers: dict[str, str] | None = None,
    ) -> HttpResponse:
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        described = {"Content-Type": content_type} if data is not None else {}
        connection = http.client.HTTPConnection(self._place.hostname or "", self._place.port, timeout=300)
        try:
            connection.request(method, path, data, described | (headers or {}))
            answer = connection.getresponse()
            return HttpResponse(answer.status, answer.headers, answer.read())
        finally:
            connection.close()

    def get(self, path: str) -> HttpResponse:
        return self.send("GET", path)

    def post(self, path: str, body: Any = None) -> HttpResponse:
        return self.send("POST", path, body)

    def predict(self, body: Any, model: str = IMAGEN_4, version: str = "v1") -> HttpResponse:
        return self.post(f"/{version}/{PLACE}/{model}:predict", body)

    def generate(self, *, prompt: str = "a red boat", model: str = IMAGEN_4, **parameters: Any) -> HttpResponse:
        """Ask for images; one, unless the parameters say otherwise."""
        parameters = {"sampleCount": 1, **parameters}
        return self.predict({"instances": [{"prompt": prompt}], "parameters": parameters}, model)

    def upscale(
        self, image: dict[str, Any], factor: str | None = "x2", *, model: str = UPSCALER, **more: Any
    ) -> HttpResponse:
        config = {"upscaleConfig": {"upscaleFactor": factor}} if factor else {}
        parameters = {"mode": "upscale", "sampleCount": 1, **config, **more}
        return self.predict({"instances": [{"image": image}], "parameters": parameters}, model)

    def objects(self, bucket: str = "bucket", query: str = "") -> HttpResponse:
        return self.get(f"/storage/v1/b/{bucket}/o?{query}")

    def upload(self, name: str, data: bytes, content_type: str = "text/plain", bucket: str = "bucket") -> HttpResponse:
        path = f"/upload/storage/v1/b/{bucket}/o?uploadType=media&name={quote(name, safe='')}"
        return self.send("POST", path, data, content_type)

    def download(self, name: str, bucket: str = "bucket", query: str = "alt=media") -> HttpResponse:
        return self.get(f"/storage/v1/b/{bucket}/o/{quote(name, safe='')}?{query}")


@pytest.fixture
def google(emulator: Any) -> HttpClient:
    return HttpClient(emulator.endpoint)


@pytest.fixture(scope="session")
def make_client() -> type[HttpClient]:
    return HttpClient


@pytest.fixture(scope="session")
def picture() -> Callable[..., bytes]:
    """Return a function that makes an image file."""

    def make(size: tuple[int, int] = (30, 20), kind: str = "PNG", mode: str = "RGB") -> bytes:
        file = io.BytesIO()
        Image.new(mode, size, "red" if mode == "RGB" else 0).save(file, kind)
        return file.getvalue()

    return make


@pytest.fixture(scope="session")
def image_of() -> Callable[[dict[str, Any]], Image.Image]:
    """Return a function that decodes the image of a prediction, all of it."""

    def decode(prediction: dict[str, Any]) -> Image.Image:
        image = Image.open(io.BytesIO(base64.b64decode(prediction["bytesBase64Encoded"], validate=True)))
        image.load()
        return image

    return decode


@pytest.fixture(scope="session")
def inline() -> Callable[[bytes], dict[str, str]]:
    """Return a function that puts the bytes of an image into a request."""
    return lambda data: {"bytesBase64Encoded": base64.b64encode(data).decode(), "mimeType": "image/png"}
