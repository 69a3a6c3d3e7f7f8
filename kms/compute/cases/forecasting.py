"""Cases of the next weeks by report date, shown where past forecasts beat repeating last week.

By report date, since every day is complete and what came can be compared two weeks later.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from kms.compute.cases.inputs import CaseInputs
from kms.compute.cases.late_reports import SEED
from kms.domain.diseases import SerialInterval
from kms.domain.series import make_series
from kms.store.publications import Entry
from metrics.forecasts.counts import forecast_counts
from metrics.forecasts.judgement import THREE_MONTHS, Judgement, judge
from metrics.forecasts.renewal import Course, Forecast
from metrics.forecasts.rolling import FIRST_ORIGIN, rolling_origin
from metrics.states import State
from metrics.transmission.serial_interval import discretise_gamma

Floats = NDArray[np.float64]
SHOWN_DAYS = 14
LONGEST_INTERVAL_DAYS = 40
SHOWN = Course(horizon=SHOWN_DAYS)
AS_IT_IS = Course(horizon=28, damping=1.0)  # beds: what happens if R stays
EVERY_DAYS = 7
SIZE_DAYS = 28


@dataclass(frozen=True)
class Outlook:
    """Forecasts of the areas of `CaseInputs`.

    ``draws`` of the counts of the days after the last if R stays as it is, shape (28, A, M), NaN
    where no R is known to start from; ``scores`` how forecasts of the last three months did.
    """

    entries: tuple[Entry, ...]
    draws: Floats
    scores: tuple[Judgement, ...]


def outlook(inputs: CaseInputs, interval: SerialInterval) -> Outlook | None:
    """Forecast every area; None where the counts are too short to be judged once."""
    counts = inputs.counts["report"]
    if inputs.days() < FIRST_ORIGIN + SHOWN_DAYS:
        return None
    pmf = discretise_gamma(interval.mean_days, interval.sd_days, LONGEST_INTERVAL_DAYS)
    seed = [SEED, inputs.cases_to.toordinal()]
    found = forecast_counts(
        counts,
        pmf,
        axis="report",
        rng=np.random.default_rng([*seed, 2]),
        course=SHOWN,
    )
    past = rolling_origin(
        counts,
        pmf,
        axis="report",
        rng=np.random.default_rng([*seed, 3]),
        every=EVERY_DAYS,
        first=max(FIRST_ORIGIN, inputs.days() - SHOWN_DAYS - THREE_MONTHS + 1),
        course=SHOWN,
    )
    scores = judge(past)
    kept = forecast_counts(
        counts,
        pmf,
        axis="report",
        rng=np.random.default_rng([*seed, 5]),
        course=AS_IT_IS,
        pace=found.innovation,
        keep_draws=True,
    )
    draws = np.asarray(kept.draws)
    draws = np.where(kept.state[:, None] == State.FINAL, draws, np.nan)
    return Outlook(tuple(_entries(inputs, found, scores)), draws, scores)


def _entries(inputs: CaseInputs, found: Forecast, scores: Sequence[Judgement]) -> Iterator[Entry]:
    at = {level: found.levels.index(level) for level in (0.025, 0.25, 0.5, 0.75, 0.975)}
    days = np.arange(1, SHOWN_DAYS + 1)
    sizes = inputs.counts["report"][-SIZE_DAYS:].mean(axis=0)
    for index, area in enumerate(inputs.areas):
        if found.state[index] != State.FINAL:
            continue
        good = _good_enough(scores, float(sizes[index]), days)

        def of(level: float, index: int = index, good: NDArray[np.bool_] = good) -> Floats:
            return np.where(good, found.quantiles[at[level], :SHOWN_DAYS, index], np.nan)

        series = make_series(
            inputs.cases_to + timedelta(days=1),
            of(0.5),
            low=of(0.025),
            high=of(0.975),
            low50=of(0.25),
            high50=of(0.75),
            state=np.where(good, float(State.FINAL), float(State.WITHHELD)),
        )
        count = int(inputs.counts["report"][-7:, index].sum())
        yield Entry("forecast_cases", area, "", series, count)


def _good_enough(
    scores: Sequence[Judgement], size: float, days: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Tell for which days ahead forecasts of areas of a size did better than last week repeated.

    What has not been judged on enough dates is not shown either.
    """
    shown = np.zeros(days.shape, dtype=np.bool_)
    for score in scores:
        if score.size is not None and score.size[0] <= size < score.size[1]:
            first, last = score.horizon
            shown |= (days >= first) & (days <= last) & (score.state == State.FINAL)
    return shown
