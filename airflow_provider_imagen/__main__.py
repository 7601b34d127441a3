"""``python -m airflow_provider_imagen ...``: what ``airflow imagen ...`` does, on every version of Airflow."""

from __future__ import annotations

import argparse
import sys
from pkgutil import resolve_name

from airflow_provider_imagen.commands.verbs import HELP, VERBS

WRONG_USAGE = 2


def main() -> int:
    """Read the command line, run the verb, and return the exit code."""
    parser = _parser()
    options = parser.parse_args()
    if options.function is None:
        parser.print_help()
        return WRONG_USAGE
    code: int = resolve_name(options.function)(options)
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m airflow_provider_imagen", description=HELP)
    parser.set_defaults(function=None)
    verbs = parser.add_subparsers(title="verbs", metavar="VERB")
    for verb in VERBS:
        words = verbs.add_parser(
            verb.name,
            help=verb.help,
            description=verb.description,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        words.set_defaults(function=verb.function)
        for argument in verb.arguments:
            words.add_argument(*argument.flags, **argument.options)
    return parser


if __name__ == "__main__":
    sys.exit(main())
