"""Sources that hold what people typed in: each beside the one whose layout and rules it has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ingest.source import Source, discover
from ingest.tripwires.limits import Limits
from kms.domain.desk.entries import ENTERED

TYPED = ("dole_inspections", "dole_wair", "measures")
NEVER_LATE = 36_500  # days: whoever has nothing to type in is not late
# Every issue is the one before and a row more, which a person has just looked at.
QUIET = Limits(
    sex_changed=None, age_changed=None, total_shrinks=None, region_shrinks=None, rows_shrink=None,
    spike=None, gap_days=None, stale_days=None, frozen=False, areas_vanish=False,
)  # fmt: skip


def is_entered(source_id: str) -> bool:
    """Tell whether a source holds what was typed in."""
    return source_id.endswith(ENTERED)


def entered_sources() -> Mapping[str, Source]:
    """Return the sources of what was typed in, by name."""
    known = discover()
    return {f"{name}{ENTERED}": _entered(known[name]) for name in TYPED}


def _entered(source: Source) -> Source:
    return replace(
        source,
        source_id=f"{source.source_id}{ENTERED}",
        title=f"{source.title}, entered by hand",
        rhythm="whenever one is typed in",
        every_days=NEVER_LATE,
        grace_days=0,
        name_ends_with=(),
        limits=QUIET,
    )
