"""Weekly files of notifiable diseases: each a full statement, the newest weeks incomplete.

A place reports a disease's week with the release after its end, one or two releases later, or
never; a first count is a little short and whole from the next release on. Some weeks a place
says nothing at all: its row is missing, or its count is blank. 0 is a report of no cases.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from ingest.demo.cells import from_numbers, from_table, joined, write_lines
from ingest.demo.diseases.outbreaks import OUTBREAKS
from ingest.demo.diseases.weekly import ILLNESSES, cells_of
from ingest.demo.manifest import WrittenRelease
from ingest.demo.places import DOH_REGIONS
from kms.domain.areas import NCR
from kms.domain.calendar.morbidity_weeks import morbidity_week

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from pathlib import Path

    from numpy.typing import NDArray

    from ingest.demo.diseases.units import Units
    from ingest.demo.diseases.weekly import WeeklyCases

COLUMNS = (
    "disease,morbidity_year,morbidity_week,region,province,city_municipality,psgc,cases,confirmed,"
    "deaths"
)
LATE_SHARES = (0.68, 0.22, 0.10)  # reported with the first, second and third release
NEVER_LATE = 1_000  # releases: never reported
SILENT_SHARE = 0.012  # weeks a place says nothing of, whatever the disease
LONG_SILENCES, LONG_SILENCE_WEEKS = 4, 5
BLANK_SHARE = 0.4  # of the weeks not reported, those with a row whose count is blank
FIRST_COUNT_SHARE = 0.90
OVERCONFIRMED = 9  # rows with more confirmed than cases
TOTALS = 8  # weeks whose rows of Metro Manila's cities have a total beside them
OUTDATED = 100  # the total is this part of all cases, far less than the cities have by now
NOT_KEPT = ("Chikungunya", 24)  # a disease without a reference file, and its rows


@dataclass(frozen=True)
class Reporting:
    """When each week's count comes in: arrays of shape (diseases, places, weeks)."""

    lateness: NDArray[np.int64]  # releases after the first that could have it
    blank: NDArray[np.bool_]  # of those never reported, a row without a count
    first_count: NDArray[np.int64]
    overconfirmed: NDArray[np.bool_]


def make_reporting(weekly: WeeklyCases, units: Units, rng: np.random.Generator) -> Reporting:
    """Draw lateness, silences and first counts; outbreak weeks are always reported."""
    shape = weekly.cases.shape
    late = rng.choice(len(LATE_SHARES), shape[1:], p=LATE_SHARES)
    silent = rng.random(shape[1:]) < SILENT_SHARE
    starts = rng.integers(0, shape[2] - LONG_SILENCE_WEEKS, LONG_SILENCES)
    for place, start in zip(
        rng.choice(shape[1], LONG_SILENCES, replace=False), starts, strict=True
    ):
        silent[place, start : start + LONG_SILENCE_WEEKS] = True
    for outbreak in OUTBREAKS:
        silent[cells_of(outbreak, units, weekly.sundays)[1:]] = False
    blank = silent & (rng.random(shape[1:]) < BLANK_SHARE)
    over = np.zeros(weekly.cases.size, dtype=np.bool_)
    tested = np.flatnonzero(np.broadcast_to(_given_for("confirmed_share"), shape).ravel())
    over[rng.choice(tested, OVERCONFIRMED, replace=False)] = True
    return Reporting(
        lateness=np.broadcast_to(np.where(silent, NEVER_LATE, late), shape),
        blank=np.broadcast_to(blank, shape),
        first_count=rng.binomial(weekly.cases, FIRST_COUNT_SHARE),
        overconfirmed=over.reshape(shape),
    )


