"""Prompts, model names and whatever else a task recorded are other people's words: they never become part of a page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

GALLERY = "/imagen-gallery"
DAG = f"{GALLERY}/dags/posters_dag"
Record = Callable[..., dict[str, Any]]
Visit = Callable[..., Any]

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "{{ 7 * 7 }}{% for x in y %}",
    "</p></section><iframe src=//evil.example>",
    "javascript:alert(1)",
    "\u202egnp.exe \u0007 <!--",
]


def task_page(run_id: str = "manual__1", map_index: str = "-1") -> str:
    return f"{DAG}/runs/{run_id}/tasks/posters/{map_index}"


@pytest.mark.parametrize("words", HOSTILE)
def test_hostile_words_stay_words(site: Any, visit: Visit, make_record: Record, words: str) -> None:
    reason = {"reason": words, "codes": [{"code": words, "category": words}]}
    fallback = {"instead_of": words, "because": words, "given_up": [words]}
    plain = make_record("gs://bucket/x.png")
    images = [{**plain["images"][0], "prompt": words, "mime_type": words, "uri": f"gs://bucket/{words}"}]
    hostile = {"model": words, "location": words, "parameters": {"prompt": words, "aspect_ratio": words}}
    value = plain | hostile | {"images": images, "filtered": 2, "filter_reasons": [reason], "fallback": fallback}
    site.add_task({**value, "failed_requests": [words]}, run=site.add_run())

    for path in (task_page(), DAG):
        page = visit(path)
        tags = {tag for tag, _ in page.tags}
        assert tags <= {
            *("html", "head", "meta", "title", "link", "script", "body", "main", "header", "h1", "h2", "h3", "p", "a"),
            *("section", "dl", "div", "dt", "dd", "ul", "li", "span", "img", "dialog", "button", "nav"),
            *("form", "label", "input", "select", "option", "datalist"),
        }
        assert [attributes["src"].rpartition("/")[2] for tag, attributes in page.tags if tag == "script"] == [
            "theme.js",
            "gallery.js",
        ]
        assert not any(name.startswith("on") for _, attributes in page.tags for name in attributes)
        assert not any(link.startswith("javascript:") for link in page.all("a", "href"))
        assert "49" not in page.text.replace("2049", "")


def test_half_a_character_in_a_prompt_is_no_reason_to_show_nothing(
    site: Any, visit: Visit, make_record: Record
) -> None:
    words = "a boat \ud83d at sea"
    site.add_task(make_record("gs://bucket/x.png", parameters={"prompt": words}), run=site.add_run())

    assert "a boat ? at sea" in visit(task_page()).text
    assert "a boat ? at sea" in visit(DAG).text
