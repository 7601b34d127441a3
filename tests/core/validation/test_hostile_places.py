"""A rendered value never leads out of the folder it stands in, in whatever way it is written."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path
from urllib.parse import unquote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from airflow_provider_imagen.core.storage.locations import parse_folder
from airflow_provider_imagen.core.storage.object_names import OwnPlace, own_name
from airflow_provider_imagen.core.validation.output_paths import problems_with_output_uri

BASES = ["gs://bucket/posters/", "/data/posters/", "file:///data/posters/", "s3://bucket/posters/"]
PIECES = [
    *("..", ".", "/", "//", "\\", "%", "%2e", "%2E", "%252e", "%2f", "%5c", "%00", "%0a", "%25", "2e"),
    *("\uff0e", "\uff0f", "\uff3c", "\u2024", "\u2025", "\u2026", "\u2044", "\u200f", "\u202e", "\u200b", "\u0000"),
    *("a", "2026-11-22", "\u00e9", "e\u0301", " ", "~", "?", "#", ":", "@", "C:", "x" * 200, "\u00fc" * 90),
]
hostile = st.lists(st.sampled_from(PIECES) | st.characters(exclude_categories=[]), max_size=8).map("".join)


def readings_of(text: str) -> set[str]:
    """Return every form that repeated decoding and normalising can turn a text into, found by trying them all."""
    found = {text}
    while True:
        forms = {unquote(each) for each in found} | {
            unicodedata.normalize(form, each) for each in found for form in ("NFC", "NFD", "NFKC", "NFKD")
        }
        if forms <= found:
            return found
        found |= forms


def leads_out(value: str) -> bool:
    """Say whether any reading of a value has a part that moves, or that Windows would read as one."""
    parts = {part for each in readings_of(value) for part in each.replace("\\", "/").split("/")}
    return bool(parts & {".", ".."}) or any(ord(letter) < 32 for each in readings_of(value) for letter in each)


@pytest.mark.parametrize("base", BASES)
@given(value=hostile)
@example("%252e%252e/other")
@example("%25252e%25252e/other")
@example("%2525252e%2525252e/other")
@example("\uff0e\uff0e\uff0fother")
@example("%ef%bc%8e%ef%bc%8e/other")
def test_what_is_let_through_stays_below_its_folder(base: str, value: str) -> None:
    uri = f"{base}{value}/"
    problems = list(problems_with_output_uri(uri))
    for problem in problems:
        problem.encode()
    if not problems:
        assert not leads_out(value)
        assert "//" not in uri.partition("://")[2].rstrip("/").removeprefix("/")
        assert all(len(part.encode()) <= 255 or base.startswith("gs://") for part in value.split("/"))


@given(value=hostile)
def test_what_is_let_through_to_a_local_folder_can_be_made_there(
    tmp_path_factory: pytest.TempPathFactory, value: str
) -> None:
    base = tmp_path_factory.getbasetemp() / "base"
    if not list(problems_with_output_uri(f"{base}/{value}/")):
        folder = Path(f"{base}/{value}/")
        folder.mkdir(parents=True, exist_ok=True)
        assert folder.resolve().is_relative_to(base.resolve())


@pytest.mark.parametrize(
    "value", ["../other", "..", "%2e%2e/other", "..%2fother", "a\\..\\b", "\uff0e\uff0e/x", "a/./b"]
)
@pytest.mark.parametrize("base", BASES)
def test_a_way_out_is_refused_in_words(base: str, value: str) -> None:
    (problem,) = problems_with_output_uri(f"{base}{value}/")

    assert "not allowed" in problem
    assert "Use gs://" in problem


@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize("value", ["/etc", "a//b", "a///b"])
def test_an_empty_part_is_refused_with_its_likely_cause(base: str, value: str) -> None:
    (problem,) = problems_with_output_uri(f"{base}{value}/")

    assert "may have rendered to nothing" in problem


@pytest.mark.parametrize("character", ["\u202e", "\u200f", "\u200b", "\u00ad", "\ue000", "\ud800", "\x7f", "\t"])
def test_invisible_characters_are_refused(character: str) -> None:
    (problem,) = problems_with_output_uri(f"gs://bucket/posters/{character}a/")

    assert "characters" in problem
    problem.encode()


@pytest.mark.parametrize(
    ("uri", "text"),
    [
        (f"/data/{'x' * 256}/", "a part of it has 256 bytes, allowed are 255"),
        (f"/data/{'ü' * 128}/", "a part of it has 256 bytes, allowed are 255"),
        (f"/{'x/' * 2000}", "it has 4000 bytes, allowed are 3956"),
        (f"gs://bucket/{'x' * 884}/", "it has 885 bytes, allowed are 884"),
    ],
)
def test_a_name_that_no_storage_takes_is_refused_before_the_request(uri: str, text: str) -> None:
    (problem,) = problems_with_output_uri(uri)

    assert text in problem
    assert len(problem) < 400


@pytest.mark.parametrize(
    "uri",
    [
        f"/data/{'x' * 255}/",
        f"gs://bucket/{'x' * 883}/",
        f"gs://{'b' * 222}/{'x' * 880}/",
        "gs://bucket/2026-11-22T00:00:00+00:00/",
        "gs://bucket/100%/x/",
        "gs://bucket/a%20b/",
        "gs://bucket/e\u0301/",
        "gs://bucket/\u00e9/",
        "gs://bucket/...a/b../",
        "gs://bucket/\u6d77/",
    ],
)
def test_what_is_only_unusual_is_let_through(uri: str) -> None:
    assert list(problems_with_output_uri(uri)) == []


anything = st.text(st.characters(exclude_categories=[]), max_size=300)


@given(dag_id=anything, run_id=anything, task_id=anything | hostile, map_index=st.integers())
def test_the_workers_own_folder_is_one_part_of_a_path(dag_id: str, run_id: str, task_id: str, map_index: int) -> None:
    name = own_name(dag_id, run_id, task_id, map_index)

    assert re.fullmatch(r"[A-Za-z0-9._-]{0,60}-[0-9a-f]{12}", name)


@given(index=st.integers(0, 10**6), mime_type=anything | st.sampled_from(["image/svg+xml", "text/html", "image/../x"]))
def test_the_workers_own_file_is_named_as_an_image_and_nothing_else(index: int, mime_type: str) -> None:
    name = OwnPlace("own", is_key=False, requested=1).file_name(index, mime_type)

    assert re.fullmatch(r"own/sample_[0-9]+\.(png|jpg|gif|webp|bmp|tiff|ico|bin)", name)


@given(value=hostile)
def test_a_folder_in_cloud_storage_never_names_its_neighbour(value: str) -> None:
    uri = f"gs://bucket/posters/{value}/"
    if not list(problems_with_output_uri(uri)):
        assert parse_folder(uri).prefix.startswith("posters/")
        assert parse_folder(uri).prefix.endswith("/")
