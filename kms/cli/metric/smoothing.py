"""`kms metric r-smooth` and `r-pooled`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kms.cli.metric.app import Incidence, Row, metric_app, naming, write
from kms.cli.metric.input.serial_interval import chosen_interval
from kms.cli.metric.input.series_file import DailySeries, read_daily_series
from kms.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator

COLUMNS = [
    *("date", "mean", "q0.025", "q0.25", "median", "q0.75", "q0.975", "p_above_1"),
    *("eta", "state"),
]


@metric_app.command("r-smooth")
def smooth_reproduction_number(
    *,
    incidence: Incidence,
    si: Annotated[Path | None, typer.Option(help="CSV with k,w from k = 0.")] = None,
    si_mean: Annotated[float | None, typer.Option(help="Mean serial interval, days.")] = None,
    si_sd: Annotated[float | None, typer.Option(help="Its standard deviation, days.")] = None,
    disease: Annotated[str | None, typer.Option(help="Take its serial interval.")] = None,
    causal: Annotated[
        bool, typer.Option("--causal", help="Each day from the days up to it only.")
    ] = False,
    last: Annotated[int | None, typer.Option(min=1, help="Only the last so many days.")] = None,
) -> None:
    """Reproduction number of each single day, in the light of all days."""
    from metrics.states import State
    from metrics.transmission.random_walk.smoother import smooth_reproduction

    series = read_daily_series(incidence)
    days = max(len(one.local) for one in series)
    pmf = chosen_interval(file=si, mean=si_mean, sd=si_sd, disease=disease, days=days)

    def rows(one: DailySeries) -> Iterator[Row]:
        with naming(incidence, one):
            r = smooth_reproduction(one.local, one.total, pmf, causal=causal, last=last)
        dates = one.dates()
        columns = (r.mean, r.low, r.q25, r.value, r.q75, r.high, r.p_above_1, r.eta)
        for i, day in enumerate(r.day):
            label = State(int(r.state[i])).label
            yield [dates[int(day) - 1].isoformat(), *(x[i] for x in columns), label]

    write(series, COLUMNS, map(rows, series))


POOLED_COLUMNS = [
    *("t_start", "t_end", "mean", "sd", "q0.025", "median", "q0.975", "p_above_1"),
    *("own_weight", "leans_on_parent", "state"),
]


@metric_app.command("r-pooled")
def pooled_reproduction_number(
    *,
    incidence: Incidence,
    si: Annotated[Path | None, typer.Option(help="CSV with k,w from k = 0.")] = None,
    si_mean: Annotated[float | None, typer.Option(help="Mean serial interval, days.")] = None,
    si_sd: Annotated[float | None, typer.Option(help="Its standard deviation, days.")] = None,
    disease: Annotated[str | None, typer.Option(help="Take its serial interval.")] = None,
    window: Annotated[int, typer.Option(min=2, help="Days per window.")] = 7,
) -> None:
    """Reproduction number of the areas of one parent, each leaning on the others if small."""
    import numpy as np

    from metrics.states import State
    from metrics.transmission.pooling import pooled_reproduction
    from metrics.transmission.reproduction import reproduction

    series = read_daily_series(incidence)
    _check_siblings(incidence, series)
    pmf = chosen_interval(
        file=si, mean=si_mean, sd=si_sd, disease=disease, days=len(series[0].local)
    )
    local, total = (
        np.column_stack(x) for x in zip(*((s.local, s.total) for s in series), strict=True)
    )
    with naming(incidence, series[0]):
        every = reproduction(local.sum(axis=1), total.sum(axis=1), pmf, window=window)
        own = reproduction(
            local, total, pmf, window=window, alpha_parent=every.alpha[:, np.newaxis]
        )
    r = pooled_reproduction(own, np.zeros(len(series), dtype=np.int64))
    columns = (r.mean, r.sd, r.low, r.value, r.high, r.p_above_1, r.own_weight)

    def rows(area: int) -> Iterator[Row]:
        for i, end in enumerate(r.t_end):
            leans = "yes" if r.leans_on_parent[i, area] else "no"
            label = State(int(r.state[i, area])).label
            numbers = (column[i, area] for column in columns)
            yield [int(own.t_start[i, area]), int(end), *numbers, leans, label]

    write(series, POOLED_COLUMNS, map(rows, range(len(series))))


def _check_siblings(path: Path, series: list[DailySeries]) -> None:
    first = series[0]
    for one in series[1:]:
        if (one.first_date, len(one.local)) != (first.first_date, len(first.local)):
            raise DataError(
                f"{path}: area '{one.area}' has {len(one.local)} days from {one.first_date}, area"
                f" '{first.area}' {len(first.local)} from {first.first_date}. Give every area the"
                " same days."
            )
