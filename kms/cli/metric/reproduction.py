"""`kms metric r`."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kms.cli.metric.app import Incidence, Row, metric_app, naming, write
from kms.cli.metric.serial_interval import chosen_interval
from kms.cli.metric.series_file import DailySeries, read_daily_series
from kms.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from metrics.transmission.serial_interval import Pmf


@dataclass(frozen=True, slots=True)
class RSetting:
    """How R shall be computed; a prior of None is the estimator's own."""

    source: Path
    pmf: Pmf
    window: int
    prior_mean: float | None
    prior_sd: float | None


R_COLUMNS = ["t_start", "t_end", "mean", "sd", "q0.025", "q0.25", "median", "q0.75", "q0.975"]


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
        write(series, R_COLUMNS, (_plain_rows(one, setting) for one in series))
    else:
        columns = [*R_COLUMNS, "p_above_1", "state"]
        write(series, columns, (_product_rows(one, setting) for one in series))


def _plain_rows(series: DailySeries, setting: RSetting) -> Iterator[Row]:
    from metrics.transmission.cori import cori

    mean = 5.0 if setting.prior_mean is None else setting.prior_mean
    sd = 5.0 if setting.prior_sd is None else setting.prior_sd
    local, total = series.local, series.total
    with naming(setting.source, series):
        result = cori(
            local, total, setting.pmf, window=setting.window, prior_mean=mean, prior_sd=sd
        )
    for i in range(result.t_end.size):
        numbers = result.mean[i], result.sd[i], *result.quantiles[:, i]
        yield [int(result.t_start[i]), int(result.t_end[i]), *numbers]


def _product_rows(series: DailySeries, setting: RSetting) -> Iterator[Row]:
    from metrics.states import State
    from metrics.transmission.cori import GammaPrior
    from metrics.transmission.reproduction import NEUTRAL_PRIOR, reproduction

    mean = NEUTRAL_PRIOR.mean if setting.prior_mean is None else setting.prior_mean
    sd = NEUTRAL_PRIOR.sd if setting.prior_sd is None else setting.prior_sd
    prior = GammaPrior(mean, sd)
    with naming(setting.source, series):
        r = reproduction(
            series.local, series.total, setting.pmf, window=setting.window, prior=prior
        )
    columns = (r.mean, r.sd, r.low, r.q25, r.value, r.q75, r.high, r.p_above_1)
    for i in range(r.t_end.size):
        numbers = (column[i] for column in columns)
        yield [int(r.t_start[i]), int(r.t_end[i]), *numbers, State(int(r.state[i])).label]
