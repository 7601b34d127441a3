"""What Airflow 3.2 and later reads to offer ``airflow imagen ...``.

Imported on every Airflow command: nothing is imported here before Airflow asks.
"""

from __future__ import annotations

from typing import Any


def get_commands() -> list[Any]:
    """Return the command group ``imagen``. What the commands do is imported when one is run."""
    from airflow.cli.cli_config import ActionCommand, Arg, GroupCommand, lazy_load_command  # noqa: PLC0415

    from airflow_provider_imagen.commands.verbs import HELP, VERBS  # noqa: PLC0415

    commands = [
        ActionCommand(
            name=verb.name,
            help=verb.help,
            description=verb.description,
            func=_exiting(lazy_load_command(verb.function)),
            args=tuple(Arg(argument.flags, **argument.options) for argument in verb.arguments),
        )
        for verb in VERBS
    ]
    return [GroupCommand(name="imagen", help=HELP, subcommands=commands)]


def _exiting(function: Any) -> Any:
    """Airflow drops what a command returns, so its exit code has to be raised."""

    def command(arguments: Any) -> None:
        raise SystemExit(function(arguments))

    return command
