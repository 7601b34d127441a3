"""``check``: real runs of both command lines on folders of DAG files."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

if TYPE_CHECKING:
    from conftest import Done, Run, WriteDags

PYTHON_M = (sys.executable, "-m", "airflow_provider_imagen")
DAY_OR_NULL = {"anyOf": [{"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}$"}, {"type": "null"}]}
TEXT_OR_NULL = {"type": ["string", "null"]}
FINDING = {
    "level": {"enum": ["error", "warning", "note"]},
    "text": {"type": "string", "minLength": 1},
    "argument": TEXT_OR_NULL,
    "file": {"type": "string"},
    "line": {"type": ["integer", "null"]},
}
ROW = {
    "dag_id": {"type": "string"},
    "task_id": {"type": "string"},
    "file": {"type": "string"},
    "named": TEXT_OR_NULL,
    "model": TEXT_OR_NULL,
    "state": {"enum": ["retired", "retiring", "deprecated", "healthy", "unknown", "default", "templated", None]},
    "model_state": {"enum": ["active", "deprecated", "retiring", "retired", None]},
    "retirement_date": DAY_OR_NULL,
    "replacement": TEXT_OR_NULL,
    "fallback_model": TEXT_OR_NULL,
    "breaks": {"type": "boolean"},
    "instances": {"type": ["integer", "null"]},
    "images": {"type": ["integer", "null"]},
    "cost_usd": {"type": ["number", "null"]},
    "not_judged": {"type": "array", "items": {"type": "string"}},
    "findings": {"type": "array", "items": {"type": "object", "properties": FINDING, "additionalProperties": False}},
}
COST = {
    "dag_id": {"type": "string"},
    "cost_usd": {"type": "number"},
    "unknown": {"type": "array", "items": {"type": "string"}},
}
REPORT = {
    "tasks": {
        "type": "array",
        "items": {"type": "object", "properties": ROW, "required": list(ROW), "additionalProperties": False},
    },
    "costs": {"type": "array", "items": {"type": "object", "properties": COST, "additionalProperties": False}},
    "import_errors": {"type": "array", "items": {"type": "object", "properties": FINDING}},
    "connections_not_read": {"type": "array", "items": {"type": "string"}},
    "dags": {"type": "integer"},
    "errors": {"type": "integer"},
    "warnings": {"type": "integer"},
}
SCHEMA = {"type": "object", "properties": REPORT, "required": list(REPORT), "additionalProperties": False}

FOUR = """
    with DAG("campaign", schedule=None, start_date=datetime(2026, 1, 1)):
        for task_id, model in {
            "old": "imagen-3.0-generate-002",
            "ageing": "gemini-2.5-flash-image",
            "new": "gemini-9-image-of-tomorrow",
            "fine": "gemini-3-pro-image",
        }.items():
            ImagenGenerateOperator(task_id=task_id, model=model, prompt="x", output_uri="gs://bucket/x/")
"""
ONE = """
    with DAG("{dag_id}", schedule=None, start_date=datetime(2026, 1, 1)):
        ImagenGenerateOperator(task_id="one", model="{model}", prompt="x", output_uri="gs://bucket/x/")
"""
STORED = """
    with DAG("stored", schedule=None, start_date=datetime(2026, 1, 1)):
        ImagenGenerateOperator(task_id="one", prompt="x", output_uri="gs://bucket/x/", imagen_conn_id="{conn_id}")
"""
TABLE = """
    from airflow_provider_imagen.operators.batch import ImagenBatchOperator

    with DAG("catalogue", schedule=None, start_date=datetime(2026, 1, 1)):
        ImagenBatchOperator(task_id="table", items="gs://bucket/table.csv", prompt="{name}", output_uri="gs://bucket/made/")
