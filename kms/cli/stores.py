"""Commands about the stores themselves: init, verify."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from kms.errors import DataError, NoDataError

if TYPE_CHECKING:
    from kms.config import Settings
    from kms.store.engine import Store

stores_app = typer.Typer()


@stores_app.command()
def init(
    *,
    empty: Annotated[
        bool, typer.Option("--empty", help="For real data: without the demonstration.")
    ] = False,
) -> None:
    """Make or upgrade the stores."""
    from kms.store.open import keep_for_real_data, opened, refuse_synthetic

    with opened() as store:
        with store.read() as connection:
            if empty:
                refuse_synthetic(connection)
        if empty:
            keep_for_real_data(store)
    typer.echo("the stores are ready")


class Part(StrEnum):
    """What can be checked apart."""

    ALL = "all"
    AUDIT = "audit"


@stores_app.command()
def verify(
    part: Annotated[Part, typer.Argument(help="audit: the log alone.")] = Part.ALL,
    *,
    snapshots: Annotated[
        bool, typer.Option("--snapshots", help="Read every raw file and compare its hash.")
    ] = False,
) -> None:
    """Check the audit log, the schema, every vintage's account, and that its raw files are kept."""
    from kms.access import audit
    from kms.config import load_settings
    from kms.store.open import opened

    settings = load_settings()
    with opened(settings) as store:
        last, kept = audit.verify(store)
        typer.echo(f"the audit log is whole: {last.seq:,} rows, the last is {last.hash[:16]}")
        if kept is None:
            typer.echo("it was checked for the first time; what was cut off before is not known")
        if part is Part.ALL:
            _verify_data(store)
            _verify_snapshots(store, settings, whole=snapshots)


def _verify_snapshots(store: Store, settings: Settings, *, whole: bool) -> None:
    """Check the raw files of every vintage in use or held; tell which were removed."""
    from kms.store.record import settle_events
    from kms.store.snapshots import check_parts, parts_kept, read_events, read_manifest
    from kms.store.vintages import WITHDRAWN, vintages

    if mended := settle_events(store, settings):
        typer.echo(f"{mended:,} events were not told beside their snapshots, and are now")
    with store.read() as connection:
        listed = [row for row in vintages(connection) if row["state"] != WITHDRAWN]
    wrong: list[str] = []
    removed = 0
    for row in listed:
        folder = settings.snapshots / row["snapshot_path"]
        try:
            read_manifest(folder)
            read_events(folder)
        except DataError as error:  # retention leaves the manifest
            wrong.append(f"{row['name']}: {error}")
            continue
        try:
            (check_parts if whole else parts_kept)(folder)
        except NoDataError as error:
            removed += 1
            typer.echo(f"{row['name']}: {error}")
        except DataError as error:
            wrong.append(f"{row['name']}: {error}")
    if wrong:
        raise DataError("; ".join(wrong))
    looked_at = "as their manifests say" if whole else "there (--snapshots compares their hashes)"
    typer.echo(f"raw files of {len(listed) - removed:,} vintages are {looked_at}")


def _verify_data(store: Store) -> None:
    from kms.store.migrate import drift
    from kms.store.vintages import vintages

    if differences := drift(store):
        raise DataError(f"the schema differs from the declared one: {differences[0]}")
    with store.read() as connection:
        for row in vintages(connection):
            parts = row["rows_accepted"] + row["rows_rejected"] + row["rows_duplicate"]
            if parts != row["rows_read"]:
                raise DataError(
                    f"vintage {row['name']}: accepted, rejected and duplicate rows add to "
                    f"{parts:,}, not to the {row['rows_read']:,} read; withdraw it and "
                    "take its file in again"
                )
    typer.echo("schema and vintages are consistent")
