"""`kms metric r-smooth`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kms.cli.metric.app import Incidence, Row, metric_app, naming, write
from kms.cli.metric.serial_interval import chosen_interval
from kms.cli.metric.series_file import DailySeries, read_daily_series

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
