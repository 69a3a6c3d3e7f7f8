"""When will beds be full? Draws of the occupied beds of the next weeks.

Estimand: first day on which the mean of seven days' occupied beds reaches a share of the beds,
if restrictions and R stay as they are and no bed is added. A straight line through the stock is
given for comparison only: days of a stock are not independent, so its range is far too narrow.
"""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike, NDArray

from metrics.health_care.reports import checked_reports
from metrics.incidence import Counts, checked_counts
from metrics.quantiles import Floats
from metrics.states import State, StateCodes

WEEK = 7
FIT_DAYS = 28
HORIZON_DAYS = 28
MARKS = (0.70, 0.85, 1.00)  # moderate, high, full
LEVELS = (0.025, 0.10, 0.25, 0.5, 0.75, 0.90, 0.975)
TREND_WEEKS = 8
BLOCK = 128  # areas drawn at once, so that memory stays small


@dataclass(frozen=True, slots=True)
class CaseOutlook:
    """What patients come from: cases up to today, and draws of those to come.

    ``cases`` shape (T,) or (T, A), consecutive days, the last being the day of the projection;
    ``forecast`` draws of the days after it, shape (H, M) or (H, M, A), on the same axis;
    ``admission_delay`` chance of 0, 1, … days from that axis to admission, shape (K,), summing
    to 1; ``stay_days`` mean stay in a bed; ``stay_log_sd`` its uncertainty (log).
    """

    cases: ArrayLike
    forecast: ArrayLike
    admission_delay: ArrayLike
    stay_days: float
    stay_log_sd: float = 0.2


@dataclass(frozen=True, slots=True)
class Projection:
    """Occupied beds of the H days after the last, for A areas (no axis for one series).

    ``quantiles`` of the seven-day mean of occupied beds, shape (7, H, A), at 2.5, 10, 25, 50, 75,
    90 and 97.5 %; ``chance`` that it has reached a mark by each day, shape (marks, H, A). ``days``
    with ``days_low``, ``days_high`` (80 %), shape (marks, A), count from the last day, 0 where
    the mark is reached already; told only where ``chance`` by day H is at least one half
    (``state`` final, else withheld: print the chance instead), an upper end beyond H is NaN.
    ``line`` continues the straight line through the last 14 days, shape (H, A). ``state`` is
    missing where the stock or the cases say nothing.
    """

    marks: tuple[float, ...]
    quantiles: Floats
    chance: Floats
    days: Floats
    days_low: Floats
    days_high: Floats
    line: Floats
    state: StateCodes


def project(
    occupied: ArrayLike,
    beds: ArrayLike,
    outlook: CaseOutlook,
    *,
    rng: Generator,
    marks: tuple[float, ...] = MARKS,
) -> Projection:
    """Project occupied beds from forecast cases: patients in, patients out.

    Parameters
    ----------
    occupied
        Occupied beds per day, shape (T,) or (T, A), T at least 28, the last day that of
        ``outlook.cases``; NaN where unknown: an area with NaN in its last 28 days has none.
    beds
        Staffed beds, a number or shape (A,), at least 0.
    outlook
        Cases and stay.
    rng
        Source of random numbers.
    marks
        Shares of the beds, above 0.

    Returns
    -------
    Projection
        Stock tomorrow = stock (1 - 1/L) + admissions; admissions = h x cases by their
        admission delay. For each draw: L log-normal, h gamma from the admissions of the last
        28 days (change of stock + stock / L) over the cases behind them, both divided by their
        dispersion; cases as forecast.

    Raises
    ------
    ValueError
        If arrays do not fit each other or hold impossible values; names the value.
    """
    stock, capacity = _checked_stock(occupied, beds, FIT_DAYS)
    cases, forecast, delay = _checked_outlook(outlook, stock)
    past = _convolved(np.concatenate([cases, np.zeros((forecast.shape[0], cases.shape[1]))]), delay)
    parts = []
    for first in range(0, stock.shape[1], BLOCK):
        cut = slice(first, first + BLOCK)
        flow = _Flow(stock[:, cut], past[:, cut], forecast[:, :, cut], delay)
        means = _weekly_means(stock[:, cut], _stock_paths(flow, outlook, rng))
        parts.append(_read(means, stock[:, cut], capacity[cut], marks))
    told = np.isfinite(stock[-FIT_DAYS:]).all(axis=0)
    told &= past[: cases.shape[0]][-FIT_DAYS:].sum(axis=0) > 0
    return _assembled(parts, marks, stock, told & (capacity > 0), single=np.ndim(occupied) == 1)


