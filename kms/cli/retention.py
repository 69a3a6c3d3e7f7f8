"""`kms retention apply`: remove what has been kept long enough."""

from __future__ import annotations

from typing import Annotated

import typer

from kms.cli.console import say_json
from kms.config import load_settings, now

retention_app = typer.Typer(no_args_is_help=True)


@retention_app.callback()
def about() -> None:
    """Removing what has been kept long enough."""


@retention_app.command()
def apply(
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what is due.")] = False,
    json: Annotated[bool, typer.Option("--json", help="One line of JSON.")] = False,
) -> None:
    """Remove what the settings say has been kept long enough; the audit log stays."""
    from kms.access.audit import operator
    from kms.access.retention import apply as remove_due
    from kms.store.open import opened

    settings = load_settings()
    with opened(settings) as store:
        found = remove_due(store, settings, at=now(), origin=operator(), dry_run=dry_run)
    if json:
        say_json(found)
        return
    for kind, count in found.items():
        typer.echo(f"{count:>8,} {kind}{' are due' if dry_run else ' removed'}")
