"""What each of our errors means to Airflow: the table, and that Airflow keeps to it."""

from __future__ import annotations

import importlib.util
import os
import traceback
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_imagen import errors
from airflow_provider_imagen.errors import ImagenError
from airflow_provider_imagen.hooks.airflow_errors import MAYBE_PAID, fail_permanently

RETRIES = 2
AT_ONCE, RETRIED = 1, 1 + RETRIES

# How many tries a task with two retries makes. The nearest class above an error decides, so a new one is covered.
TRIES: dict[type[ImagenError], int] = {
    errors.PermanentError: AT_ONCE,
    errors.RetryableError: RETRIED,
    errors.RequestStoppedError: RETRIED,
    errors.NoImageError: RETRIED,
    errors.BatchFailedError: RETRIED,
    errors.JobTimeoutError: RETRIED,
    errors.ResponseLostError: AT_ONCE,
}
# The same where a retry_policy (Airflow 3.3) says RETRY to everything; it is not asked about what may be paid for.
TRIES_WITH_POLICY: dict[type[ImagenError], int] = {
    errors.PermanentError: RETRIED,
    errors.RetryableError: RETRIED,
    errors.RequestStoppedError: RETRIED,
    errors.NoImageError: RETRIED,
    errors.BatchFailedError: RETRIED,
    errors.JobTimeoutError: RETRIED,
    errors.ResponseLostError: AT_ONCE,
    errors.OutputError: AT_ONCE,
    errors.UnexpectedResponseError: AT_ONCE,
}


def all_below(kind: type[ImagenError]) -> list[type[ImagenError]]:
    return [kind, *(each for child in kind.__subclasses__() for each in all_below(child))]


LEAVES = [
    kind
    for kind in dict.fromkeys(all_below(ImagenError))
    if kind.__module__ == errors.__name__ and kind not in {ImagenError, errors.PermanentError, errors.RetryableError}
]


def looked_up(table: dict[type[ImagenError], int], kind: type[ImagenError]) -> int:
    return next(table[each] for each in kind.__mro__ if each in table)


@pytest.mark.parametrize("kind", LEAVES)
def test_an_error_says_to_airflow_what_the_table_says(kind: type[ImagenError]) -> None:
    expected = AirflowFailException if looked_up(TRIES, kind) == AT_ONCE else kind
    error = kind()

    with pytest.raises(expected) as caught, fail_permanently(SimpleNamespace()):
        raise error

    assert str(error) in str(caught.value)
    if expected is AirflowFailException:
        assert str(caught.value).startswith(f"{kind.__name__}: ")
        assert caught.value.imagen_error is error
        text = f"{type(error).__name__}: {error}"
        assert "".join(traceback.format_exception(caught.value)).rstrip().count(text.rstrip()) == 1


@pytest.mark.parametrize("kind", LEAVES)
def test_a_policy_is_asked_unless_images_may_be_paid_for(kind: type[ImagenError]) -> None:
    expected = AirflowFailException if looked_up(TRIES_WITH_POLICY, kind) == AT_ONCE else kind

    with pytest.raises(expected), fail_permanently(SimpleNamespace(retry_policy=object())):
        raise kind
    assert (expected is AirflowFailException) == issubclass(kind, MAYBE_PAID)


def test_what_is_none_of_our_errors_passes_unchanged() -> None:
    with pytest.raises(ZeroDivisionError), fail_permanently(SimpleNamespace()):
        _ = 1 / 0


DAG_FILE = '''
"""One task for each error; each notes its tries."""

import os
from datetime import timedelta

import pendulum
from airflow.providers.common.compat.sdk import DAG, BaseOperator

from airflow_provider_imagen import errors
from airflow_provider_imagen.hooks.airflow_errors import fail_permanently


class Failing(BaseOperator):
    def execute(self, context):
        with open(os.environ["TRIES_FILE"], "a") as file:
            file.write(self.task_id + "\\n")
        with fail_permanently(self):
            raise getattr(errors, self.task_id)()


def options():
    if os.environ["TRIES_POLICY"] == "none":
        return {}
    from airflow.sdk import ExceptionRetryPolicy, RetryAction, RetryRule

    action = RetryAction[os.environ["TRIES_POLICY"]]
    rule = RetryRule(exception=errors.ImagenError, action=action, retry_delay=timedelta(0), reason="test")
    return {"retry_policy": ExceptionRetryPolicy(rules=[rule])}


with DAG("failing_errors", schedule=None, start_date=pendulum.datetime(2026, 1, 1)) as dag:
    for name in os.environ["TRIES_OF"].split(","):
        Failing(task_id=name, retries=2, retry_delay=timedelta(0), **options())
'''


def tries_of(
    kinds: list[type[ImagenError]], policy: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> dict[str, int]:
    """Run a task for each error with Airflow's own runner and return how often each was tried."""
    monkeypatch.setenv("TRIES_FILE", str(folder / "tries"))
    monkeypatch.setenv("TRIES_OF", ",".join(kind.__name__ for kind in kinds))
    monkeypatch.setenv("TRIES_POLICY", policy)
    path = Path(os.environ["AIRFLOW__CORE__DAGS_FOLDER"]) / "failing_errors.py"
    path.write_text(DAG_FILE, encoding="utf-8")
    try:
        spec = importlib.util.spec_from_file_location("failing_errors", path)
        assert spec is not None
        assert spec.loader is not None
        module: Any = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        module.dag.test()
    finally:
        path.unlink()
    return dict(Counter((folder / "tries").read_text().split()))


@pytest.mark.filterwarnings("ignore")  # Airflow's own runner warns about Airflow's own dependencies
def test_airflow_retries_what_the_table_says(
    airflow_database: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = {kind.__name__: looked_up(TRIES, kind) for kind in LEAVES}

    assert tries_of(LEAVES, "none", tmp_path, monkeypatch) == expected


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("policy", ["RETRY", "FAIL"])
def test_airflow_asks_the_policy_of_a_task_where_nothing_can_be_paid_twice(
    airflow_database: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, policy: str
) -> None:
    sdk = pytest.importorskip("airflow.sdk", reason="retry policies came with Airflow 3.3")
    if not hasattr(sdk, "ExceptionRetryPolicy"):
        pytest.skip("retry policies came with Airflow 3.3")
    expected = {kind.__name__: AT_ONCE if policy == "FAIL" else looked_up(TRIES_WITH_POLICY, kind) for kind in LEAVES}

    assert tries_of(LEAVES, policy, tmp_path, monkeypatch) == expected
