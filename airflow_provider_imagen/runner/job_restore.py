"""What an earlier part of one try found out about its items, noted again: a deferred task begins anew each time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from airflow_provider_imagen.core.batch.manifest import ManifestLine
from airflow_provider_imagen.core.batch.outcome import ItemOutcome
from airflow_provider_imagen.runner.batch_table import BatchTable


def restore_images(table: BatchTable, lines: Iterable[ManifestLine]) -> None:
    """Note again which images an earlier part of this try made: they are not those of another run.

    :param table: the items.
    :param lines: the manifest.
    """
    numbers = {(item.key, item.fingerprint): number for number, item in table.items()}
    for line in lines:
        number = numbers.get((line.key, line.fingerprint))
        if line.status == "made" and number is not None and table.has_outcome(number):
            made = ItemOutcome("made", line.uris, line.reason, line.model, line.estimated_cost_usd)
            table.end(number, made)


def restore_failures(table: BatchTable, lines: Mapping[tuple[str, str], ManifestLine]) -> None:
    """Note again what an earlier part of this try found out about items without images.

    :param table: the items.
    :param lines: lines of the manifest by key and fingerprint.
    """
    for name, number in table.open_numbers().items():
        line = lines.get(name)
        if line is not None and line.status in {"failed", "filtered", "lost"}:
            found = ItemOutcome(line.status, (), line.reason, line.model, 0.0, None, line.is_final)
            table.end(number, found)
