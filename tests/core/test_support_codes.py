"""Google's support codes, found in its prose and named.

The table below was copied from Google's page on responsible AI, checked 2026-11-22.
"""

from __future__ import annotations

import pytest

from airflow_provider_imagen.core.support_codes import CATEGORIES, category_of, codes_in

GOOGLE_S_TABLE = """
Child | 58061214 17301594
Celebrity | 29310472 15236754
Dangerous content | 62263041
Hate | 57734940 22137204
Other | 42876398 29578790 74803281
People or face not allowed by the safety settings | 39322892
Personal information | 92201652
Prohibited content | 89371032 49114662 72817394
Sexual | 90789179 63429089 43188360
Toxic | 78610348
Violence | 61493863 56562880
Vulgar | 32635315
Celebrity or child | 64151117
Video safety | 42237218
"""
ROWS = [
    (code, row.split(" | ")[0]) for row in GOOGLE_S_TABLE.strip().splitlines() for code in row.split(" | ")[1].split()
]


@pytest.mark.parametrize(("code", "category"), ROWS)
def test_a_code_has_the_category_of_google_s_table(code: str, category: str) -> None:
    assert category_of(code) == category


def test_no_code_is_made_up() -> None:
    codes = [code for codes in CATEGORIES.values() for code in codes]

    assert sorted(codes) == sorted(code for code, _ in ROWS)


def test_a_code_that_google_does_not_list_is_unknown() -> None:
    assert category_of("11112222") == "unknown"


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("Send feedback. Support codes: 39322892, 29310472", ("39322892", "29310472")),
        ("Support codes: 39322892,29310472.", ("39322892", "29310472")),
        ("Support code: 42876398", ("42876398",)),
        ("SUPPORT CODES : 42876398", ("42876398",)),
        ("policies. Error Code: 58061214 (see above)", ("58061214",)),
        ("Support codes: 42876398, 42876398", ("42876398",)),
        ("Support codes: 42876398. Again: support code: 58061214", ("42876398", "58061214")),
        ("Support codes: 42876398\n2026-11-22", ("42876398",)),
        ("filtered out 2 generated images", ()),
        ("error code: 3", ()),
        ("42876398", ()),
        ("Support codes: none", ()),
        ("", ()),
    ],
)
def test_codes_are_found_in_order_each_once(text: str, codes: tuple[str, ...]) -> None:
    assert codes_in(text) == codes
