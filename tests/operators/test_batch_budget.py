"""A batch never crosses its budget: not by its estimate, not in flight, not over several tries."""

from __future__ import annotations

from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from support.batches import batch, lines_of, manifest_of, rows, statuses
from support.emulated import model_requests

from airflow_provider_imagen.emulator import Fault
from airflow_provider_imagen.errors import BatchFailedError

PRICE = 0.039


def test_an_estimate_above_the_budget_is_refused_before_the_first_request(ti: Any, emulator: Any) -> None:
    with pytest.raises(AirflowFailException, match=r"max_cost_usd is 0\.1; the requests come to about 0\.117 USD"):
        batch(rows(3), max_cost_usd="0.10").execute({"ti": ti})

    assert not model_requests(emulator)


def test_a_model_without_a_price_is_refused_where_a_budget_is_set(ti: Any, emulator: Any) -> None:
    with pytest.raises(AirflowFailException, match="no price is known"):
        batch(rows(3), model="gemini-9-image", max_cost_usd=100).execute({"ti": ti})

    assert not model_requests(emulator)


def test_the_dearer_of_model_and_fallback_counts(ti: Any, emulator: Any) -> None:
    with pytest.raises(AirflowFailException, match="max_cost_usd"):
        batch(rows(3), fallback_model="gemini-3-pro-image", max_cost_usd=4 * PRICE).execute({"ti": ti})

    assert not model_requests(emulator)


def test_what_is_there_costs_nothing(make_ti: Any, emulator: Any) -> None:
    batch(rows(3)).execute({"ti": make_ti("monday")})

    assert statuses(batch(rows(4), max_cost_usd=PRICE).execute({"ti": make_ti("tuesday")})) == [*["reused"] * 3, "made"]


def test_a_lost_response_counts_as_spent_and_the_budget_is_not_crossed(ti: Any, emulator: Any) -> None:
    emulator.order_fault(Fault("generate", reset=True, after_work=True, times=2))

    with pytest.raises(BatchFailedError, match="of max_cost_usd"):
        batch(rows(6), max_cost_usd=6 * PRICE, on_lost="resend", max_concurrency=1).execute({"ti": ti})

    assert len(model_requests(emulator)) == 6
    assert statuses(manifest_of(ti)) == ["lost", *["made"] * 4, "not_sent"]


def test_refused_requests_cost_nothing(ti: Any, emulator: Any) -> None:
    emulator.order_fault(Fault("generate", status=429, times=5))
    emulator.order_fault(Fault("generate", status=500, times=5))

    assert statuses(batch(rows(6), max_cost_usd=6 * PRICE).execute({"ti": ti})) == ["made"] * 6


def test_the_retries_of_a_task_share_a_budget_and_a_clear_begins_a_new_one(make_ti: Any, emulator: Any) -> None:
    emulator.order_fault(Fault("generate", reset=True, after_work=True, times=2))
    words = {"max_cost_usd": 4 * PRICE, "on_lost": "resend", "max_concurrency": 1}
    for try_number in (1, 2):
        with pytest.raises((AirflowFailException, BatchFailedError), match="not sent"):
            batch(rows(4), **words).execute({"ti": make_ti(try_number=try_number, max_tries=1)})
    asked = len(model_requests(emulator))

    uri = batch(rows(4), **words).execute({"ti": make_ti(try_number=3, max_tries=3)})

    assert asked == 4
    assert sorted(statuses(uri)) == ["made", "made", "reused", "reused"]


def test_the_sum_in_the_manifest_is_that_in_the_document(ti: Any, emulator: Any) -> None:
    uri = batch(rows(3)).execute({"ti": ti})

    total = sum(line["estimated_cost_usd"] for line in lines_of(uri))
    assert ti.pushed["result"]["estimated_cost_usd"] == pytest.approx(total)
    assert ti.pushed["result"]["counts"]["made"] == 3
