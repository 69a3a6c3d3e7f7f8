"""Cases of the next weeks by report date, shown where past forecasts beat repeating last week.

By report date, since every day is complete and what came can be compared two weeks later.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from kms.compute.cases.blocks import columns_of, cut
from kms.compute.cases.inputs import CaseInputs
from kms.compute.cases.late_reports import SEED
from kms.compute.workers import HERE, Workers
from kms.domain.diseases import SerialInterval
from kms.domain.series import make_series
from kms.store.publications import Entry
from metrics.forecasts.counts import forecast_counts, pace_of
from metrics.forecasts.innovation import Innovation
from metrics.forecasts.judgement import THREE_MONTHS, Judgement, judge
from metrics.forecasts.renewal import Course, Forecast
from metrics.forecasts.rolling import (
    FIRST_ORIGIN,
    PastForecasts,
    origin_days,
    past_paces,
    rolling_origin,
)
from metrics.states import State
from metrics.transmission.serial_interval import discretise_gamma

Floats = NDArray[np.float64]
SHOWN_DAYS = 14
LONGEST_INTERVAL_DAYS = 40
SHOWN = Course(horizon=SHOWN_DAYS)
LONGER = Course(horizon=28)  # for beds, which are looked at four weeks ahead
EVERY_DAYS = 3  # with a week between them the weekday would sway the judgement from day to day
SIZE_DAYS = 28
KEPT = 5  # the stream of random numbers of the forecasts whose draws are kept
FORECAST_AXES = {"quantiles": -1, "state": 0}
PAST_AXES = {"observed": -1, "model": -1, "baseline": -1, "rated": -1, "size": -1}
Forecasts = TypeVar("Forecasts", Forecast, PastForecasts)


@dataclass(frozen=True)
class Outlook:
    """Forecasts of the areas of `CaseInputs`.

    ``draws`` of the counts of the days after the last, shape (28, A, M), NaN where no R is known
    to start from; ``good``, shape (A,), where forecasts of all days of two weeks are shown;
    ``scores`` how those of the last three months did.
    """

    entries: tuple[Entry, ...]
    draws: Floats
    good: NDArray[np.bool_]
    scores: tuple[Judgement, ...]


@dataclass(frozen=True)
class _Work:
    """A block of areas and what is learned from all: all that a worker needs.

    `counts` by report date, shape (D, B); `keys` their streams of random numbers, (B,).
    """

    counts: Floats
    keys: NDArray[np.int64]
    pmf: Floats
    seed: tuple[int, int]
    first: int
    pace: Innovation
    paces: tuple[Innovation, ...]


@dataclass(frozen=True)
class _Found:
    """Forecasts of a block: as published, draws of four weeks (28, B, M), and of the past."""

    shown: Forecast
    kept: Floats
    past: PastForecasts


def outlook(
    inputs: CaseInputs, interval: SerialInterval, workers: Workers = HERE
) -> Outlook | None:
    """Forecast every area; None where the counts are too short to be judged once."""
    counts, days = inputs.counts["report"], inputs.days()
    if days < FIRST_ORIGIN + SHOWN_DAYS:
        return None
    pmf = discretise_gamma(interval.mean_days, interval.sd_days, LONGEST_INTERVAL_DAYS)
    first = max(FIRST_ORIGIN, days - SHOWN_DAYS - THREE_MONTHS + 1)
    origins = origin_days(days, every=EVERY_DAYS, first=first, horizon=SHOWN_DAYS)
    # How fast R changes is learned from all areas at once, and so are the scores.
    pace, paces = pace_of(counts, pmf), past_paces(counts, pmf, origins)
    work = (
        _Work(
            counts=columns_of(counts, columns),
            keys=np.array(columns),
            pmf=pmf,
            seed=(SEED, inputs.cases_to.toordinal()),
            first=first,
            pace=pace,
            paces=paces,
        )
        for columns in cut(range(len(inputs.areas)))
    )
    found = list(workers.map(_forecast, work))
    shown = _side_by_side([one.shown for one in found], FORECAST_AXES)
    scores = judge(_side_by_side([one.past for one in found], PAST_AXES))
    draws = np.concatenate([one.kept for one in found], axis=1)
    entries = tuple(_entries(inputs, shown, scores))
    told = {e.area for e in entries if (e.series.state == State.FINAL).all()}
    good = np.array([area in told for area in inputs.areas])
    return Outlook(entries, draws, good, scores)


def _forecast(work: _Work) -> _Found:
    """Forecast a block; runs where the workers are."""
    given: dict[str, Any] = {"axis": "report", "keys": work.keys}
    found, kept = (
        forecast_counts(
            work.counts,
            work.pmf,
            rng=np.random.default_rng([*work.seed, stream]),
            course=course,
            pace=work.pace,
            keep_draws=stream == KEPT,
            **given,
        )
        for stream, course in ((2, SHOWN), (KEPT, LONGER))
    )
    past = rolling_origin(
        work.counts,
        work.pmf,
        rng=np.random.default_rng([*work.seed, 3]),
        every=EVERY_DAYS,
        first=work.first,
        course=SHOWN,
        paces=work.paces,
        **given,
    )
    draws = np.asarray(kept.draws)
    draws[:, kept.state != State.FINAL] = np.nan
    return _Found(found, draws, past)


def _side_by_side(parts: Sequence[Forecasts], axes: Mapping[str, int]) -> Forecasts:
    """Put forecasts of blocks together; `axes` names the area axis of each field that has one."""
    first, *rest = parts
    if not rest:
        return first
    joined: dict[str, Any] = {
        name: np.concatenate([getattr(part, name) for part in parts], axis=axis)
        for name, axis in axes.items()
    }
    return replace(first, **joined)


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
