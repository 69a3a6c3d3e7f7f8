"""Where R stands on the last day, by what the weeks before say of it.

The last week alone knows R badly where counts scatter: its estimate is partly chance, and a
forecast that takes it at its word overshoots. How much to believe it follows from how fast R
changes at all.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import digamma, polygamma

from metrics.forecasts.innovation import Innovation, checked_window
from metrics.quantiles import Floats
from metrics.states import StateCodes
from metrics.transmission.reproduction import Reproduction

PRIOR_VARIANCE = 0.3**2  # of log R before the first window: R between 0.55 and 1.8
WEEKS_BACK = 12


@dataclass(frozen=True, slots=True)
class Start:
    """R on the last day, arrays of shape (A, M): A areas, M draws of their past.

    log R ~ Normal(``log_r``, ``variance``); ``phi`` overdispersion of daily counts; ``state``
    codes of ``metrics.states.State``.
    """

    log_r: Floats
    variance: Floats
    phi: Floats
    state: StateCodes


def start_from(
    r: Reproduction, innovation: Innovation, *, damping: float = 1.0, past_draws: int = 1
) -> Start:
    """Filter log R over the last twelve separate windows.

    Parameters
    ----------
    r
        R of A x M series (the draws of one area side by side) in windows of one length, two
        to ten days, one ending every day; 78 windows let all twelve count.
    innovation
        How far log R wanders per day.
    damping
        Factor of log R per day, as in the forecast.
    past_draws
        M.

    Returns
    -------
    Start
        Normal approximation of each window's posterior (log-gamma mean and variance),
        combined by the Kalman filter for the last day of each window, whose mean is what was
        seen; exact for a daily random walk.

    Raises
    ------
    ValueError
        If windows differ in length, or the series are no multiple of M; names them.

    References
    ----------
    Kalman 1960, J Basic Eng 82:35, doi:10.1115/1.3662552.
    """
    window = checked_window(r)
    series = np.atleast_1d(r.mean[-1]).size
    if past_draws < 1 or series % past_draws:
        raise ValueError(f"R of {series} series is no R of areas with {past_draws} draws each")
    shape = (r.mean / r.sd) ** 2
    seen = np.asarray(digamma(shape) - np.log(shape / r.mean))
    error = np.asarray(polygamma(1, shape))
    level, variance = _filtered(seen, error, (window, damping, innovation.sd_per_day))

    def by_area(values: NDArray[np.generic]) -> NDArray[np.generic]:
        return np.reshape(values, (-1, past_draws))

    return Start(
        log_r=np.asarray(by_area(level), np.float64),
        variance=np.asarray(by_area(variance), np.float64),
        phi=np.asarray(by_area(np.asarray(r.phi[-1])), np.float64),
        state=np.asarray(by_area(np.asarray(r.state[-1])), np.int8),
    )


def _filtered(
    seen: Floats, error: Floats, setting: tuple[int, float, float]
) -> tuple[Floats, Floats]:
    """Mean and variance of log R on the last day, from window means seen with error."""
    window, damping, sd = setting
    days = np.arange(1, window + 1)
    kept, middle = damping**window, float(np.mean(damping**days))
    # Steps of a walk over the window: in its mean, in mean and end together, in its end.
    in_mean, shared, in_end = sd**2 * np.array(
        [((days / window) ** 2).sum(), (days / window).sum(), window]
    )
    level, variance = np.zeros(seen.shape[1:]), np.full(seen.shape[1:], PRIOR_VARIANCE)
    for k in reversed(range(seen.shape[0] - 1, -1, -window)[:WEEKS_BACK]):
        surprise = middle**2 * variance + in_mean + error[k]
        gain = (kept * middle * variance + shared) / surprise
        level = kept * level + gain * (seen[k] - middle * level)
        variance = kept**2 * variance + in_end - gain**2 * surprise
    return level, variance
