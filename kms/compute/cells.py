"""Complementary suppression: cells hidden so that margins do not give other hidden ones back.

Every line of a table is an equation: its margin is the sum of its members. A cell hidden alone
in a line is the difference of the rest, and so are a handful of establishments hidden together.
Rows outside the table (without a region or section) lie in margins only; what they blur is not
relied on. Stateless: the same table always hides the same cells.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from kms.domain.indicators import LEAST_ESTABLISHMENTS

Key = tuple[str, str, str]  # indicator, area, section
_NOTHING = 1e-9  # below, an entry of an orthonormal basis is rounding error


@dataclass(frozen=True)
class Line:
    """A margin and the cells that add up to it."""

    margin: Key
    members: tuple[Key, ...]
    same_establishments: bool = False  # members ask the same ones, so these do not add up

    @property
    def keys(self) -> tuple[Key, ...]:
        """Members, then the margin."""
        return (*self.members, self.margin)


def hidden_cells(
    establishments: Mapping[Key, int], few: Collection[Key], lines: Sequence[Line]
) -> frozenset[Key]:
    """Return `few` and the cells to hide with them, the smallest of each line first."""
    hidden = set(few)
    while True:
        more = _next_in_lines(establishments, hidden, lines)
        if more is None:
            more = _next_by_equations(establishments, hidden, lines)
        if more is None:
            return frozenset(hidden)
        hidden.add(more)


def gives_back(line: Line, establishments: Mapping[Key, int], hidden: Collection[Key]) -> bool:
    """Tell whether a line gives back one hidden cell, or a handful of establishments."""
    among = [key for key in line.members if key in hidden]
    if line.margin in hidden:
        return not among and bool(line.members)
    if not among:
        return False
    sizes = [establishments[key] for key in among]
    together = max(sizes) if line.same_establishments else sum(sizes)
    return len(among) == 1 or together < LEAST_ESTABLISHMENTS


def determined(hidden: Collection[Key], lines: Sequence[Line]) -> frozenset[Key]:
    """Return the hidden cells that all lines together determine, though none does alone."""
    order = {key: place for place, key in enumerate(sorted(hidden))}
    known = [line for line in lines if any(key in order for key in line.keys)]
    if not known:
        return frozenset()
    equations = np.zeros((len(known), len(order)))
    for row, line in enumerate(known):
        for key in line.members:
            if key in order:
                equations[row, order[key]] = 1.0
        if line.margin in order:
            equations[row, order[line.margin]] = -1.0
    _, sizes, directions = np.linalg.svd(equations)
    free = directions[int((sizes > _NOTHING).sum()) :]  # what the equations leave open
    return frozenset(key for key, i in order.items() if (np.abs(free[:, i]) < _NOTHING).all())


def _next_in_lines(
    establishments: Mapping[Key, int], hidden: Collection[Key], lines: Sequence[Line]
) -> Key | None:
    for line in lines:
        if gives_back(line, establishments, hidden):
            shown = [key for key in line.members if key not in hidden]
            # Where nothing else is left in a line its margin tells what its members hide.
            return _smallest(shown or [line.margin], establishments)
    return None


def _next_by_equations(
    establishments: Mapping[Key, int], hidden: Collection[Key], lines: Sequence[Line]
) -> Key | None:
    for key in sorted(determined(hidden, lines)):
        through = [line for line in lines if key in line.keys]
        shown = [k for line in through for k in line.members if k not in hidden]
        margins = [line.margin for line in through if line.margin not in hidden]
        if shown or margins:
            return _smallest(shown or margins, establishments)
    return None


def _smallest(keys: Sequence[Key], establishments: Mapping[Key, int]) -> Key:
    return min(keys, key=lambda key: (establishments[key], key))
