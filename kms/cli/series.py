"""`kms series`: one indicator of one area, day by day or week by week."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

import typer

from kms.errors import ConfigError

series_app = typer.Typer()


@series_app.command("series")
def series(
    *,
    indicator: Annotated[str, typer.Option(help="For example r_t or cases_report.")],
    area: Annotated[str, typer.Option(help="10-digit PSGC code.")] = "0000000000",
    sector: Annotated[str, typer.Option(help="PSIC section, or ALL.")] = "",
    disease: Annotated[
        str, typer.Option(help="For example dengue; default: the one every page shows.")
    ] = "",
    first: Annotated[str, typer.Option("--from", help="First day, 2026-11-16.")] = "",
    last: Annotated[str, typer.Option("--to", help="Last day.")] = "",
    as_of: Annotated[
        str, typer.Option(help="What was known at the end of this day (Manila).")
    ] = "",
    format: Annotated[  # noqa: A002  # the option's name is a contract
        Literal["csv", "json"], typer.Option(help="Kind of output.")
    ] = "csv",
) -> None:
    """Print a series of the current publication, EXACT: for the operator of this server.

    Small counts are not suppressed here. For figures to hand on, use the public interface
    (/api/v1/series), which discloses them.
    """
    from kms.access.audit import Event, operator, record
    from kms.api.documents import series_csv, series_record
    from kms.cli.console import say_json
    from kms.reads.series import SeriesQuery, read_series_view
    from kms.store.open import opened

    query = SeriesQuery(
        indicator,
        area,
        sector,
        _day("--from", first),
        _day("--to", last),
        _day("--as-of", as_of),
        disease,
    )
    with opened() as store:
        view = read_series_view(store, query, rule=None)
        told = Event(
            "export",
            " ".join(part for part in ("series", indicator, area, disease) if part),
            rows=len(view.points),
            publication=view.frame.publication_id,
            filters=repr(query),
        )
        record(store, operator(), told)  # before anything is printed
    if format == "json":
        say_json(series_record(view))
    else:
        typer.echo(series_csv(view), nl=False)


def _day(option: str, written: str) -> date | None:
    if not written:
        return None
    try:
        return date.fromisoformat(written)
    except ValueError:
        raise ConfigError(f"{option} is {written!r}; write a day as 2026-11-16") from None
