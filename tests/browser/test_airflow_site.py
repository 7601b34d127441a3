"""The settings with which ``make ui`` survives a slow machine."""

from __future__ import annotations

from pathlib import Path

import airflow
import pytest
from airflow_site import TIMEOUTS, AirflowSite

NEWEST = tuple(map(int, airflow.__version__.split(".")[:2])) >= (3, 3)
TIMES = 10


@pytest.mark.skipif(not NEWEST, reason="make ui runs on the newest Airflow")
@pytest.mark.parametrize("variable", TIMEOUTS)
def test_each_bound_is_one_of_airflow_and_many_times_its_default(variable: str, tmp_path: Path) -> None:
    from airflow.configuration import conf

    _, section, option = variable.lower().split("__")
    default = conf.get_default_value(section, option)

    assert default is not None, "Airflow has no such option"
    assert float(AirflowSite(tmp_path, tmp_path).environment[variable]) >= TIMES * float(default)


def test_a_locked_database_is_waited_for(tmp_path: Path) -> None:
    from sqlalchemy import create_engine

    address = AirflowSite(tmp_path, tmp_path).environment["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"]
    _, arguments = create_engine(address).dialect.create_connect_args(create_engine(address).url)

    assert arguments["timeout"] >= TIMES * 5  # Python's default
