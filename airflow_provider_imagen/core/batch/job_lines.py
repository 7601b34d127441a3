"""The lines of a batch prediction job: one request each on the way in, one answer each on the way out.

A line is told by a key of our own beside its request; the same key is a label of the request, because some answers
repeat the request and nothing beside it. The order of answers says nothing, so it is never used.
Source: Vertex AI, "Batch inference from Cloud Storage", and reports on what its answers hold, read 2026-11-25.
"""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

from airflow_provider_imagen.core.batch.importer_rules import ImporterSchema
from airflow_provider_imagen.core.protocols.json_fields import field, objects, text_of
from airflow_provider_imagen.core.text import quoted
from airflow_provider_imagen.errors import InvalidInputError

MOST_LINES = 200_000
MOST_BYTES = 1_000_000_000
"""Google's limits for the file of one job."""

KEY_FIELD = "key"
LABEL = "imagen_line"
HEX_DIGITS = 8
_KEY = re.compile(r"^r([1-9][0-9]{0,8})-([0-9a-f]{8})\Z")

NO_DOMAIN = "example.invalid"
"""A domain that is never found (RFC 2606): the importer refuses an empty ``googleSearch``, so it excludes this one."""


class LineKey(NamedTuple):
    """What tells a line from every other.

    :param line: its number in the file, from 1.
    :param digits: the first hex digits of its item's fingerprint, which guard against answers of another file.
    """

    line: int
    digits: str

    def __str__(self) -> str:
        return f"r{self.line}-{self.digits}"


class FileSize(NamedTuple):
    """How much a file of requests holds: its lines, and its bytes."""

    lines: int = 0
    size: int = 0

    def has_room_for(self, line: bytes) -> bool:
        """Say whether one more line keeps Google's limits."""
        return self.lines < MOST_LINES and self.size + len(line) <= MOST_BYTES

    def plus(self, line: bytes) -> FileSize:
        """Return the size with one more line."""
        return FileSize(self.lines + 1, self.size + len(line))


def line_key(line: int, fingerprint: str) -> LineKey:
    """Return the key of a line.

    :param line: its number in the file, from 1.
    :param fingerprint: of its item, in hex.
    """
    return LineKey(line, fingerprint[:HEX_DIGITS])


def read_key(text: Any) -> LineKey | None:
    """Return the key that a text is, None if it is none of ours."""
    found = _KEY.match(text) if isinstance(text, str) else None
    return LineKey(int(found[1]), found[2]) if found else None


def encode_line(key: LineKey, body: dict[str, Any], schema: ImporterSchema) -> bytes:
    """Return one line of the file, with its line break.

    :param key: of the line.
    :param body: a JSON body of ``generateContent``.
    :param schema: the columns of the lines before.
    :raises InvalidInputError: the importer would refuse the whole file because of this line.
    """
    labels = {**(body.get("labels") or {}), LABEL: str(key)}
    line = {KEY_FIELD: str(key), "request": {**_importable(body), "labels": labels}}
    if problems := schema.problems_with(line):
        raise InvalidInputError(
            tuple(f"The request of line {key.line} cannot be part of a batch job: {each}." for each in problems)
        )
    return json.dumps(line, allow_nan=False, separators=(",", ":")).encode() + b"\n"


def _importable(body: dict[str, Any]) -> dict[str, Any]:
    """Return a body with a search that the importer takes: with one field, which excludes nothing."""
    if not body.get("tools"):
        return body
    tools = [
        {name: {"excludeDomains": [NO_DOMAIN]} if name == "googleSearch" else each for name, each in tool.items()}
        for tool in body["tools"]
    ]
    return {**body, "tools": tools}


def key_of_answer(answer: dict[str, Any]) -> LineKey | None:
    """Return which line an answer is about, None if it does not say.

    :param answer: one line of the results, as JSON values.
    """
    if key := read_key(text_of(answer.get(KEY_FIELD))):
        return key
    labels = next(
        (labels for request in objects(answer.get("request")) for labels in objects(field(request, "labels"))), {}
    )
    return read_key(text_of(labels.get(LABEL)))


def describe_unknown(answer: dict[str, Any]) -> str:
    """Say what an answer that is about no line of ours has in the place of its key."""
    return quoted(answer.get(KEY_FIELD))
