"""What past nowcasts got wrong: how wide the next one must be, and when not to trust it.

The triangle is cut back to earlier days, nowcast with the same longest delay and compared with
what has arrived since. Errors that all days of a snapshot share are put down to a stretch of
the delay; the rest is overdispersion by age.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from metrics.delays.completeness import SPARE_DAYS, observed_part
from metrics.delays.nowcast import GROUPS, PRIOR_ERROR, NowcastError
from metrics.delays.reporting_delay import (
    SCALE_SD,
    ReportingDelay,
    reporting_delay,
    share_known,
)
from metrics.delays.unreported import recent_level, unreported
from metrics.incidence import as_given
from metrics.quantiles import Floats

LEAST_SNAPSHOTS = 10
STEP = 2  # days between snapshots
SNAPSHOTS = 20
LEAST_SHARE = 0.1  # younger days say little about the delay and much about chance
TARGET_SHARE = 0.9  # an outcome counts as final from here
WARNING_WEEKS = 3
WARNING_Z = 2.58  # a false warning in one of a hundred looks
LEAST_MEAN = 0.05  # one case where 0.01 were expected would count as 98
ROUNDS = 8
LEAN_CELLS = 10.0  # all groups' overdispersion counts as so many cells of a group


@dataclass(frozen=True, slots=True)
class Retrospective:
    """Errors of past nowcasts of A areas.

    ``error`` goes into ``nowcast`` and ``complete_draws``. ``stretch``, shape (S,) or (S, A), is
    by how much (in logarithms) the delay of each snapshot, newest first, turned out longer than
    assumed, ``stretch_sd`` its standard error; ``snapshots`` how many there were. ``drift`` is
    the stretch over the last three weeks, from how the cases known a week later were split
    between then and that week, and ``drift_z`` that over its standard error;
    ``warning`` is set where it leaves its 99 % band: the delay is changing or was taken wrong,
    and provisional figures are too low (drift > 0) or too high.
    """

    error: NowcastError
    stretch: Floats
    stretch_sd: Floats
    snapshots: int
    drift: Floats
    drift_z: Floats
    warning: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class _Cells:
    """Compared cells of one snapshot, shape (H, A); horizon group, shape (H,).

    What came beyond the mean, the model's variance, the mean, its slope in the log delay scale.
    """

    excess: Floats
    variance: Floats
    mean: Floats
    slope: Floats
    group: NDArray[np.int64]


def retrospective(
    triangle: ArrayLike,
    *,
    delay: ReportingDelay | None = None,
    parent: ReportingDelay | ArrayLike | None = None,
    source: ArrayLike | None = None,
    training_days: int | None = None,
    weekday: bool = True,
) -> Retrospective:
    """Repeat the nowcast as of earlier days and learn from its errors.

    Parameters
    ----------
    triangle
        Cases by onset day and delay, shape (T, D + 1) or (T, D + 1, A), the last row being the
        as-of day.
    delay
        A delay that is held fixed, of the same T days. Without it the delay is estimated anew
        for each snapshot, as the nowcast itself does.
    parent
        Passed on to ``reporting_delay``; a borrowed delay also allows snapshots with less
        history than D + 10 days.
    source
        Triangle, shape (T, D + 1), the delay is learned from when it is not the areas' own, for
        example of their region.
    training_days, weekday
        As for ``reporting_delay``.

    Returns
    -------
    Retrospective
        With fewer than 10 snapshots ``error`` holds prior values and says so.

    Raises
    ------
    ValueError
        If a count or delay is unusable; names the value.
    """
    counts = observed_part(triangle)
    single = counts.ndim == 2
    counts = counts.reshape(*counts.shape[:2], -1)
    learned = counts if source is None else observed_part(source)

    def delay_at(days: int) -> ReportingDelay:
        if delay is not None:
            return delay
        return reporting_delay(
            learned[:days], parent=parent, training_days=training_days, weekday=weekday
        )

    days, delays, areas = counts.shape
    least = delays - 1 + SPARE_DAYS if delay is None and parent is None else delays // 2
    past = [days - 7 - STEP * i for i in range(SNAPSHOTS)]
    cells = [_compared(counts, n, delay_at(n)) for n in past if n >= least]
    cells = [c for c in cells if c.group.size]
    error, stretch, stretch_sd = _learned(cells, areas)
    weeks = [days - 7 * (i + 1) for i in range(WARNING_WEEKS)]
    recent = [_split(counts, n, delay_at(n)) for n in weeks if n >= least]
    drift, drift_sd = _drift(recent, areas)
    z = np.divide(drift, drift_sd, out=np.zeros(areas), where=drift_sd > 0)
    return Retrospective(
        error=_error_as_given(error, single=single),
        stretch=as_given(stretch, single=single),
        stretch_sd=as_given(stretch_sd, single=single),
        snapshots=len(cells),
        drift=as_given(drift, single=single),
        drift_z=as_given(z, single=single),
        warning=as_given(np.abs(z) > WARNING_Z, single=single),
    )


@dataclass(frozen=True, slots=True)
class _Looks:
    """Onset days that were open as of one row and what is known of them at a later one.

    Rows of the onset days (H,), days passed (H,), counts then and later (H, A), shares then and
    later (H, A, 3) for the delay as assumed, 5 % shorter and 5 % longer; which cells compare.
    """

    rows: NDArray[np.int64]
    ago: NDArray[np.int64]
    then: Floats
    later: Floats
    share: Floats
    until: Floats
    fit: NDArray[np.bool_]

    def cells(self, mean: Floats, variance: Floats, excess: Floats) -> _Cells:
        """``mean``, shape (H, A, 3), for the three delays; areas without delay say nothing."""
        known = np.isfinite(mean).all(axis=2)
        slope = (mean[..., 2] - mean[..., 1]) / 0.1
        return _Cells(
            excess=np.where(known, excess, 0.0)[self.fit],
            variance=np.where(known, variance, 1.0)[self.fit],
            mean=np.where(known, mean[..., 0], 0.0)[self.fit],
            slope=np.where(known, slope, 0.0)[self.fit],
            group=np.searchsorted(GROUPS, self.ago[self.fit], side="right") - 1,
        )


def _looks(counts: Floats, days: int, now: int, delay: ReportingDelay, *, target: float) -> _Looks:
    """As of row ``days`` - 1 and as of row ``now`` - 1."""
    delays = counts.shape[1]
    rows = np.arange(max(0, days - delays + 1), days)
    so_far = counts.cumsum(axis=1)
    ago, later_ago = days - 1 - rows, np.minimum(now - 1 - rows, delays - 1)
    scale = [1.0, np.exp(-0.05), np.exp(0.05)]
    shape = (rows.size, counts.shape[2], 3)
    share = np.broadcast_to(share_known(delay, days, scale=scale)[rows], shape)
    until = np.broadcast_to(share_known(delay, now, scale=scale)[rows], shape)
    # Not by area: all share the delay's course, and a NaN is an area's own affair.
    least, least_until = (np.fmin.reduce(s[..., 0], axis=1) for s in (share, until))
    fit = (least >= LEAST_SHARE) & (least_until >= target) & (later_ago > ago)
    return _Looks(rows, ago, so_far[rows, ago], so_far[rows, later_ago], share, until, fit)


def _compared(counts: Floats, days: int, delay: ReportingDelay) -> _Cells:
    """The nowcast as of row ``days`` - 1 against what is known now."""
    look = _looks(counts, days, counts.shape[0], delay, target=TARGET_SHARE)
    known_then = _known(counts.cumsum(axis=1), days)
    share = share_known(delay, days)[..., 0]
    level = recent_level(known_then, np.broadcast_to(share, known_then.shape))
    later = unreported(look.then[..., None], look.share, level[:, None], until=look.until)
    mean = later.mean[..., 0]
    return look.cells(later.mean, mean / later.success[..., 0], look.later - look.then - mean)


def _split(counts: Floats, days: int, delay: ReportingDelay) -> _Cells:
    """Of the cases known a week after row ``days`` - 1, those that came in that week.

    Binomial with 1 - F / G, whatever their number: a jump of the level says nothing here.
    """
    look = _looks(counts, days, min(counts.shape[0], days + 7), delay, target=0.0)
    came = 1.0 - look.share / look.until
    mean = look.later[..., None] * came
    return look.cells(
        mean, mean[..., 0] * (1.0 - came[..., 0]), look.later - look.then - mean[..., 0]
    )


def _known(so_far: Floats, days: int) -> Floats:
    """Cases by onset day as known on row ``days`` - 1, shape (days, A)."""
    rows = np.arange(days)
    return np.asarray(so_far[rows, np.minimum(days - 1 - rows, so_far.shape[1] - 1)])


def _learned(cells: list[_Cells], areas: int) -> tuple[NowcastError, Floats, Floats]:
    """Overdispersion and stretch in turn, as in an EM algorithm for variance components."""
    alpha = np.zeros((len(GROUPS), areas))
    stretch = np.zeros((len(cells), areas))
    sd = np.zeros((len(cells), areas))
    if len(cells) < LEAST_SNAPSHOTS:
        return PRIOR_ERROR, stretch, sd
    scale_sd = np.full(areas, SCALE_SD)
    for _ in range(ROUNDS):
        for s, c in enumerate(cells):
            stretch[s], sd[s] = _stretch([c], alpha)
        kept = scale_sd**2 / (scale_sd**2 + sd**2)
        alpha = _alpha(cells, kept * stretch, kept * sd**2)
        scale_sd = _scale_sd(stretch, sd)
    return NowcastError(alpha, scale_sd, measured=True), stretch, sd


def _stretch(cells: list[_Cells], alpha: Floats) -> tuple[Floats, Floats]:
    """Weighted least squares of the excess on its slope, shape (A,) each."""
    top, bottom = np.zeros(alpha.shape[1]), np.zeros(alpha.shape[1])
    for c in cells:
        variance = c.variance * (1.0 + alpha[c.group] * c.mean)
        variance = np.where(c.mean >= LEAST_MEAN, variance, np.inf)
        top += (c.slope * c.excess / variance).sum(axis=0)
        bottom += (c.slope**2 / variance).sum(axis=0)
    bottom = np.maximum(bottom, 1e-12)
    return top / bottom, 1.0 / np.sqrt(bottom)


def _alpha(cells: list[_Cells], stretch: Floats, variance: Floats) -> Floats:
    """Least squares of excess^2 / variance - 1 on the mean by horizon group, shape (G, A).

    ``stretch`` and ``variance``, shape (S, A), are those of the snapshots given all. Groups with
    few cells lean on all groups, areas by half on all areas.
    """
    shape = (len(GROUPS), stretch.shape[1])
    top, bottom, used = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    for s, c in enumerate(cells):
        counted = c.mean >= LEAST_MEAN
        rest = (c.excess - stretch[s] * c.slope) ** 2 + variance[s] * c.slope**2
        ratio_to_model = rest / np.where(counted, c.variance, 1.0)
        np.add.at(top, c.group, np.where(counted, c.mean * (ratio_to_model - 1.0), 0.0))
        np.add.at(bottom, c.group, np.where(counted, c.mean**2, 0.0))
        np.add.at(used, c.group, counted.astype(np.float64))

    def ratio(over: Floats, under: Floats) -> Floats:
        return np.maximum(over, 0.0) / np.maximum(under, 1e-12)

    of_groups = ratio(top.sum(axis=1), bottom.sum(axis=1))
    every = ratio(top.sum(keepdims=True), bottom.sum(keepdims=True))[0, 0]
    known = used.sum(axis=1)
    pooled = (known * of_groups + LEAN_CELLS * every) / (known + LEAN_CELLS)
    if shape[1] == 1:
        return np.asarray(pooled[:, None])
    own = ratio(top, bottom)
    return np.asarray(np.where(used > 0, 0.5 * own + 0.5 * pooled[:, None], pooled[:, None]))


def _scale_sd(stretch: Floats, sd: Floats) -> Floats:
    """Posterior root mean square of the scale's sd, half-normal prior 0.2, shape (A,).

    Snapshots every second day see much the same reports: a week of them counts as one.
    """
    grid = np.linspace(0.0, 0.6, 61)[:, None, None]
    variance = grid**2 + sd**2
    fit = -0.5 * (np.log(variance) + stretch**2 / variance).sum(axis=1) * STEP / 7.0
    log_post = fit - 0.5 * (grid[:, 0] / SCALE_SD) ** 2
    weight = np.exp(log_post - log_post.max(axis=0))
    return np.asarray(np.sqrt((weight * grid[:, 0] ** 2).sum(axis=0) / weight.sum(axis=0)))


def _drift(cells: list[_Cells], areas: int) -> tuple[Floats, Floats]:
    """Stretch over the last weeks, each of which saw other reports, with its standard error.

    Overdispersion is that about each week's stretch: the one of past nowcasts would hold the
    changes one is looking for, and the jumps of the level one is not.
    """
    if not cells:
        return np.zeros(areas), np.zeros(areas)
    plain = np.zeros((len(GROUPS), areas))
    stretch, sd = _stretch(cells, plain)
    rest, due, used = np.zeros(areas), np.zeros(areas), np.zeros(areas)
    for c in cells:
        counted = c.mean >= LEAST_MEAN
        of_week = _stretch([c], plain)[0]
        rest += np.where(counted, (c.excess - of_week * c.slope) ** 2, 0.0).sum(axis=0)
        due += np.where(counted, c.variance, 0.0).sum(axis=0)
        used += counted.sum(axis=0)
    pearson = rest / np.maximum(due, 1e-12) * used / np.maximum(used - len(cells), 1.0)
    return stretch, sd * np.sqrt(np.maximum(pearson, 1.0))


def _error_as_given(error: NowcastError, *, single: bool) -> NowcastError:
    if not (single and error.measured):
        return error
    return NowcastError(error.alpha[:, 0], error.scale_sd[0], error.measured)
