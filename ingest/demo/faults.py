"""Which rows are spoilt on purpose."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def draw_rows(rng: np.random.Generator, rows: int, share: float) -> NDArray[np.bool_]:
    """Mark that share of so many rows, rounded down, so that a small file is never refused."""
    marked = np.zeros(rows, dtype=np.bool_)
    marked[rng.choice(rows, int(share * rows), replace=False)] = True
    return marked
