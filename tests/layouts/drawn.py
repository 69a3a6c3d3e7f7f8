"""What a figure draws, read back from its typed arrays."""

from __future__ import annotations

from base64 import b64decode
from datetime import date, datetime, timedelta
from math import isnan
from typing import Any

import numpy as np


def values(column: dict[str, Any]) -> list[float | None]:
    """Return a column's numbers; a gap is None."""
    numbers = np.frombuffer(b64decode(column["bdata"]), dtype=column["dtype"]).tolist()
    return [None if isnan(number) else number for number in numbers]


def days(trace: dict[str, Any]) -> list[date]:
    """Return the days a trace's values stand at."""
    if "x0" in trace:
        first = date.fromisoformat(trace["x0"])
        step = timedelta(milliseconds=trace["dx"])
        return [first + at * step for at in range(len(values(trace["y"])))]
    return [datetime.fromisoformat(moment).date() for moment in trace["x"] if moment is not None]
