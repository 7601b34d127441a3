"""Judges a table of prompts that stands in a DAG file, row by row, as a run of the batch does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, NamedTuple

from airflow_provider_imagen.core.batch.items import file_kind, items_in_list, items_in_text
from airflow_provider_imagen.core.batch.plan import BatchArguments, ItemPlanner
from airflow_provider_imagen.core.batch.rows import Item, RowProblem
from airflow_provider_imagen.core.batch.settings import BatchSettings
from airflow_provider_imagen.core.batch.table_check import PlannedTable
from airflow_provider_imagen.core.catalogue import Catalogue
from airflow_provider_imagen.core.catalogue.plan import ModelPreferences
from airflow_provider_imagen.core.requests import GenerateRequest
from airflow_provider_imagen.errors import InvalidInputError

MOST_ROWS_NAMED = 5
SETTINGS = BatchSettings.model_fields.keys() - {"dry_run"}


class TableVerdict(NamedTuple):
    """What there is to say about a table.

    :param problems: what is wrong.
    :param images: how many images a run makes, None: only a run knows.
    :param cost_usd: their list price, None where it is not known.
    """

    problems: tuple[str, ...]
    images: int | None = None
    cost_usd: float | None = None


def judge_table(
    known: Mapping[str, Any], preferences: ModelPreferences, models: Catalogue, today: date
) -> TableVerdict:
    """Judge what a DAG file settles of a batch.

    :param known: its arguments without those that only a run knows.
    :param preferences: what task and connection say about models and places.
    :param models: the catalogue.
    :param today: the day to judge by.
    """
    problems = list(_wrong_settings(known))
    if "items" not in known or file_kind(known["items"]) is not None:
        return TableVerdict(tuple(problems))
    defaults = {name: known[name] for name in GenerateRequest.model_fields.keys() & known.keys() - {"prompt", "model"}}
    arguments = BatchArguments(defaults, known.get("prompt"), known.get("item_arguments"))
    try:
        planner = ItemPlanner(arguments, preferences, models, today, is_job=known.get("mode") == "batch")
        items = known["items"]
        rows = list(items_in_list(items_in_text(items) if isinstance(items, str) else items, known.get("item_columns")))
    except InvalidInputError as refusal:
        return TableVerdict((*problems, *refusal.problems))
    except TypeError:
        return TableVerdict((*problems, "items is no table; allowed are a list, its JSON text, and the URI of a file."))
    return _of_rows(rows, planner, problems)


def _of_rows(rows: list[Item | RowProblem], planner: ItemPlanner, problems: list[str]) -> TableVerdict:
    table = PlannedTable(planner)
    planned = [item for item in table.items(rows) if item.same_as is None]
    images, costs = sum(item.images for item in planned), [item.cost_usd for item in planned]
    wrong = [f"items, {problem}" for problem in table.problems(MOST_ROWS_NAMED)]
    cost = None if None in costs else round(sum(filter(None, costs)), 6)
    return TableVerdict((*problems, *wrong), images, cost)


def _wrong_settings(known: Mapping[str, Any]) -> Iterator[str]:
    try:
        BatchSettings.read({name: known[name] for name in SETTINGS & known.keys()})
    except InvalidInputError as refusal:
        yield from refusal.problems
