"""``@task.imagen``: what a function may return, and what becomes of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import DAG, AirflowFailException, DecoratedOperator

from airflow_provider_imagen.decorators.imagen import ImagenDecoratedOperator, imagen_task
from airflow_provider_imagen.operators.imagen import ImagenGenerateOperator

MODEL = "imagen-4.0-generate-001"


def dag() -> DAG:
    return DAG("decorated", schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC))


def task_of(function: Callable[..., Any], *args: Any, **arguments: Any) -> ImagenDecoratedOperator:
    """Return the task that the decorated function makes when it is called with some arguments."""
    with dag():
        decorated: Any = imagen_task(**{"output_uri": "gs://bucket/made/", "model": MODEL, **arguments})(function)
        operator = decorated(*args).operator
    assert isinstance(operator, ImagenDecoratedOperator)
    return operator


def asked(emulator: Any) -> list[dict[str, Any]]:
    return [dict(each.json) for each in emulator.requests if each.path.endswith(":predict")]


def test_a_returned_prompt_is_asked_and_the_uris_come_back(emulator: Any, context: dict[str, Any]) -> None:
    def poster(product: str, ds: str | None = None) -> str:
        return f"a poster for {product}, {ds}"

    uris = task_of(poster, "a boat", number_of_images=2).execute(context)

    (request,) = asked(emulator)
    assert request["instances"] == [{"prompt": "a poster for a boat, 2026-11-22"}]
    assert sorted(uris) == sorted(f"gs://bucket/{name}" for name in emulator.list_objects("bucket", "made/"))
    assert len(uris) == 2


def test_a_returned_dict_has_the_last_word_over_the_decorator(emulator: Any, context: dict[str, Any]) -> None:
    def poster() -> dict[str, Any]:
        return {"prompt": "a boat", "aspect_ratio": "16:9", "output_uri": "gs://bucket/elsewhere/"}

    (uri,) = task_of(poster, aspect_ratio="1:1").execute(context)

    (request,) = asked(emulator)
    assert request["parameters"]["aspectRatio"] == "16:9"
    assert uri.startswith("gs://bucket/elsewhere/")


def test_a_function_annotated_as_a_dict_still_makes_one_list_of_uris() -> None:
    """Airflow would refuse the list of a task with several outputs, when it is paid for."""

    def poster() -> dict[str, Any]:
        return {"prompt": "a boat"}

    assert task_of(poster).multiple_outputs is False


def test_the_operator_shows_the_prompt_once_it_is_known(emulator: Any, context: dict[str, Any]) -> None:
    def poster() -> str:
        return "a boat"

    task = task_of(poster)
    before = str(task.prompt)
    task.execute(context)

    assert "boat" not in before
    assert task.prompt == "a boat"
    assert task.overwrite_rtif_after_execution
    assert set(ImagenGenerateOperator.template_fields) < set(task.template_fields)


def test_what_a_function_returns_is_no_template_and_the_log_says_so(
    emulator: Any,
    context: dict[str, Any],
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    def poster() -> str:
        return "a boat named {{ ds }}"

    task_of(poster).execute(context)

    assert asked(emulator)[0]["instances"] == [{"prompt": "a boat named {{ ds }}"}]
    assert "The prompt has braces" in "".join(capsys.readouterr()) + caplog.text


@pytest.mark.parametrize(
    ("returned", "told"),
    [
        (["a boat", "a car"], r"a list of 2.*map over it: poster.expand"),
        (("a boat",), "a tuple of 1.*map over it"),
        ("  ", "a blank prompt. Allowed are a prompt, or a dict"),
        (None, "NoneType None. Allowed are a prompt"),
        ({"seed": 3}, "a dict whose prompt is None. Allowed are"),
        ({"prompt": "a boat", "aspect_ration": "1:1"}, "'aspect_ration'.*Did you mean 'aspect_ratio'"),
        ({"prompt": "a boat", "retries": 3}, "'retries', which ImagenGenerateOperator does not have"),
    ],
)
def test_anything_else_fails_at_once_and_nothing_is_asked(
    emulator: Any, context: dict[str, Any], returned: Any, told: str
) -> None:
    with pytest.raises(AirflowFailException, match=rf"(?s)InvalidInputError.*{told}"):
        task_of(lambda: returned, task_id="poster").execute(context)

    assert emulator.requests == []


def test_an_error_of_the_function_itself_is_left_to_airflows_retries(emulator: Any, context: dict[str, Any]) -> None:
    def poster() -> str:
        raise LookupError("the shop is closed")

    with pytest.raises(LookupError, match="the shop is closed"):
        task_of(poster).execute(context)


def test_a_mapped_function_is_a_task_for_each_value() -> None:
    def poster(product: str) -> str:
        return f"a poster for {product}"

    with dag() as made:
        decorated: Any = imagen_task(output_uri="gs://bucket/made/", model=MODEL)(poster)
        decorated.expand(product=["a boat", "a car"])

    (mapped,) = made.tasks
    assert mapped.task_type == "ImagenDecoratedOperator"
    assert mapped.operator_name == "@task.imagen"


def test_airflows_own_way_back_is_not_taken(
    emulator: Any, context: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """That of Airflow 3.0 breaks, when the images are paid for."""

    def broken(*_: Any, **__: Any) -> Any:
        raise AttributeError("xcom_push")

    monkeypatch.setattr(DecoratedOperator, "_handle_output", broken)

    assert len(task_of(lambda: "a boat", task_id="poster").execute(context)) == 1


def test_the_prompt_is_not_an_argument_of_the_decorator() -> None:
    with pytest.raises(TypeError, match="prompt"):
        task_of(lambda: "a boat", task_id="poster", prompt="a car")
