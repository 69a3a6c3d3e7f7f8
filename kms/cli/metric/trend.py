"""`kms metric growth` and `two-week`."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from kms.cli.metric.app import Incidence, Row, metric_app, naming, write
from kms.cli.metric.input.series_file import DailySeries, read_daily_series
from kms.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

GROWTH_COLUMNS = [
    *("t_start", "t_end", "growth_rate_per_day", "low", "high"),
    *("doubling_time_days", "doubling_low", "doubling_high", "state", "doubling_state"),
]


@metric_app.command("growth")
def growth_rate(
    *,
    incidence: Incidence,
    window: Annotated[int, typer.Option(min=4, help="Days per window.")] = 14,
    weekday: Annotated[
        Literal["offset", "contrasts", "none"],
        typer.Option(help="Learned from 56 days, estimated in the window, or ignored."),
    ] = "offset",
) -> None:
    """Growth rate per day, and the doubling (negative: halving) time where it is distinct."""
    from metrics.states import State
    from metrics.trend.doubling import doubling_time
    from metrics.trend.growth import growth

    def rows(series: DailySeries) -> Iterator[Row]:
        with naming(incidence, series):
            fit = growth(series.total, window=window, weekday=weekday)
        time = doubling_time(fit.rate_per_day, fit.low, fit.high)
        for i in range(fit.t_end.size):
            numbers = (fit.rate_per_day, fit.low, fit.high, time.days, time.low, time.high)
            states = [State(int(codes[i])).label for codes in (fit.state, time.state)]
            yield [int(fit.t_start[i]), int(fit.t_end[i]), *(x[i] for x in numbers), *states]

    series = read_daily_series(incidence)
    write(series, GROWTH_COLUMNS, map(rows, series))


@metric_app.command("two-week")
def two_week_growth(
    *,
    incidence: Incidence,
    population: Annotated[float, typer.Option(help="People in the area.")],
) -> None:
    """Two-week growth rate (a fraction) and average daily attack rate per 100,000."""
    from metrics.states import State
    from metrics.trend.two_week import two_week

    series = read_daily_series(incidence)
    if not 0 < population < math.inf:
        raise ConfigError(f"--population is {population}. Give a number above 0.")
    if len(series) > 1:
        raise ConfigError(
            f"{incidence}: {len(series)} areas, but --population is one number. Run one area"
            " at a time."
        )

    def rows(one: DailySeries) -> Iterator[Row]:
        result = two_week(one.total, population)
        for i, day in enumerate(one.dates()):
            numbers = result.growth[i], result.attack_per_100k[i]
            yield [day.isoformat(), *numbers, State(int(result.state[i])).label]

    columns = ["date", "two_week_growth_rate", "average_daily_attack_rate", "state"]
    write(series, columns, map(rows, series))
