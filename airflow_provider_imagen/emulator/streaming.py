"""The two forms of a streamed response: server-sent events, and one JSON array."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from starlette.responses import JSONResponse, Response


def event_stream(response: dict[str, Any]) -> Response:
    """Return a response in pieces, each an event."""
    events = "".join(f"data: {json.dumps(piece)}\r\n\r\n" for piece in pieces(response))
    return Response(events, media_type="text/event-stream")


def array(response: dict[str, Any]) -> Response:
    """Return a response in pieces, as one JSON array."""
    return JSONResponse(list(pieces(response)))


def error_array(error: Response) -> Response:
    """Return an error as the only item of a JSON array."""
    return JSONResponse([json.loads(bytes(error.body))], error.status_code)


def pieces(response: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield one response for each part of the content; the last one has the reason for the end and the usage."""
    candidates = response.get("candidates") or [{}]
    parts = candidates[0].get("content", {}).get("parts", [])
    common = {name: response[name] for name in ("modelVersion", "createTime", "responseId")}
    traffic = {"trafficType": response["usageMetadata"]["trafficType"]}
    for part in parts[:-1]:
        content = {"role": "model", "parts": [part]}
        yield {"candidates": [{"content": content}], "usageMetadata": traffic, **common}
    if parts:
        content = {**candidates[0]["content"], "parts": parts[-1:]}
        yield {**response, "candidates": [{**candidates[0], "content": content}]}
    else:
        yield response
