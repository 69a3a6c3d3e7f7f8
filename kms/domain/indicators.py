"""Names that computing and reading share."""

from __future__ import annotations

from typing import Final

ALL_SECTORS: Final = "ALL"
NOT_MET: Final = "not_met."  # followed by a checklist item's code
INSPECTION_PERIOD_DAYS: Final = 365
LEAST_ESTABLISHMENTS: Final = 5  # below, a share of items met is not shown
