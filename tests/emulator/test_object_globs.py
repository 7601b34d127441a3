"""``matchGlob`` finds the names that Cloud Storage finds, in pages and within the other limits of a listing."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

NAMES = ["a.png", "b.jpg", "d/a.png", "d/b-1.png", "d/e/a.png", "d/e/c.jpeg", "x[1].png", "ä.png"]


@pytest.fixture(autouse=True)
def filled(emulator: Any) -> None:
    for name in NAMES:
        emulator.put_object("bucket", name, b"x", "image/png")


def listed(google: Any, glob: str, more: str = "") -> list[str]:
    answer = google.objects(query=f"matchGlob={quote(glob, safe='')}{more}")
    assert answer.status == 200
    return [item["name"] for item in answer.json.get("items", [])]


@pytest.mark.parametrize(
    ("glob", "names"),
    [
        ("*.png", ["a.png", "x[1].png", "ä.png"]),
        ("**.png", ["a.png", "d/a.png", "d/b-1.png", "d/e/a.png", "x[1].png", "ä.png"]),
        ("**/a.png", ["d/a.png", "d/e/a.png"]),
        ("d/*", ["d/a.png", "d/b-1.png"]),
        ("d/**", ["d/a.png", "d/b-1.png", "d/e/a.png", "d/e/c.jpeg"]),
        ("?.png", ["a.png", "ä.png"]),
        ("[ab].*", ["a.png", "b.jpg"]),
        ("[a-c].*", ["a.png", "b.jpg"]),
        ("[!b].*", ["a.png", "ä.png"]),
        ("[^b].*", ["a.png", "ä.png"]),
        ("**.{jpg,jpeg}", ["b.jpg", "d/e/c.jpeg"]),
        ("d/{a,b-?}.png", ["d/a.png", "d/b-1.png"]),
        ("a.pn", []),
        (".*", []),
        ("A.png", []),
    ],
)
def test_a_glob_finds_its_names(google: Any, glob: str, names: list[str]) -> None:
    assert listed(google, glob) == names


def test_a_glob_works_with_pages_prefix_offsets_and_fields(google: Any) -> None:
    assert listed(google, "**.png", "&prefix=d/&startOffset=d/b&endOffset=d/f") == ["d/b-1.png", "d/e/a.png"]
    names: list[str] = []
    token = ""
    while True:
        query = f"matchGlob=**.png&maxResults=2&fields=items/name,nextPageToken&pageToken={quote(token, safe='')}"
        page = google.objects(query=query).json
        names += [item["name"] for item in page["items"]]
        assert {len(item) for item in page["items"]} == {1}
        if not (token := page.get("nextPageToken", "")):
            break
    assert names == listed(google, "**.png")


@pytest.mark.parametrize("query", ["matchGlob=[a", "matchGlob={a", "matchGlob=a]", "matchGlob=*&delimiter=/"])
def test_a_glob_that_is_not_served_is_refused(google: Any, query: str) -> None:
    answer = google.objects(query=query)

    assert (answer.status, answer.json["error"]["errors"][0]["reason"]) == (400, "invalidParameter")


def test_a_glob_finds_no_bucket_that_does_not_exist(google: Any) -> None:
    assert google.objects("nowhere", "matchGlob=*").message == "The specified bucket does not exist."
