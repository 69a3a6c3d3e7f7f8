"""What the department's register holds about each person: late, blank, corrected and wrong.

A record has a first and a last reading of onset and place, with the day it changes; a release
shows the reading of its day. Shares are fractions of all records unless said otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ingest.demo.clock import NEVER

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from numpy.typing import NDArray

    from ingest.demo.cases.persons import Persons
    from ingest.demo.cases.place_cells import PlaceCells
    from ingest.demo.cells import DateCells
    from ingest.demo.places import Geography

SHARES = {
    "onset_blank_first": 0.26,  # of symptomatic, at random; drifts evenly to the next
    "onset_blank_last": 0.24,
    "onset_filled_later": 0.03,  # of known onsets
    "onset_corrected": 0.0015,
    "city_blank": 0.06,
    "province_blank": 0.012,
    "region_blank": 0.004,
    "region_filled_later": 0.010,
    "region_corrected": 0.001,
    "added_late": 0.005,  # announced under an earlier date than the release that first has it
    "specimen_blank": 0.02,
    "result_blank": 0.06,
    "age_blank": 0.003,
    "duplicate_row": 0.0002,
    "duplicate_person": 0.0006,  # two codes for one person, most removed later
    "shared_code": 0.00004,  # two persons under one code
    "onset_after_report": 0.0005,
    "onset_year_1900": 0.0002,
    "onset_swapped": 0.0005,  # written year-day-month
    "report_blank": 0.0003,
    "age_200": 0.0002,
    "garbled_name": 0.02,  # of names with Ñ
}
DIRTY = (
    "onset_after_report",
    "onset_year_1900",
    "onset_swapped",
    "report_blank",
    "age_200",
)
BLANK_AGE, ABSURD_AGE = -1, 200


@dataclass
class Records:
    """Arrays of one length; `*_cell` index date texts, `place_*` place texts, others are days."""

    person: NDArray[np.int64]  # index into the persons
    code: NDArray[np.int64]
    is_duplicate: NDArray[np.bool_]  # a second code of the same person
    visible: NDArray[np.int64]
    removed: NDArray[np.int64]
    doubled_until: NDArray[np.int64]  # the row stands twice before that day
    age: NDArray[np.int64]
    specimen_cell: NDArray[np.int64]
    result_cell: NDArray[np.int64]
    report: NDArray[np.int64]
    report_cell: NDArray[np.int64]
    onset_first: NDArray[np.int64]
    onset_last: NDArray[np.int64]
    onset_changed: NDArray[np.int64]
    place_first: NDArray[np.int64]
    place_last: NDArray[np.int64]
    place_changed: NDArray[np.int64]

    def __len__(self) -> int:
        """Count the records."""
        return len(self.person)


def make_records(
    persons: Persons,
    rng: np.random.Generator,
    *,
    geography: Geography,
    places: PlaceCells,
    dates: DateCells,
    releases: Sequence[date],
) -> Records:
    """Register every person, some of them twice."""
    count = len(persons)
    twins = np.flatnonzero(rng.random(count) < SHARES["duplicate_person"])
    person = np.concatenate([np.arange(count), twins])
    is_duplicate = np.arange(len(person)) >= count
    report = persons.report[person] + np.where(is_duplicate, rng.integers(0, 4, len(person)), 0)
    late = _happens(rng, "added_late", len(person))
    visible = report + np.where(late, rng.integers(1, 8, len(person)), 0)
    onset_first, onset_last, onset_changed = _onsets(
        persons, person, rng, report=report, visible=visible, dates=dates
    )
    place_first, place_last, place_changed = _places(
        persons, person, rng, visible=visible, geography=geography, places=places
    )
    report_cell = dates.iso(report)
    report_cell[_happens(rng, "report_blank", len(person))] = 0
    return Records(
        person=person,
        code=_codes(is_duplicate, rng),
        is_duplicate=is_duplicate,
        visible=visible,
        removed=_removals(is_duplicate, visible, releases, rng),
        doubled_until=_doubled(len(person), releases, rng),
        age=_ages(persons.age[person], rng),
        specimen_cell=_maybe_blank(dates.iso(persons.specimen[person]), "specimen_blank", rng),
        result_cell=_maybe_blank(dates.iso(persons.result[person]), "result_blank", rng),
        report=report,
        report_cell=report_cell,
        onset_first=onset_first,
        onset_last=onset_last,
        onset_changed=onset_changed,
        place_first=place_first,
        place_last=place_last,
        place_changed=place_changed,
    )


def _happens(rng: np.random.Generator, what: str, count: int) -> NDArray[np.bool_]:
    return rng.random(count) < SHARES[what]


def _maybe_blank(
    cells: NDArray[np.int64], what: str, rng: np.random.Generator
) -> NDArray[np.int64]:
    return np.where(_happens(rng, what, len(cells)), 0, cells)


def _ages(age: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
    seen = np.where(_happens(rng, "age_blank", len(age)), BLANK_AGE, age)
    return np.where(_happens(rng, "age_200", len(age)), ABSURD_AGE, seen)


def _codes(is_duplicate: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.int64]:
    """Six random digits each; a few persons share the code of another."""
    count = len(is_duplicate)
    if count > 800_000:
        raise ValueError(
            f"demo: {count} records do not fit the six digits of a CaseCode; lower the scale"
        )
    code = 100_000 + rng.choice(900_000, count, replace=False)
    pairs = max(2, round(SHARES["shared_code"] * count))
    chosen = rng.choice(np.flatnonzero(~is_duplicate), 2 * pairs, replace=False)
    code[chosen[:pairs]] = code[chosen[pairs:]]
    return np.asarray(code, dtype=np.int64)


def _removals(
    is_duplicate: NDArray[np.bool_],
    visible: NDArray[np.int64],
    releases: Sequence[date],
    rng: np.random.Generator,
) -> NDArray[np.int64]:
    """Remove most duplicates with one of the later releases; a few are never found."""
    days = np.array([day.toordinal() for day in releases])
    shown_from = np.searchsorted(days, visible)
    gap = rng.integers(1, len(days), len(visible))
    at = shown_from + np.minimum(gap, rng.integers(1, len(days), len(visible)))
    found = is_duplicate & (at < len(days)) & (rng.random(len(visible)) < 0.9)
    return np.where(found, days[np.minimum(at, len(days) - 1)], NEVER)


def _doubled(count: int, releases: Sequence[date], rng: np.random.Generator) -> NDArray[np.int64]:
    """Write some rows twice: half of them until a later release, half for good."""
    days = np.array([*(day.toordinal() for day in releases[1:]), *[NEVER] * len(releases)])
    until = days[rng.integers(0, len(days), count)]
    return np.where(_happens(rng, "duplicate_row", count), until, 0)


def _onsets(
    persons: Persons,
    person: NDArray[np.int64],
    rng: np.random.Generator,
    *,
    report: NDArray[np.int64],
    visible: NDArray[np.int64],
    dates: DateCells,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return the first and last onset cell and the day of the change."""
    count = len(person)
    onset = persons.onset[person]
    progress = (onset - onset.min()) / max(int(onset.max() - onset.min()), 1)
    first, last = SHARES["onset_blank_first"], SHARES["onset_blank_last"]
    known = rng.random(count) >= first + (last - first) * progress
    known &= ~persons.asymptomatic[person]
    final = dates.iso(onset)
    wrong_day = report + rng.integers(1, 20, count)
    final = np.where(_happens(rng, "onset_after_report", count), dates.iso(wrong_day), final)
    final = np.where(_happens(rng, "onset_swapped", count), dates.swapped(onset), final)
    final = np.where(_happens(rng, "onset_year_1900", count), dates.year_1900, final)
    final = np.where(known, final, 0)
    filled = known & _happens(rng, "onset_filled_later", count)
    corrected = known & _happens(rng, "onset_corrected", count) & ~filled
    off = np.where(rng.random(count) < 0.5, -1, 1) * rng.integers(1, 10, count)
    start = np.where(filled, 0, final)
    start = np.where(corrected, dates.iso(onset + off), start)
    changed = np.where(filled | corrected, visible + rng.integers(3, 22, count), NEVER)
    return start, final, changed


