"""What a task instance leaves behind for its next try: what was asked, when, and what came of it.

A receipt is a small JSON document. It tells a later try which images are its own, also in a folder that many share.
"""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from airflow_provider_imagen.core.requests import ImageRequest

FILE_NAME = "request.json"
MIME_TYPE = "application/json"
LARGEST_BYTES = 1 << 20


class Receipt(BaseModel):
    """One request of one task instance.

    :param fingerprint: tells this request from every other; see :func:`fingerprint_of`.
    :param asked_at: when it was sent, by the worker's clock.
    :param earlier: images that were in the task's folder before it.
    :param result: the ``result`` document, once every image is stored; None: asked, and nothing known yet.
    :param given_up: a person was told that its images cannot be told from others'. They may still be there, so nobody
        else takes them; the next try of this task asks anew.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    version: Literal[1] = 1
    fingerprint: str
    asked_at: AwareDatetime
    earlier: tuple[str, ...] = ()
    result: dict[str, Any] | None = None
    given_up: bool = False

    @property
    def uris(self) -> tuple[str, ...]:
        """The URIs of the images that the result names."""
        images = (self.result or {}).get("images")
        listed = images if isinstance(images, list) else []
        return tuple(str(image["uri"]) for image in listed if isinstance(image, dict) and "uri" in image)

    def with_result(self, document: dict[str, Any]) -> Receipt:
        """Return the receipt of a request whose images are stored."""
        return self.model_copy(update={"result": document})

    def encode(self) -> bytes:
        """Return the receipt as a file."""
        return json.dumps(self.model_dump(mode="json"), indent=1).encode()


def read_receipt(content: bytes | str | None) -> Receipt | None:
    """Return the receipt in a file, None if there is none that can be read: then nothing is known of an earlier try."""
    if content is None:
        return None
    try:
        return Receipt.model_validate_json(content)
    except ValidationError:
        return None


def new_receipt(fingerprint: str, asked_at: datetime, earlier: tuple[str, ...] = ()) -> Receipt:
    """Return the receipt of a request that is about to be sent."""
    return Receipt(fingerprint=fingerprint, asked_at=asked_at, earlier=earlier)


def fingerprint_of(request: ImageRequest) -> str:
    """Return a text that is the same for the same request, and tells nothing about its words."""
    asked = json.dumps(request.sent_arguments(), sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(asked.encode()).hexdigest()
