"""Which lines of a job were answered: Google may answer a line not at all, or more than once."""

from __future__ import annotations

from airflow_provider_imagen.core.batch.job_answers import LineAnswer
from airflow_provider_imagen.core.batch.job_lines import HEX_DIGITS, LineKey

_NONE, _FAILED, _ANSWERED, _IMAGE = range(4)


class LineTally:
    """Counts the answers to the lines of one job. The first image of a line is kept, each one counts as paid.

    :param fingerprints: of the items of the lines, in their order.
    """

    def __init__(self, fingerprints: list[str]) -> None:
        self._digits = [fingerprint[:HEX_DIGITS] for fingerprint in fingerprints]
        self._states = bytearray(len(fingerprints))
        self.images: int = 0
        """How many images came in all."""
        self.duplicates: int = 0
        """How many of them answer a line that has its image."""
        self.unknown: int = 0
        """How many answers are about no line of this job."""

    def knows(self, key: LineKey | None) -> bool:
        """Say whether an answer is about a line of this job."""
        return key is not None and key.line <= len(self._states) and self._digits[key.line - 1] == key.digits

    def add(self, answer: LineAnswer, *, counts: bool = True) -> bool:
        """Take up an answer, and say whether it is to be used: it is better than what its line had.

        :param answer: the answer.
        :param counts: it is no repetition of what another file of Google's holds too.
        """
        if answer.key is None or not self.knows(answer.key):
            self.unknown += counts
            return False
        at = answer.key.line - 1
        state = _IMAGE if answer.has_image else _FAILED if answer.failure is not None else _ANSWERED
        before = self._states[at]
        if counts and answer.has_image:
            self.images += 1
            self.duplicates += before == _IMAGE
        if state <= before:
            return False
        self._states[at] = state
        if not counts and answer.has_image:
            self.images += 1
        return True

    def unanswered(self) -> list[int]:
        """Return the numbers of the lines without any answer, from 1."""
        return [line for line, state in enumerate(self._states, 1) if state == _NONE]
