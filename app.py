"""Wiring only: settings to stores to server, and the command line from three parts."""

import sys

import typer
from flask import Flask

from ingest.cli import ingest_app
from kms.cli import core_app
from kms.cli.console import run
from kms.config import Settings, load_settings
from kms.errors import KmsError
from kms.logs import configure_logs
from layouts.cli import serve_command


def create_app(settings: Settings | None = None) -> Flask:
    """Return the server: pages, briefs and API on one store."""
    from ingest.desk.desk import Desk
    from kms.access.disclosure import DisclosureRule
    from kms.api.server import create_api
    from kms.briefs.web import create_briefs
    from kms.reads.frame import Edition
    from kms.store.open import open_migrated
    from kms.web.gate import front_door
    from layouts.server import create_dash

    store = open_migrated(settings := settings or load_settings())
    rule = DisclosureRule(settings.disclosure_threshold, settings.disclosure_base)
    server: Flask = create_api(store, rule)
    front_door(server, store, settings)
    server.extensions["intake"] = Desk(store, settings)
    server.register_blueprint(create_briefs(store, settings.home, rule, settings.language))
    create_dash(server, store, settings.language, rule=rule, edition=Edition(store))
    store.close()  # workers are forked from here, and a connection must not be shared
    return server


cli = typer.Typer(
    name="kms",
    help="Ligtas: how an epidemic moves and how safe workplaces are, by area and sector.",
    add_completion=False,
    no_args_is_help=True,
)
for part in (core_app, ingest_app, serve_command(create_app)):
    cli.add_typer(part)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; the exit codes are those of `kms.errors`."""
    try:
        configure_logs(load_settings().log_level)
    except KmsError as error:
        sys.stderr.write(f"error: {error}\n")
        sys.exit(error.exit_code)
    sys.exit(run(typer.main.get_command(cli), arguments))


if __name__ == "__main__":
    main(sys.argv[1:] or ["serve"])
