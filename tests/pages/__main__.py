"""``python -m pages`` in the folder ``tests``: writes every block of every page anew."""

from __future__ import annotations

import sys

from pages.blocks import PAGES, rewritten

for page in PAGES:
    text = page.read_text(encoding="utf-8")
    if (new := rewritten(text)) != text:
        page.write_text(new, encoding="utf-8")
        sys.stdout.write(f"{page.name} is written\n")
