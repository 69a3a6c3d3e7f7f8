"""Issues of case investigations, each holding all cases of the period as known on its day."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from ingest.demo.cases.investigations import (
    EXPOSURES,
    OVERWHELMED,
    SETTINGS,
    UNKNOWN,
    Investigations,
    make_investigations,
)
from ingest.demo.cases.transmission import serial_interval_pmf
from ingest.demo.cells import from_numbers, from_table, joined, quoted, write_lines
from ingest.demo.clock import INVESTIGATIONS_FROM, LAST_DAY, NEVER, investigation_days
from ingest.demo.manifest import WrittenRelease
from ingest.demo.truth import write_gzip

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    from numpy.typing import NDArray

    from ingest.demo.cases.releases import Register
    from ingest.demo.places import Geography
    from ingest.demo.workplaces.establishments import Establishments

COLUMNS = (
    "case_id,disease,classification,region,province,city_municipality,psgc,onset_date,report_date,"
    "investigation_status,exposure,source_case_id,cluster_id,cluster_setting,establishment_id,psic,"
    "occupation"
)
IMPOSSIBLE_DATE = "2026-02-30"
PENDING, COMPLETE = 0, 1


@dataclass(frozen=True)
class Office:
    """Where cases live, who they are as registered, and the firms they work for."""

    geography: Geography
    register: Register
    firms: Establishments


def write_investigations(
    folder: Path, office: Office, rng: np.random.Generator
) -> list[WrittenRelease]:
    """Investigate, and write issues and truth."""
    found = make_investigations(
        office.register.persons,
        office.geography,
        office.firms,
        rng,
        serial_interval=serial_interval_pmf(),
    )
    _write_truth(folder / "truth", office, found)
    fixed = _fixed_columns(office, found)
    return [
        _write(folder / "releases", office, (found, fixed), day) for day in investigation_days()
    ]


def _write(
    folder: Path, office: Office, known: tuple[Investigations, list[Any]], day: date
) -> WrittenRelease:
    found, fixed = known
    records = office.register.records
    shown = np.flatnonzero(records.visible[found.person] <= day.toordinal())
    # In the order of reports, as a register exports them.
    shown = shown[np.lexsort((found.person[shown], records.report[found.person[shown]]))]
    shown = np.repeat(shown, 1 + found.faults["row_twice"][shown])
    lines = joined(
        [*(column.take(shown) for column in fixed), *_outcome(office, found, shown, day)]
    )
    path = folder / f"{day:%Y%m%d}" / f"doh_case_investigation_{day:%Y%m%d}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    size = write_lines(path, COLUMNS, lines)
    keys = len(np.unique(records.code[found.person[shown]]))
    return WrittenRelease(day, path, len(shown), keys, [], size)


def _fixed_columns(office: Office, found: Investigations) -> list[Any]:
    """Return the columns of a case that never change."""
    geography, register = office.geography, office.register
    persons, records, dates = register.persons, register.records, register.dates
    person, cities = found.person, len(geography.cities)
    city = np.where(persons.city[person] < 0, cities, persons.city[person])
    by_region = found.faults["place_by_region"]
    coded = ~by_region & ~found.faults["code_blank"] & (city < cities)
    names = [
        [*(quoted(geography.region_names[r]) for r in geography.province_region), "ROF"],
        [*(quoted(name) for name in geography.province_names), ""],
        [*(quoted(place.name) for place in geography.cities), ""],
        [*(place.code for place in geography.cities), ""],
    ]
    province = np.where(persons.province[person] < 0, len(geography.provinces),
                        persons.province[person])  # fmt: skip
    onset = np.where(records.onset_last[person] > 0, dates.iso(persons.onset[person]), 0)
    report = dates.iso(records.report[person])
    impossible = found.faults["report_impossible"]
    return [
        from_numbers(records.code[person], prefix="C"),
        from_table(["covid19"], np.zeros(len(found))),
        from_table(["confirmed"], np.zeros(len(found))),
        from_table(names[0], province),
        from_table(names[1], np.where(by_region, len(names[1]) - 1, province)),
        from_table(names[2], np.where(by_region, cities, city)),
        from_table(names[3], np.where(coded, city, cities)),
        from_table(dates.texts, onset),
        from_table([*dates.texts, IMPOSSIBLE_DATE], np.where(impossible, len(dates.texts), report)),
    ]


def _outcome(
    office: Office, found: Investigations, shown: NDArray[np.int64], day: date
) -> list[Any]:
    """Return the columns that tell what is known on a day; nothing of it before it is closed."""
    closed = found.closed[shown] <= day.toordinal()
    told = closed & ~found.faults["outcome_blank"][shown]

    def known(values: NDArray[np.int64]) -> NDArray[np.int64]:
        return np.where(told & (values[shown] >= 0), 1 + values[shown], 0)

    source, firm = found.source, found.firm
    code = office.register.records.code
    establishment = np.where(found.faults["establishment_blank"], -1, firm)
    industry = np.where(found.faults["industry_blank"], -1, firm)
    codes = np.where(told & (source[shown] >= 0), code[source[shown]], 0)
    firms = [f"EST-{10_000 + number}" for number in range(len(office.firms))]
    clusters = ["", *(f"CL-{n:05d}" for n in range(int(found.cluster.max(initial=0)) + 1))]
    empty = from_table([""], np.zeros(len(shown)))
    return [
        from_table(["pending", "complete"], np.where(closed, COMPLETE, PENDING)),
        from_table(["", *EXPOSURES], known(found.exposure)),
        _codes(codes),
        from_table(clusters, known(found.cluster)),
        from_table(["", *SETTINGS], known(found.setting)),
        from_table(["", *firms], known(establishment)),
        from_table(["", *office.firms.psic], known(industry)),
        empty,
    ]


def _codes(codes: NDArray[np.int64]) -> Any:
    """Return the cells of case codes; 0 is blank."""
    listed, place = np.unique(codes, return_inverse=True)
    return from_table([f"C{code}" if code else "" for code in listed.tolist()], place)


def _write_truth(folder: Path, office: Office, found: Investigations) -> None:
    """Write cases by province and report day with what is found of them, and the parameters.

    `known` counts cases whose source is found or would be, were the investigation closed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    geography, persons = office.geography, office.register.persons
    days = (LAST_DAY - INVESTIGATIONS_FROM).days + 1
    first = INVESTIGATIONS_FROM.toordinal()
    resident = persons.province[found.person] >= 0
    place = persons.province[found.person][resident]
    day = persons.report[found.person][resident] - first
    sums = []
    for counted in (
        np.ones(len(found)),
        found.exposure != UNKNOWN,
        found.closed == NEVER,
    ):
        table = np.zeros((len(geography.provinces), days), dtype=np.int64)
        np.add.at(table, (place, day), np.asarray(counted, dtype=np.int64)[resident])
        sums.append(table.ravel().tolist())
    keys = [
        f"{province},{INVESTIGATIONS_FROM + timedelta(days=n)}"
        for province in geography.provinces
        for n in range(days)
    ]
    rows = [",".join(map(str, row)) for row in zip(keys, *sums, strict=True)]
    write_gzip(
        folder / "tracing_true.csv.gz", "province,report_date,cases,known,never_closed", rows
    )
    shares = zip(geography.regions, found.traced_share.tolist(), strict=True)
    content = {
        "traced_share_of_units": {code: round(share, 6) for code, share in shares},
        "overwhelmed_region": OVERWHELMED,
    }
    (folder / "tracing.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
