"""Judges a table of prompts that stands in a DAG file, or in a file of this machine, row by row as a run does."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from airflow_provider_imagen.commands.known_arguments import DECIDES_COST, certain, is_certain, with_stand_ins
from airflow_provider_imagen.core.batch.budget import Budget
from airflow_provider_imagen.core.batch.items import FileKind, file_kind
from airflow_provider_imagen.core.batch.plan import BatchArguments, ItemPlanner
from airflow_provider_imagen.core.batch.rows import Item, RowProblem
from airflow_provider_imagen.core.batch.settings import BatchSettings
from airflow_provider_imagen.core.batch.table_check import PlannedTable
from airflow_provider_imagen.core.catalogue import Catalogue
from airflow_provider_imagen.core.catalogue.plan import ModelPreferences
from airflow_provider_imagen.core.requests import GenerateRequest
from airflow_provider_imagen.core.validation.arguments import STAND_INS
from airflow_provider_imagen.errors import InvalidInputError
from airflow_provider_imagen.runner.batch_rows import rows_in_file, rows_in_value

MOST_ROWS_NAMED = 5
SETTINGS = BatchSettings.model_fields.keys()
OF_EACH_ITEM = {"prompt", "model"}
SAYS_WHAT_COLUMNS_ARE = {"item_columns", "item_arguments"}
FILE_SCHEME = "file://"
NOT_HERE = "items (a file that is not here: airflow imagen estimate judges it)"


class TableVerdict(NamedTuple):
    """What there is to say about a table.

    :param problems: what is wrong.
    :param images: how many images a run makes, None: only a run knows.
    :param cost_usd: their list price, None where it is not known.
    :param not_judged: what could not be judged, in words.
    """

    problems: tuple[str, ...]
    images: int | None = None
    cost_usd: float | None = None
    not_judged: tuple[str, ...] = ()


def judge_table(
    known: Mapping[str, Any],
    left_out: Collection[str],
    preferences: ModelPreferences,
    models: Catalogue,
    today: date,
    *,
    is_model_known: bool = True,
) -> TableVerdict:
    """Judge what a DAG file settles of a batch.

    :param known: its arguments without those that only a run knows.
    :param left_out: the names of those.
    :param preferences: what task and connection say about models and places.
    :param models: the catalogue.
    :param today: the day to judge by.
    :param is_model_known: apply the rules of its model too, not only those that hold with every model.
    """
    settings, problems = BatchSettings.read_what_is_right({name: known[name] for name in SETTINGS & known.keys()})
    table = _judge_rows(known, left_out, preferences, models, today, is_model_known=is_model_known)
    is_cost_settled = is_model_known and DECIDES_COST.isdisjoint(left_out)
    if settings.dry_run:
        table = table._replace(images=0, cost_usd=0.0)
    elif known.get("if_exists") == "generate" and is_cost_settled and not table.problems:
        # With "reuse", images may be there that cost nothing.
        over = Budget(settings.max_cost_usd).problem_with_estimate(table.cost_usd) if table.images else None
        table = table._replace(problems=(over,) if over else ())
    return table._replace(problems=(*problems, *table.problems))


def _judge_rows(
    known: Mapping[str, Any],
    left_out: Collection[str],
    preferences: ModelPreferences,
    models: Catalogue,
    today: date,
    *,
    is_model_known: bool,
) -> TableVerdict:
    if "items" not in known or not SAYS_WHAT_COLUMNS_ARE.isdisjoint(left_out):
        return TableVerdict(())
    try:
        arguments = _arguments_of_items(known, left_out)
        if not is_model_known:  # nor is then known where it has to be served
            preferences = replace(preferences, model=STAND_INS["model"], location=None)
        is_job = known.get("mode") == "batch"
        planner = ItemPlanner(arguments, preferences, models, today, is_job=is_job, is_model_known=is_model_known)
        kind = file_kind(known["items"])
        if kind is None:
            return _of_rows(rows_in_value(known["items"], known.get("item_columns")), planner)
        return _of_file(known["items"], kind, planner)
    except InvalidInputError as refusal:
        return TableVerdict(refusal.problems)


def _arguments_of_items(known: Mapping[str, Any], left_out: Collection[str]) -> BatchArguments:
    names = GenerateRequest.model_fields.keys() & known.keys() - OF_EACH_ITEM
    defaults = with_stand_ins(GenerateRequest, {name: known[name] for name in names}, set(left_out) - OF_EACH_ITEM)
    prompt = STAND_INS["prompt"] if "prompt" in left_out else known.get("prompt")
    columns = BatchArguments({}, None, known.get("item_arguments")).overrides()
    return BatchArguments(certain(defaults, left_out), prompt, [each for each in columns if is_certain(each, left_out)])


def _of_file(items: str, kind: FileKind, planner: ItemPlanner) -> TableVerdict:
    """Judge the rows of a file, where this machine has it: the place of a relative path is known to a worker only."""
    path = Path(items.strip().removeprefix(FILE_SCHEME))
    try:
        if path.is_absolute() and path.is_file():  # no pipe, which may never end
            with path.open("rb") as stream:
                return _of_rows(rows_in_file(items, kind, stream), planner)
    except OSError:
        pass
    return TableVerdict((), not_judged=(NOT_HERE,))


def _of_rows(rows: Iterable[Item | RowProblem], planner: ItemPlanner) -> TableVerdict:
    table = PlannedTable(planner)
    images, cost = 0, 0.0
    is_cost_known = True
    for item in table.items(rows):
        if item.same_as is None:
            images += item.images
            is_cost_known &= item.cost_usd is not None
            cost += item.cost_usd or 0
    problems = tuple(f"items, {problem}" for problem in table.problems(MOST_ROWS_NAMED))
    return TableVerdict(problems, images, round(cost, 6) if is_cost_known else None)
