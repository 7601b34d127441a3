"""The manifest of a batch: what became of each item, one JSON line an item, in the items' order."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import ClassVar, Literal, get_args

from pydantic import BaseModel, ConfigDict, ValidationError

from airflow_provider_imagen.core.lenient_json import read_json
from airflow_provider_imagen.core.result_parts import Text, Texts
from airflow_provider_imagen.core.text import quoted
from airflow_provider_imagen.errors import RecordUnreadableError

Status = Literal["made", "reused", "filtered", "failed", "lost", "not_sent"]
"""``made``: images were made and stored; ``reused``: an earlier request made them; ``filtered``: no image passed
Google's filters, or the model declined; ``failed``: refused or not stored; ``lost``: the response did not arrive and
may be charged; ``not_sent``: stopped, out of budget or out of time before its request."""

STATUSES: tuple[Status, ...] = get_args(Status)
LONGEST_LINE = 1 << 20
"""Bytes. A line of this package has some hundred."""


class ManifestLine(BaseModel):
    """What became of one item.

    :param row: the item's row, see :class:`.rows.Item`.
    :param key: its key: names of its images begin with it.
    :param uris: its images.
    :param reason: why there is no image, or fewer than asked for, in words.
    :param model: the model that made them.
    :param fingerprint: tells what was asked from everything else that may be asked under this key.
    :param estimated_cost_usd: by list price; 0 for reused images, None where no price is known.
    :param duration_seconds: from the first sending of its request to its last image stored.
    :param is_final: asking again with the same words cannot help.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)

    row: int
    key: Text
    status: Status
    uris: Texts = ()
    reason: Text | None = None
    model: Text | None = None
    fingerprint: Text
    estimated_cost_usd: float | None = None
    duration_seconds: float | None = None
    is_final: bool = False

    def encode(self) -> bytes:
        """Return the line as it stands in the file, with its line break."""
        return json.dumps(self.model_dump(), ensure_ascii=True).encode() + b"\n"


def read_lines(chunks: Iterable[bytes]) -> Iterator[ManifestLine]:
    """Yield the lines of a manifest, one after another.

    :param chunks: the content of the file, in pieces of any size.
    :raises RecordUnreadableError: a line is none of a manifest; the error names its number.
    """
    for number, line in enumerate(_lines_in(chunks), 1):
        if line.strip():
            yield _line(number, line)


def _line(number: int, line: bytes) -> ManifestLine:
    try:
        return ManifestLine.model_validate(read_json(line))
    except (ValidationError, ValueError):
        text = quoted(line[:LONGEST_LINE].decode(errors="replace").strip())
        raise RecordUnreadableError(
            f"Line {number} of the manifest is {text}, which is none that a batch writes. Clear the batch task to have "
            "its manifest written anew; finished images are not asked for again."
        ) from None


def _lines_in(chunks: Iterable[bytes]) -> Iterator[bytes]:
    kept = b""
    for chunk in chunks:
        *lines, kept = (kept + chunk).split(b"\n")
        yield from lines
        if len(kept) > LONGEST_LINE:
            break
    if kept:
        yield kept
