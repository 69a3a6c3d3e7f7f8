"""Commands about the stores themselves: init, verify."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from kms.errors import DataError

if TYPE_CHECKING:
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
) -> None:
    """Check the audit log's chain, the schema, and that every vintage's account adds up."""
    from kms.access import audit
    from kms.store.open import opened

    with opened() as store:
        last, kept = audit.verify(store)
        typer.echo(f"the audit log is whole: {last.seq:,} rows, the last is {last.hash[:16]}")
        if kept is None:
            typer.echo("it was checked for the first time; what was cut off before is not known")
        if part is Part.ALL:
            _verify_data(store)


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
