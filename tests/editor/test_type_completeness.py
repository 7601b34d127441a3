"""Whoever uses this package has types for everything in it; where one is not known, it is Airflow's own base class."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import airflow
import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
PYRIGHT = Path(sys.executable).with_name("basedpyright")
NEWEST = tuple(map(int, airflow.__version__.split(".")[:2])) >= (3, 3)
OF_AIRFLOW = re.compile(r"Type of (metaclass|base class) unknown|Type of base class \"[\w.]+\" is partially unknown")
pytestmark = [
    pytest.mark.skipif(not NEWEST, reason="one version of Airflow is enough"),
]


@pytest.fixture(scope="module")
def symbols() -> list[dict[str, Any]]:
    """Everything that the modules of this package and their public classes have."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(REPOSITORY),
        "PATH": f"{PYRIGHT.parent}{os.pathsep}{os.environ['PATH']}",
    }
    assert PYRIGHT.exists(), "basedpyright is not installed: run 'make', whose environment has it"
    words = (str(PYRIGHT), "--verifytypes", "airflow_provider_imagen", "--ignoreexternal", "--outputjson")
    done = subprocess.run(words, capture_output=True, text=True, check=False, env=environment, cwd=REPOSITORY / "docs")
    found: list[dict[str, Any]] = json.loads(done.stdout)["typeCompleteness"]["symbols"]
    return found


def test_every_type_is_known_but_those_of_airflow_s_own_base_classes(symbols: list[dict[str, Any]]) -> None:
    unknown = [each for each in symbols if each["isExported"] and not each["isTypeKnown"]]
    of_airflow = {
        each["name"]
        for each in unknown
        if each["category"] == "class" and all(OF_AIRFLOW.match(told["message"]) for told in each["diagnostics"])
    }
    names = {name.rpartition(".")[2] for name in of_airflow}
    ours = {
        each["name"]: [told["message"] for told in each["diagnostics"]]
        for each in unknown
        if each["name"] not in of_airflow
        and not all(set(re.findall(r'type is "(\w+)', told["message"])) & names for told in each["diagnostics"])
    }

    assert ours == {}
    assert len(symbols) > 3000


def test_no_private_name_stands_in_a_public_signature(symbols: list[dict[str, Any]]) -> None:
    private = {
        each["name"]
        for each in symbols
        if not each["isExported"]
        and each["name"].startswith("airflow_provider_imagen.")
        and each["category"] == "class"
    }

    assert private == set()
