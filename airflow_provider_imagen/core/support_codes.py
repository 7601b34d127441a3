"""Google's support codes: the digits in a refusal, and the category each stands for.

Source: "Responsible AI" page of Google's image models, section safety filter code categories; checked 2026-11-22.
"""

from __future__ import annotations

import re

CATEGORIES = {
    "Child": ("58061214", "17301594"),
    "Celebrity": ("29310472", "15236754"),
    "Dangerous content": ("62263041",),
    "Hate": ("57734940", "22137204"),
    "Other": ("42876398", "29578790", "74803281"),
    "People or face not allowed by the safety settings": ("39322892",),
    "Personal information": ("92201652",),
    "Prohibited content": ("89371032", "49114662", "72817394"),
    "Sexual": ("90789179", "63429089", "43188360"),
    "Toxic": ("78610348",),
    "Violence": ("61493863", "56562880"),
    "Vulgar": ("32635315",),
    "Celebrity or child": ("64151117",),
    "Video safety": ("42237218",),
}
_BY_CODE = {code: category for category, codes in CATEGORIES.items() for code in codes}
_IN_TEXT = re.compile(r"(support codes?|error code)\s*:\s*(\d[\d,\s]*)", re.IGNORECASE)


def codes_in(text: str) -> tuple[str, ...]:
    """Return the support codes named in a text, in order, each once.

    Shorter numbers are codes of other kinds, and so are "error codes" that Google's page does not list.
    """
    found = (
        code
        for word, run in _IN_TEXT.findall(text)
        for code in re.findall(r"\d{6,}", run)
        if code in _BY_CODE or word.lower().startswith("support")
    )
    return tuple(dict.fromkeys(found))


def category_of(code: str) -> str:
    """Return the category of a support code, ``unknown`` for one that Google's page does not list."""
    return _BY_CODE.get(code, "unknown")
