"""Commands of ingestion: ingest, withdraw, refresh, status, scheduler, demo."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from kms.cli.console import progress, say_json
from kms.config import MANILA, load_settings, now
from kms.domain.intake import IntakeReport
from kms.errors import ConfigError

ingest_app = typer.Typer(add_completion=False, no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="One line of JSON for machines.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="No progress display.")]


@ingest_app.command()
def ingest(
    source: Annotated[str, typer.Argument(help="A source, for example doh_case_information.")],
    paths: Annotated[list[Path], typer.Argument(help="Files, or folders that hold some.")],
    published_at: Annotated[
        str, typer.Option(help="When it was published (ISO); default: the date in the name.")
    ] = "",
    json: Json = False,  # noqa: FBT002  # an option of the command line
    quiet: Quiet = False,  # noqa: FBT002
) -> None:
    """Take files of a source in; those of one date are parts of one vintage."""
    from ingest.load import load
    from ingest.source import source_named
    from kms.store.open import opened, refuse_synthetic

    descriptor, at, settings = source_named(source), _instant(published_at), load_settings()
    with opened(settings) as store, progress(f"reading {source}", quiet=quiet or json):
        with store.read() as connection:
            refuse_synthetic(connection)
        reports = load(store, settings, descriptor, paths, fetched_at=now(), at=at)
    for report in reports:
        say_json(report) if json else typer.echo(_sentence(report))


@ingest_app.command()
def withdraw(
    vintage: Annotated[str, typer.Argument(help="Name of the vintage, see `kms status`.")],
    why: Annotated[str, typer.Option(help="The reason, kept in the log.")],
) -> None:
    """Take a wrong vintage out of every answer; its record and snapshot stay."""
    import logging

    from kms.store.open import opened
    from kms.store.vintages import withdraw_vintage

    with opened() as store:
        withdraw_vintage(store, vintage)
    logging.getLogger(__name__).info("vintage withdrawn", extra={"vintage": vintage, "why": why})
    typer.echo(f"{vintage} is withdrawn")


def _instant(text: str) -> datetime | None:
    if not text:
        return None
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigError(
            f"--published-at is {text!r}; write it as 2026-11-16T16:00 (Manila) or with an offset"
        ) from None
    return instant if instant.tzinfo else instant.replace(tzinfo=MANILA)


def _sentence(report: IntakeReport) -> str:
    left_out = [f"{code} {rows:,}" for code, rows in {**report.rejects, **report.flags}.items()]
    return (
        f"{report.vintage}: {report.status}; {report.rows_read:,} rows read, "
        f"{report.rows_accepted:,} accepted, {report.rows_rejected:,} rejected, "
        f"{report.rows_duplicate:,} duplicate" + (f"; {', '.join(left_out)}" if left_out else "")
    )
