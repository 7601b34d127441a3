"""The ``result`` of a batch as the gallery reads it: where its manifest is, and how many items have which status."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from airflow_provider_imagen.core.result_document import LONGEST_URI
from airflow_provider_imagen.core.result_parts import Text

REQUIRED_FIELD = "manifest"
"""A field of every such document, by which the database tells them from values of other operators."""


class BatchDocument(BaseModel):
    """The ``result`` of a batch.

    :param manifest: URI of the manifest.
    :param items: how many items the batch has.
    :param counts: status to number of items.
    :param images: how many images its items have.
    :param estimated_cost_usd: list price of what was made, where it is known.
    :param models: model to number of items that it made.
    :param imagen_conn_id: the Airflow connection that was used.
    :param dry_run: nothing was sent, and there is no manifest.
    :param requests: how many requests a dry run would have sent.
    :param would_cost_usd: list price of what a dry run would have made, where it is known.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True, extra="ignore", strict=True, allow_inf_nan=False)

    manifest: Text
    items: int
    counts: dict[str, int]
    images: int = 0
    estimated_cost_usd: float | None = None
    models: dict[str, int] = {}
    imagen_conn_id: Text | None = None
    dry_run: bool = False
    requests: int | None = None
    would_cost_usd: float | None = None

    @classmethod
    def read(cls, value: Any) -> Self | None:
        """Return the document in an XCom value, None if the value has another shape. Raises nothing.

        :param value: a dict, or JSON text; may be of any other origin.
        """
        try:
            document = cls.model_validate(json.loads(value) if isinstance(value, str | bytes) else value)
        except (ValidationError, ValueError, RecursionError):
            return None
        return None if len(document.manifest) > LONGEST_URI else document

    @property
    def shown_counts(self) -> list[tuple[str, int]]:
        """The statuses that items have, with their numbers, as words."""
        return [(status.replace("_", " "), number) for status, number in self.counts.items() if number]

    def has_counts(self, counts: Mapping[str, int]) -> bool:
        """Return whether these are the numbers of this batch: a manifest that another run wrote may have others.

        :param counts: status to number of items.
        """
        return {status: number for status, number in self.counts.items() if number} == counts
