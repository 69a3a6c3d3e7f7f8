"""How fast R changes, learned from the country's own past.

A forecast that keeps R as it is would be too sure of itself. By how much R wanders differs
between countries and times; a value from elsewhere is a stopgap and labelled so.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import digamma, polygamma

from metrics.quantiles import Floats
from metrics.states import State
from metrics.transmission.reproduction import Reproduction

FALLBACK_SD = 0.035  # per day, United States 2020
LEAST_WEEKS = 26.0  # a first wave and its lockdown alone are no guide to what follows
LEAST_SD = 0.01  # that no change of R could be told from chance does not prove there is none
HISTORY_DAYS = 364


@dataclass(frozen=True, slots=True)
class Innovation:
    """Standard deviation per day by which log R wanders.

    ``weeks`` is the time it rests on, however many areas there were: they move together.
    ``source`` is fallback where that was too short.
    """

    sd_per_day: float
    weeks: float
    source: Literal["own", "fallback"]


def innovation(
    r: Reproduction, *, history_days: int = HISTORY_DAYS, fallback_sd: float = FALLBACK_SD
) -> Innovation:
    """Estimate the wandering of log R from its changes between separate windows.

    Parameters
    ----------
    r
        R of the areas of one country, or of the country, in windows of one length, one ending
        every day, shape (W,) or (W, A). Only windows in state final count.
    history_days
        Last windows used, so that the pace may change.
    fallback_sd
        Used where fewer than 26 weeks have a change in any area, per day.

    Returns
    -------
    Innovation
        Maximum likelihood of the variance s² when the change d of log R from one window of m
        days to the next is Normal(0, v + s² (m - (m² - 1) / (3 m))): v is the variance of both
        estimates, the factor what a daily random walk makes of two neighbouring means. Sure
        changes thus count more than noisy ones. At least 0.01.

    Raises
    ------
    ValueError
        If windows differ in length or a number is impossible; names it.

    References
    ----------
    DerSimonian & Laird 1986, Control Clin Trials 7:177, doi:10.1016/0197-2456(86)90046-2
    (between-variance beside known error). The fallback is the prior of rt.live (K. Systrom,
    T. Vladek, M. Krieger, 2020).
    """
    if history_days < 1 or not 0 < fallback_sd < np.inf:
        raise ValueError(f"innovation: history {history_days} days, fallback {fallback_sd}")
    window = checked_window(r)
    recent = slice(-history_days, None)
    mean = np.asarray(r.mean)[recent].reshape(min(history_days, len(r.mean)), -1)
    shape = (mean / np.asarray(r.sd)[recent].reshape(mean.shape)) ** 2
    level, error = digamma(shape) - np.log(shape / mean), polygamma(1, shape)
    rated = (np.asarray(r.state)[recent] == State.FINAL).reshape(mean.shape)
    both = rated[window:] & rated[:-window]
    weeks = float(both.any(axis=1).sum()) / 7
    if weeks < LEAST_WEEKS:
        return Innovation(fallback_sd, weeks, "fallback")
    change = (level[window:] - level[:-window])[both]
    noise = (error[window:] + error[:-window])[both]
    variance = _between_variance(change**2, noise) / (window - (window**2 - 1) / (3 * window))
    return Innovation(max(LEAST_SD, float(np.sqrt(variance))), weeks, "own")


def _between_variance(squares: Floats, noise: Floats) -> float:
    """Scoring steps to the variance beyond ``noise``, not below 0."""
    variance = float(np.mean(noise))
    for _ in range(200):
        weight = (noise + variance) ** -2.0
        step = max(0.0, float(np.sum(weight * (squares - noise)) / np.sum(weight)))
        if abs(step - variance) <= 1e-10:
            break
        variance = step
    return variance


def checked_window(r: Reproduction) -> int:
    """Days per window, the same in all.

    Raises
    ------
    ValueError
        If windows differ in length or are under 2 days; names a length.
    """
    lengths = np.unique(r.window_days)
    if lengths.size != 1 or lengths[0] < 2:
        raise ValueError(f"windows of {lengths.tolist()} days; one length of 2 or more is needed")
    return int(lengths[0])
