"""Copies the pictures of the docs from what the demo and the browser tests left, cut and in 256 colours."""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image, ImageChops

REPOSITORY = Path(__file__).resolve().parent.parent
SEEN = "test-output/browser"
SOURCES = {
    "contact-sheet.png": "demo-output/contact_sheet.png",
    "connection-form.png": f"{SEEN}/test_every_field*hidden-fields.png",
    "gallery.png": f"{SEEN}/test_a_task_instance*-thumbnail.png",
    "gallery-dark.png": f"{SEEN}/test_it_is_dark*-dark.png",
    "gallery-filtered.png": f"{SEEN}/test_a_filtered*-filtered.png",
    "gallery-runs.png": f"{SEEN}/test_a_newcomer*-gallery.png",
    "gallery-batch.png": f"{SEEN}/test_a_batch_shows*frame-frame.png",
    "gallery-compare.png": f"{SEEN}/test_two_runs*frame-frame.png",
    "approval.png": f"{SEEN}/test_a_person*two-question.png",
}
MARGIN_PX = 20
TALLEST_PX = 1900
MENU_PX = 64
"""Width of Airflow's own menu at the left, which has something at its bottom."""


def shrunk(picture: Image.Image) -> Image.Image:
    """Return a picture without the rows at its end that show nothing new."""
    page = picture.convert("RGB")
    beside = page.crop((MENU_PX, 0, *page.size))
    blank = beside.crop((0, beside.height - 1, *beside.size)).resize(beside.size)
    box = ImageChops.difference(beside, blank).getbbox()
    height = min(page.height, TALLEST_PX, box[3] + MARGIN_PX) if box else page.height
    return page.crop((0, 0, page.width, height)).quantize()


def main() -> int:
    """Write every picture."""
    for name, pattern in SOURCES.items():
        found = list(REPOSITORY.glob(pattern))
        if len(found) != 1:
            print(f"{pattern}: {len(found)} files, 1 is needed. Run make pictures.", file=sys.stderr)
            return 1
        target = REPOSITORY / "docs" / "pictures" / name
        with Image.open(found[0]) as picture:
            shrunk(picture).save(target, optimize=True)
        print(f"{target.relative_to(REPOSITORY)}  {target.stat().st_size // 1000} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
