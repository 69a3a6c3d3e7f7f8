"""`kms metric`: the estimators on any plain CSV file, without a store."""

from __future__ import annotations

import csv
import math
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from kms.cli.serial_interval import chosen_interval
from kms.cli.series_file import DailySeries, read_daily_series
from kms.errors import ConfigError, DataError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from metrics.serial_interval import Pmf

metric_app = typer.Typer(help="Estimators on plain CSV files.", no_args_is_help=True)

Incidence = Annotated[Path, typer.Option(help="CSV with date,cases or date,local,imported.")]
Row = list[object]


@dataclass(frozen=True, slots=True)
class RSetting:
    """How R shall be computed; a prior of None is the estimator's own."""

    source: Path
    pmf: Pmf
    window: int
    prior_mean: float | None
    prior_sd: float | None


R_COLUMNS = ["t_start", "t_end", "mean", "sd", "q0.025", "q0.25", "median", "q0.75", "q0.975"]
GROWTH_COLUMNS = [
    *("t_start", "t_end", "growth_rate_per_day", "low", "high"),
    *("doubling_time_days", "doubling_low", "doubling_high", "state", "doubling_state"),
]


@metric_app.command("r")
def reproduction_number(
    *,
    incidence: Incidence,
    si: Annotated[Path | None, typer.Option(help="CSV with k,w from k = 0.")] = None,
    si_mean: Annotated[float | None, typer.Option(help="Mean serial interval, days.")] = None,
    si_sd: Annotated[float | None, typer.Option(help="Its standard deviation, days.")] = None,
    disease: Annotated[str | None, typer.Option(help="Take its serial interval.")] = None,
    window: Annotated[int, typer.Option(min=1, help="Days per window.")] = 7,
    prior_mean: Annotated[
        float | None, typer.Option(help="Prior mean of R; 5 with --plain, else neutral.")
    ] = None,
    prior_sd: Annotated[float | None, typer.Option(help="Prior sd of R, likewise.")] = None,
    plain: Annotated[bool, typer.Option("--plain", help="Textbook Cori estimator.")] = False,
) -> None:
    """Reproduction number in sliding windows, from day 2."""
    series = read_daily_series(incidence)
    days = max(len(one.local) for one in series)
    pmf = chosen_interval(file=si, mean=si_mean, sd=si_sd, disease=disease, days=days)
    for name, value in (("--prior-mean", prior_mean), ("--prior-sd", prior_sd)):
        if value is not None and not 0 < value < math.inf:
            raise ConfigError(f"{name} is {value}. Give a number above 0.")
    setting = RSetting(incidence, pmf, window, prior_mean, prior_sd)
    if plain:
        _write(series, R_COLUMNS, (_plain_rows(one, setting) for one in series))
    else:
        columns = [*R_COLUMNS, "p_above_1", "state"]
        _write(series, columns, (_product_rows(one, setting) for one in series))


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
    from metrics.doubling import doubling_time
    from metrics.growth import growth
    from metrics.states import State

    def rows(series: DailySeries) -> Iterator[Row]:
        with _naming(incidence, series):
            fit = growth(series.total, window=window, weekday=weekday)
        time = doubling_time(fit.rate_per_day, fit.low, fit.high)
        for i in range(fit.t_end.size):
            numbers = (fit.rate_per_day, fit.low, fit.high, time.days, time.low, time.high)
            states = [State(int(codes[i])).label for codes in (fit.state, time.state)]
            yield [int(fit.t_start[i]), int(fit.t_end[i]), *(x[i] for x in numbers), *states]

    series = read_daily_series(incidence)
    _write(series, GROWTH_COLUMNS, map(rows, series))


@metric_app.command("two-week")
def two_week_growth(
    *,
    incidence: Incidence,
    population: Annotated[float, typer.Option(help="People in the area.")],
) -> None:
    """Two-week growth rate (a fraction) and average daily attack rate per 100,000."""
    from metrics.states import State
    from metrics.two_week import two_week

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
    _write(series, columns, map(rows, series))


def _plain_rows(series: DailySeries, setting: RSetting) -> Iterator[Row]:
    from metrics.cori import cori

    mean = 5.0 if setting.prior_mean is None else setting.prior_mean
    sd = 5.0 if setting.prior_sd is None else setting.prior_sd
    local, total = series.local, series.total
    with _naming(setting.source, series):
        result = cori(
            local, total, setting.pmf, window=setting.window, prior_mean=mean, prior_sd=sd
        )
    for i in range(result.t_end.size):
        numbers = result.mean[i], result.sd[i], *result.quantiles[:, i]
        yield [int(result.t_start[i]), int(result.t_end[i]), *numbers]


def _product_rows(series: DailySeries, setting: RSetting) -> Iterator[Row]:
    from metrics.cori import GammaPrior
    from metrics.reproduction import NEUTRAL_PRIOR, reproduction
    from metrics.states import State

    mean = NEUTRAL_PRIOR.mean if setting.prior_mean is None else setting.prior_mean
    sd = NEUTRAL_PRIOR.sd if setting.prior_sd is None else setting.prior_sd
    prior = GammaPrior(mean, sd)
    with _naming(setting.source, series):
        r = reproduction(
            series.local, series.total, setting.pmf, window=setting.window, prior=prior
        )
    columns = (r.mean, r.sd, r.low, r.q25, r.value, r.q75, r.high, r.p_above_1)
    for i in range(r.t_end.size):
        numbers = (column[i] for column in columns)
        yield [int(r.t_start[i]), int(r.t_end[i]), *numbers, State(int(r.state[i])).label]


@contextmanager
def _naming(path: Path, series: DailySeries) -> Iterator[None]:
    """Say which file and area an estimator refused."""
    try:
        yield
    except ValueError as error:
        of_area = f", area '{series.area}'" if series.area else ""
        raise DataError(
            f"{path}{of_area}: {error}. Give a longer series or another --window."
        ) from error


def _write(
    series: Sequence[DailySeries], columns: Sequence[str], tables: Iterable[Iterable[Row]]
) -> None:
    """Print one table under one header, `area` first where the input has it."""
    tables = [[[_cell(value) for value in row] for row in table] for table in tables]
    with_area = any(one.area for one in series)
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow([*(["area"] if with_area else []), *columns])
    for one, table in zip(series, tables, strict=True):
        writer.writerows([*([one.area] if with_area else []), *row] for row in table)


def _cell(value: object) -> str:
    """Full precision; nothing where there is no value."""
    if isinstance(value, int | str):
        return str(value)
    number = float(value)  # type: ignore[arg-type]  # numpy scalar from a float64 array
    return repr(number) if math.isfinite(number) else ""
