"""What a reader asks for, after validation; the URL is the state."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Request:
    """A view's address: empty fields mean the default."""

    as_of: date | None = None  # calendar day in Asia/Manila; None: what is known now
    area: str = ""  # PSGC code; empty: the country
    sector: str = ""  # PSIC section
    kind: str = ""  # library entry type
    entry: str = ""  # library entry
    source: str = ""  # data page: one source's vintages
    language: str = "en"
