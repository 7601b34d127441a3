"""The command line: every verb with its arguments and exit codes, from the table that Airflow reads."""

from __future__ import annotations

from argparse import Action
from collections.abc import Iterable, Iterator

from airflow_provider_imagen.commands.verbs import VERBS, Argument, Verb
from airflow_provider_imagen.emulator.__main__ import parser
from pages.markdown import table


def verbs() -> str:
    """Return a section for each verb."""
    return "\n\n".join(_section(verb) for verb in VERBS)


def emulator() -> str:
    """Return the arguments of the emulator."""
    # argparse has no public way to name its arguments
    actions = [each for each in parser()._actions if each.dest != "help"]
    rows = ((f"`{', '.join(each.option_strings)}{_value(each.nargs)}`", _help(each)) for each in actions)
    return table(("argument", "meaning"), rows)


def _value(nargs: object) -> str:
    return "" if nargs == 0 else " VALUE"


def _help(action: Action) -> str:
    return str(action.help).replace("%(default)s", str(action.default))


def _section(verb: Verb) -> str:
    parts = [f"## {verb.name}", f"{verb.help}.", f"```text\n{verb.description}\n```"]
    return "\n\n".join([*parts, table(("argument", "meaning"), _rows(verb.arguments))])


def _rows(arguments: Iterable[Argument]) -> Iterator[tuple[str, str]]:
    for argument in arguments:
        options = argument.options
        takes_none = options.get("action") == "store_true" or not argument.flags[0].startswith("-")
        value = options.get("metavar") or ("|".join(options["choices"]) if "choices" in options else "VALUE")
        name = options.get("metavar", argument.flags[0]) if not argument.flags[0].startswith("-") else ""
        flags = [flag if takes_none else f"{flag} {value}" for flag in argument.flags]
        yield f"`{name or ', '.join(flags)}`", str(options["help"])
