"""Onset days of cases that were reported without one, drawn from the delay seen from the report.

Estimand: cases by onset day as known now, each imputation being one way the missing onsets
could be. Seen from the day of report, delays are not truncated: whoever was reported that week
is there. They are shorter while cases grow, so they are learned week by week.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from metrics.delays.reporting_delay import PARENT_CASES
from metrics.incidence import Counts, checked_counts
from metrics.quantiles import Floats

DRAWS = 20
WEEK = 7
WEEKDAY_HISTORY = 28
LEAST_PSEUDO = 1e-6

Asymptomatic = Literal["exclude", "would_be_onset"]


@dataclass(frozen=True, slots=True)
class ImputedOnsets:
    """Cases by onset day in M imputations.

    ``counts``, shape (T, A, M), holds known and drawn onsets; ``imputed``, same shape, the drawn
    ones among them. ``before``, shape (A, M), are those drawn before the first day.
    ``asymptomatic`` says what was done with cases that never had symptoms: left out, or given
    the day on which symptoms would have begun, which pages must say.
    """

    counts: Floats
    imputed: Floats
    before: Floats
    asymptomatic: Asymptomatic


def backward_delay(known: ArrayLike) -> Floats:
    """Delay from onset to report as seen from each day of report.

    Parameters
    ----------
    known
        Cases with onset by day of report and delay, shape (T, D + 1) or (T, D + 1, A).

    Returns
    -------
    Floats
        P(delay | day of report), shape (T, D + 1, A): the area's own last seven days, beside
        which those of all areas count as 50 cases, changed by how the weekday of the report
        differed in all areas over the last four weeks. The delay of day t looks back only;
        days before the first known onset take that day's; NaN where no onset is known at all.

    Raises
    ------
    ValueError
        If it is no table of counts; names place and value.
    """
    weights = _posterior(_checked(known))
    return np.moveaxis(weights / weights.sum(axis=2, keepdims=True), 2, 1)


def impute_onsets(
    known: ArrayLike,
    missing: ArrayLike,
    rng: np.random.Generator,
    *,
    asymptomatic: ArrayLike | None = None,
    treat_asymptomatic: Asymptomatic = "exclude",
    draws: int = DRAWS,
) -> ImputedOnsets:
    """Allocate cases without onset to onset days, M times.

    Parameters
    ----------
    known
        Cases with onset by day of report and delay, shape (T, D + 1) or (T, D + 1, A).
    missing
        Symptomatic (or unknown) cases without onset by day of report, shape (T,) or (T, A).
    rng
        Source of randomness.
    asymptomatic
        Cases known never to have had symptoms by day of report, shape as ``missing``.
    treat_asymptomatic
        ``exclude`` them, or draw the ``would_be_onset``.
    draws
        M.

    Returns
    -------
    ImputedOnsets
        Imputation m is one joint path: index it the same way for all days and areas, never
        mixing paths of different days. The delay itself is drawn, too (Dirichlet), so that the
        spread between imputations holds what is not known of it.

    Raises
    ------
    ValueError
        If counts are unusable or fractional, or shapes do not agree, or no onset is known that
        the delay could be learned from; names place and value.

    References
    ----------
    Rubin 1987, Multiple Imputation for Nonresponse in Surveys, doi:10.1002/9780470316696.
    """
    table = _checked(known)
    without = _whole(missing, "missing", table)
    if asymptomatic is not None:
        never = _whole(asymptomatic, "asymptomatic", table)
        if treat_asymptomatic == "would_be_onset":
            without = without + never
    if without.any() and not table.any():
        raise ValueError(
            f"known onsets: none among {table.shape[0]} report days, but {without.sum():g} cases"
            " without onset; how to spread them cannot be learned. Give more days or a larger area"
        )
    days, delays, areas = table.shape
    counts = np.zeros((days + delays - 1, areas, draws))
    _add_known(table, counts)
    imputed = np.zeros_like(counts)
    _add_drawn(_posterior(table), without, rng, imputed)
    counts += imputed
    first = delays - 1
    return ImputedOnsets(
        counts=counts[first:],
        imputed=imputed[first:],
        before=imputed[:first].sum(axis=0),
        asymptomatic=treat_asymptomatic,
    )


def _add_known(table: Counts, counts: Floats) -> None:
    """Onset day of report day r and delay d is row r - d + D."""
    days, delays, _ = table.shape
    for d in range(delays):
        counts[delays - 1 - d : delays - 1 - d + days] += table[:, d, :, None]


def _add_drawn(posterior: Floats, without: Counts, rng: np.random.Generator, into: Floats) -> None:
    """Only cells with something to draw; ``posterior`` has shape (T, A, D + 1)."""
    draws, longest = into.shape[2], posterior.shape[2] - 1
    at_day, at_area = np.nonzero(without)
    for m in range(draws):
        weights = rng.standard_gamma(posterior[at_day, at_area])
        weights /= weights.sum(axis=1, keepdims=True)
        drawn = rng.multinomial(without[at_day, at_area].astype(np.int64), weights)
        for d in range(longest + 1):
            np.add.at(into[:, :, m], (at_day - d + longest, at_area), drawn[:, d])


def _posterior(table: Counts) -> Floats:
    """Dirichlet parameters of the delay by day of report and area, shape (T, A, D + 1)."""
    whole = table.sum(axis=2)
    week = _pmf(_last_days(whole, WEEK, 1), _pmf(_last_days(whole, whole.shape[0], 1)))
    month = _pmf(_last_days(whole, WEEKDAY_HISTORY, 1), week)
    same_weekday = _pmf(_last_days(whole, WEEKDAY_HISTORY, WEEK), month)
    ratio = np.divide(same_weekday, month, out=np.ones_like(month), where=month > 0)
    own = _last_days(table.reshape(table.shape[0], -1), WEEK, 1).reshape(table.shape)
    weights = PARENT_CASES * week[:, None] + own.transpose(0, 2, 1)
    changed = weights * ratio[:, None]
    changed *= weights.sum(axis=2, keepdims=True) / changed.sum(axis=2, keepdims=True)
    posterior = np.asarray(np.maximum(changed, LEAST_PSEUDO))
    days_with = np.flatnonzero(whole.any(axis=1))
    if days_with.size == 0:
        return np.full_like(posterior, np.nan)
    posterior[: days_with[0]] = posterior[days_with[0]]
    return posterior


def _last_days(values: Floats, days: int, step: int) -> Floats:
    """Sums over the last ``days`` days in steps of ``step``, today included; first axis days."""
    result = values.copy()
    for back in range(step, min(days, values.shape[0]), step):
        result[back:] += values[:-back]
    return result


def _pmf(counts: Floats, prior: Floats | None = None) -> Floats:
    """Rows as shares; the prior (else all delays alike) counts as 50 cases (else one)."""
    if prior is None:
        spread = counts + 1.0 / counts.shape[1]
        return np.asarray(spread / spread.sum(axis=1, keepdims=True))
    total = counts.sum(axis=1, keepdims=True) + PARENT_CASES
    return np.asarray((counts + PARENT_CASES * prior) / total)


def _checked(known: ArrayLike) -> Counts:
    table = np.asarray(known, dtype=np.float64)
    if table.ndim not in (2, 3) or 0 in table.shape:
        raise ValueError(f"known onsets: shape {table.shape}, not report days by delays")
    flat = checked_counts(table.reshape(table.shape[0], -1), "known onsets")
    return flat.reshape(*table.shape[:2], -1)


def _whole(values: ArrayLike, name: str, table: Counts) -> Counts:
    counts = checked_counts(values, name)
    shape = (table.shape[0], table.shape[2])
    if counts.shape != shape:
        raise ValueError(f"{name}: shape {counts.shape}; the known onsets have {shape}")
    broken = np.argwhere(counts != np.floor(counts))
    if broken.size:
        place = [int(i) for i in broken[0]]
        raise ValueError(f"{name}{place}: {counts[tuple(place)]} is no whole number of cases")
    return counts
