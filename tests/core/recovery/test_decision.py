"""The life of a request, row by row: what is known, and the step that follows."""

from __future__ import annotations

from itertools import product
from typing import Any, get_args

import pytest

from airflow_provider_imagen.core.recovery.decision import (
    AFTER_SENDING,
    BEFORE_SENDING,
    MOST_SENDINGS,
    STOPPED,
    Facts,
    Look,
    RecordState,
    Return,
    Send,
    Step,
    Stop,
    WaitForWriter,
    next_step,
    rule_for,
    table_for,
)

IMAGEN_ON_GS = {"stores_output": True}
IMAGEN_ON_DISK: dict[str, Any] = {}
GEMINI = {"one_image_per_request": True}
FOUR = {"requested": 4}
IN_FLIGHT = {"record": "in_flight"}
FINISHED = {"record": "finished"}
LOST = {"record": "lost"}
SENT = {"sendings": 1}
SENT_TWICE = {"sendings": 2}

BEFORE: list[tuple[str, dict[str, Any], Step]] = [
    ("unreadable", {"record": "unreadable"}, Stop("record_unreadable", "keep")),
    ("unreadable, though images may be made anew", {"record": "unreadable", "if_exists": "generate"}, Stop("record_unreadable", "keep")),
    ("no record", FOUR, Send(4)),
    ("no record, and if_exists is fail", FOUR | {"if_exists": "fail"}, Send(4)),
    ("no record, images are there, and if_exists is fail", FOUR | {"present": 1, "if_exists": "fail"}, Stop("images_exist", "keep")),
    ("lost, by another run", LOST | GEMINI | {"writer": "other_run", "cleared": True}, Send(1)),
    ("tried on another machine, but images are here", {"other_host": True, "present": 1}, Send(1)),
    ("no record, images of unknown origin", FOUR | {"images": 4, "if_exists": "reuse"}, Send(4)),
    ("finished, all images gone", FINISHED | FOUR | {"if_exists": "reuse"}, Send(4)),
    ("finished, all images gone, and if_exists is fail", FINISHED | FOUR | {"if_exists": "fail"}, Send(4)),
    ("finished, reuse", FINISHED | FOUR | {"images": 4, "if_exists": "reuse"}, Return(reused=True)),
    ("finished, reuse, some images gone", FINISHED | FOUR | {"images": 1, "if_exists": "reuse"}, Return(reused=True)),
    ("finished, fail", FINISHED | {"images": 1, "if_exists": "fail"}, Stop("images_exist", "keep")),
    ("finished, generate", FINISHED | FOUR | {"images": 4}, Send(4)),
    ("another request finished, reuse", FINISHED | FOUR | {"images": 4, "if_exists": "reuse", "same_fingerprint": False}, Send(4)),
    ("another request finished, fail", FINISHED | {"images": 1, "if_exists": "fail", "same_fingerprint": False}, Stop("images_exist", "keep")),
    ("another request finished, generate", FINISHED | {"images": 1, "same_fingerprint": False}, Send(1)),
    ("another request in flight", IN_FLIGHT | FOUR | {"same_fingerprint": False}, Send(4)),
    ("another request in flight, fail", IN_FLIGHT | FOUR | {"same_fingerprint": False, "if_exists": "fail"}, Send(4)),
    ("in flight, all there", IN_FLIGHT | FOUR | {"images": 4}, Return(reused=True)),
    ("in flight, all there, reuse", IN_FLIGHT | FOUR | {"images": 4, "if_exists": "reuse"}, Return(reused=True)),
    ("in flight, all there, fail", IN_FLIGHT | FOUR | {"images": 4, "if_exists": "fail"}, Stop("images_exist", "keep")),
    ("in flight, Google stores, nothing there yet", IN_FLIGHT | FOUR | IMAGEN_ON_GS, Look()),
    ("in flight, Google stores, some there yet", IN_FLIGHT | FOUR | IMAGEN_ON_GS | {"images": 1}, Look()),
    ("in flight, Google stores, some there yet, fail", IN_FLIGHT | FOUR | IMAGEN_ON_GS | {"images": 1, "if_exists": "fail"}, Look()),
    ("in flight, Google stores, some there after a minute", IN_FLIGHT | FOUR | IMAGEN_ON_GS | {"images": 1, "looked": True}, Return(reused=True)),
    ("in flight, Google stores, nothing there after a minute", IN_FLIGHT | FOUR | IMAGEN_ON_GS | {"looked": True}, Send(4)),
    ("in flight, Gemini, some there", IN_FLIGHT | FOUR | GEMINI | {"images": 1}, Send(3)),
    ("in flight, Gemini, some there, fail", IN_FLIGHT | FOUR | GEMINI | {"images": 1, "if_exists": "fail"}, Stop("images_exist", "keep")),
    ("in flight, Gemini, nothing there", IN_FLIGHT | FOUR | GEMINI, Send(4)),
    ("in flight, Imagen on disk, some there", IN_FLIGHT | FOUR | IMAGEN_ON_DISK | {"images": 1}, Send(3)),
    ("in flight, Imagen on disk, nothing there", IN_FLIGHT | FOUR | IMAGEN_ON_DISK, Send(4)),
    ("in flight, by another task of the run", IN_FLIGHT | {"writer": "same_run"}, Stop("two_writers", "keep")),
    ("in flight, by another run", IN_FLIGHT | {"writer": "other_run"}, WaitForWriter()),
    ("another request in flight, by another run", IN_FLIGHT | {"writer": "other_run", "same_fingerprint": False}, WaitForWriter()),
    ("in flight, by another run whose time is over", IN_FLIGHT | GEMINI | {"writer": "expired"}, Send(1)),
    ("finished by another run", FINISHED | {"writer": "other_run", "images": 1, "if_exists": "reuse"}, Return(reused=True)),
    ("finished by another task of the run", FINISHED | {"writer": "same_run", "images": 1, "if_exists": "reuse"}, Return(reused=True)),
    ("lost, a retry", LOST | GEMINI, Stop("response_lost", "keep")),
    ("lost, a retry, resend", LOST | GEMINI | {"on_lost": "resend"}, Send(1)),
    ("lost, cleared", LOST | GEMINI | {"cleared": True}, Send(1)),
    ("lost, Google stores, a retry", LOST | IMAGEN_ON_GS, Look()),
    ("lost, Google stores, a retry, nothing there after a minute", LOST | IMAGEN_ON_GS | {"looked": True}, Stop("response_lost", "keep")),
    ("lost, Google stores, cleared, nothing there after a minute", LOST | IMAGEN_ON_GS | {"looked": True, "cleared": True}, Send(1)),
    ("lost, images there after all", LOST | IMAGEN_ON_GS | {"images": 1}, Return(reused=True)),
    ("tried on another machine", {"other_host": True}, Stop("other_host", "keep")),
    ("tried on another machine, resend", {"other_host": True, "on_lost": "resend"}, Send(1)),
    ("tried on another machine, but the record is here", IN_FLIGHT | {"other_host": True, "images": 1}, Return(reused=True)),
]  # fmt: skip

