"""Prints how much memory a batch takes while 16 answers with images of 30 MB each are under way at once.

The answers come at the same moment. Beside it, a loop around Google's SDK with as many threads.
"""

from __future__ import annotations

import tempfile

from batch_sides import measured
from replay_server import replay

ANSWERS = 16
IMAGE_BYTES = 22_500_000
"""30 MB as base64."""
GOAL_MB = 350


def main() -> None:
    """Measure and print."""
    print(f"{ANSWERS} answers of {IMAGE_BYTES / 3 * 4 / 1e6:.0f} MB side by side (goal: {GOAL_MB} MB over idle)")
    for side, name in (("ours", "ours"), ("sdk", "google-genai")):
        with replay(IMAGE_BYTES, 2.0) as url, tempfile.TemporaryDirectory() as folder:
            asked = [f"a boat number {number}" for number in range(ANSWERS)]
            order = {"prompts": asked, "output_uri": f"{folder}/images", "width": ANSWERS, "endpoint": url}
            figures = measured(side, order | {"connection": {"endpoint": url}})
        assert figures["images"] == ANSWERS, figures
        print(
            f"  {name:13} {figures['over_idle'] / 1e6:.0f} MB over {figures['idle'] / 1e6:.0f}, "
            f"{figures['wall']:.1f} s, CPU {figures['cpu']:.1f} s"
        )


if __name__ == "__main__":
    main()
