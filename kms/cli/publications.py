"""`kms publication`: what has been published, and going back one."""

from __future__ import annotations

from typing import Annotated

import typer

from kms.cli.console import say_json

publication_app = typer.Typer(no_args_is_help=True)


@publication_app.command("list")
def listed(
    *, json: Annotated[bool, typer.Option("--json", help="One line of JSON each.")] = False
) -> None:
    """List publications, newest first; the current one is marked."""
    from kms.config import MANILA
    from kms.store.open import opened
    from kms.store.publications import current_issue, issues

    with opened() as store, store.read() as connection:
        known = issues(connection)
        shown = current_issue(connection).id if known else ""
    for issue in known:
        if json:
            say_json({"id": issue.id, "as_of": issue.as_of, "state": issue.state})
            continue
        mark, known_at = "*" if issue.id == shown else " ", issue.as_of.astimezone(MANILA)
        typer.echo(f"{mark} {issue.id}  known {known_at:%Y-%m-%d %H:%M}  {issue.state}")


@publication_app.command()
def rollback() -> None:
    """Show readers the publication before the current one."""
    from kms.access.audit import Event, operator, record
    from kms.config import load_settings
    from kms.store.open import opened
    from kms.store.publications import roll_back
    from kms.store.record import keep_record

    settings = load_settings()
    with opened(settings) as store:
        issue = roll_back(store)
        record(store, operator(), Event("publication.rollback", publication=issue.id))
        keep_record(store, settings)
    typer.echo(f"readers see publication {issue.id} again")