AFTER: list[tuple[str, dict[str, Any], Step]] = [
    ("all there", SENT | FOUR | {"images": 4, "new": 4}, Return()),
    ("some there, the rest filtered", SENT | FOUR | {"images": 1, "new": 1, "filtered": 3}, Return()),
    ("some there, the rest failed", SENT | FOUR | GEMINI | {"images": 1, "new": 1, "failed": 3}, Return()),
    ("some there, the rest lost", SENT | FOUR | GEMINI | {"images": 1, "new": 1, "lost": 3}, Return()),
    ("some there, the rest lost, resend", SENT | FOUR | GEMINI | {"images": 1, "new": 1, "lost": 3, "on_lost": "resend"}, Send(3)),
    ("some there, the rest lost twice, resend", SENT_TWICE | FOUR | GEMINI | {"images": 1, "new": 1, "lost": 3, "on_lost": "resend"}, Return()),
    ("lost, Google stores", SENT | FOUR | IMAGEN_ON_GS | {"lost": 1}, Look()),
    ("lost, Google stores, found", SENT | FOUR | IMAGEN_ON_GS | {"images": 4, "new": 4, "looked": True}, Return()),
    ("lost, Google stores, found in part", SENT | FOUR | IMAGEN_ON_GS | {"images": 2, "new": 2, "looked": True}, Return()),
    ("lost, Google stores, nothing found", SENT | FOUR | IMAGEN_ON_GS | {"lost": 1, "looked": True}, Send(4)),
    ("lost twice, Google stores", SENT_TWICE | FOUR | IMAGEN_ON_GS | {"lost": 1}, Look()),
    ("lost twice, Google stores, nothing found", SENT_TWICE | FOUR | IMAGEN_ON_GS | {"lost": 1, "looked": True}, Stop("response_lost", "lost")),
    ("an error of Google's, Google stores", SENT | FOUR | IMAGEN_ON_GS | {"server_errors": 1}, Look()),
    ("an error of Google's, Google stores, found", SENT | FOUR | IMAGEN_ON_GS | {"images": 4, "new": 4, "looked": True}, Return()),
    ("an error of Google's, Google stores, nothing found", SENT | FOUR | IMAGEN_ON_GS | {"server_errors": 1, "looked": True}, Send(4)),
    ("nine errors of Google's, Google stores", {"sendings": 9} | FOUR | IMAGEN_ON_GS | {"server_errors": 1, "looked": True}, Send(4)),
    ("ten errors of Google's, Google stores", {"sendings": 10} | FOUR | IMAGEN_ON_GS | {"server_errors": 1, "looked": True}, Stop("failed", "remove")),
    ("an error of Google's for ten minutes, Gemini", SENT | GEMINI | {"server_errors": 1}, Stop("failed", "remove")),
    ("lost, Gemini", SENT | GEMINI | {"lost": 1}, Stop("response_lost", "lost")),
    ("lost, Gemini, resend", SENT | GEMINI | {"lost": 1, "on_lost": "resend"}, Send(1)),
    ("lost twice, Gemini, resend", SENT_TWICE | GEMINI | {"lost": 1, "on_lost": "resend"}, Stop("response_lost", "lost")),
    ("lost, Imagen on disk, resend", SENT | FOUR | IMAGEN_ON_DISK | {"lost": 1, "on_lost": "resend"}, Send(4)),
    ("lost, and an earlier try left images", SENT | FOUR | GEMINI | {"images": 1, "lost": 3}, Stop("response_lost", "lost")),
    ("failed", SENT | {"failed": 1}, Stop("failed", "remove")),
    ("failed, and an earlier try left images", SENT | FOUR | GEMINI | {"images": 1, "failed": 3}, Stop("failed", "keep")),
    ("one failed, one lost", SENT | GEMINI | {"requested": 2, "failed": 1, "lost": 1}, Stop("response_lost", "lost")),
    ("empty", SENT | {"empty": 1}, Send(1)),
    ("empty twice", SENT_TWICE | {"empty": 1}, Stop("no_image", "remove")),
    ("some there, the rest empty", SENT | FOUR | GEMINI | {"images": 2, "new": 2, "empty": 2}, Send(2)),
    ("one empty, one lost", SENT | FOUR | GEMINI | {"images": 2, "new": 2, "empty": 1, "lost": 1}, Send(1)),
    ("one empty, one lost, resend", SENT | FOUR | GEMINI | {"images": 2, "new": 2, "empty": 1, "lost": 1, "on_lost": "resend"}, Send(2)),
    ("one empty, and not recorded", SENT | FOUR | GEMINI | {"images": 3, "new": 3, "empty": 1, "unrecorded": True}, Stop("not_recorded", "keep")),
    ("one empty, one lost, not recorded", SENT | FOUR | GEMINI | {"images": 2, "new": 2, "empty": 1, "lost": 1, "unrecorded": True}, Return()),
    ("one empty, one lost, nothing there, not recorded", SENT | GEMINI | {"requested": 2, "empty": 1, "lost": 1, "unrecorded": True}, Stop("response_lost", "lost")),
    ("one empty, one lost, resend, not recorded", SENT | FOUR | GEMINI | {"images": 2, "new": 2, "empty": 1, "lost": 1, "on_lost": "resend", "unrecorded": True}, Stop("not_recorded", "keep")),
    ("lost, Google stores, nothing found, not recorded", SENT | FOUR | IMAGEN_ON_GS | {"lost": 1, "looked": True, "unrecorded": True}, Stop("not_recorded", "keep")),
    ("filtered", SENT | FOUR | {"filtered": 4}, Stop("filtered", "remove")),
    ("filtered, and an earlier try left images", SENT | FOUR | GEMINI | {"images": 2, "filtered": 2}, Return()),
    ("stopped", {"stopped": True}, Stop("stopped", "keep")),
    ("stopped while in flight", IN_FLIGHT | {"stopped": True, "images": 1}, Stop("stopped", "keep")),
    ("stopped after responses", SENT | {"stopped": True, "images": 1, "new": 1}, Stop("stopped", "keep")),
]  # fmt: skip
ROWS = BEFORE + AFTER


