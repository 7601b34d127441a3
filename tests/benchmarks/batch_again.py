"""Prints what a batch costs that finds every image made, and what it takes to check and plan 10,000 rows.

The images are made first, by a batch task against the emulator, and are then asked for again by a fresh process.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from batch_sides import measured

PROMPTS = 1_632
WIDTH = 8
STORAGE_GOAL = 20
ROWS = 10_000


def main() -> None:
    """Measure and print."""
    from airflow_provider_imagen.emulator import Emulator

    asked = [f"a boat number {number}" for number in range(PROMPTS)]
    with Emulator(buckets=["bucket"]) as emulator:
        order = {"prompts": asked, "output_uri": "gs://bucket/made/", "width": WIDTH}
        order["connection"] = emulator.connection["extra"]
        first = measured("ours", order)
        before = len(emulator.requests)
        again = measured("ours", order)
        kinds = Counter(kind_of(request) for request in emulator.requests[before:])
        rows = [f"a ship number {number}" for number in range(ROWS)]
        planned = measured("ours", order | {"prompts": rows, "dry_run": True})
    assert first["images"] == again["images"] == PROMPTS
    print(
        f"{PROMPTS} images that are there, asked for again: {kinds['model']} requests to models, {kinds['storage']} to "
        f"Cloud Storage (goal: 0 and {STORAGE_GOAL}), {again['wall']:.1f} s, CPU {again['cpu']:.1f} s, peak "
        f"{again['over_idle'] / 1e6:.0f} MB over idle; again / first: wall {again['wall'] / first['wall']:.3f}, "
        f"CPU {again['cpu'] / first['cpu']:.3f}"
    )
    print(
        f"{ROWS} rows checked and planned, nothing sent: CPU {planned['cpu'] / ROWS * 1000:.2f} ms a row, peak "
        f"{planned['over_idle'] / 1e6:.0f} MB over idle"
    )


def kind_of(request: Any) -> str:
    """Return what a request is to."""
    return "model" if request.path.endswith((":predict", ":generateContent")) else "storage"


if __name__ == "__main__":
    main()