def write_weekly_releases(
    folder: Path,
    units: Units,
    weekly: WeeklyCases,
    reporting: Reporting,
    *,
    days: Sequence[date],
) -> list[WrittenRelease]:
    """Write one file per release day, under `folder/YYYYMMDD/`."""
    place_of_row = _fixed_columns(units, weekly)
    written = []
    for day in days:
        lag = np.array([((day - sunday).days - 7) // 7 for sunday in weekly.sundays])
        over = np.broadcast_to(lag >= 0, weekly.cases.shape)
        given = over & (reporting.lateness <= lag)
        rows = np.flatnonzero(given | (over & reporting.blank))
        first = (reporting.lateness == lag).ravel()[rows]
        known = Known(rows, given.ravel()[rows], first)
        lines = pa.concat_arrays(
            [_lines(place_of_row, weekly, reporting, known), _extra_rows(weekly, lag)]
        )
        path = folder / f"{day:%Y%m%d}" / f"pidsr_weekly_{day:%Y%m%d}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        size = write_lines(path, COLUMNS, lines)
        written.append(WrittenRelease(day, path, len(lines), len(units), [], size))
    return written


def reported_at_last(weekly: WeeklyCases, reporting: Reporting) -> NDArray[np.int64]:
    """Return the cases the last release holds, -1 where it holds no count."""
    lag = np.arange(len(weekly.sundays))[::-1]
    known = np.where(reporting.lateness == lag, reporting.first_count, weekly.cases)
    return np.where(reporting.lateness <= lag, known, -1)


@dataclass(frozen=True)
class Known:
    """The rows of a release: place in the flattened arrays, given or blank, first count or not."""

    rows: NDArray[np.int64]
    given: NDArray[np.bool_]
    first: NDArray[np.bool_]


def _fixed_columns(units: Units, weekly: WeeklyCases) -> Any:
    """Return disease, week and place of every row, joined."""
    disease, place, week = (index.ravel() for index in np.indices(weekly.cases.shape))
    columns = [
        from_table([illness.printed for illness in ILLNESSES], disease),
        from_table([_week_text(sunday) for sunday in weekly.sundays], week),
        from_table(units.texts, place),
    ]
    return pa.compute.binary_join_element_wise(*columns, ",")


def _week_text(sunday: date) -> str:
    week = morbidity_week(sunday)
    return f"{week.year},{week.week}"


def _lines(place_of_row: Any, weekly: WeeklyCases, reporting: Reporting, known: Known) -> Any:
    rows = known.rows
    final = weekly.cases.ravel()[rows]
    cases = np.where(known.first, reporting.first_count.ravel()[rows], final)
    confirmed = np.minimum(weekly.confirmed.ravel()[rows], cases)
    confirmed = np.where(reporting.overconfirmed.ravel()[rows], cases + 3, confirmed)
    disease = rows // weekly.cases[0].size
    tested, counted = (
        _given_for(share).ravel()[disease] for share in ("confirmed_share", "fatality")
    )
    deaths = np.minimum(weekly.deaths.ravel()[rows], cases)
    return joined(
        [
            place_of_row.take(pa.array(rows)),
            _given(cases, known.given),
            _given(confirmed, known.given & tested),
            _given(deaths, known.given & counted),
        ]
    )


def _given_for(share: str) -> NDArray[np.bool_]:
    """Tell for which diseases a column is filled: shape (diseases, 1, 1)."""
    filled = [getattr(illness, share) is not None for illness in ILLNESSES]
    return np.array(filled)[:, None, None]


def _given(numbers: NDArray[np.int64], given: NDArray[np.bool_]) -> Any:
    """Return a column of numbers, blank where none is given."""
    return pa.compute.if_else(pa.array(given), from_numbers(numbers), "")


def _extra_rows(weekly: WeeklyCases, lag: NDArray[np.int64]) -> Any:
    """Return rows that do not count: outdated totals of Metro Manila, a disease without a file."""
    capital = f"{DOH_REGIONS[NCR]},{DOH_REGIONS[NCR]},,{NCR}"
    told = np.flatnonzero(lag >= len(LATE_SHARES))
    week_texts = [_week_text(sunday) for sunday in weekly.sundays]
    totals = [
        f"Dengue,{week_texts[week]},{capital},{weekly.cases[0, :, week].sum() // OUTDATED},,\n"
        for week in told[:TOTALS]
    ]
    name, count = NOT_KEPT
    others = [f"{name},{week_texts[week]},{capital},{week % 5},,\n" for week in told[-count:]]
    return pa.array(totals + others, pa.string())
