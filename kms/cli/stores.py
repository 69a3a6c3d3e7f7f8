"""Commands about the stores themselves: init, verify."""

from __future__ import annotations

from typing import Annotated

import typer

from kms.errors import DataError

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


@stores_app.command()
def verify() -> None:
    """Check that the schema is the declared one and that every vintage's account adds up."""
    from kms.store.migrate import drift
    from kms.store.open import opened
    from kms.store.vintages import vintages

    with opened() as store:
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
