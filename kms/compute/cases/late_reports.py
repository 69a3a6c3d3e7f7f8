"""Cases still to be reported: how many each recent onset day will have, and draws of them.

Country, regions and provinces each learn as one group, every area leaning on the one above. The
draws carry delay, its possible change and chance into R; see `metrics.delays`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import timedelta
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from kms.compute.cases.inputs import TRIANGLE_DAYS, CaseInputs
from kms.domain.series import make_shown
from kms.store.publications import Entry
from metrics.delays.filled_later import filled_share, known_later
from metrics.delays.nowcast import Nowcast, complete_draws, nowcast
from metrics.delays.reporting_delay import ReportingDelay, reporting_delay, scale_draws
from metrics.delays.retrospective import Retrospective, retrospective
from metrics.transmission.reproduction import Reproduction
from metrics.trend.growth import Growth

Floats = NDArray[np.float64]
Windows = TypeVar("Windows", Reproduction, Growth)
DRAWS = 20
BEHIND_DAYS = 180  # more than weekdays, dispersion and the serial interval look back
SEED = 20_200_130  # any number: with one, the same data give the same bytes


@dataclass(frozen=True)
class LateReports:
    """Final counts of the last days of onset, for the areas of `CaseInputs`.

    ``share`` of each day's cases known by now, shape (D, A), 1 for old days, never rising
    towards today, 0 where no delay is known; ``draws`` of the final counts of the last days,
    shape (TRIANGLE_DAYS, A, DRAWS); ``changing`` the areas whose delay seems to be changing, so
    that provisional figures lean to one side.
    """

    share: Floats
    draws: Floats
    entries: tuple[Entry, ...]
    changing: tuple[str, ...]


def late_reports(inputs: CaseInputs, levels: Sequence[Sequence[int]]) -> LateReports:
    """Learn how late cases are reported and what is still to come, level by level."""
    observed = inputs.triangles.sum(axis=1)
    share = np.ones((max(inputs.days(), TRIANGLE_DAYS), len(inputs.areas)))
    draws = np.repeat(observed[:, :, None], DRAWS, axis=2)
    delays: dict[str, ReportingDelay] = {}
    entries: list[Entry] = []
    changing: list[str] = []
    for depth, level in enumerate(levels):
        rng = np.random.default_rng([SEED, inputs.cases_to.toordinal(), depth])
        cut, parent = inputs.triangles[:, :, list(level)], _parent(inputs, level, delays)
        delay, past = reporting_delay(cut, parent=parent), retrospective(cut, parent=parent)
        if inputs.entered is not None:
            # The whole level speaks: of one region's cases a few in a hundred are too few to tell.
            then, now = (counted[:, list(level)].sum(axis=1) for counted in inputs.entered)
            delay = known_later(delay, filled_share(then, now))
        delays |= {inputs.areas[i]: _of(delay, [c]) for c, i in enumerate(level)}
        found = nowcast(observed[:, list(level)], delay, error=past.error)
        share[-TRIANGLE_DAYS:, level] = np.nan_to_num(found.share)
        for column, drawn in _drawn(observed[:, list(level)], delay, past, rng).items():
            draws[:, level[column]] = drawn
        entries += _entries(inputs, level, found)
        changing += [inputs.areas[i] for c, i in enumerate(level) if past.warning[c]]
    known = np.minimum.accumulate(share[-inputs.days() :], axis=0)
    return LateReports(known, draws, tuple(entries), tuple(changing))


def joined(settled: Windows, recent: Windows) -> Windows:
    """Put the windows of the last weeks in the place of those made from incomplete counts."""
    last = len(recent.t_end)
    later = settled.t_end[-1] - recent.t_end[-1]  # days before those the recent ones count from
    columns: dict[str, Any] = {}
    for field in fields(settled):
        column = getattr(settled, field.name).copy()
        new = getattr(recent, field.name)
        column[-last:] = new + later if field.name in ("t_start", "t_end") else new
        columns[field.name] = column
    return replace(settled, **columns)


def _parent(
    inputs: CaseInputs, level: Sequence[int], delays: Mapping[str, ReportingDelay]
) -> ReportingDelay | None:
    """Return the delays of the areas above, one column for each area of a level."""
    above = [delays[inputs.parents[i]] for i in level if inputs.parents[i] in delays]
    if not above:
        return None
    columns = {f.name: [getattr(one, f.name) for one in above] for f in fields(ReportingDelay)}
    return ReportingDelay(**{name: np.concatenate(c, axis=-1) for name, c in columns.items()})


def _of(delay: ReportingDelay, columns: Sequence[int]) -> ReportingDelay:
    """Return the delays of some areas."""
    chosen: dict[str, Any] = {
        f.name: getattr(delay, f.name)[..., list(columns)] for f in fields(ReportingDelay)
    }
    return ReportingDelay(**chosen)


def _drawn(
    observed: Floats, delay: ReportingDelay, past: Retrospective, rng: np.random.Generator
) -> dict[int, Floats]:
    """Draw the final counts of the areas whose delay is known, by column."""
    known = np.flatnonzero(np.isfinite(delay.pmf).all(axis=0))
    if not known.size:
        return {}
    own = np.broadcast_to(past.error.scale_sd, observed.shape[1:])[known]
    alpha = past.error.alpha
    error = replace(past.error, scale_sd=own, alpha=alpha if alpha.ndim == 1 else alpha[:, known])
    # One stretch for all areas of a level where their past errors say the same: they share
    # laboratories and forms, and a change of either meets all of them.
    scale = scale_draws(rng, DRAWS, own)
    draws = complete_draws(observed[:, known], _of(delay, known.tolist()), scale, rng, error=error)
    return {int(column): draws[:, place] for place, column in enumerate(known)}


def _entries(inputs: CaseInputs, level: Sequence[int], found: Nowcast) -> Iterator[Entry]:
    """Give the nowcast of each area that has had a case in these weeks."""
    skipped = max(0, TRIANGLE_DAYS - inputs.days())
    start = inputs.cases_to - timedelta(days=TRIANGLE_DAYS - skipped - 1)
    for column, index in enumerate(level):
        if not found.observed[:, column].any():
            continue
        days = slice(skipped, None), column
        series = make_shown(
            start,
            found.value[days],
            found.state[days],
            low=found.low[days],
            high=found.high[days],
            low50=found.q25[days],
            high50=found.q75[days],
            completeness=np.nan_to_num(found.share[days]),
        )
        count = int(found.observed[-7:, column].sum())
        yield Entry("nowcast_cases", inputs.areas[index], "", series, count)
