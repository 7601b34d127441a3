"""The arguments that type checkers know of every task are those of this Airflow."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import BaseOperator, BaseSensorOperator

from airflow_provider_imagen.operators.task_arguments import SensorArguments, TaskArguments


def arguments_of(kind: Any) -> set[str]:
    parameters = inspect.signature(kind.__init__).parameters.values()
    return {each.name for each in parameters if each.kind is each.KEYWORD_ONLY} | {"task_id"}


@pytest.mark.parametrize(
    ("known", "kind"), [(TaskArguments, BaseOperator), (SensorArguments, BaseSensorOperator)], ids=["task", "sensor"]
)
def test_no_argument_of_this_airflow_is_a_mistake_to_a_type_checker(known: Any, kind: Any) -> None:
    assert arguments_of(kind) - set(known.__annotations__) == set()
