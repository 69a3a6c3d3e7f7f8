"""How many work in an establishment, as the Department's forms say it."""

from __future__ import annotations

from ingest.reading.fields import FieldCheck, whole_number
from kms.reference import load_sectors

MOST_WORKERS = 500_000  # of one sex; the country's largest employers have fewer

_NO_WORKERS = (
    "try_cast(workers_male_text AS DOUBLE) = 0 AND try_cast(workers_female_text AS DOUBLE) = 0"
)


def workers(when: str = "true") -> tuple[FieldCheck, FieldCheck]:
    """Return the checks of men and women at work; both 0 is believed unless `when` holds.

    No workers at all is marked once, at the men, and blanks both.
    """
    none = f"({_NO_WORKERS} AND ({when}))"
    women = whole_number("workers_female", MOST_WORKERS)
    value = f"CASE WHEN {none} IS NOT TRUE THEN {women.value} END"
    return (
        whole_number("workers_male", MOST_WORKERS).also(none, "workers_zero"),
        FieldCheck(women.name, value, women.faults),
    )


def size_class() -> str:
    """Return the SQL of the size class of all workers; NULL where one count is not known."""
    total = "workers_male + workers_female"
    sizes = " ".join(
        f"WHEN {total} BETWEEN {size.employees_min} AND {size.employees_max or 2 * MOST_WORKERS} "
        f"THEN '{size.code}'"
        for size in load_sectors().size_classes.values()
    )
    return f"CASE {sizes} END"