@pytest.mark.parametrize(("known", "step"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_the_step_follows_from_what_is_known(known: dict[str, Any], step: Step) -> None:
    assert next_step(Facts(**known)) == step


def test_every_row_of_the_tables_is_reached_by_a_case() -> None:
    reached = [rule_for(Facts(**known)) for _, known, _ in ROWS]

    assert [rule.known for rule in (*STOPPED, *BEFORE_SENDING, *AFTER_SENDING) if rule not in reached] == []


def every_combination() -> list[Facts]:
    records: tuple[RecordState, ...] = get_args(RecordState)
    return [
        Facts(
            requested=2,
            images=images,
            if_exists=if_exists,
            on_lost=on_lost,
            stores_output=stores,
            one_image_per_request=one,
            record=record,
            writer=writer,
            sendings=sendings,
            looked=looked,
            new=min(images, new),
            lost=lost,
            empty=empty,
        )
        for images, new, if_exists, on_lost, (stores, one), record, writer, sendings, looked, lost, empty in product(
            (0, 1, 2),
            (0, 1, 2),
            ("generate", "reuse", "fail"),
            ("fail", "resend"),
            ((True, False), (False, True), (False, False)),
            records,
            ("this_task", "same_run", "other_run", "expired"),
            (0, 1, 2),
            (True, False),
            (0, 1),
            (0, 1),
        )
    ]


def test_no_combination_of_facts_is_without_a_step_or_breaks_a_promise() -> None:
    for facts in every_combination():
        step = next_step(facts)
        assert len(table_for(facts)) > 0
        if isinstance(step, Send):
            assert facts.sendings < MOST_SENDINGS
            assert 1 <= step.images <= facts.requested
            assert facts.record != "unreadable" or facts.sendings
        if isinstance(step, Return):
            assert facts.images > 0
        if isinstance(step, Look):
            assert facts.stores_output
            assert not facts.looked
        if isinstance(step, Stop) and step.record == "remove":
            assert facts.images == 0
