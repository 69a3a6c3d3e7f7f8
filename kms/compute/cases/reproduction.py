"""R and P(R > 1) of every area: by window, with what the delay and the serial interval leave open.

Days whose cases are all but complete are estimated from the counts; the last weeks from draws of
what is still to be reported. Both are mixtures over serial intervals that could be.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from kms.compute.cases.inputs import LONGEST_DELAY_DAYS, CaseInputs
from kms.compute.cases.late_reports import DRAWS, SEED, LateReports, final_paths, joined
from kms.domain.areas import COUNTRY
from kms.domain.diseases import Disease, SerialInterval
from kms.domain.series import make_series
from kms.store.publications import Entry
from metrics.states import State
from metrics.transmission.dated_interval import dated_reproduction
from metrics.transmission.mixture import interval_nodes, pooled
from metrics.transmission.reproduction import Reproduction
from metrics.transmission.stacked import stacked_reproduction

Floats = NDArray[np.float64]
WINDOW_DAYS = 7
WINDOWS = (WINDOW_DAYS, 14)  # the longer one where infectiousness is too little for a week
NODES = 5  # of the serial interval's uncertain mean
CHANGEOVER_DAYS = 21  # a variant takes weeks to displace another


@dataclass(frozen=True)
class Intervals:
    """Serial intervals that could be: pmfs (K, P, L) of each period, their weights (K,).

    `period_of_day`, shape (D,), says which period each day of the counts lies in; `newest` is
    the interval of the last day.
    """

    pmfs: Floats
    weights: Floats
    period_of_day: NDArray[np.int64]
    newest: SerialInterval

    def drawn(self, rng: np.random.Generator) -> Floats:
        """Return one of them for each imputation, shape (DRAWS, P, L)."""
        strata = (rng.permutation(DRAWS) + rng.random(DRAWS)) / DRAWS
        chosen = np.searchsorted(np.cumsum(self.weights), strata).clip(max=len(self.weights) - 1)
        return np.asarray(self.pmfs[chosen])


def intervals(disease: Disease, inputs: CaseInputs) -> Intervals:
    """Return the serial intervals of a disease on the days of the counts.

    Raises `ValueError` where it has none: then it has no R.
    """
    known: dict[SerialInterval, int] = {}
    of_day = np.zeros(inputs.days(), dtype=np.int64)
    for place in range(inputs.days()):
        found = disease.serial_interval_on(inputs.start + timedelta(days=place))
        if found is None:
            raise ValueError(f"disease {disease.id} has no serial interval; it has no R")
        of_day[place] = known.setdefault(found, len(known))
    nodes = [interval_nodes(i.mean_days, i.sd_days, i.mean_sd_days, 0.0, n=NODES) for i in known]
    # A period whose mean is known has one node, which stands for all.
    most = max((pmfs for pmfs, _ in nodes), key=len).shape[0]
    longest = max(pmfs.shape[1] for pmfs, _ in nodes)
    table = np.zeros((most, len(nodes), longest))
    for period, (pmfs, _) in enumerate(nodes):
        table[:, period, : pmfs.shape[1]] = pmfs
    weights = next(weights for pmfs, weights in nodes if pmfs.shape[0] == most)
    return Intervals(table, weights, of_day, list(known)[of_day[-1]])


def reproduction_entries(
    inputs: CaseInputs,
    levels: Sequence[Sequence[int]],
    serial: Intervals,
    *,
    basis: str,
    late: LateReports | None,
) -> Iterator[Entry]:
    """Estimate R of all areas, from the country down, so that spread is lent downwards."""
    if inputs.days() <= WINDOW_DAYS:
        return
    alphas: tuple[dict[str, Floats], dict[str, Floats]] = {}, {}
    for depth, level in enumerate(levels):
        found = _settled(inputs, level, serial, basis=basis, alphas=alphas[0])
        if late is not None:
            rng = np.random.default_rng([SEED, inputs.cases_to.toordinal(), depth, 1])
            recent = _recent(inputs, level, (serial, late), rng=rng, alphas=alphas[1])
            found = joined(found, recent)
        share = np.ones((inputs.days(), len(inputs.areas))) if late is None else late.share
        for column, index in enumerate(level):
            yield from _entries(inputs, found, column, index, known=share)


def _settled(
    inputs: CaseInputs,
    level: Sequence[int],
    serial: Intervals,
    *,
    basis: str,
    alphas: dict[str, Floats],
) -> Reproduction:
    """Estimate from the counts as they are, which holds where they are complete."""
    cases = inputs.counts[basis][:, list(level)]
    local = _without_abroad(inputs, level, cases, inputs.abroad[basis])
    results = [
        dated_reproduction(
            local,
            cases,
            pmfs,
            serial.period_of_day,
            changeover_days=CHANGEOVER_DAYS,
            windows=WINDOWS,
            alpha_parent=_lent(inputs, level, alphas),
        )
        for pmfs in serial.pmfs
    ]
    found = pooled(results, serial.weights)
    _lend(inputs, level, found, alphas)
    return found


def _recent(
    inputs: CaseInputs,
    level: Sequence[int],
    given: tuple[Intervals, LateReports],
    *,
    rng: np.random.Generator,
    alphas: dict[str, Floats],
) -> Reproduction:
    """Estimate the windows of the last weeks from draws of the final counts."""
    serial, late = given
    every, since = final_paths(inputs, late)
    paths, share = every[:, list(level)], late.share[since:, list(level)]
    days = len(paths)
    abroad = inputs.abroad["onset"][since:, None]
    first = np.maximum(share[:, :1], 0.01)  # of the country; more is in the draws already
    local = _without_abroad(inputs, level, paths, abroad / first)
    lent = _lent(inputs, level, alphas)
    if lent is not None:  # of every window, though only the last ones are asked for
        lent = np.pad(lent, ((days - WINDOW_DAYS - len(lent), 0), (0, 0)), mode="edge")
    found = stacked_reproduction(
        local,
        paths,
        serial.drawn(rng),
        share=share,
        period_of_day=serial.period_of_day[since:],
        changeover_days=CHANGEOVER_DAYS,
        windows=WINDOWS,
        alpha_parent=lent,
        last=LONGEST_DELAY_DAYS,
    )
    _lend(inputs, level, found, alphas)
    return found


def _without_abroad(
    inputs: CaseInputs, level: Sequence[int], cases: Floats, abroad: Floats
) -> Floats:
    """Return local cases: those infected abroad are told of in the country alone."""
    if inputs.areas[level[0]] != COUNTRY:
        return cases
    local = cases.copy()
    local[:, 0] = np.maximum(local[:, 0] - abroad, 0.0)
    return local


def _lent(inputs: CaseInputs, level: Sequence[int], alphas: Mapping[str, Floats]) -> Floats | None:
    above = [inputs.parents[index] for index in level]
    return np.column_stack([alphas[code] for code in above]) if above[0] else None


def _lend(
    inputs: CaseInputs, level: Sequence[int], found: Reproduction, alphas: dict[str, Floats]
) -> None:
    alphas |= {inputs.areas[index]: found.alpha[:, c] for c, index in enumerate(level)}


def _entries(
    inputs: CaseInputs, found: Reproduction, column: int, index: int, *, known: Floats
) -> Iterator[Entry]:
    area = inputs.areas[index]
    start = inputs.start + timedelta(days=int(found.t_end[0]) - 1)
    share = known[found.t_end - 1, index]
    state = found.state[:, column].astype(float)
    visible = np.isin(state, (State.FINAL, State.PROVISIONAL))

    def shown(values: Floats) -> Floats:
        return np.where(visible, values[:, column], np.nan)

    series = make_series(
        start,
        shown(found.value),
        low=shown(found.low),
        high=shown(found.high),
        low50=shown(found.q25),
        high50=shown(found.q75),
        state=state,
        completeness=share,
    )
    place = series.last_told()
    count = None if place is None else int(found.cases[place, column])
    yield Entry("r_t", area, "", series, count)
    chance = make_series(start, shown(found.p_above_1), state=state, completeness=share)
    yield Entry("p_r_above_1", area, "", chance, count)