def project_by_trend(
    occupied: ArrayLike,
    beds: ArrayLike,
    *,
    rng: Generator,
    draws: int = 1_000,
    horizon: int = HORIZON_DAYS,
    marks: tuple[float, ...] = MARKS,
) -> Projection:
    """Project occupied beds where no cases are known: weekly growth as a random walk.

    Parameters
    ----------
    occupied
        Occupied beds per day, shape (T,) or (T, A), T at least 63: nine whole weeks.
    beds
        Staffed beds, a number or shape (A,), at least 0.
    rng
        Source of random numbers.
    draws, horizon
        Number of draws, and of days ahead.
    marks
        Shares of the beds, above 0.

    Returns
    -------
    Projection
        Growth of the weekly mean (log, half a bed added) next week = this week's + N(0, s²);
        s² from the changes of growth over the last 8 weeks and drawn anew in each draw.
        Days between weeks lie on a straight line of the logarithm.

    Raises
    ------
    ValueError
        If the series is too short or holds impossible values; names the value.
    """
    stock, capacity = _checked_stock(occupied, beds, (TREND_WEEKS + 1) * WEEK)
    if draws < 1 or horizon < 1:
        raise ValueError(f"{draws} draws of {horizon} days; at least one of each is needed")
    parts = []
    for first in range(0, stock.shape[1], BLOCK):
        cut = slice(first, first + BLOCK)
        means = _trend_paths(stock[:, cut], rng, (horizon, draws))
        parts.append(_read(means, stock[:, cut], capacity[cut], marks))
    told = np.isfinite(stock[-(TREND_WEEKS + 1) * WEEK :]).all(axis=0) & (capacity > 0)
    told &= np.nan_to_num(stock[-WEEK:]).sum(axis=0) > 0
    return _assembled(parts, marks, stock, told, single=np.ndim(occupied) == 1)


@dataclass(frozen=True, slots=True)
class _Flow:
    """One block of areas: stock (T, A), cases behind admissions (T + H, A), forecast, delay."""

    stock: Counts
    past: Counts
    forecast: Counts
    delay: Counts


def _stock_paths(flow: _Flow, outlook: CaseOutlook, rng: Generator) -> Counts:
    """Occupied beds of the days ahead, shape (H, M, A)."""
    horizon, draws, areas = flow.forecast.shape
    days = flow.past.shape[0] - horizon
    stock = np.nan_to_num(flow.stock[-FIT_DAYS:])
    behind = flow.past[days - FIT_DAYS + 1 : days]
    stay = outlook.stay_days * np.exp(rng.normal(0.0, outlook.stay_log_sd, (draws, 1)))
    stay = np.maximum(stay, 1.0)
    spread = _dispersion(stock, behind, outlook.stay_days)
    admitted = np.maximum(stock[-1] - stock[0] + stock[:-1].sum(axis=0) / stay, 0.5)
    cases_behind = np.maximum(behind.sum(axis=0), 1e-9)
    share = rng.gamma(admitted / spread) * spread / cases_behind
    # Of the scatter of the stock's changes, leaving patients make one part.
    noise = np.maximum(spread - 1.0, 1.0)
    paths = np.empty((horizon, draws, areas))
    now = np.broadcast_to(np.round(stock[-1]), (draws, areas)).astype(np.int64)
    for ahead in range(horizon):
        due = np.broadcast_to(flow.past[days + ahead], (draws, areas)).copy()
        for lag in range(min(ahead, flow.delay.size - 1) + 1):
            due += flow.delay[lag] * flow.forecast[ahead - lag]
        new = _scattered(rng, share * due, noise)
        now = now - rng.binomial(now, np.broadcast_to(1.0 / stay, now.shape)) + new
        paths[ahead] = now
    return paths


