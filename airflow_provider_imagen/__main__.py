"""``python -m airflow_provider_imagen ...``: what ``airflow imagen ...`` does, on every version of Airflow."""

from __future__ import annotations

import argparse
import sys
from pkgutil import resolve_name

from airflow_provider_imagen.commands.verbs import HELP, VERBS, WRONG_USAGE


def main() -> int:
    """Read the command line, run the verb, and return the exit code."""
    arguments = parser()
    options = arguments.parse_args()
    if options.function is None:
        arguments.print_help()
        return WRONG_USAGE
    code: int = resolve_name(options.function)(options)
    return code


def parser() -> argparse.ArgumentParser:
    """Return what reads the command line."""
    words = argparse.ArgumentParser(prog="python -m airflow_provider_imagen", description=HELP)
    words.set_defaults(function=None)
    verbs = words.add_subparsers(title="verbs", metavar="VERB")
    for verb in VERBS:
        of_verb = verbs.add_parser(
            verb.name,
            help=verb.help,
            description=verb.description,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        of_verb.set_defaults(function=verb.function)
        for argument in verb.arguments:
            of_verb.add_argument(*argument.flags, **argument.options)
    return words


if __name__ == "__main__":
    sys.exit(main())