"""


def one(model: str, dag_id: str = "single") -> str:
    return ONE.format(model=model, dag_id=dag_id)


def rows_of(done: Done) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(done.stdout)["tasks"]
    return found


def test_one_retired_one_retiring_one_unknown_one_healthy_are_told_apart_and_exit_1(
    command: tuple[str, ...], run: Run, write_dags: WriteDags
) -> None:
    done = run(*command, "check", str(write_dags(four=FOUR)), "--today", "2027-01-05")

    assert done.stdout.splitlines() == [
        "campaign (dags/four.py)",
        "  ageing: gemini-2.5-flash-image, retiring, last day 2027-03-15, replacement",
        "      gemini-3.1-flash-lite-image",
        "    warning Google announced 2027-03-15 as the last day of",
        "            gemini-2.5-flash-image; use gemini-3.1-flash-lite-image instead.",
        "            That is in 69 days.",
        "  fine: gemini-3-pro-image, healthy",
        "  new: gemini-9-image-of-tomorrow, unknown",
        "    warning The model gemini-9-image-of-tomorrow is not in our catalogue, so",
        "            only the limits that all models of its kind have were checked.",
        "  old: imagen-3.0-generate-002, retired, last day 2026-06-30, replacement",
        "      gemini-2.5-flash-image",
        "    error   model is 'imagen-3.0-generate-002', whose last day was 2026-06-30;",
        "            Google answers 404. Use gemini-2.5-flash-image, or name a",
        "            fallback_model that lives.",
        "  A run costs at least 0.213 USD by list price, without new, whose cost is not",
        "  known before.",
        "",
        "Not found, so judged as if empty: connection imagen_default. AIRFLOW_CONN_...",
        "variables are read, and with --connections every place where Airflow keeps",
        "connections.",
        "1 DAG, 4 tasks, 1 error, 2 warnings.",
    ]
    assert done.returncode == 1


def test_json_has_the_same_four_rows(command: tuple[str, ...], run: Run, write_dags: WriteDags) -> None:
    done = run(*command, "check", str(write_dags(four=FOUR)), "--today", "2027-01-05", "--format", "json")

    jsonschema.validate(json.loads(done.stdout), SCHEMA)
    assert done.returncode == 1
    assert [(row["task_id"], row["state"], row["breaks"]) for row in rows_of(done)] == [
        ("ageing", "retiring", False),
        ("fine", "healthy", False),
        ("new", "unknown", False),
        ("old", "retired", True),
    ]


def test_a_folder_without_a_dag_passes_no_strict_check(run: Run, tmp_path: Path) -> None:
    """It may be one that is named wrongly."""
    folder = tmp_path / "empty"
    folder.mkdir()

    assert run(*PYTHON_M, "check", str(folder)).returncode == 0
    assert run(*PYTHON_M, "check", str(folder), "--strict").returncode == 2


def test_a_table_in_a_file_that_is_not_here_is_named_as_not_judged(run: Run, write_dags: WriteDags) -> None:
    done = run(*PYTHON_M, "check", str(write_dags(table=TABLE)))

    assert done.returncode == 0
    assert "items (a file that is not here: airflow imagen estimate judges it)" in " ".join(done.stdout.split())


def test_a_table_in_a_file_beside_the_dag_is_judged_and_priced(run: Run, write_dags: WriteDags) -> None:
    beside = TABLE.replace(
        '"gs://bucket/table.csv"', 'str(__import__("pathlib").Path(__file__).with_name("table.csv"))'
    )
    folder = write_dags(table=beside.replace("/made/", "/{{ ds }}/"))
    table = folder / "table.csv"

    table.write_text("key,name\nmug,A mug\nlamp,A lamp\n")
    right = run(*PYTHON_M, "check", str(folder))
    table.write_text("key,name,image_size\nmug,A mug,9K\nmug,A lamp,\n")
    wrong = run(*PYTHON_M, "check", str(folder))

    assert (right.returncode, wrong.returncode) == (0, 1)
    assert "A run costs about 0.0672 USD by list price." in right.stdout
    assert "known to a run only, not judged: output_uri\n" in right.stdout
    words = " ".join(wrong.stdout.split())
    assert "items, row 2 (key 'mug'): image_size is '9K'" in words
    assert "row 3 (key 'mug'): key is 'mug', which row 2 has too" not in words  # row 2 is wrong itself


@pytest.mark.parametrize(("model", "code"), [("gemini-9-image-of-tomorrow", 1)])
def test_strict_fails_on_a_warning_and_on_nothing_less(run: Run, write_dags: WriteDags, model: str, code: int) -> None:
    folder = str(write_dags(one=one(model)))

    assert run(*PYTHON_M, "check", folder).returncode == 0
    assert run(*PYTHON_M, "check", folder, "--strict").returncode == code


@pytest.mark.parametrize(
    ("day", "state", "code"),
    [("2027-03-15", "retiring", 0), ("2027-03-16", "retired", 1)],
)
def test_another_today_looks_ahead(run: Run, write_dags: WriteDags, day: str, state: str, code: int) -> None:
    folder = write_dags(later=one("gemini-2.5-flash-image"))
    done = run(*PYTHON_M, "check", str(folder), "--today", day, "-f", "json")

    assert ([row["state"] for row in rows_of(done)], done.returncode) == ([state], code)


def test_a_file_that_cannot_be_imported_is_named_once_with_the_reason_and_exits_2(
    command: tuple[str, ...], run: Run, write_dags: WriteDags
) -> None:
    folder = write_dags(good=one("imagen-3.0-generate-002"), broken="# airflow DAG\nimport no_such_module_anywhere\n")
    done = run(*command, "check", str(folder))

    assert done.returncode == 2
    assert "single (dags/good.py)" in done.stdout
    assert "dags/broken.py, line 6 cannot be imported, so its tasks are not judged:" in done.stdout
    assert (done.stdout + done.stderr).count("No module named 'no_such_module_anywhere'") == 1
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("import sys  # airflow DAG\nsys.exit(0)\n", "SystemExit"),
        ("def broken(:  # airflow DAG\n", "SyntaxError"),
        (one("gemini-3-pro-image") + "        ImagenGenerateOperator(task_id='x', prompt='x')\n", "output_uri"),
        (one("gemini-3-pro-image", "twice"), "twice"),
    ],
)
def test_no_way_to_fail_on_import_is_green(run: Run, write_dags: WriteDags, source: str, reason: str) -> None:
    folder = write_dags(a_good=one("gemini-3-pro-image", "twice"), broken=source)
    done = run(*PYTHON_M, "check", str(folder))

    assert done.returncode == 2
    assert reason in done.stdout[done.stdout.index("cannot be imported") :]


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("check", "no-such-folder"), "no-such-folder"),
        (("check", ".", "--today", "soon"), "'soon' is no day; write YYYY-MM-DD"),
        (("check",), "DAGS_FOLDER"),
        (("check", ".", "--format", "yaml"), "yaml"),
        (("models", "--format", "yaml"), "yaml"),
        (("paint",), "paint"),
    ],
)
def test_wrong_usage_exits_2_and_says_why(run: Run, words: tuple[str, ...], reason: str) -> None:
    done = run(*PYTHON_M, *words)

    assert (done.returncode, reason in done.stderr) == (2, True)


@pytest.mark.parametrize("words", [("check", ".", "--today", "soon")])
def test_wrong_usage_exits_2_in_both_command_lines(command: tuple[str, ...], run: Run, words: tuple[str, ...]) -> None:
    done = run(*command, *words)

    assert (done.returncode, words[-1] in done.stderr) == (2, True)


def test_without_a_verb_both_print_help_and_exit_2(command: tuple[str, ...], run: Run) -> None:
    done = run(*command)

    assert done.returncode == 2
    assert "Judge every image task in a DAGs folder" in " ".join((done.stdout + done.stderr).split())


def test_a_connection_in_airflows_database_is_read_where_that_is_asked_for(
    command: tuple[str, ...], run: Run, write_dags: WriteDags, airflow_database: None
) -> None:
    database = {"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": os.environ["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"]}
    executable = str(Path(sys.executable).with_name("airflow"))
    name = f"checked_{command[-1]}"
    extra = json.dumps({"project": "p", "default_model": "imagen-3.0-generate-002"})
    added = run(executable, "connections", "add", name, "--conn-type", "imagen", "--conn-extra", extra, **database)
    assert added.returncode == 0, added.stderr

    folder = write_dags(stored=STORED.format(conn_id=name))
    without = run(*command, "check", str(folder), "--format", "json", **database)
    read = run(*command, "check", str(folder), "--format", "json", "--connections", **database)

    assert (without.returncode, read.returncode) == (0, 1), read.stderr
    assert "imagen-3.0-generate-002" not in without.stdout
    assert "imagen-3.0-generate-002" in read.stdout
    assert json.loads(without.stdout)["connections_not_read"] == [name]
    assert json.loads(read.stdout)["connections_not_read"] == []


def test_help_documents_the_exit_codes(run: Run) -> None:
    done = run(*PYTHON_M, "check", "--help")

    assert done.returncode == 0
    assert [line[:3] for line in done.stdout.splitlines() if line[:3] in {"0  ", "1  ", "2  "}] == ["0  ", "1  ", "2  "]


def test_what_dag_files_print_stays_out_of_the_result(
    command: tuple[str, ...], run: Run, write_dags: WriteDags
) -> None:
    noise = """
    import logging, subprocess, sys
    print("said by the file")
    subprocess.run(["echo", "said by its child"])
    logging.getLogger("airflow").warning("said to the log")
    """
    done = run(*command, "check", str(write_dags(noisy=noise + one("gemini-3-pro-image"))), "--format", "json")

    assert [row["state"] for row in rows_of(done)] == ["healthy"]
    assert "said by its child" in done.stderr


def test_a_folder_without_tasks_of_ours_is_fine_and_says_so(run: Run, write_dags: WriteDags) -> None:
    """Airflow's own example DAGs are not the author's, whatever load_examples says."""
    folder = write_dags(other='\nother = DAG("other", schedule=None, start_date=datetime(2026, 1, 1))\n')
    done = run(
        *(*PYTHON_M, "check", str(folder), "--format", "json"),
        AIRFLOW__CORE__LOAD_EXAMPLES="True",
    )

    assert (done.returncode, rows_of(done)) == (0, [])
    assert "No task of this provider.\n1 DAG, 0 tasks" in run(*PYTHON_M, "check", str(folder)).stdout


def test_one_file_may_be_named_and_files_import_their_neighbours(run: Run, write_dags: WriteDags) -> None:
    write_dags(
        words="\nMODEL = 'gemini-3-pro-image'\n",
        other=one("imagen-3.0-generate-002", "other"),
        wanted="\n    from words import MODEL\n" + one("gemini-3-pro-image", "wanted"),
    )
    done = run(*PYTHON_M, "check", "dags/wanted.py", "--format", "json")

    assert ([row["dag_id"] for row in rows_of(done)], done.returncode) == (["wanted"], 0)
