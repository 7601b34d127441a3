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
JOBS = "/v1/projects/p/locations/global/batchPredictionJobs"
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


class BatchClient:
    """Writes lines to Cloud Storage, creates jobs for them and reads their results."""

    def __init__(self, http: HttpClient) -> None:
        self.http = http

    def line(self, prompt: str = "a red boat", key: str | None = None, **request: Any) -> dict[str, Any]:
        """Return one line of an input."""
        contents = [{"role": "user", "parts": [{"text": prompt}]}]
        config = {"responseModalities": ["IMAGE"]}
        line = {"request": {"contents": contents, "generationConfig": config, **request}}
        return line if key is None else {"key": key, **line}

    def lines(self, count: int) -> list[dict[str, Any]]:
        """Return lines with the keys r0, r1 ..."""
        return [self.line(f"boat {index}", f"r{index}") for index in range(count)]

    def write(self, lines: list[Any], name: str = "in/requests.jsonl") -> None:
        """Store lines, each an object or text."""
        texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
        assert self.http.upload(name, "\n".join(texts).encode()).status == 200

    def body(self, **more: Any) -> dict[str, Any]:
        """Return the body of a creation."""
        return {
            "displayName": "my-job",
            "model": "publishers/google/models/gemini-3.1-flash-image",
            "inputConfig": {"instancesFormat": "jsonl", "gcsSource": {"uris": ["gs://bucket/in/requests.jsonl"]}},
            "outputConfig": {
                "predictionsFormat": "jsonl",
                "gcsDestination": {"outputUriPrefix": "gs://bucket/out/"},
            },
            **more,
        }

    def create(self, lines: list[Any] | None = None, **more: Any) -> dict[str, Any]:
        """Create a job for some lines."""
        if lines is not None:
            self.write(lines)
        created = self.http.post(JOBS, self.body(**more))
        assert created.status == 200, created.body
        return dict(created.json)

    def get(self, job: dict[str, Any]) -> dict[str, Any]:
        """Look at a job."""
        return dict(self.http.get(f"/v1/{job['name']}").json)

    def ended(self, job: dict[str, Any]) -> dict[str, Any]:
        """Look at a job until it has ended."""
        for _ in range(9):
            if "endTime" in (job := self.get(job)):
                return job
        raise AssertionError(job)

    def run(self, lines: list[Any], **more: Any) -> dict[str, Any]:
        """Create a job and look at it until it has ended."""
        return self.ended(self.create(lines, **more))

    def cancel(self, job: dict[str, Any]) -> HttpResponse:
        """Cancel a job."""
        return self.http.post(f"/v1/{job['name']}:cancel", {})

    def found(self, query: str = "") -> list[str]:
        """Return the display names in a list."""
        page = self.http.get(f"{JOBS}?{query}")
        assert page.status == 200, page.body
        return [job["displayName"] for job in page.json.get("batchPredictionJobs", [])]

    def results(self, job: dict[str, Any], file: str = "predictions.jsonl") -> list[dict[str, Any]]:
        """Return the results of a job."""
        name = f"{job['outputInfo']['gcsOutputDirectory'].removeprefix('gs://bucket/')}/{file}"
        return [json.loads(line) for line in self.http.download(name).body.splitlines()]


@pytest.fixture
def batches(google: HttpClient) -> BatchClient:
    return BatchClient(google)


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