def _places(
    persons: Persons,
    person: NDArray[np.int64],
    rng: np.random.Generator,
    *,
    visible: NDArray[np.int64],
    geography: Geography,
    places: PlaceCells,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return the first and last place row and the day of the change."""
    count = len(person)
    city, province = persons.city[person], persons.province[person]
    region = geography.province_region[province]
    spelling = np.floor(rng.random(count) * places.spellings_of_city[city]).astype(np.int64)
    final = places.first_of_city[city] + spelling
    final = np.where(_happens(rng, "garbled_name", count), places.garbled_city[city], final)
    final = np.where(_happens(rng, "city_blank", count), places.blank_city[province], final)
    final = np.where(_happens(rng, "province_blank", count), places.blank_province[region], final)
    final = np.where(_happens(rng, "region_blank", count), places.blank, final)
    filled = _happens(rng, "region_filled_later", count) & (province >= 0)
    moved = _happens(rng, "region_corrected", count) & ~filled & (province >= 0)
    elsewhere = places.first_of_city[rng.integers(0, len(places.first_of_city), count)]
    start = np.where(filled, places.blank, np.where(moved, elsewhere, final))
    changed = np.where(filled | moved, visible + rng.integers(4, 22, count), NEVER)
    abroad = province < 0
    return (
        np.where(abroad, places.returning, start),
        np.where(abroad, places.returning, final),
        np.where(abroad, NEVER, changed),
    )
