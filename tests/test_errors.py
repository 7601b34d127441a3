"""Every error survives the way between processes, and the tree drawn in the docstring is the tree there is."""

from __future__ import annotations

import copy
import pickle
import re

import pytest

from airflow_provider_imagen import errors
from airflow_provider_imagen.errors import (
    ImagenError,
    ImagesFilteredError,
    InvalidInputError,
    PermanentError,
    RetryableError,
)


def all_below(kind: type[ImagenError]) -> list[type[ImagenError]]:
    return [kind, *(each for child in kind.__subclasses__() for each in all_below(child))]


TREE = [kind for kind in dict.fromkeys(all_below(ImagenError)) if kind.__module__ == errors.__name__]


def filled(kind: type[ImagenError]) -> ImagenError:
    """Return an error with a value in each of its fields."""
    if issubclass(kind, InvalidInputError):
        return kind(("seed is 0; allowed are 1 to 9. Choose another.", "prompt is empty. Say something."))
    if issubclass(kind, RetryableError):
        return kind("Busy. Try again later.", 12.5)
    if issubclass(kind, ImagesFilteredError):
        return kind("Filtered. Rephrase the prompt.", ("58061214", "29310472"))
    return kind("This happened. Do that.")


@pytest.mark.parametrize("kind", TREE)
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_an_error_survives_pickling_with_class_fields_and_text(kind: type[ImagenError], protocol: int) -> None:
    before = filled(kind)
    after = pickle.loads(pickle.dumps(before, protocol))

    assert type(after) is kind
    assert vars(after) == vars(before)
    assert (str(after), after.args) == (str(before), before.args)


@pytest.mark.parametrize("kind", TREE)
@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy])
def test_a_copied_error_is_the_same_error(kind: type[ImagenError], copied: type) -> None:
    before = filled(kind)
    after = copied(before)

    assert type(after) is kind
    assert vars(after) == vars(before)
    assert str(after) == str(before)


@pytest.mark.parametrize("kind", TREE)
def test_an_error_can_be_made_from_nothing_and_from_its_own_arguments(kind: type[ImagenError]) -> None:
    """What rebuilds an exception from ``args`` (pickle, copy, process pools) must not fail on ours."""
    assert str(kind()) is not None
    assert vars(kind(*filled(kind).args)) == vars(filled(kind))


@pytest.mark.parametrize("kind", TREE)
def test_the_text_is_the_message_alone(kind: type[ImagenError]) -> None:
    error = filled(kind)

    assert str(error) == error.message
    assert "12.5" not in str(error)
    assert "58061214" not in str(error)


def test_wrong_input_lists_every_problem_on_its_own_line() -> None:
    error = InvalidInputError(("one is wrong.", "two is wrong."))

    assert error.problems == ("one is wrong.", "two is wrong.")
    assert str(error) == "No request was sent, 2 to correct:\n  - one is wrong.\n  - two is wrong."


def test_a_class_that_may_be_asked_again_is_never_a_permanent_one() -> None:
    assert not [kind for kind in TREE if issubclass(kind, PermanentError) and issubclass(kind, RetryableError)]
    assert not issubclass(errors.ResponseLostError, (PermanentError, RetryableError))


def drawn() -> dict[str, str]:
    """Return each class named in the drawing with the class it hangs on."""
    parents: dict[str, str] = {}
    above: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        found = re.match(r"^    ((?:[│ ]   )*(?:[├└]── )?)(\w+)", line)
        if found:
            depth = len(found[1]) // 4
            above = [*above[:depth], found[2]]
            parents[found[2]] = above[depth - 1] if depth else "Exception"
    return parents


def test_the_drawing_names_every_class_where_it_belongs() -> None:
    assert drawn() == {kind.__name__: kind.__bases__[0].__name__ for kind in TREE}
    assert len(TREE) == len({kind.__name__ for kind in TREE})


@pytest.mark.parametrize("kind", TREE)
def test_every_class_says_what_it_means(kind: type[ImagenError]) -> None:
    assert kind.__doc__
    assert kind.__doc__ != (kind.__bases__[0].__doc__ or "")
