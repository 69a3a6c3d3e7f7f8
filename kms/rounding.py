"""Ranges rounded outwards: nothing of a range is left out when its ends are written shorter.

So a written end stands for all that lies less than a step within it: "1.00–1.60" lies above 1,
and a range that holds 1 begins at 0.99 or lower. Rounded to the nearest, 1.00 could be either.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_SLIP = 1e-9  # of a step: 0.35 × 100 is 35.000000000000004
_NOISE = 1e-15  # of a number: 1992.0291 × 10,000 is off by 4e-9


def outwards(
    low: Floats | float, high: Floats | float, per_unit: Floats | float, *, through: float = 0.0
) -> tuple[Floats, Floats]:
    """Round the low ends of ranges down and the high ends up; numbers, or arrays of one shape.

    There are `per_unit` steps in a unit, and one of them is `through`: no end passes it, so a
    range lies on the side of it where it lay. An end within a billionth of a step is that step.
    NaN stays.
    """
    down, up = (low - through) * per_unit, (high - through) * per_unit
    least = np.floor(down + (_SLIP + np.abs(down) * _NOISE))
    most = np.ceil(up - (_SLIP + np.abs(up) * _NOISE))
    return least / per_unit + through + 0.0, most / per_unit + through + 0.0


def nearest(value: Floats, per_unit: Floats | float, *, through: float = 0.0) -> Floats:
    """Round values to the steps of `outwards`, so that they stay inside their ranges."""
    found: Floats = np.round((value - through) * per_unit) / per_unit + through + 0.0
    return found
