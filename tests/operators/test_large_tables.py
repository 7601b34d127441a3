"""A table of 10,000 rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from support.emulated import model_requests

from airflow_provider_imagen.operators.batch import ImagenBatchOperator


def test_three_broken_rows_among_ten_thousand_are_told_before_anything_is_sent(
    tmp_path: Path, ti: Any, emulator: Any
) -> None:
    rows = [f"sku-{number};chair {number};red\r\n" for number in range(2, 10_002)]
    rows[99], rows[4_999], rows[9_999] = ";chair;red\r\n", "sku-5001;chair\r\n", "sku 10001;chair;red\r\n"
    table = tmp_path / "table.csv"
    table.write_text("key;name;colour\r\n" + "".join(rows), encoding="utf-8-sig", newline="")
    task = ImagenBatchOperator(
        task_id="pictures", items=str(table), prompt="Photo of {name}, {colour}", output_uri=str(tmp_path / "made")
    )

    with pytest.raises(AirflowFailException) as refused:
        task.execute({"ti": ti})

    said = [line.strip() for line in str(refused.value).splitlines() if line.startswith("  - ")]
    assert [line.partition(":")[0] for line in said] == [
        "- row 101",
        "- row 5001 (key 'sku-5001')",
        "- row 10001 (key 'sku 10001')",
    ]
    assert "key is blank" in said[0]
    assert "2 cells, the header 3" in said[1]
    assert "Use 'sku-10001'" in said[2]
    assert model_requests(emulator) == []
    assert not (tmp_path / "made").exists()
