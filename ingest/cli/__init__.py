"""The command line's part of ingestion."""

import typer

from ingest.cli.corrections import corrections_app
from ingest.cli.intake import intake_app
from ingest.cli.machine import machine_app

ingest_app = typer.Typer(add_completion=False, no_args_is_help=True)
for part in (intake_app, corrections_app, machine_app):
    ingest_app.add_typer(part)
