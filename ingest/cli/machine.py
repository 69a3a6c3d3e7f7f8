"""Commands about the machine: demo, refresh, scheduler, status."""

from __future__ import annotations

from typing import Annotated

import typer

from ingest.cli.intake import Json, Quiet
from kms.cli.console import progress, say_json
from kms.config import load_settings, now
from kms.errors import FAILED, HELD, REFUSED, UNREACHABLE, ConfigError

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
    """Take in what waits in the inbox and what feeds send, compute what changed, publish it.

    Exit code 3 when a file was refused, 4 when one could not be reached, 5 when one is held; the
    others are published.
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
    for word, texts in (("refused", report.refusals), ("not reached", report.unreachable)):
        for text in texts:
            typer.echo(f"{word}: {text}", err=True)
    held = [each for each in report.vintages if each.status == "held"]
    for each in held:
        typer.echo(f"held: {each.vintage}: {'; '.join(each.tripwires)}", err=True)
    if report.refusals:
        raise typer.Exit(REFUSED)
    if report.unreachable:
        raise typer.Exit(UNREACHABLE)
    if held:
        raise typer.Exit(HELD)


@machine_app.command()
def replay(
    *,
    into: Annotated[
        str, typer.Option(help="Address of an empty data store; default: the one in use.")
    ] = "",
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Make a lost data store again from the snapshots, and compare what it says.

    Exit code 1 when something differs from the store that was, 4 when snapshots cannot be read.
    """
    from ingest.nightly.refresh import holding_lease
    from ingest.replay import EQUAL, UNREADABLE, target_settings
    from ingest.replay import replay as work
    from kms.store.open import opened
    from kms.store.record import settle_events

    settings = load_settings()
    if into:
        target = target_settings(settings, into)
        with opened(settings) as store:
            settle_events(store, settings)  # what it knows, and its snapshots do not yet
    else:
        target = settings
    with (
        opened(target) as store,
        holding_lease(store) as fence,
        progress("replaying", quiet=quiet or json) as say,
    ):
        report = work(store, target, say=say, fence=fence)
    if json:
        say_json(report)
    else:
        typer.echo("\n".join(report.lines()))
    if report.status != EQUAL:
        raise typer.Exit(UNREACHABLE if report.status == UNREADABLE else FAILED)


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
