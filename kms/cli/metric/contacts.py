"""`kms metric traceability`, `serial-interval` and `offspring`."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from kms.cli.metric.app import Row, metric_app, write
from kms.cli.metric.input.day_table import (
    Columns,
    DayTable,
    check_positive,
    one_area,
    read_day_tables,
    refusing,
)
from kms.cli.metric.input.series_file import DailySeries, parse_count, parse_date, read_rows
from kms.errors import ConfigError, DataError

if TYPE_CHECKING:
    from metrics.contacts.pairs import Pairs

PAIR_DATES = ("source_first", "source_last", "infected_first", "infected_last")
TRACE_COLUMNS = [
    *("window_start", "window_end", "known", "unknown", "pending", "share", "low", "high"),
    *("bound_low", "bound_high", "imported_share", "household_share", "design_effect"),
    *("informative", "state"),
]


@dataclass(frozen=True, slots=True)
class TraceSetting:
    """How shares of known sources shall be computed."""

    source: Path
    cut_days: int
    window: int
    design_effect: float | None
    population: float | None


@metric_app.command("traceability")
def traced_share(
    *,
    counts: Annotated[
        Path, typer.Option(help="CSV with date,known,unknown,pending (imported,household).")
    ],
    cut_days: Annotated[int, typer.Option(min=0, help="Youngest days left out.")] = 7,
    window: Annotated[int, typer.Option(min=1, help="Days of report in the share.")] = 14,
    design_effect: Annotated[
        float | None,
        typer.Option(
            min=1.0,
            help="Sum of squared cluster sizes over their sum; else from the scatter of days.",
        ),
    ] = None,
    population: Annotated[float | None, typer.Option(help="People in the area.")] = None,
) -> None:
    """Share of cases with a known source; the last row is the day the file was made."""
    columns = Columns(("known", "unknown", "pending"), ("imported", "household"))
    tables = read_day_tables(counts, columns)
    check_positive("--population", population)
    if population is not None:
        one_area(counts, tables, "--population")
    setting = TraceSetting(counts, cut_days, window, design_effect, population)
    rows = [[_trace_row(table, setting)] for table in tables]
    write([table.named() for table in tables], TRACE_COLUMNS, rows)


def _trace_row(table: DayTable, setting: TraceSetting) -> Row:
    from metrics.contacts.traceability import SourceCounts, scatter_design_effect, traceability
    from metrics.states import State

    counts = SourceCounts(**table.columns)
    with refusing(setting.source, table.area):
        effect = setting.design_effect
        if effect is None:
            effect = float(scatter_design_effect(counts, cut_days=setting.cut_days))
        found = traceability(
            counts,
            cut_days=setting.cut_days,
            window=setting.window,
            design_effect=effect,
            population=setting.population,
        )
    end = table.days() - setting.cut_days
    days = (table.dates()[i].isoformat() for i in (end - setting.window, end - 1))
    cases = (found.known, found.unknown, found.pending)
    shares = (found.share.value, found.share.low, found.share.high)
    # Without its column nobody knows a share; it is not 0.
    parts = (
        found.imported.value if "imported" in table.columns else math.nan,
        found.household.value if "household" in table.columns else math.nan,
    )
    bounds = (found.bound_low, found.bound_high)
    told = ("yes" if found.informative else "no", State(int(found.state)).label)
    return [*days, *cases, *shares, *bounds, *parts, effect, *told]


@metric_app.command("serial-interval")
def serial_interval_of_pairs(
    *,
    pairs: Annotated[
        Path,
        typer.Option(
            help="CSV with source_first,source_last,infected_first,infected_last (pairs)."
        ),
    ],
    family: Annotated[
        Literal["best", "normal", "gamma", "lognormal"],
        typer.Option(help="Distribution; best has the lowest AIC of those possible."),
    ] = "best",
    last_date: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Last onset that could be seen."),
    ] = None,
    shift_days: Annotated[float, typer.Option(min=0.0, help="Days added before fitting.")] = 0.0,
) -> None:
    """Serial interval of linked pairs by maximum likelihood, days."""
    from metrics.contacts.pairs import best_serial_interval, serial_interval
    from metrics.states import State

    if shift_days and family == "best":
        raise ConfigError(
            f"--shift-days {shift_days:g} shifts one distribution. Give --family with it, gamma or"
            " lognormal."
        )
    given = _read_pairs(pairs)
    last = None if last_date is None else float(last_date.date().toordinal())
    with refusing(pairs):
        if family == "best":
            fit = best_serial_interval(given, last_day=last)
        else:
            fit = serial_interval(given, family, shift_days=shift_days, last_day=last)
    numbers = (fit.mean, fit.mean_low, fit.mean_high, fit.sd, fit.sd_low, fit.sd_high)
    row: Row = [
        fit.family,
        *numbers,
        fit.aic,
        fit.pairs,
        fit.negative_share,
        State(fit.state).label,
    ]
    header = ["family", "mean", "mean_low", "mean_high", "sd", "sd_low", "sd_high", "aic", "pairs"]
    write([DailySeries("", date.min)], [*header, "negative_share", "state"], [[row]])


def _read_pairs(path: Path) -> Pairs:
    from metrics.contacts.pairs import Pairs

    header, rows = read_rows(path)
    if not set(PAIR_DATES) <= set(header):
        raise DataError(
            f"{path}, line 1: columns are {', '.join(header[:8])}. Needed: {','.join(PAIR_DATES)}."
        )
    days: dict[str, list[float]] = {name: [] for name in PAIR_DATES}
    weights: list[float] = []
    for line, row in rows:
        where = f"{path}, line {line}"
        for name in PAIR_DATES:
            days[name].append(float(parse_date(where, row[name]).toordinal()))
        weights.append(parse_count(where, "pairs", row["pairs"]) if "pairs" in header else 1.0)
    if not weights:
        raise DataError(f"{path}: no rows below the header. Give one row per pair.")
    return Pairs(**days, pairs=weights)


@metric_app.command("offspring")
def offspring_distribution(
    *,
    infected: Annotated[
        Path, typer.Option(help="CSV with infected,cases: so many cases infected so many.")
    ],
) -> None:
    """Mean and dispersion of the number of cases that a case infects."""
    import numpy as np

    from metrics.contacts.offspring import offspring

    header, rows = read_rows(infected)
    if "infected" not in header:
        raise DataError(
            f"{infected}, line 1: columns are {', '.join(header[:8])}. Needed: infected, and"
            " cases where a row stands for several."
        )
    numbers: list[float] = []
    weights: list[int] = []
    for line, row in rows:
        where = f"{infected}, line {line}"
        numbers.append(parse_count(where, "infected", row["infected"]))
        weights.append(int(parse_count(where, "cases", row["cases"])) if "cases" in header else 1)
    if sum(weights) == 0:
        raise DataError(
            f"{infected}: no cases below the header. Give those who infected nobody too."
        )
    from metrics.states import State

    with refusing(infected):
        fit = offspring(np.repeat(np.array(numbers), weights))
    figures = (fit.r, fit.r_low, fit.r_high, fit.k, fit.k_low, fit.k_high)
    shares = (fit.top_share, fit.top_share_low, fit.top_share_high)
    header = ["r", "r_low", "r_high", "k", "k_low", "k_high"]
    header += ["share_causing_80_percent", "share_low", "share_high", "cases", "infected", "state"]
    row_out: Row = [*figures, *shares, fit.sources, fit.offspring, State(fit.state).label]
    write([DailySeries("", date.min)], header, [[row_out]])
