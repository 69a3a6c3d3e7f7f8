"""Commands of ingestion: ingest, withdraw, refresh, status, scheduler, demo."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from kms.cli.console import progress, say_json
from kms.config import MANILA, load_settings, now
from kms.domain.intake import IntakeReport
from kms.errors import FAILED, REFUSED, ConfigError

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
    why: Annotated[str, typer.Option(help="The reason, kept with the vintage.")],
) -> None:
    """Take a wrong vintage out of every answer; its record and snapshot stay."""
    from kms.access.audit import Event, operator, record
    from kms.store.open import opened
    from kms.store.vintages import withdraw_vintage

    with opened() as store:
        withdraw_vintage(store, vintage, why)
        record(store, operator(), Event("vintage.withdraw", vintage, why))
    typer.echo(f"{vintage} is withdrawn")


@ingest_app.command()
def demo(
    *,
    if_empty: Annotated[
        bool, typer.Option("--if-empty", help="Do nothing when the store holds something.")
    ] = False,
    scale: Annotated[
        float, typer.Option(min=0.01, max=3, help="Size of the epidemic; 1 is the full one.")
    ] = 1.0,
    quiet: Quiet = False,
) -> None:
    """Fill an empty store with synthetic demonstration data, through the real ingestors."""
    from ingest.demonstration import fill, is_complete, is_kept, refuse_real
    from kms.store.open import opened

    settings = load_settings()
    with opened(settings) as store, progress("preparing", quiet=quiet) as say:
        with store.read() as connection:
            complete = is_complete(connection)
            if if_empty and (complete or is_kept(connection)):
                return
            refuse_real(connection)
        if complete:
            raise ConfigError(
                f"the store under {settings.home} holds the demonstration already; remove the "
                "folder to make it anew"
            )
        shown = fill(store, settings, scale=scale, say=say)
    typer.echo(f"synthetic demonstration data are ready: publication {shown}")


@ingest_app.command()
def refresh(*, json: Json = False, quiet: Quiet = False) -> None:
    """Take in what waits in the inbox, compute what changed, publish it.

    Exit code 3 when a file was refused; the others are published all the same.
    """
    from ingest.refresh import refresh as work
    from kms.store.open import opened

    settings = load_settings()
    with opened(settings) as store, progress("refreshing", quiet=quiet or json) as say:
        report = work(store, settings, say=say)
    if json:
        say_json(report)
    else:
        typer.echo(f"{report.status}; readers see publication {report.publication}")
    for refusal in report.refusals:
        typer.echo(f"refused: {refusal}", err=True)
    if report.refusals:
        raise typer.Exit(REFUSED)


@ingest_app.command()
def scheduler() -> None:
    """Refresh every night until told to end; missed nights are caught up once."""
    from ingest.clockwork import run_forever, trigger_of
    from kms.store.open import opened

    settings = load_settings()
    trigger_of(settings)
    with opened(settings) as store:
        run_forever(store, settings)


@ingest_app.command()
def status(*, json: Json = False) -> None:
    """Tell whether data are in date, the last refresh worked and the scheduler is alive.

    Exit code 0: all is well or only late; 1: a person should look.
    """
    from ingest.state import read_state
    from kms.store.open import opened

    settings = load_settings()
    with opened(settings) as store:
        state = read_state(store, settings, now())
    if json:
        say_json(state)
    else:
        typer.echo("\n".join(state.lines()))
    if state.problems:
        raise typer.Exit(FAILED)


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
