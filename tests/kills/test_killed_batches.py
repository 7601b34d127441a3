"""A worker is killed at any moment of a batch: its retry asks for what is missing, and its manifest is true."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable

import pytest
from kills.aftermath import Tally, half_files, images_in, lost_images
from kills.kill_points import Case, Moment, batch_cases, batch_kills
from kills.killing import Scene

ALL = "KILL_PARTS" in os.environ  # make kills sets it
ITEMS, WIDTH = (40, 8) if ALL else (12, 4)
KILLS = batch_kills(batch_cases(ITEMS, WIDTH), parts=14)[:: 1 if ALL else 8]


@pytest.mark.parametrize(
    ("case", "moment", "deadly"), KILLS, ids=[f"{case}-{deadly.name}-{moment}" for case, moment, deadly in KILLS]
)
def test_a_killed_batch_is_finished_by_its_retry(
    scene: Scene, steps_of: Callable[[Case], int], tally: Tally, case: Case, moment: Moment, deadly: signal.Signals
) -> None:
    steps = steps_of(case)
    scene.gatekeeper.forget()
    first = scene.run(case, moment, deadly, steps)
    left = scene.visible(case)
    torn = half_files(left, case, scene.gatekeeper.made)
    second = scene.run(case)
    final = scene.visible(case)
    manifest = [json.loads(line) for line in final.get(second.report.get("uris", ""), b"").splitlines()]
    returned = [uri for line in manifest for uri in line["uris"]]
    lost = lost_images(left, final, returned)
    tally.add(case, deadly, first, second, torn=len(torn), left=len(images_in(left)), lost=len(lost))

    assert first.was_ended_by(deadly), (first.status, first.report, first.log)
    assert torn == []
    assert half_files(final, case, scene.gatekeeper.made) == []
    assert second.status == 0, (second.report, second.log)
    assert [line["key"] for line in manifest] == [row["key"] for row in case.arguments["items"]]
    assert sorted(returned) == sorted(images_in(final))
    assert len(returned) == ITEMS
    assert lost == []
    stored = len(images_in(left))
    assert [line["status"] for line in manifest].count("reused") == stored
    assert len(second.asked) == ITEMS - stored
    assert len(first.asked) - stored <= WIDTH
