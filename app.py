"""Wiring only: settings to stores to server, and the command line from three parts."""

from __future__ import annotations

import sys

import typer

from ingest.cli import ingest_app
from kms.cli import core_app
from kms.cli.console import run
from kms.config import load_settings
from kms.errors import KmsError
from kms.logs import configure_logs

cli = typer.Typer(
    name="kms",
    help="Ligtas: how an epidemic moves and how safe workplaces are, by area and sector.",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
for part in (core_app, ingest_app):
    cli.registered_commands += part.registered_commands
    cli.registered_groups += part.registered_groups


def main() -> None:
    """Run the command line; the exit codes are those of `kms.errors`."""
    try:
        configure_logs(load_settings().log_level)
    except KmsError as error:
        sys.stderr.write(f"error: {error}\n")
        sys.exit(error.exit_code)
    sys.exit(run(typer.main.get_command(cli)))


if __name__ == "__main__":
    main()
