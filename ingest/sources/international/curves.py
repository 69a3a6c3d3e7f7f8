"""Facts that the files of all countries' epidemics have in common."""

from __future__ import annotations

from collections.abc import Mapping

DISEASE, CLASSIFICATION = "covid19", "confirmed"
MOST_PERSONS = 20_000_000_000  # doses and tests of the world
LONGEST_AREA = 40


def local_area(scheme: str, name: str) -> str:
    """Return the area of a place that only one file knows."""
    return f"{scheme}:{name}"[:LONGEST_AREA]


def counts(day: str, grain: str, bases: Mapping[str, str]) -> str:
    """Select new cases and deaths by their basis; blanks are no rows."""
    return " UNION ALL ".join(
        f"SELECT '{DISEASE}' AS disease, '{CLASSIFICATION}' AS classification, "
        f"'{basis}' AS basis, '{grain}' AS grain, area, CAST({day} AS VARCHAR) AS ref_date, "
        f"{column} AS cases FROM accepted WHERE {column} IS NOT NULL"
        for basis, column in bases.items()
    )


def totals(day: str, measures: Mapping[str, str]) -> str:
    """Select running totals by what they measure; blanks are no rows."""
    return " UNION ALL ".join(
        f"SELECT '{DISEASE}' AS disease, '{measure}' AS measure, area, "
        f"CAST({day} AS VARCHAR) AS ref_date, {column} AS persons "
        f"FROM accepted WHERE {column} IS NOT NULL"
        for measure, column in measures.items()
    )
