"""Where people of an area were infected, and how many of the ill died, for its page."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import Connection

from kms.access.disclosure import Disclosure
from kms.domain.indicators import FATALITY, TRACED, TRACED_FINAL
from kms.reads.shares.clusters import ShownClusters
from kms.reads.shares.shown import ShownShares
from kms.reads.views import ContactsView, Reading
from kms.reference import load_sectors
from kms.store.publications import Issue

OPEN = ("final", "provisional", "stale")


def read_contacts(
    connection: Connection, issue: Issue, disclosure: Disclosure, area: str
) -> ContactsView:
    """Return what is known of sources of infection and of deaths in an area."""
    shares = ShownShares(connection, issue, disclosure)
    clusters = ShownClusters(connection, issue, disclosure)
    facts: dict[str, Any] = issue.facts.get("tracing") or {}
    traced = shares.reading(TRACED, area)
    titles = {section.code: section.short_title for section in load_sectors().sections}
    return ContactsView(
        traced=traced,
        bounds=bounds_of(traced),
        final=shares.reading(TRACED_FINAL, area),
        clusters=clusters.reading(area),
        sections=tuple(
            (titles[section], reading) for section, reading in clusters.by_section(area)
        ),
        fatality=shares.reading(FATALITY, area),
        investigated_to=date.fromisoformat(facts["to"]) if facts else None,
        cut_days=facts.get("cut_days"),
        learned=bool(facts.get("learned")),
        overwhelmed=area in facts.get("overwhelmed", ()),
    )


def bounds_of(traced: Reading) -> tuple[float, float] | None:
    """Return the share if all pending cases turned out unknown, and if all turned out known."""
    if traced.value is None or traced.completeness is None or traced.state not in OPEN:
        return None
    low = traced.value * traced.completeness
    return low, low + 1 - traced.completeness