def _dispersion(stock: Counts, behind: Counts, stay_days: float) -> Counts:
    """Variance over mean of daily admissions as seen in the stock, shape (A,), 1 at least."""
    seen = np.diff(stock, axis=0) + stock[:-1] / stay_days
    share = np.maximum(seen.sum(axis=0), 0.5) / np.maximum(behind.sum(axis=0), 1e-9)
    mean = share * behind
    used = mean >= 0.05
    squares = np.where(used, (seen - mean) ** 2 / np.where(used, mean, 1.0), 0.0)
    return np.asarray(np.maximum(1.0, squares.sum(axis=0) / np.maximum(used.sum(axis=0) - 1, 1)))


def _scattered(rng: Generator, mean: Counts, noise: Counts) -> NDArray[np.int64]:
    """Counts of this mean whose variance is ``noise`` times as large (negative binomial)."""
    wide = np.broadcast_to(noise > 1.0 + 1e-9, mean.shape)
    extra = np.where(wide, noise - 1.0, 1.0)
    varied = rng.gamma(np.maximum(mean / extra, 1e-12)) * extra
    return rng.poisson(np.where(wide, varied, mean)).astype(np.int64)


def _weekly_means(stock: Counts, paths: Counts) -> Counts:
    """Means of seven days ending on each day ahead; the first six days reach back."""
    draws = paths.shape[1]
    back = np.nan_to_num(stock[-(WEEK - 1) :])
    whole = np.concatenate([np.repeat(back[:, None], draws, axis=1), paths])
    total = np.zeros_like(paths)
    for shift in range(WEEK):
        total += whole[shift : shift + paths.shape[0]]
    return total / WEEK


