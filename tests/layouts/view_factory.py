"""Hand-made views, as rich as the demonstration's, for pages without a store."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TypeVar

from kms.access.bands import Banded
from kms.domain.lists.pages import ListPage
from kms.reads.notifiable.rows import SignalRow, TestedRow, WeeksView
from kms.reads.views import (
    AreaRow,
    AreasView,
    AreaView,
    BoardView,
    CasesView,
    ContactsView,
    DataView,
    EntryView,
    FaultRow,
    Frame,
    HeldRow,
    ItemRow,
    LibraryView,
    Reading,
    RunRow,
    SectorRow,
    SectorsView,
    SeriesView,
    SignalsView,
    SourceRow,
    VintageRow,
    WeeksOfAreas,
)

Row = TypeVar("Row")

TODAY = date(2026, 11, 16)
NOW = datetime(2026, 11, 15, 18, 10, tzinfo=UTC)  # 02:10 in Manila on the 16th

REGIONS = (
    ("1300000000", "Metro Manila", "NCR", 14.0, 1.06, 0.92),
    ("1400000000", "Cordillera", "CAR", 1.8, 0.78, 0.01),
    ("0100000000", "Ilocos", "I", 5.3, 0.93, 0.15),
    ("0200000000", "Cagayan Valley", "II", 3.8, 0.88, 0.06),
    ("0300000000", "Central Luzon", "III", 13.0, 0.99, 0.42),
    ("0400000000", "CALABARZON", "IV-A", 16.9, 1.04, 0.81),
    ("1700000000", "MIMAROPA", "IV-B", 3.2, None, None),
    ("0500000000", "Bicol", "V", 6.1, 0.86, 0.012),
    ("0600000000", "Western Visayas", "VI", 4.9, 1.12, 0.97),
    ("1800000000", "Negros Island", "NIR", 4.9, 1.08, 0.8),
    ("0700000000", "Central Visayas", "VII", 6.6, 1.19, 0.99),
    ("0800000000", "Eastern Visayas", "VIII", 4.6, 0.81, 0.01),
    ("0900000000", "Zamboanga Peninsula", "IX", 5.1, 1.07, 0.71),
    ("1000000000", "Northern Mindanao", "X", 5.2, 0.90, 0.03),
    ("1100000000", "Davao Region", "XI", 5.4, 1.31, 0.999),
    ("1200000000", "SOCCSKSARGEN", "XII", 4.5, 1.09, 0.86),
    ("1600000000", "Caraga", "XIII", 2.9, 0.92, 0.34),
    ("1900000000", "BARMM", "BARMM", 4.5, None, None),
)
SECTIONS = (
    ("A", "Agriculture, forestry and fishing", 0.55),
    ("C", "Manufacturing", 0.78),
    ("F", "Construction", 0.58),
    ("G", "Wholesale and retail trade; repair of motor vehicles and motorcycles", 0.68),
    ("H", "Transportation and storage", 0.67),
    ("I", "Accommodation and food service activities", 0.59),
    ("J", "Information and communication", 0.86),
    ("K", "Financial and insurance activities", 0.87),
    ("N", "Administrative and support service activities", 0.64),
    ("P", "Education", 0.81),
    ("Q", "Human health and social work activities", 0.84),
    ("S", "Other service activities", None),
)


def reading(value: float | None, half: float = 0.1, state: str = "final") -> Reading:
    if value is None:
        return Reading(None, None, None, state if state != "final" else "too_few", None)
    return Reading(value, value - half, value + half, state, date(2026, 11, 4), 0.93)


def frame(**changes: object) -> Frame:
    made = Frame(
        publication_id="2026-11-16-a41c",
        as_of=NOW,
        published_at=NOW,
        is_latest=True,
        clock=NOW,
        synthetic=True,
        disease="covid19",
        disease_name="COVID-19",
        basis="onset",
        onset_known_share=0.82,
        cases_to=date(2026, 11, 14),
        estimates_to=date(2026, 11, 6),
        stale_days=None,
        late_sources=("BARMM case file", "DOLE inspections"),
        editions=tuple(TODAY - timedelta(days=7 * week) for week in range(11, -1, -1)),
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # test shorthand


def direction_of(chance: float | None) -> str:
    if chance is None:
        return "too_few"
    return "growing" if chance >= 0.8 else "shrinking" if chance <= 0.2 else "uncertain"


def area_row(
    code: str, name: str, label: str, millions: float, r: float | None, chance: float | None
) -> AreaRow:
    growth = None if r is None else math.log(r) / 5
    clear = chance is not None and (chance >= 0.975 or chance <= 0.025)
    absent = "missing" if label == "BARMM" else "too_few"
    return AreaRow(
        code=code,
        name=name,
        label=label,
        population=int(millions * 1_000_000),
        direction="missing" if label == "BARMM" else direction_of(chance),
        r=reading(r, 0.14, "final" if r else absent),
        p_above_1=chance,
        sparkline=tuple(
            None if r is None else 1 + (r - 1) * day / 56 + 0.08 * math.sin(day / 9)
            for day in range(56)
        ),
        growth=reading(growth, 0.02, "final" if r else absent),
        doubling_days=math.log(2) / growth if growth and clear else None,
        adar_per_100k=reading(None if r is None else 4 * r, 0.6, "final" if r else absent),
        two_week_growth=reading(
            None if r is None else (r - 1) * 1.6, 0.12, "final" if r else absent
        ),
        compliance_initial=reading(0.66 + min(millions, 20) / 100, 0.07),
        inspections=210,
        data_age_days=17 if label == "BARMM" else 2,
        change="uncertain" if label in {"VII", "CAR"} else "",
    )


def rows() -> tuple[AreaRow, ...]:
    made = [area_row(*region) for region in REGIONS]
    order = ("growing", "rising", "uncertain", "shrinking", "too_few", "missing")
    return tuple(sorted(made, key=lambda row: (order.index(row.direction), -(row.r.value or 0))))


def rising_row() -> AreaRow:
    """A small outbreak: too few cases for R, growth above 0 with its whole range."""
    few = area_row("1700000000", "MIMAROPA", "IV-B", 3.2, None, None)
    return replace(
        few, direction="rising", growth=reading(0.12), doubling_days=5.8, change="too_few"
    )


def nation() -> AreaRow:
    return area_row("0000000000", "Philippines", "", 112.7, 1.04, 0.88)


def board_view(**changes: object) -> BoardView:
    made = BoardView(frame(), rows(), nation(), date(2026, 11, 9), 4120)
    return replace(made, **changes)  # type: ignore[arg-type]  # test shorthand


def areas_view(**changes: object) -> AreasView:
    """Every region with two provinces, one of which has no figures."""
    regions = rows()
    inside = {row.code: (f"{row.code[:2]}01000000", f"{row.code[:2]}02000000") for row in regions}
    provinces = [
        replace(row, code=code, name=f"{name} of {row.name}", label="")
        for row in regions
        for code, name in zip(inside[row.code], ("Peñablanca", "Penarrubia"), strict=True)
    ]
    region_of = {row.code: row.code for row in regions}
    region_of |= {code: region for region, codes in inside.items() for code in codes}
    days = tuple(date(2026, 10, 17) + timedelta(days=7 * week) for week in range(4))
    weeks = WeeksOfAreas(
        days,
        {
            "p_r_above_1": {row.code: (0.99, Banded(0.2), 0.5, None) for row in regions},
            "adar_per_100k": {row.code: (0.1, 2.0, 30.0, None) for row in regions},
        },
        {
            indicator: {row.code: ("final", "suppressed", "final", "hidden") for row in regions}
            for indicator in ("p_r_above_1", "adar_per_100k")
        },
    )
    made = AreasView(
        frame(),
        (*regions, *provinces),
        regions,
        nation(),
        region_of,
        {row.code: series() for row in regions},
        weeks,
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # test shorthand


def part(rows: tuple[Row, ...]) -> ListPage[Row]:
    """All of a list that the store pages, on one page."""
    return ListPage(rows, 1, 1, len(rows), len(rows))


def series(days: int = 70, *, centre: float = 1.0, scale: float = 1.0) -> SeriesView:
    dates = tuple(TODAY - timedelta(days=days - day) for day in range(days))
    value = tuple(
        centre + scale * (0.2 * math.sin(day / 14 - 1) + (0.1 if day > 45 else 0))
        for day in range(days)
    )
    width = [scale * (0.09 + 0.12 * max(0, day - days + 14) / 14) for day in range(days)]
    return SeriesView(
        dates,
        value,
        tuple(v - w for v, w in zip(value, width, strict=True)),
        tuple(v + w for v, w in zip(value, width, strict=True)),
        tuple(v - w / 3 for v, w in zip(value, width, strict=True)),
        tuple(v + w / 3 for v, w in zip(value, width, strict=True)),
        tuple("provisional" if day >= days - 10 else "final" for day in range(days)),
    )


def cases_view(days: int = 70) -> CasesView:
    dates = tuple(TODAY - timedelta(days=days - day) for day in range(days))
    counts = tuple(
        None if day == 12 else int(600 + 250 * math.sin(day / 14) + 80 * math.sin(day * 0.9))
        for day in range(days)
    )
    known = [count or 0 for count in counts]
    mean = tuple(None if day < 6 else sum(known[day - 6 : day + 1]) / 7 for day in range(days))
    return CasesView(dates, counts, mean, dates[-10], "onset")


def items() -> tuple[ItemRow, ...]:
    named = (
        ("V-07", "Dining or work room without measured air change", "DO 198-18 s.13", 0.61),
        ("C-02", "No OSH committee minutes in 3 months", "DO 198-18 s.14", 0.48),
        ("R-01", "No work accident report filed (WAIR)", "DO 198-18 s.15", 0.37),
    )
    return tuple(ItemRow(c, t, legal, reading(v, 0.08), 40) for c, t, legal, v in named)


def sector_row(code: str, title: str, met: float | None) -> SectorRow:
    after = None if met is None else met + (1 - met) * 0.6
    return SectorRow(
        code,
        title,
        40 if met else None,
        35 if met else None,
        reading(met, 0.07),
        reading(after, 0.05),
        items() if met else (),
    )


def sector_rows() -> tuple[SectorRow, ...]:
    made = [sector_row(*section) for section in SECTIONS]
    return tuple(
        sorted(
            made,
            key=lambda row: (
                row.compliance_initial.value is None,
                row.compliance_initial.value or 0,
            ),
        )
    )


def contacts_view(**changes: object) -> ContactsView:
    day = date(2026, 11, 7)
    made = ContactsView(
        traced=Reading(0.4, 0.33, 0.47, "final", date(2026, 10, 31), 0.9),
        bounds=(0.36, 0.46),
        final=Reading(0.38, 0.36, 0.4, "provisional", day, 0.9),
        clusters=Reading(10.0, None, None, "final", date(2026, 11, 15)),
        sections=(("Manufacturing", Reading(5.0, None, None, "final", date(2026, 11, 15))),),
        fatality=Reading(0.008, 0.004, 0.014, "final", day, 0.8),
        investigated_to=date(2026, 11, 15),
        cut_days=9,
        learned=True,
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # test shorthand


def area_view(**changes: object) -> AreaView:
    row = next(row for row in rows() if row.label == "VII")
    children = (
        area_row("0702200000", "Cebu", "", 3.3, 1.22, 0.985),
        area_row("0701200000", "Bohol", "", 1.4, 1.02, 0.55),
        area_row("0706100000", "Siquijor", "", 0.1, None, None),
    )
    made = AreaView(
        frame(),
        row,
        "region",
        (("0000000000", "Philippines"),),
        series(),
        series(centre=0.01, scale=0.2),
        cases_view(),
        children,
        sector_rows(),
        (
            ("bed_occupancy", Reading(0.64, None, None, "final", date(2026, 11, 15), 0.93)),
            ("icu_occupancy", Reading(0.71, None, None, "provisional", date(2026, 11, 15), 0.7)),
            ("icu_beds_free", Reading(-3.0, None, None, "final", date(2026, 11, 15), 0.93)),
            ("ventilator_occupancy", Reading(None, None, None, "too_few", None, None)),
        ),
        contacts=contacts_view(),
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # test shorthand


def sectors_view(**changes: object) -> SectorsView:
    regions = tuple((region[0], region[2]) for region in REGIONS)
    cells: dict[tuple[str, str], Reading] = {}
    for s, (section, _title, met) in enumerate(SECTIONS):
        for r, (code, _label) in enumerate(regions):
            if code == "1900000000":
                cells[section, code] = Reading(None, None, None, "stale", None)
            elif (s + r) % 11 == 10:
                cells[section, code] = Reading(None, None, None, "suppressed", None)
            else:
                cells[section, code] = reading(
                    None if met is None else met + 0.12 * math.sin(s * 3 + r), 0.08
                )
    made = SectorsView(
        frame(),
        "0000000000",
        "Philippines",
        sector_rows(),
        sector_row("", "All sectors", 0.72),
        regions,
        cells,
        date(2025, 11, 1),
        date(2026, 10, 26),
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # test shorthand


def signals_view(**changes: object) -> SignalsView:
    sundays = tuple(date(2025, 11, 2) + timedelta(weeks=week) for week in range(53))
    cases = tuple(None if n % 9 == 4 else 20 + 5 * (n % 4) for n in range(52))
    known = (None,) * 27 + (25.0,) * 26
    made = SignalsView(
        frame(),
        (
            SignalRow(
                "dengue", "Dengue", "0730600000", "Cebu", "province", sundays[-1], 60, 25.0, 45.0,
                0.001, sundays[-3], "epidemic", provisional=True,
            ),
            SignalRow(
                "measles", "Measles", "1903600000", "Lanao del Sur", "province", sundays[-2],
                None, None, None, 0.05, sundays[-2],
            ),
        ),
        (
            TestedRow("dengue", "Dengue", sundays[-1], 103, 0.2, "seasons", 1),
            TestedRow("measles", "Measles", sundays[-1], 101, 0.3, "last_weeks", 1),
        ),
        "dengue",
        "Dengue",
        "0730600000",
        "Cebu",
        WeeksView(
            sundays,
            (*cases, 60),
            (*("suppressed" if n is None else "final" for n in cases), "provisional"),
            known,
            tuple(None if n is None else 45.0 for n in known),
            (10.0,) * 53,
            (20.0,) * 53,
            (35.0,) * 53,
            (False,) * 50 + (True,) * 3,
            (1.0,) * 52 + (0.5,),
        ),
        (("0000000000", "Philippines", "country"), ("0700000000", "Central Visayas", "region"),
         ("0730600000", "Cebu", "province")),
    )  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type]  # test shorthand


def entry(
    entry_id: str = "GL-0112",
    title: str = "Ventilation of dining and kitchen rooms",
    *,
    overdue: bool = False,
) -> EntryView:
    return EntryView(
        entry_id,
        title,
        "guideline",
        "published",
        "DOLE BWC",
        date(2027, 2, 1),
        "6 to 12 air changes an hour, measured; what to do where windows cannot open.",
        "<h2>What to do</h2><ol><li>Open windows on two sides.</li>"
        "<li>Put a CO₂ meter at table height.</li></ol>",
        ("I", "C"),
        ("airborne",),
        "engineering",
        "moderate",
        "strong",
        "en",
        (("DOLE Department Order 224-21", "https://bwc.dole.gov.ph/"), ("WHO roadmap 2021", "")),
        overdue,
    )


def library_view(**changes: object) -> LibraryView:
    entries = (
        entry(),
        entry("GL-0120", "Cluster in a restaurant or hotel: first 48 hours", overdue=True),
        replace(
            entry("GP-0033", "Outdoor service in a side street, Dumaguete"),
            kind="good_practice",
            certainty="",
            strength="",
        ),
    )
    made = LibraryView(
        frame(),
        entries,
        (("guideline", 42), ("good_practice", 36), ("legal", 14)),
        (("I", "Accommodation and food service activities", 31), ("C", "Manufacturing", 28)),
        "",
        "",
        3,
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # test shorthand


def data_view(**changes: object) -> DataView:
    def source(name: str, title: str, late: int | None, state: str, read: int | None) -> SourceRow:
        return SourceRow(
            name,
            title,
            "DOH Epidemiology Bureau",
            "public",
            "weekly, Sat",
            date(2026, 11, 14),
            None if state == "never" else date(2026, 11, 14),
            late,
            state,
            read,
            None if read is None else read - 388,
            None if read is None else 388,
            0 if read is not None else None,
            "R, attack rate",
        )

    made = DataView(
        frame(),
        (
            source("dole_inspections", "DOLE inspections", 7, "late", 21337),
            source("doh_case_information", "DOH case information", 0, "in_date", 4121884),
            source("doh_hospital_daily", "DOH hospital daily", None, "never", None),
        ),
        part(
            (
                VintageRow(
                    "v12",
                    "doh_case_information",
                    NOW,
                    NOW,
                    4121884,
                    4121496,
                    388,
                    31,
                    5120,
                    "accepted",
                    "3fa9c1d2e4b5",
                ),
            )
        ),
        (
            FaultRow(
                "doh_case_information",
                "date_swapped",
                "FIELD",
                "day and month exchanged in onset",
                1204,
                "field blanked",
            ),
            FaultRow(
                "doh_case_information",
                "no_report_date",
                "ROW",
                "no usable report date",
                388,
                "row rejected",
            ),
        ),
        (
            RunRow(
                "r77", "refresh", NOW, NOW + timedelta(seconds=41), "done", "2026-11-16-a41c", ""
            ),
        ),
        held=held_rows(),
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # test shorthand


def held_rows() -> tuple[HeldRow, ...]:
    def row(indicator: str, said: float, *counts: int, **group: object) -> HeldRow:
        ages, sizes = group.get("ages"), group.get("sizes")
        compared, waiting, inside = counts
        shares = [inside / 1000, inside / 1000 - 0.02, inside / 1000 + 0.01, 0.011, 0.023]
        few = [None] * len(shares)
        shown = shares if compared else few
        return HeldRow(indicator, said, ages, sizes, compared, waiting, *shown)  # type: ignore[arg-type]  # test shorthand

    return (
        row("r_t", 0.5, 12611, 4852, 985),
        row("r_t", 0.95, 12611, 4852, 989),
        row("r_t", 0.95, 2575, 1538, 957, ages=(7, 14)),
        row("r_t", 0.95, 10036, 3314, 987, ages=(14, 28)),
        row("nowcast_cases", 0.95, 8200, 2100, 912),
        row("nowcast_cases", 0.5, 8200, 2100, 503),
        row("nowcast_cases", 0.95, 2100, 700, 966, ages=(0, 3)),
        row("nowcast_cases", 0.95, 332, 95, 905, sizes=(0.0, 1.0)),
        row("nowcast_cases", 0.95, 3939, 1345, 931, sizes=(10.0, 100.0)),
        row("nowcast_cases", 0.95, 348, 124, 940, sizes=(100.0, None)),
        row("forecast_cases", 0.95, 0, 1400, 0),
        row("forecast_cases", 0.95, 0, 700, 0, ages=(-14, -7)),
        row("forecast_cases", 0.95, 0, 700, 0, ages=(-7, 0)),
    )
