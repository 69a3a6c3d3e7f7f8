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

from kms.compute.cases.blocks import Block, block_of, cut
from kms.compute.cases.inputs import LONGEST_DELAY_DAYS, CaseInputs
from kms.compute.cases.late_reports import DRAWS, SEED, LateReports, joined
from kms.compute.workers import HERE, Workers
from kms.domain.areas import COUNTRY
from kms.domain.diseases import Disease, SerialInterval
from kms.domain.series import make_shown
from kms.store.publications import Entry
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


@dataclass(frozen=True)
class _Work:
    """A block of areas of one level, and what is known before it: all that a worker needs.

    `drawn` is a serial interval for each imputation, (DRAWS, P, L); `lent` the spread of the
    areas above for whole counts and for draws, none for the country; `abroad` cases infected
    abroad by day, shape (D,), of the country alone.
    """

    block: Block
    serial: Intervals
    drawn: Floats | None
    lent: tuple[Floats | None, Floats | None]
    abroad: Floats | None


@dataclass(frozen=True)
class _Found:
    """The entries of a block, and the spread its areas lend, (W, B), to those inside them."""

    entries: tuple[Entry, ...]
    lends: tuple[Floats, Floats | None]


def reproduction_entries(
    inputs: CaseInputs,
    levels: Sequence[Sequence[int]],
    serial: Intervals,
    *,
    basis: str,
    late: LateReports | None,
    workers: Workers = HERE,
) -> Iterator[Entry]:
    """Estimate R of all areas, from the country down, so that spread is lent downwards."""
    if inputs.days() <= WINDOW_DAYS:
        return
    lends: tuple[dict[str, Floats], dict[str, Floats]] = {}, {}
    for depth, level in enumerate(levels):
        above, lends = lends, ({}, {})  # a level borrows of the one above it
        drawn = None
        if late is not None:
            rng = np.random.default_rng([SEED, inputs.cases_to.toordinal(), depth, 1])
            drawn = serial.drawn(rng)
        blocks = list(cut(level))
        work = (
            _Work(
                block=block_of(inputs, columns, basis=basis, late=late),
                serial=serial,
                drawn=drawn,
                lent=(_lent(inputs, columns, above[0]), _lent(inputs, columns, above[1])),
                abroad=inputs.abroad[basis] if inputs.areas[columns[0]] == COUNTRY else None,
            )
            for columns in blocks
        )
        for columns, found in zip(blocks, workers.map(_estimated, work), strict=True):
            _lend(inputs, columns, found, lends)
            yield from found.entries


def _estimated(work: _Work) -> _Found:
    """Estimate R of a block; runs where the workers are."""
    settled = _settled(work)
    recent = None if work.drawn is None else _recent(work, work.drawn)
    found = settled if recent is None else joined(settled, recent)
    entries = [e for c in range(len(work.block.areas)) for e in _entries(work.block, found, c)]
    return _Found(tuple(entries), (settled.alpha, None if recent is None else recent.alpha))


def _lend(
    inputs: CaseInputs, columns: Sequence[int], found: _Found, lends: Sequence[dict[str, Floats]]
) -> None:
    for kept, alpha in zip(lends, found.lends, strict=True):
        if alpha is not None:
            kept |= {inputs.areas[i]: alpha[:, c] for c, i in enumerate(columns)}


def _settled(work: _Work) -> Reproduction:
    """Estimate from the counts as they are, which holds where they are complete."""
    cases, serial = work.block.cases, work.serial
    local = _without_abroad(cases, work.abroad)
    results = [
        dated_reproduction(
            local,
            cases,
            pmfs,
            serial.period_of_day,
            changeover_days=CHANGEOVER_DAYS,
            windows=WINDOWS,
            alpha_parent=work.lent[0],
        )
        for pmfs in serial.pmfs
    ]
    return pooled(results, serial.weights)


def _recent(work: _Work, drawn: Floats) -> Reproduction:
    """Estimate the windows of the last weeks from draws of the final counts."""
    paths, since = work.block.paths()
    share, lent = work.block.share[since:], work.lent[1]
    abroad = None
    if work.abroad is not None:  # by the country's share; more is in the draws already
        abroad = work.abroad[since:, None] / np.maximum(share[:, :1], 0.01)
    if lent is not None:  # of every window, though only the last ones are asked for
        lent = np.pad(lent, ((len(paths) - WINDOW_DAYS - len(lent), 0), (0, 0)), mode="edge")
    return stacked_reproduction(
        _without_abroad(paths, abroad),
        paths,
        drawn,
        share=share,
        period_of_day=work.serial.period_of_day[since:],
        changeover_days=CHANGEOVER_DAYS,
        windows=WINDOWS,
        alpha_parent=lent,
        last=LONGEST_DELAY_DAYS,
    )


def _without_abroad(cases: Floats, abroad: Floats | None) -> Floats:
    """Return local cases: those infected abroad are told of in the country alone."""
    if abroad is None:
        return cases
    local = cases.copy()
    local[:, 0] = np.maximum(local[:, 0] - abroad, 0.0)
    return local


def _lent(
    inputs: CaseInputs, columns: Sequence[int], alphas: Mapping[str, Floats]
) -> Floats | None:
    above = [inputs.parents[index] for index in columns]
    return np.column_stack([alphas[code] for code in above]) if above[0] in alphas else None


def _entries(block: Block, found: Reproduction, column: int) -> Iterator[Entry]:
    area = block.areas[column]
    start = block.start + timedelta(days=int(found.t_end[0]) - 1)
    share = block.share[found.t_end - 1, column]
    state = found.state[:, column]
    series = make_shown(
        start,
        found.value[:, column],
        state,
        low=found.low[:, column],
        high=found.high[:, column],
        low50=found.q25[:, column],
        high50=found.q75[:, column],
        completeness=share,
    )
    place = series.last_told()
    count = None if place is None else int(found.cases[place, column])
    yield Entry("r_t", area, "", series, count)
    chance = make_shown(start, found.p_above_1[:, column], state, completeness=share)
    yield Entry("p_r_above_1", area, "", chance, count)
