"""Where a task and its arguments stand in a DAG file, and what is told of one that cannot be imported."""

from __future__ import annotations

from airflow_provider_imagen.commands.import_errors import read_traceback
from airflow_provider_imagen.commands.source_lines import lines_of, tasks_in

SOURCE = """
Operator(
    task_id="plain",
    prompt="x",
)
Operator.partial(
    task_id="mapped",
    model="m",
).expand(
    prompt=["a"],
)

@task.imagen(
    output_uri="gs://bucket/a/",
)
def decorated():
    return "a boat"

Operator(task_id=name, prompt="x")
"""
TRACEBACK = """Traceback (most recent call last):
  File "/lib/airflow/importer.py", line 9, in load
    run()
    ^^^^^
  File "/dags/a.py", line 7, in <module>
    Operator(task_id="a")
    ~~~~~~~~^^^^^^^^^^^^^
  File "/lib/airflow/operator.py", line 5, in __init__
    raise TypeError("wrong")
TypeError: wrong
"""


def test_each_argument_is_found_whether_the_task_is_plain_mapped_or_a_function() -> None:
    tasks = tasks_in(SOURCE)

    assert {name: lines_of(tasks, "dag", name) for name in tasks} == {
        "plain": {"": 2, "task_id": 3, "prompt": 4},
        "mapped": {"": 6, "task_id": 7, "model": 8, "prompt": 10},
        "decorated": {"": 16, "output_uri": 14},
    }


def test_a_file_that_is_no_python_has_no_lines() -> None:
    assert tasks_in("def broken(:") == {}


SAME_NAMES = """
with DAG("first"):
    Operator(task_id="poster", prompt="x")
    with TaskGroup(group_id="small"):
        Operator(task_id="poster", prompt="x")
    with TaskGroup("large"):
        Operator.partial(task_id="poster").expand(
            prompt=["x"],
        )
@dag(dag_id="second")
def make():
    @task.imagen
    def poster():
        return "a boat"
    @task_group
    def small():
        Operator(task_id="poster", prompt="x")
"""


def test_of_tasks_with_one_id_each_is_found_in_its_dag_and_group() -> None:
    tasks = tasks_in(SAME_NAMES)
    places = {
        ("first", "poster"): 3,
        ("first", "small.poster"): 5,
        ("first", "large.poster"): 7,
        ("second", "poster"): 13,
        ("second", "poster__1"): 13,
        ("second", "small.poster"): 17,
    }

    assert {place: lines_of(tasks, *place)[""] for place in places} == places
    assert lines_of(tasks, "first", "other") == {}


def test_of_a_traceback_the_author_s_lines_and_the_error_are_told() -> None:
    problem = read_traceback(TRACEBACK, "/dags/a.py", "/dags")

    assert problem.text.splitlines() == [
        '  File "/dags/a.py", line 7, in <module>',
        '    Operator(task_id="a")',
        "TypeError: wrong",
    ]
    assert problem.line == 7


def test_a_sentence_is_told_as_it_is() -> None:
    assert read_traceback("SystemExit: 0", "/dags/a.py", "/dags") == ("SystemExit: 0", None)
