"""Prints what 1,632 prompts cost as one batch task, beside a loop around Google's SDK with a pool of as many threads.

The prompts are those of PartiPrompts, which is not shipped: its path is the first argument, or in ``PARTI_PROMPTS``, or
``data/PartiPrompts.tsv`` beside this checkout. Both sides talk to one server over real sockets, which answers each
request after a fixed time, and store into a folder of this disk. ``of the ideal`` is the wall time over latency x
prompts / width. Of our files the images are compared; records and manifest are what the SDK's loop does not write.
"""

from __future__ import annotations

import math
import os
import sys
import tempfile
from pathlib import Path

from batch_sides import measured
from replay_server import count_at, image_of, replay

WIDTH = 8
IMAGE_BYTES = 200_000
LATENCIES = {1.0: 1.1, 0.05: 1.5}
"""Seconds, each with the goal for the wall time over the ideal."""
FEW = 200
CPU_GOAL = 1.0


def prompts() -> list[str] | None:
    """Return the prompts, None where their file is not there."""
    beside = Path(__file__).resolve().parents[2].parent / "data" / "PartiPrompts.tsv"
    path = Path(sys.argv[1] if len(sys.argv) > 1 else os.environ.get("PARTI_PROMPTS", beside))
    if not path.exists():
        return None
    lines = path.read_text(encoding="utf-8").splitlines()[1:]
    return [line.split("\t")[0] for line in lines if line.strip()]


def one_run(side: str, asked: list[str], latency: float) -> dict[str, float]:
    """Run one side and return its figures."""
    with replay(IMAGE_BYTES, latency) as url, tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "images"
        order = {"prompts": asked, "output_uri": str(output), "width": WIDTH, "endpoint": url}
        figures = measured(side, order | {"connection": {"endpoint": url}})
        images = [path for path in output.rglob("*.png") if path.stat().st_size == len(image_of(IMAGE_BYTES))]
        others = [path.stat().st_size for path in output.rglob("*") if path.is_file() and path not in set(images)]
        assert figures["images"] == len(asked), figures
        figures |= {"files": len(images), "requests": count_at(url), "other_bytes": sum(others), "others": len(others)}
    return figures


def show(side: str, asked: int, latency: float, figures: dict[str, float]) -> None:
    """Print one run."""
    ideal = latency * math.ceil(asked / WIDTH)
    print(
        f"  {side:13} {asked:5} prompts: {figures['wall']:7.1f} s = {figures['wall'] / ideal:.2f} of the ideal, "
        f"CPU {figures['cpu'] / asked * 1000:.2f} ms an image, peak {figures['over_idle'] / 1e6:.0f} MB over "
        f"{figures['idle'] / 1e6:.0f} idle; {figures['requests']:.0f} requests, {figures['files']:.0f} images, "
        f"{figures['others']:.0f} other files of {figures['other_bytes'] / 1e6:.1f} MB"
    )


def main() -> None:
    """Measure and print."""
    asked = prompts()
    if asked is None:
        print("PartiPrompts.tsv is not there (PARTI_PROMPTS=path names it): the batch beside the SDK is skipped.")
        return
    for latency, goal in LATENCIES.items():
        print(f"latency {latency:g} s, {WIDTH} side by side, images of {IMAGE_BYTES / 1000:.0f} kB")
        few = one_run("ours", asked[:FEW], latency)
        show("ours", FEW, latency, few)
        sides = {side: one_run(side, asked, latency) for side in ("ours", "sdk")}
        for side, figures in sides.items():
            show("ours" if side == "ours" else "google-genai", len(asked), latency, figures)
        ours, sdk = sides["ours"], sides["sdk"]
        print(
            f"  ours / google-genai: wall {ours['wall'] / sdk['wall']:.2f}, CPU {ours['cpu'] / sdk['cpu']:.2f} (at "
            f"most {CPU_GOAL:g}), peak over idle {ours['over_idle'] / sdk['over_idle']:.2f}; goal for the wall: "
            f"{goal} of the ideal; memory at {len(asked)} over {FEW}: {ours['over_idle'] / few['over_idle']:.2f}"
        )


if __name__ == "__main__":
    main()
