"""A worker is killed at any moment, and the retry of its task finds whole images and asks for no more than it must."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

import pytest
from kills.aftermath import Tally, asked_images, half_files, images_in, lost_images
from kills.kill_points import Case, Moment, if_exists_of, kills
from kills.killing import Scene

KILLS = kills(parts=int(os.environ.get("KILL_PARTS", "5")))  # make kills sets it


@pytest.mark.parametrize(
    ("case", "moment", "deadly"), KILLS, ids=[f"{case}-{deadly.name}-{moment}" for case, moment, deadly in KILLS]
)
def test_a_killed_worker_leaves_whole_images_and_its_retry_succeeds(
    scene: Scene, steps_of: Callable[[Case], int], tally: Tally, case: Case, moment: Moment, deadly: signal.Signals
) -> None:
    if_exists = if_exists_of(moment)
    first = scene.run(case, moment, deadly, steps_of(case), if_exists=if_exists)
    left = scene.visible(case)
    torn = half_files(left, case, scene.gatekeeper.made)
    second = scene.run(case, if_exists=if_exists)
    final = scene.visible(case)
    returned = second.report.get("uris", [])
    lost = lost_images(left, final, returned)
    tally.add(case, deadly, first, second, torn=len(torn), left=len(images_in(left)), lost=len(lost))

    assert first.was_ended_by(deadly), (first.status, first.report, first.log)
    assert torn == []
    assert half_files(final, case, scene.gatekeeper.made) == []
    assert second.status == 0, (second.report, second.log)
    assert len(returned) == len(set(returned)) == case.images
    assert set(returned) <= set(images_in(final))
    assert lost == []
    assert len(second.asked) <= case.asks
    if case.place == "google":
        assert len(first.asked) + len(second.asked) == case.asks
    else:
        assert asked_images(second) == case.images - len(images_in(left))
