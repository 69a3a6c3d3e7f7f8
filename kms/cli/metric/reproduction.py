"""`kms metric r` and `cohort-r`."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kms.cli.metric.app import Incidence, Row, metric_app, naming, write
from kms.cli.metric.input.serial_interval import chosen_interval, uncertain_interval
from kms.cli.metric.input.series_file import (
    DailySeries,
    read_by_lag,
    read_daily_series,
)
from kms.errors import ConfigError, DataError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

    from metrics.transmission.cori import GammaPrior
    from metrics.transmission.reproduction import Reproduction
    from metrics.transmission.serial_interval import Pmf
    from metrics.transmission.weekly_counts import WeeklyR

    Nodes = tuple[NDArray[np.float64], NDArray[np.float64]]


SMALLEST_PRIOR, LARGEST_PRIOR = 0.001, 1_000.0  # of R


@dataclass(frozen=True, slots=True)
class RSetting:
    """How R shall be computed; a prior of None is the estimator's own.

    `windows` are rising lengths to choose from; `nodes` stand for an uncertain serial interval,
    else None; `weekly` says what a row is.
    """

    source: Path
    pmf: Pmf
    windows: tuple[int, ...]
    prior_mean: float | None
    prior_sd: float | None
    nodes: Nodes | None
    weekly: bool


R_COLUMNS = ["t_start", "t_end", "mean", "sd", "q0.025", "q0.25", "median", "q0.75", "q0.975"]
COHORT_COLUMNS = [
    *("t_start", "t_end", "cohort_r", "low", "high", "expected_low", "expected_high"),
    *("uncorrected", "seen", "cases", "secondary", "state"),
]


@metric_app.command("r")
def reproduction_number(
    *,
    incidence: Incidence,
    si: Annotated[Path | None, typer.Option(help="CSV with k,w from k = 0.")] = None,
    si_mean: Annotated[float | None, typer.Option(help="Mean serial interval, days.")] = None,
    si_sd: Annotated[float | None, typer.Option(help="Its standard deviation, days.")] = None,
    si_mean_sd: Annotated[
        float | None, typer.Option(help="How uncertain that mean is, as an sd in days.")
    ] = None,
    si_sd_sd: Annotated[
        float | None, typer.Option(help="How uncertain that sd is, as an sd in days.")
    ] = None,
    disease: Annotated[str | None, typer.Option(help="Take its serial interval.")] = None,
    window: Annotated[
        list[int] | None,
        typer.Option(
            min=1,
            help="Days per window: 7; with --weekly 21. Give several, shortest first (--window 7"
            " --window 14): each day takes the shortest that holds enough.",
        ),
    ] = None,
    prior_mean: Annotated[
        float | None, typer.Option(help="Prior mean of R; 5 with --plain, else neutral.")
    ] = None,
    prior_sd: Annotated[float | None, typer.Option(help="Prior sd of R, likewise.")] = None,
    weekly: Annotated[bool, typer.Option("--weekly", help="Each row is a week.")] = False,
    plain: Annotated[bool, typer.Option("--plain", help="Textbook Cori estimator.")] = False,
) -> None:
    """Reproduction number in sliding windows, from day 2."""
    uncertain = si_mean_sd is not None or si_sd_sd is not None
    windows = tuple(window or [21 if weekly else 7])
    _check_options(uncertain=uncertain, weekly=weekly, plain=plain, file=si)
    _check_windows(windows, uncertain=uncertain, weekly=weekly, plain=plain)
    series = read_daily_series(incidence, step_days=7 if weekly else 1)
    days = max(len(one.local) * one.step_days for one in series)
    pmf = chosen_interval(file=si, mean=si_mean, sd=si_sd, disease=disease, days=days)
    nodes = None
    if uncertain:
        nodes = uncertain_interval(
            mean=si_mean, sd=si_sd, disease=disease, mean_sd=si_mean_sd, sd_sd=si_sd_sd
        )
    for name, value in (("--prior-mean", prior_mean), ("--prior-sd", prior_sd)):
        if value is not None and not SMALLEST_PRIOR <= value <= LARGEST_PRIOR:
            raise ConfigError(
                f"{name} is {value:g}. Give a number from {SMALLEST_PRIOR:g} to {LARGEST_PRIOR:g}."
            )
    setting = RSetting(incidence, pmf, windows, prior_mean, prior_sd, nodes, weekly)
    if plain:
        write(series, R_COLUMNS, (_plain_rows(one, setting) for one in series))
    else:
        columns = [*R_COLUMNS, "p_above_1", "state"]
        write(series, columns, (_product_rows(one, setting) for one in series))


def _check_options(*, uncertain: bool, weekly: bool, plain: bool, file: Path | None) -> None:
    if uncertain and file is not None:
        raise ConfigError(
            "--si-mean-sd and --si-sd-sd belong to --si-mean and --si-sd, or --disease; --si is"
            " a known interval. Leave one of them out."
        )
    if uncertain and (plain or weekly):
        other = "--plain" if plain else "--weekly"
        raise ConfigError(
            f"{other} takes one serial interval. Leave out --si-mean-sd and --si-sd-sd, or {other}."
        )


def _check_windows(windows: tuple[int, ...], *, uncertain: bool, weekly: bool, plain: bool) -> None:
    given = ", ".join(map(str, windows))
    if any(later <= earlier for earlier, later in pairwise(windows)):
        raise ConfigError(f"--window is {given}. Give several windows shortest first, each once.")
    if len(windows) == 1:
        return
    for option, used in (
        ("--plain", plain),
        ("--weekly", weekly),
        ("--si-mean-sd and --si-sd-sd", uncertain),
    ):
        if used:
            raise ConfigError(
                f"--window is {given}, but only one can be used with {option}. Leave out all but"
                f" one, or {option}."
            )


def _plain_rows(series: DailySeries, setting: RSetting) -> Iterator[Row]:
    from metrics.transmission.cori import cori
    from metrics.transmission.weekly_counts import daily_counts

    mean = 5.0 if setting.prior_mean is None else setting.prior_mean
    sd = 5.0 if setting.prior_sd is None else setting.prior_sd
    with naming(setting.source, series):
        local, total = series.local, series.total
        if setting.weekly:
            local = total = daily_counts(_all_local(series, setting), setting.pmf).daily.tolist()
        result = cori(
            local, total, setting.pmf, window=setting.windows[0], prior_mean=mean, prior_sd=sd
        )
    for i in range(result.t_end.size):
        if setting.weekly and result.t_start[i] <= series.step_days:
            continue  # the first week is only spread out evenly
        numbers = result.mean[i], result.sd[i], *result.quantiles[:, i]
        yield [int(result.t_start[i]), int(result.t_end[i]), *numbers]


def _product_rows(series: DailySeries, setting: RSetting) -> Iterator[Row]:
    from metrics.states import State
    from metrics.transmission.cori import GammaPrior
    from metrics.transmission.reproduction import NEUTRAL_PRIOR

    mean = NEUTRAL_PRIOR.mean if setting.prior_mean is None else setting.prior_mean
    sd = NEUTRAL_PRIOR.sd if setting.prior_sd is None else setting.prior_sd
    with naming(setting.source, series):
        r = _product(series, setting, GammaPrior(mean, sd))
    columns = (r.mean, r.sd, r.low, r.q25, r.value, r.q75, r.high, r.p_above_1)
    for i in range(r.t_end.size):
        numbers = (column[i] for column in columns)
        yield [int(r.t_start[i]), int(r.t_end[i]), *numbers, State(int(r.state[i])).label]


def _product(series: DailySeries, setting: RSetting, prior: GammaPrior) -> Reproduction | WeeklyR:
    from metrics.transmission.mixture import uncertain_reproduction
    from metrics.transmission.reproduction import reproduction
    from metrics.transmission.weekly_counts import weekly_reproduction

    local, total, window = series.local, series.total, setting.windows[0]
    if setting.weekly:
        if window % 7:
            raise ConfigError(f"--window is {window} days. With --weekly give a multiple of 7.")
        cases = _all_local(series, setting)
        return weekly_reproduction(cases, setting.pmf, weeks=window // 7, prior=prior)
    if setting.nodes is not None:
        return uncertain_reproduction(local, total, setting.nodes, window=window, prior=prior)
    return reproduction(local, total, setting.pmf, windows=setting.windows, prior=prior)


def _all_local(series: DailySeries, setting: RSetting) -> list[float]:
    """Weekly counts; imported cases have no day on which they could be set apart."""
    if any(series.imported):
        raise ConfigError(
            f"{setting.source}: weekly counts with imported cases. --weekly takes date,cases"
            " only; leave the imported cases out or give days."
        )
    return series.total


@metric_app.command("cohort-r")
def cohort_number(
    *,
    incidence: Incidence,
    si: Annotated[Path | None, typer.Option(help="CSV with k,w from k = 0.")] = None,
    si_mean: Annotated[float | None, typer.Option(help="Mean serial interval, days.")] = None,
    si_sd: Annotated[float | None, typer.Option(help="Its standard deviation, days.")] = None,
    disease: Annotated[str | None, typer.Option(help="Take its serial interval.")] = None,
    window: Annotated[int, typer.Option(min=1, help="Days per window.")] = 7,
    offspring_k: Annotated[
        float, typer.Option(help="Dispersion of secondary cases per case; inf for Poisson.")
    ] = 0.43,
    known: Annotated[
        Path | None,
        typer.Option(help="CSV with h,share: share of a day's cases reported h days later."),
    ] = None,
) -> None:
    """Secondary cases per case of each window, final when their infectious time is over."""
    from metrics.states import State
    from metrics.transmission.cohort import cohort_reproduction

    series = read_daily_series(incidence)
    days = max(len(one.local) for one in series)
    pmf = chosen_interval(file=si, mean=si_mean, sd=si_sd, disease=disease, days=days)
    if not offspring_k > 0:
        raise ConfigError(f"--offspring-k is {offspring_k}. Give a number above 0, or inf.")
    shares = None if known is None else _read_shares(known)

    def rows(one: DailySeries) -> Iterator[Row]:
        reported = shares and [
            shares[min(h, len(shares) - 1)] for h in reversed(range(len(one.local)))
        ]
        with naming(incidence, one):
            r = cohort_reproduction(
                one.local, one.total, pmf, offspring_k=offspring_k, window=window, known=reported
            )
        columns = (
            *(r.value, r.low, r.high, r.expected_low, r.expected_high),
            *(r.uncorrected, r.seen, r.cases, r.secondary),
        )
        for i in range(r.t_end.size):
            numbers = (column[i] for column in columns)
            yield [int(r.t_start[i]), int(r.t_end[i]), *numbers, State(int(r.state[i])).label]

    write(series, COHORT_COLUMNS, map(rows, series))


def _read_shares(path: Path) -> list[float]:
    """Read the share known h days later, h = 0, 1, …; the last one holds from then on."""
    shares: list[float] = []
    for where, share in read_by_lag(path, "h", "share", unit="day"):
        if share > 1:
            raise DataError(f"{where}: column 'share' is {share:g}, above 1. Correct it.")
        shares.append(share)
    if not shares:
        raise DataError(f"{path}: no rows below the header. Give one row per day of delay.")
    return shares
