"""`kms metric forecast`, `forecast-check` and `score`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from kms.cli.metric.app import Incidence, Row, metric_app, write
from kms.cli.metric.input.day_table import refusing
from kms.cli.metric.input.serial_interval import chosen_interval
from kms.cli.metric.input.series_file import DailySeries, parse_number, read_daily_series, read_rows
from kms.errors import ConfigError, DataError

if TYPE_CHECKING:
    from metrics.forecasts.judgement import Judgement
    from metrics.quantiles import Floats
    from metrics.transmission.serial_interval import Pmf

Axis = Annotated[
    Literal["onset", "report"], typer.Option(help="Kind of date in the file; never mixed.")
]
SiFile = Annotated[Path | None, typer.Option("--si", help="CSV with k,w from k = 0.")]
SiMean = Annotated[float | None, typer.Option(help="Mean serial interval, days.")]
SiSd = Annotated[float | None, typer.Option(help="Its standard deviation, days.")]
Disease = Annotated[str | None, typer.Option(help="Take its serial interval.")]
Draws = Annotated[int, typer.Option(min=20, help="Draws per area.")]
Damping = Annotated[float, typer.Option(help="Factor of log R per day; 1 keeps R.")]
Seed = Annotated[int, typer.Option(min=0, help="Same seed, same numbers.")]

CHECK_COLUMNS = [
    *("first_day", "last_day", "size_from", "size_below", "dates", "forecasts"),
    *("relative_wis", "low", "high", "relative_log_wis", "log_low", "log_high"),
    *("coverage_50", "coverage_90", "coverage_95", "bias", "state"),
]
SCORE_COLUMNS = [
    *("row", "wis", "dispersion", "overprediction", "underprediction", "wis_log1p", "crps"),
    *("inside_50", "inside_90", "inside_95"),
]


@dataclass(frozen=True, slots=True)
class Areas:
    """Areas of one file over the same days, counts of shape (days, areas)."""

    series: list[DailySeries]
    counts: Floats
    pmf: Pmf


@metric_app.command("forecast")
def coming_counts(
    *,
    incidence: Incidence,
    axis: Axis,
    si: SiFile = None,
    si_mean: SiMean = None,
    si_sd: SiSd = None,
    disease: Disease = None,
    horizon: Annotated[int, typer.Option(min=1, max=28, help="Days ahead.")] = 14,
    draws: Draws = 500,
    damping: Damping = 0.95,
    seed: Seed = 1,
) -> None:
    """Quantiles of daily cases after the file's last day, if R wanders as it did."""
    from metrics.states import State

    _check_damping(damping)
    areas = _areas(incidence, file=si, mean=si_mean, sd=si_sd, disease=disease)
    with refusing(incidence):
        from numpy.random import default_rng

        from metrics.forecasts.counts import forecast_counts
        from metrics.forecasts.renewal import Course

        found = forecast_counts(
            areas.counts,
            areas.pmf,
            axis=axis,
            rng=default_rng(seed),
            course=Course(horizon=horizon, draws=draws, damping=damping),
        )
    pace = found.innovation
    first = areas.series[0].next_date
    tables: list[list[Row]] = []
    for a in range(len(areas.series)):
        state = State(int(found.state[a])).label
        tables.append(
            [
                [
                    (first + timedelta(days=h)).isoformat(),
                    h + 1,
                    *found.quantiles[:, h, a],
                    *(axis, pace.sd_per_day, pace.source, state),
                ]
                for h in range(horizon)
            ]
        )
    quantiles = [f"q{level:g}" for level in found.levels]
    told = ["axis", "log_r_sd_per_day", "log_r_sd_source", "state"]
    write(areas.series, ["date", "days_ahead", *quantiles, *told], tables)


