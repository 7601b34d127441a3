"""What ``make docs`` writes is all that there is, and comes from where it says."""

from __future__ import annotations

import pytest

from airflow_provider_imagen import errors
from airflow_provider_imagen.commands.verbs import VERBS
from airflow_provider_imagen.core.connection import ConnectionSettings
from pages import blocks, classes, models
from pages.docstrings import docstring_of
from pages.errors import NEXT_STEPS
from pages.markdown import table


def test_every_block_stands_on_a_page() -> None:
    used = {name for page in blocks.PAGES for name in blocks.blocks_in(page.read_text(encoding="utf-8"))}

    assert used == set(blocks.BLOCKS)


def test_a_change_of_what_a_block_comes_from_changes_the_page() -> None:
    page = "before\n<!-- make docs: errors -->\nwhat was so\n<!-- end -->\nafter"

    assert "what was so" not in blocks.rewritten(page)
    assert blocks.rewritten(page).startswith("before\n")
    assert blocks.rewritten(page).endswith("\nafter")
    with pytest.raises(KeyError):
        blocks.rewritten("<!-- make docs: no such block -->\n<!-- end -->")


@pytest.mark.parametrize("name", classes.SECTIONS)
def test_every_argument_is_described(name: str) -> None:
    assert classes.SECTIONS[name]()  # an argument without a description is a KeyError


def test_every_error_a_person_can_see_has_a_next_step() -> None:
    def leaves(kind: type[errors.ImagenError]) -> set[str]:
        children = kind.__subclasses__()
        return {kind.__name__} if not children else set.union(*map(leaves, children))

    with_children = {"ImagesFilteredError", "NoImageError", "BatchFailedError"}
    assert set(NEXT_STEPS) == leaves(errors.ImagenError) | with_children


def test_every_extra_of_a_connection_and_every_verb_is_there() -> None:
    extras, verbs = blocks.BLOCKS["connection"](), blocks.BLOCKS["command line"]()

    assert [name for name in ConnectionSettings.model_fields if f"| `{name}` |" not in extras] == []
    assert [verb.name for verb in VERBS if f"## {verb.name}\n" not in verbs] == []


def test_models_are_living_or_retired_and_none_is_lost() -> None:
    living, retired = models.living_models(), models.retired_models()

    for model in models.MODELS:
        assert (f"`{model.id}`" in living) != (f"\n| `{model.id}`" in retired), model.id


def test_a_docstring_is_read_in_its_parts() -> None:
    def example() -> None:
        """Do ``this``.

        And :class:`.That`
        too.

        :param one: what
            it is.
        :raises package.SomeError: never.
        """

    assert docstring_of(example) == (["Do `this`.", "And `That` too."], {"one": "what it is."}, {"SomeError": "never."})


def test_a_bar_in_a_cell_ends_no_cell() -> None:
    assert table(("a", "b"), [("`x | y`", "")]) == "| a | b |\n|---|---|\n| `x \\| y` | |"
