"""Which of many areas to look at today, and how many of them will be false alarms."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from metrics.quantiles import Floats


@dataclass(frozen=True, slots=True)
class Discoveries:
    """Signals among A areas on each of W days.

    ``signal`` and ``q_value``, shape (W, A): the smallest false-discovery rate at which the
    area still signals. ``threshold``, shape (W,): largest p-value that signals, 0 where none;
    ``found`` and ``tested`` areas; ``level``: p-value up to which one more area would signal
    too, NaN where none is tested; ``expected_false``: signals of such a day that are false on
    average, at most (tested x level); ``expected_false_per_week``: the same over the seven days
    that end with it, NaN for the first six. p-values of small counts cannot reach every level:
    the sum over areas of their ``chance`` at ``level`` (see ``p_values``) is closer than the
    bound.
    """

    signal: NDArray[np.bool_]
    q_value: Floats
    threshold: Floats
    found: NDArray[np.int64]
    tested: NDArray[np.int64]
    level: Floats
    expected_false: Floats
    expected_false_per_week: Floats


def false_discovery(p_values: ArrayLike, *, rate: float = 0.05) -> Discoveries:
    """Choose signals so that on average at most ``rate`` of a day's signals are false.

    Parameters
    ----------
    p_values
        Shape (W, A), each day judged apart; NaN where an area was not tested. Areas with too
        few cases belong in it with p = 1: leaving them out because of today's count would
        spoil the rate.
    rate
        Share of false ones among the signals, on average over days.

    Raises
    ------
    ValueError
        If a p-value lies outside 0 to 1 or the rate outside (0, 1); names it.

    Notes
    -----
    Expected false signals: an area without an outbreak signals if its p-value is at most
    rate x R+ / tested, R+ being the signals there would be were its p-value 0, which does not
    depend on it. Summed over areas, false signals average at most rate x mean R+. R+ is one at
    least: quiet days have false signals too, which rate x found would deny.

    References
    ----------
    Benjamini & Hochberg 1995, J R Stat Soc B 57:289, doi:10.1111/j.2517-6161.1995.tb02031.x.
    """
    p = np.asarray(p_values, dtype=np.float64)
    if p.ndim != 2:
        raise ValueError(f"p-values: shape {p.shape}, not days by areas")
    wrong = np.argwhere(~(np.isnan(p) | ((p >= 0.0) & (p <= 1.0))))
    if wrong.size:
        i, a = wrong[0]
        raise ValueError(f"p-values[{i}, {a}]: {p[i, a]} is no probability")
    if not 0.0 < rate < 1.0:
        raise ValueError(f"rate is {rate}; give a share above 0 and below 1")
    tested = np.sum(~np.isnan(p), axis=1)
    order = np.argsort(p, axis=1)  # NaN last
    ranked = np.take_along_axis(p, order, axis=1)
    scaled = ranked * tested[:, None] / np.arange(1, p.shape[1] + 1)
    scaled[np.isnan(scaled)] = np.inf
    best = np.minimum.accumulate(scaled[:, ::-1], axis=1)[:, ::-1]
    q = np.empty_like(p)
    np.put_along_axis(q, order, np.minimum(best, 1.0), axis=1)
    q[np.isnan(p)] = np.nan
    signal = q <= rate
    threshold = np.where(signal, p, 0.0).max(axis=1, initial=0.0)
    expected = np.where(tested > 0, rate * _found_with_one_more(ranked, tested, rate), 0.0)
    return Discoveries(
        signal=signal,
        q_value=q,
        threshold=threshold,
        found=signal.sum(axis=1),
        tested=tested,
        level=np.divide(expected, tested, out=np.full(expected.shape, np.nan), where=tested > 0),
        expected_false=expected,
        expected_false_per_week=_over_a_week(expected),
    )


def false_signals_per_week(chance: ArrayLike, *, looks_per_week: int = 7) -> float:
    """False signals a week to expect where each area signals on its own, without this control.

    Parameters
    ----------
    chance
        Probability that a day (week) without an outbreak signals, any shape whose last axis is
        areas, as ``p_values`` and ``farrington`` give it; areas where it is NaN are taken to
        be like the others.
    looks_per_week
        7 for daily, 1 for weekly counts.

    Raises
    ------
    ValueError
        If a chance lies outside 0 to 1 or none is known.
    """
    each = np.atleast_1d(np.asarray(chance, dtype=np.float64))
    known = each[~np.isnan(each)]
    if known.size == 0 or np.any((known < 0.0) | (known > 1.0)):
        raise ValueError(
            f"chance: {known.size} known values; they must be probabilities, one at least"
        )
    return float(known.mean() * each.shape[-1] * looks_per_week)


def _found_with_one_more(ranked: Floats, tested: NDArray[np.int64], rate: float) -> Floats:
    """Signals of each day were the p-value of its least unusual area 0, shape (W,)."""
    rank = np.arange(1, ranked.shape[1] + 1)
    others = rank < tested[:, None]
    passes = others & (ranked * tested[:, None] <= rate * (rank + 1))
    return np.asarray(1.0 + np.where(passes, rank, 0).max(axis=1, initial=0))


def _over_a_week(daily: Floats) -> Floats:
    week = np.full(daily.size, np.nan)
    if daily.size >= 7:
        week[6:] = np.convolve(daily, np.ones(7), mode="valid")
    return week
