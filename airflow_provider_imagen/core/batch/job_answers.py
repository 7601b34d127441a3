"""What one line of a job's results says: images, Google's refusal, or an error, judged as an online answer is."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import NamedTuple

from airflow_provider_imagen.core.batch.job_lines import LineKey, key_of_answer
from airflow_provider_imagen.core.lenient_json import read_json
from airflow_provider_imagen.core.protocols.error_body import without_credentials
from airflow_provider_imagen.core.protocols.generate_content_response import judge
from airflow_provider_imagen.core.protocols.http_errors import HttpResponse, Operation, error_from
from airflow_provider_imagen.core.protocols.json_fields import objects, text_of
from airflow_provider_imagen.core.responses import ImagesResponse
from airflow_provider_imagen.core.text import counted, shortened
from airflow_provider_imagen.errors import ImagenError, ServerError, UnexpectedResponseError

HTTP_STATUS = {
    1: 499,
    2: 500,
    3: 400,
    4: 504,
    5: 404,
    6: 409,
    7: 403,
    8: 429,
    9: 400,
    10: 409,
    11: 400,
    12: 501,
    13: 500,
    14: 503,
    15: 500,
    16: 401,
}
"""gRPC codes, which results use beside HTTP's. Source: ``google/rpc/code.proto``."""

HTTP_STATUSES = range(400, 600)
LONGEST_STATUS = 500
_EPOCH = datetime.fromtimestamp(0, UTC)
_OPERATION = Operation(
    "A line of the batch job",
    when_not_found="Check the model id, the location, and that every picture is there.",
    when_forbidden="Give Vertex AI's service agent the right to read the pictures of the request.",
)


class LineAnswer(NamedTuple):
    """One line of a job's results.

    :param key: which request it answers, None if it does not say.
    :param response: what Google made, or why a filter or the model did not want to; None after an error.
    :param failure: the error of the line, None when there is a response.
    """

    key: LineKey | None
    response: ImagesResponse | None
    failure: ImagenError | None

    @property
    def has_image(self) -> bool:
        """Whether an image came. Google charges for each of these lines, also for two of one request."""
        return self.response is not None and bool(self.response.images)


def decode_line(line: bytes) -> LineAnswer:
    """Read one line of a job's results. Raises nothing: whatever it holds, the lines after it are read.

    :param line: as it came, with or without its line break.
    """
    try:
        answer = read_json(line)
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        unreadable = UnexpectedResponseError(
            f"{counted(len(line), 'byte of the results is', 'bytes of the results are')} no JSON object."
        )
        return LineAnswer(None, None, unreadable)
    key = key_of_answer(answer)
    response = next((each for each in objects(answer.get("response")) if each), None)
    if status := text_of(answer.get("status")):
        return LineAnswer(key, None, _error_in(status))
    if response is None:
        empty = ServerError("Google processed this line and answered neither with a response nor with an error.")
        return LineAnswer(key, None, empty)
    try:
        return LineAnswer(key, judge(response, 1), None)
    except ImagenError as failure:
        return LineAnswer(key, None, failure)


def _error_in(status: str) -> ImagenError:
    """Return the error in a ``status``: some words, then JSON in the form of Google's error bodies."""
    start = status.find("{")
    try:
        content = read_json(status[start:].encode()) if start >= 0 else None
    except ValueError:
        content = None
    error = next(objects(content), {})
    error = next(objects(error.get("error")), error)
    code = error.get("code")
    http_status = HTTP_STATUS.get(code, code) if isinstance(code, int) else 0
    if http_status not in HTTP_STATUSES:
        said = shortened(without_credentials(status), LONGEST_STATUS)
        return ServerError(f"A line of the batch job: {said} It is not charged. Try again later.")
    body = json.dumps({"error": {**error, "code": http_status}}).encode()
    return error_from(HttpResponse(http_status, body=body), _OPERATION, now=_EPOCH, free_of_charge=True)
