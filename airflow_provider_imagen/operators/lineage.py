"""Reports new images to asset events and lineage. What goes wrong here fails no task."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from airflow_provider_imagen.core.requests import ImageRequest
from airflow_provider_imagen.core.web_pages import dataset_of

log: logging.Logger = logging.getLogger("airflow.task")


def report_lineage(
    request: ImageRequest,
    uris: Sequence[str],
    outlets: Iterable[Any],
    context: Mapping[str, Any],
    hook: Any,
) -> None:
    """Report images to the events of a task's ``outlets``, and to Airflow's lineage collector.

    :param request: what was asked.
    :param uris: the images.
    :param outlets: the task's outlets; each asset gets ``uris``, ``model`` and ``output_uri`` in its event's extra.
    :param context: Airflow's task context.
    :param hook: the hook that made the images.
    """
    extra = {"uris": list(uris), "model": request.model, "output_uri": request.output_uri}
    report_assets(extra, request.sources, uris, outlets=outlets, context=context, hook=hook)


def report_assets(
    extra: dict[str, Any],
    sources: Sequence[str],
    made: Sequence[str],
    *,
    outlets: Iterable[Any],
    context: Mapping[str, Any],
    hook: Any,
) -> None:
    """Report what was read and made.

    :param extra: what each asset of the ``outlets`` gets in its event's extra.
    :param sources: the URIs that were read.
    :param made: the URIs that were made.
    :param outlets: the task's outlets.
    :param context: Airflow's task context.
    :param hook: the hook that made them.
    """
    _safely("The events of the outlets", lambda: _update_asset_events(outlets, context.get("outlet_events"), extra))
    _safely("Hook lineage", lambda: _add_to_collector(sources, made, hook))


def _update_asset_events(outlets: Iterable[Any], events: Any, extra: dict[str, Any]) -> None:
    """Update each event by itself: one that Airflow refuses does not hold up the others."""
    for outlet in _assets_in(outlets) if events is not None else ():
        _safely(f"The event of {outlet}", partial(_update_asset_event, outlet, events, extra))


def _assets_in(outlets: Iterable[Any]) -> list[Any]:
    """Return the outlets that have an event: assets, and in Airflow 3 references to assets."""
    from airflow.providers.common.compat.sdk import Asset

    kinds: tuple[type, ...] = (Asset,)
    with suppress(ImportError):
        from airflow.sdk.definitions.asset import AssetRef

        kinds = (Asset, AssetRef)
    return [outlet for outlet in outlets if isinstance(outlet, kinds)]


def _update_asset_event(outlet: Any, events: Any, extra: dict[str, Any]) -> None:
    events[outlet].extra.update(extra)


def _add_to_collector(sources: Sequence[str], uris: Sequence[str], hook: Any) -> None:
    from airflow.providers.common.compat.lineage.hook import get_hook_lineage_collector

    collector = get_hook_lineage_collector()
    for uri in sources:
        collector.add_input_asset(context=hook, uri=_as_uri(uri))
    for uri in uris:
        collector.add_output_asset(context=hook, uri=_as_uri(uri))


def operator_lineage(sources: Sequence[str], uris: Sequence[str]) -> Any:
    """Return OpenLineage's document on a task.

    :param sources: the images that were read.
    :param uris: the images that were made.
    """
    from airflow.providers.common.compat.openlineage.facet import Dataset
    from airflow.providers.openlineage.extractors import OperatorLineage

    def datasets(files: Sequence[str]) -> list[Any]:
        return [Dataset(namespace=space, name=name) for space, name in map(dataset_of, files)]

    return OperatorLineage(inputs=datasets(sources), outputs=datasets(uris))


def _as_uri(place: str) -> str:
    return place if "://" in place else f"file://{place}"


def _safely(what: str, report: Callable[[], None]) -> None:
    try:
        report()
    except Exception:  # the images are made and paid; they are returned in any case
        log.warning("%s could not take the images.", what, exc_info=True)
