"""Commands about the machine: demo, refresh, scheduler, status."""

from __future__ import annotations

from typing import Annotated

import typer

from ingest.cli.intake import Json, Quiet
from kms.cli.console import progress, say_json
from kms.config import load_settings, now
from kms.errors import FAILED, HELD, REFUSED, ConfigError

machine_app = typer.Typer(add_completion=False, no_args_is_help=True)


@machine_app.command()
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


@machine_app.command()
def refresh(*, json: Json = False, quiet: Quiet = False) -> None:
    """Take in what waits in the inbox, compute what changed, publish it.

    Exit code 3 when a file was refused, 5 when one is held; the others are published.
    """
    from ingest.nightly.refresh import refresh as work
    from kms.store.open import opened

    settings = load_settings()
    with opened(settings) as store, progress("refreshing", quiet=quiet or json) as say:
        report = work(store, settings, say=say)
    if json:
        say_json(report)
    else:
        typer.echo(f"{report.status}; readers see publication {report.publication}")
    for text in report.refusals:
        typer.echo(f"refused: {text}", err=True)
    held = [each for each in report.vintages if each.status == "held"]
    for each in held:
        typer.echo(f"held: {each.vintage}: {'; '.join(each.tripwires)}", err=True)
    if report.refusals:
        raise typer.Exit(REFUSED)
    if held:
        raise typer.Exit(HELD)


@machine_app.command()
def scheduler() -> None:
    """Refresh every night until told to end; missed nights are caught up once."""
    from ingest.nightly.clockwork import run_forever, trigger_of
    from kms.store.open import opened

    settings = load_settings()
    trigger_of(settings)
    with opened(settings) as store:
        run_forever(store, settings)


@machine_app.command()
def status(*, json: Json = False) -> None:
    """Tell whether data are in date, the last refresh worked and the scheduler is alive.

    Exit code 0: all is well or only late; 1: a person should look.
    """
    from ingest.nightly.state import read_state
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
