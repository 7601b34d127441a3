"""A JSON document that is kept below an ``output_uri`` between the tries of a batch."""

from __future__ import annotations

from typing import ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, ValidationError


class StoredDocument(BaseModel):
    """What all of them have in common: a version, and how they are read and written."""

    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True, extra="ignore")

    version: Literal[1] = 1

    def encode(self) -> bytes:
        """Return the document as a file."""
        return self.model_dump_json(indent=1).encode()

    @classmethod
    def decode(cls, content: bytes) -> Self | None:
        """Return the document in a file, None if it is none."""
        try:
            return cls.model_validate_json(content)
        except (ValidationError, ValueError, RecursionError):
            return None
