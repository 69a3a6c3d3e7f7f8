"""What may be said of a figure: one small code per cell, named as in every export."""

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

StateCodes = NDArray[np.int8]


class State(IntEnum):
    """Standing of a figure; arrays hold the codes as int8."""

    FINAL = 0
    PROVISIONAL = 1
    HIDDEN = 2
    TOO_FEW = 3
    STALE = 4
    SUPPRESSED = 5
    MISSING = 6
    WITHHELD = 7

    @property
    def label(self) -> str:
        """The word used in files, pages and the API, for example ``too_few``."""
        return self.name.lower()


def choose(condition: NDArray[np.bool_], if_true: State, if_false: State) -> StateCodes:
    """Codes of one state where the condition holds and of another elsewhere."""
    return np.where(condition, np.int8(if_true), np.int8(if_false)).astype(np.int8)