def _trend_paths(stock: Counts, rng: Generator, shape: tuple[int, int]) -> Counts:
    horizon, draws = shape
    weeks = TREND_WEEKS + 1
    last = np.nan_to_num(stock[-weeks * WEEK :]).reshape(weeks, WEEK, -1).mean(axis=1)
    level = np.log(last + 0.5)
    growth = np.diff(level, axis=0)
    changes = np.diff(growth, axis=0)
    count = changes.shape[0]
    # A week's change of growth cannot be known better than the beds' own chance allows.
    floor = 2.0 / WEEK / np.maximum(last[-1], 1.0)
    variance = np.maximum((changes**2).mean(axis=0), floor)
    drawn = np.sqrt(variance * count / rng.chisquare(count, (draws, 1)))
    weeks_ahead = -(-horizon // WEEK)
    course = np.empty((weeks_ahead + 1, draws, stock.shape[1]))
    course[0] = level[-1]
    now = np.broadcast_to(growth[-1], course[0].shape)
    for week in range(1, weeks_ahead + 1):
        now = now + rng.normal(0.0, 1.0, now.shape) * drawn
        course[week] = course[week - 1] + now
    days = np.arange(1, horizon + 1)
    before, part = days // WEEK, (days % WEEK / WEEK)[:, None, None]
    between = course[before] * (1 - part) + course[np.minimum(before + 1, weeks_ahead)] * part
    return np.asarray(np.maximum(np.exp(np.minimum(between, 50.0)) - 0.5, 0.0))


@dataclass(frozen=True, slots=True)
class _Read:
    """Summaries of the draws of one block of areas."""

    quantiles: Counts
    chance: Counts
    days: Counts


def _read(means: Counts, stock: Counts, beds: Counts, marks: tuple[float, ...]) -> _Read:
    horizon = means.shape[0]
    now = np.nan_to_num(stock[-WEEK:]).mean(axis=0)
    chance, days = [], []
    for mark in marks:
        already = now >= mark * beds
        reached = np.logical_or.accumulate((means >= mark * beds) | already, axis=0)
        chance.append(reached.mean(axis=1))
        first = np.where(reached[-1], horizon + 1.0 - reached.sum(axis=0), np.inf)
        first = np.where(already, 0.0, first)
        days.append(np.quantile(first, (0.1, 0.5, 0.9), axis=0, method="inverted_cdf"))
    quantiles = np.quantile(means, LEVELS, axis=1)
    return _Read(quantiles, np.stack(chance), np.stack(days, axis=1))


def _assembled(
    parts: list[_Read],
    marks: tuple[float, ...],
    stock: Counts,
    told: NDArray[np.bool_],
    *,
    single: bool,
) -> Projection:
    quantiles, chance, days = (
        np.concatenate([getattr(part, name) for part in parts], axis=-1)
        for name in ("quantiles", "chance", "days")
    )
    likely = chance[:, -1] >= 0.5
    state = np.where(likely, np.int8(State.FINAL), np.int8(State.WITHHELD)).astype(np.int8)
    state[:, ~told] = np.int8(State.MISSING)
    low, middle, high = (np.where(likely & np.isfinite(x), x, np.nan) for x in days)

    def given(values: Counts) -> Counts:
        hidden = np.where(told, values, np.nan)
        return hidden[..., 0] if single else hidden

    return Projection(
        marks=marks,
        quantiles=given(quantiles),
        chance=given(chance),
        days=given(middle),
        days_low=given(low),
        days_high=given(high),
        line=given(_line(stock, quantiles.shape[1])),
        state=state[..., 0] if single else state,
    )


def _line(stock: Counts, horizon: int) -> Counts:
    recent = np.nan_to_num(stock[-2 * WEEK :])
    day = np.arange(recent.shape[0]) - (recent.shape[0] - 1) / 2
    slope = day @ recent / (day @ day)
    ahead = day[-1] + np.arange(1, horizon + 1)
    return np.asarray(np.maximum(recent.mean(axis=0) + ahead[:, None] * slope, 0.0))


def _convolved(cases: Counts, delay: Counts) -> Counts:
    due = np.zeros_like(cases)
    for lag in range(min(delay.size, cases.shape[0])):
        due[lag:] += delay[lag] * cases[: cases.shape[0] - lag]
    return due


def _checked_stock(occupied: ArrayLike, beds: ArrayLike, least: int) -> tuple[Counts, Counts]:
    stock = checked_reports(occupied, "occupied")
    if stock.shape[0] < least:
        raise ValueError(f"occupied: {stock.shape[0]} days; {least} are needed")
    capacity = np.asarray(beds, dtype=np.float64)
    if capacity.shape not in ((), (stock.shape[1],)):
        raise ValueError(f"beds: shape {capacity.shape} for {stock.shape[1]} areas")
    if (wrong := capacity[~((capacity >= 0) & np.isfinite(capacity))]).size:
        raise ValueError(f"beds {wrong[0]}; a number of at least 0 is needed")
    return stock, np.broadcast_to(capacity, (stock.shape[1],))


def _checked_outlook(outlook: CaseOutlook, stock: Counts) -> tuple[Counts, Counts, Counts]:
    cases = checked_counts(outlook.cases, "cases")
    forecast = np.asarray(outlook.forecast, dtype=np.float64)
    if forecast.ndim == 2:
        forecast = forecast[:, :, None]
    if cases.shape[1] != stock.shape[1] or cases.shape[0] < FIT_DAYS:
        raise ValueError(f"cases: shape {cases.shape}; occupied has {stock.shape}")
    if forecast.ndim != 3 or forecast.shape[2] != cases.shape[1] or 0 in forecast.shape:
        raise ValueError(f"forecast: shape {np.shape(outlook.forecast)}; (H, M, A) is needed")
    if not np.all((forecast >= 0) & np.isfinite(forecast)):
        place = tuple(int(i) for i in np.argwhere(~((forecast >= 0) & np.isfinite(forecast)))[0])
        raise ValueError(f"forecast{list(place)}: {forecast[place]} is no count")
    delay = np.asarray(outlook.admission_delay, dtype=np.float64)
    if delay.ndim != 1 or not np.all(delay >= 0) or abs(delay.sum() - 1) > 1e-6:
        raise ValueError(f"admission delay: shape {delay.shape}, sum {delay.sum()}, must be 1")
    if not (1 <= outlook.stay_days < np.inf and 0 <= outlook.stay_log_sd < np.inf):
        raise ValueError(f"stay of {outlook.stay_days} days, log sd {outlook.stay_log_sd}")
    return cases, forecast, delay
