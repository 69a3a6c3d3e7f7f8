"""Monthly inspection files: every inspection and checklist item as known on the release day.

Our own CSV, one row per inspection item. Texts: `mode` TAV, LI, OSHI or TSI (DO 238-23);
`trigger` routine, complaint, referral or accident; `visit` first or follow_up; `applicable` YES
or NO; `compliant_*` YES, NO or blank (not applicable; after: not yet known). `date_closed` and
`corrected_on` are blank until they have happened; `severity_weight` is the fine over 50,000.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ingest.demo.cells import DateCells, from_numbers, from_table, joined, quoted, write_lines
from ingest.demo.clock import NEVER
from ingest.demo.manifest import WrittenRelease
from ingest.demo.places import DOH_REGIONS
from ingest.demo.workplaces.establishments import INDUSTRIES
from ingest.demo.workplaces.inspections import INSPECTORS_PER_OFFICE, MODES, TRIGGERS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from pathlib import Path

    from numpy.typing import NDArray

    from ingest.demo.places import Geography
    from ingest.demo.workplaces.establishments import Establishments
    from ingest.demo.workplaces.inspections import Inspections, Item

COLUMNS = (
    "inspection_id,establishment_id,establishment_name,region,province,city_municipality,psgc,psic,"
    "workers_male,workers_female,risk_class,mode,trigger,visit,date_opened,date_closed,"
    "regional_office,inspector,item_code,item_title,legal_item,applicable,compliant_initial,"
    "compliant_after,corrected_on,severity_weight"
)
OFFICES = {"1600000000": "DOLE RO XIII", "1800000000": "DOLE NIR", "1900000000": "MOLE BARMM"}
UNKNOWN_PSIC = "99999"
IMPOSSIBLE_DATES = ("2026-02-30", "31/31/2026", "2026-13-05")
BLANK, NO, YES = 0, 1, 2


def office_name(region: str) -> str:
    """Return the regional office of a region code: `DOLE RO VII`, `DOLE NCR`."""
    printed = DOH_REGIONS[region].split(":")[0].removeprefix("Region ")
    short = printed if region in {"1300000000", "1400000000"} else f"RO {printed}"
    return OFFICES.get(region, f"DOLE {short}")


@dataclass(frozen=True)
class Inspectorate:
    """Inspections, the firms inspected, the checklist, and the places and dates to print."""

    geography: Geography
    firms: Establishments
    checklist: list[Item]
    visits: Inspections
    dates: DateCells


def write_inspection_releases(
    folder: Path, inspectorate: Inspectorate, days: Sequence[date]
) -> list[WrittenRelease]:
    """Write one file per release day, under `folder/YYYYMMDD/`."""
    visits = inspectorate.visits
    fixed = _fixed_columns(inspectorate)
    written = []
    for day in days:
        visit, item = np.nonzero(visits.listed & (visits.encoded <= day.toordinal())[:, None])
        repeats = np.flatnonzero(visits.duplicate[visit])
        visit = np.concatenate([visit, visit[repeats]])
        item = np.concatenate([item, item[repeats]])
        known = Known(visit, item, day.toordinal())
        lines = _lines(fixed, inspectorate, known)
        path = folder / f"{day:%Y%m%d}" / f"dole_inspections_{day:%Y%m%d}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        size = write_lines(path, COLUMNS, lines)
        written.append(
            WrittenRelease(day, path, len(visit), int((np.bincount(visit) > 0).sum()), [], size)
        )
    return written


def _fixed_columns(inspectorate: Inspectorate) -> list[Any]:
    """Return the columns of an inspection that never change: one cell per inspection."""
    geography, firms = inspectorate.geography, inspectorate.firms
    visits, dates = inspectorate.visits, inspectorate.dates
    firm = visits.establishment
    city = firms.city[firm]
    province = geography.city_province[city]
    opened = dates.iso(visits.opened)
    impossible = len(dates.texts) + np.arange(len(visits)) % len(IMPOSSIBLE_DATES)
    opened = np.where(visits.bad_date, impossible, opened)
    psic = np.where(visits.unknown_psic, len(firms), firm)
    present = ~visits.no_workers
    offices = [office_name(code) for code in geography.regions]
    region = firms.region[firm]
    inspectors = [
        f"INSP-{code[:2]}-{number:02d}"
        for code in geography.regions
        for number in range(INSPECTORS_PER_OFFICE)
    ]
    return [
        from_table(
            [f"INS-{100_000 + number}" for number in range(len(visits))], np.arange(len(visits))
        ),
        from_table([f"EST-{10_000 + number}" for number in range(len(firms))], firm),
        from_table([quoted(name) for name in firms.name], firm),
        from_table([quoted(name) for name in geography.region_names], region),
        from_table([quoted(name) for name in geography.province_names], province),
        from_table([quoted(place.name) for place in geography.cities], city),
        from_table([place.code for place in geography.cities], city),
        from_table([*firms.psic, UNKNOWN_PSIC], psic),
        from_numbers(np.where(present, firms.male[firm], 0)),
        from_numbers(np.where(present, firms.female[firm], 0)),
        from_table([kind.risk for kind in INDUSTRIES], firms.industry[firm]),
        from_table(MODES, visits.mode),
        from_table(TRIGGERS, visits.trigger),
        from_table(["first", "follow_up"], visits.follow_up),
        from_table([*dates.texts, *IMPOSSIBLE_DATES], opened),
        from_table(offices, region),
        from_table(inspectors, region * INSPECTORS_PER_OFFICE + visits.inspector),
    ]


@dataclass(frozen=True)
class Known:
    """The rows of a release: inspection and item of each, and the day it is made."""

    visit: NDArray[np.int64]
    item: NDArray[np.int64]
    today: int


def _lines(fixed: list[Any], inspectorate: Inspectorate, known: Known) -> Any:
    """Return one line per inspection and item, as known that day."""
    checklist, visits, dates = inspectorate.checklist, inspectorate.visits, inspectorate.dates
    visit, item, today = known.visit, known.item, known.today
    applicable = visits.applicable[visit, item]
    met = visits.met[visit, item]
    corrected = visits.corrected[visit, item]
    done = corrected <= today
    closed = visits.closed[visit] <= today
    after = np.where(met | done, YES, np.where(closed, NO, BLANK))
    after = np.where(visits.worse_after[visit, item], NO, after)
    answers = ["", "NO", "YES"]
    columns = [column.take(visit) for column in fixed[:15]]
    columns += [
        from_table(dates.texts, dates.iso(np.where(closed, visits.closed[visit], NEVER))),
        fixed[15].take(visit),
        fixed[16].take(visit),
        from_table([line.code for line in checklist], item),
        from_table([quoted(line.title) for line in checklist], item),
        from_table([quoted(line.legal_item) for line in checklist], item),
        from_table(["NO", "YES"], applicable),
        from_table(answers, np.where(applicable, np.where(met, YES, NO), BLANK)),
        from_table(answers, np.where(applicable, after, BLANK)),
        from_table(dates.texts, dates.iso(np.where(applicable & done, corrected, NEVER))),
        from_table([str(line.severity_weight) for line in checklist], item),
    ]
    return joined(columns)