@metric_app.command("forecast-check")
def past_forecasts(
    *,
    incidence: Incidence,
    axis: Axis,
    si: SiFile = None,
    si_mean: SiMean = None,
    si_sd: SiSd = None,
    disease: Disease = None,
    every: Annotated[int, typer.Option(min=1, help="Days between forecast dates.")] = 7,
    days: Annotated[int, typer.Option(min=1, help="Forecast dates of the last so many.")] = 91,
    draws: Draws = 500,
    damping: Damping = 0.95,
    seed: Seed = 1,
) -> None:
    """How two-week forecasts would have done against last week's persistence."""
    _check_damping(damping)
    areas = _areas(incidence, file=si, mean=si_mean, sd=si_sd, disease=disease)
    with refusing(incidence):
        from numpy.random import default_rng

        from metrics.forecasts.judgement import judge
        from metrics.forecasts.renewal import Course
        from metrics.forecasts.rolling import rolling_origin

        past = rolling_origin(
            areas.counts,
            areas.pmf,
            axis=axis,
            rng=default_rng(seed),
            every=every,
            course=Course(draws=draws, damping=damping),
        )
        found = judge(past, window_days=days)
    _print_rows(CHECK_COLUMNS, [_check_row(one) for one in found])


@metric_app.command("score")
def scores(
    *,
    forecasts: Annotated[
        Path, typer.Option(help="CSV with observed and q0.01,q0.025,q0.05 … q0.99.")
    ],
) -> None:
    """Weighted interval score of each row's forecast, on counts and on log(1 + count)."""
    observed, quantiles = _read_quantiles(forecasts)
    with refusing(forecasts):
        from metrics.scores.coverage import CENTRAL, central_intervals
        from metrics.scores.crps import crps_of_quantiles
        from metrics.scores.interval_score import (
            LEVELS,
            log_weighted_interval_score,
            weighted_interval_score,
        )

        wis = weighted_interval_score(observed, quantiles)
        log_wis = log_weighted_interval_score(observed, quantiles)
        crps = crps_of_quantiles(observed, quantiles)
    low, high = central_intervals(quantiles, LEVELS, CENTRAL)
    inside = (low <= observed) & (observed <= high)
    parts = (wis.total, wis.dispersion, wis.overprediction, wis.underprediction, log_wis.total)
    rows: list[Row] = [
        [i + 1, *(part[i] for part in parts), crps[i], *(int(x) for x in inside[:, i])]
        for i in range(observed.size)
    ]
    _print_rows(SCORE_COLUMNS, rows)


def _areas(
    path: Path, *, file: Path | None, mean: float | None, sd: float | None, disease: str | None
) -> Areas:
    import numpy as np

    series = read_daily_series(path)
    first = series[0]
    for one in series:
        if (one.first_date, one.next_date) != (first.first_date, first.next_date):
            raise DataError(
                f"{path}, area '{one.area}': {one.first_date} to {one.next_date}, but"
                f" '{first.area}' has {first.first_date} to {first.next_date}. Give all areas"
                " the same days."
            )
    counts = np.array([one.total for one in series]).T
    pmf = chosen_interval(file=file, mean=mean, sd=sd, disease=disease, days=len(counts))
    return Areas(series, counts, pmf)


def _check_damping(damping: float) -> None:
    if not 0 < damping <= 1:
        raise ConfigError(f"--damping is {damping}. Give a number above 0 and at most 1.")


def _check_row(one: Judgement) -> Row:
    from metrics.states import State

    wis, log_wis = one.relative_wis, one.relative_log_wis
    size = ("", "") if one.size is None else one.size
    ratios = (wis.value, wis.low, wis.high, log_wis.value, log_wis.low, log_wis.high)
    shares = one.coverage.inside.value
    state = State(int(one.state)).label
    return [*one.horizon, *size, one.dates, one.forecasts, *ratios, *shares, one.bias, state]


def _read_quantiles(path: Path) -> tuple[Floats, Floats]:
    import numpy as np

    from metrics.scores.interval_score import LEVELS

    names = ["observed", *(f"q{level:g}" for level in LEVELS)]
    header, rows = read_rows(path)
    if missing := [name for name in names if name not in header]:
        raise DataError(
            f"{path}, line 1: column '{missing[0]}' is missing ({len(missing)} of {len(names)}"
            " are). Needed: observed and the 23 quantiles q0.01 to q0.99."
        )
    table = [
        [parse_number(f"{path}, line {line}", name, row[name]) for name in names]
        for line, row in rows
    ]
    if not table:
        raise DataError(f"{path}: no rows below the header. Give one row per forecast.")
    values = np.array(table).T
    return values[0], values[1:]


def _print_rows(columns: list[str], rows: list[Row]) -> None:
    write([DailySeries("", date.min)], columns, [rows])
