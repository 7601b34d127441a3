"""What a kill must not leave behind, and what it may cost."""

from __future__ import annotations

import hashlib
import io
import json
import signal
from dataclasses import dataclass, field

from kills.kill_points import Case
from kills.killing import Try
from PIL import Image

RECORDS = "/_imagen/"


@dataclass
class Tally:
    """Counts over all kills of a test run."""

    points: int = 0
    by_signal: dict[str, int] = field(default_factory=dict)
    not_killed: int = 0
    retries: int = 0
    extra: dict[Case, list[int]] = field(default_factory=dict)
    half_files: int = 0
    stored_images: int = 0
    lost_images: int = 0

    def add(
        self, case: Case, deadly: signal.Signals, first: Try, second: Try, *, torn: int, left: int, lost: int
    ) -> None:
        """Count one kill and its retry.

        :param torn: files that are not whole after the kill.
        :param left: images that are.
        :param lost: those of them that are gone or not returned after the retry.
        """
        was_ended = first.was_ended_by(deadly)
        self.points += 1
        self.not_killed += not was_ended
        self.by_signal[deadly.name] = self.by_signal.get(deadly.name, 0) + was_ended
        self.retries += second.status == 0
        self.extra.setdefault(case, []).append(len(first.asked) + len(second.asked) - case.asks)
        self.half_files += torn
        self.stored_images += left
        self.lost_images += lost

    def lines(self) -> list[str]:
        """Return the counts as text."""
        signals = ", ".join(f"{name} {count}" for name, count in sorted(self.by_signal.items()))
        return [
            f"kill points: {self.points} (ended by {signals}; not ended: {self.not_killed})",
            f"retries that succeeded: {self.retries}",
            *(
                f"{case}: {case.asks} request(s) a task; extra: {sum(extra)} in {len(extra)}, most in one: {max(extra)}"
                for case, extra in self.extra.items()
            ),
            f"half files: {self.half_files}",
            f"images stored when the worker died: {self.stored_images}; lost: {self.lost_images}",
        ]


def images_in(visible: dict[str, bytes]) -> dict[str, bytes]:
    """Return what is visible and no record."""
    return {uri: data for uri, data in visible.items() if RECORDS not in uri}


def half_files(visible: dict[str, bytes], case: Case, made: set[str]) -> list[str]:
    """Return the URIs of what is not whole: an image nobody made or that cannot be decoded, a record cut short."""
    return [uri for uri, data in visible.items() if not _is_whole(uri, data, case, made)]


def _is_whole(uri: str, data: bytes, case: Case, made: set[str]) -> bool:
    try:
        if RECORDS in uri:
            parts = data.splitlines() if uri.endswith(".jsonl") else [data]
            return all(isinstance(json.loads(part), dict) for part in parts)
        with Image.open(io.BytesIO(data)) as image:
            image.load()
    except (OSError, ValueError, SyntaxError):
        return False
    return case.place == "google" or hashlib.sha256(data).hexdigest() in made


def lost_images(left: dict[str, bytes], final: dict[str, bytes], returned: list[str]) -> list[str]:
    """Return the images that were stored when the worker died, and are not what the retry returns, byte for byte."""
    return [uri for uri, data in images_in(left).items() if final.get(uri) != data or uri not in returned]


def asked_images(tried: Try) -> int:
    """Return how many images a try asked for, in requests that were accepted."""
    return sum(body.get("parameters", {}).get("sampleCount", 1) for body in tried.asked)
