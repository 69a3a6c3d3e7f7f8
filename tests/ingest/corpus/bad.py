"""What a bad file is, and the good files that bad ones are made from."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from ingest.opening.parts import Format
from ingest.tripwires.limits import Limits

CASES, INSPECTIONS = "doh_case_information", "dole_inspections"
ROWS = 200
REFUSED, LEFT_OUT, MARKED, SAME, COUNTED = "refused", "left out", "marked", "same", "counted"
HELD = "held"
NAMES = {
    CASES: "DOH COVID Data Drop_ {day} - 04 Case Information.csv",
    INSPECTIONS: "dole_inspections_{day}.csv",
}
DAYS = {CASES: ("20210313", "20210315"), INSPECTIONS: ("20260112", "20260126")}
Row = dict[str, str]
Make = Callable[[], bytes]


@dataclass(frozen=True)
class Bad:
    """A file and what must become of it.

    The outcome is refused (FILE `code`), left out (ROW) or marked (FIELD) at `records` of
    `column`, the same content as the clean file, counted: no fault, other content, or held for
    what `code` names, parted by blanks.
    """

    name: str
    row_of_table: int
    source: str
    make: Make
    outcome: str
    code: str = ""
    column: str = ""
    records: tuple[int, ...] = ()  # 1 is the first after the header
    line: int | None = None  # of the first record
    read: int = ROWS
    duplicate: int = 0
    file: str = ""  # its name; that of the source's files by default
    form: Format | None = None  # instead of the source's own
    limits: Limits | None = None  # likewise


def refused(row: int, name: str, source: str, make: Make, code: str, **more: object) -> Bad:
    """A file nothing of which is taken in."""
    return Bad(name, row, source, make, REFUSED, code, **more)  # type: ignore[arg-type]  # by name


def same(row: int, name: str, source: str, make: Make, **more: object) -> Bad:
    """A file that says what the clean one says."""
    return Bad(name, row, source, make, SAME, **more)  # type: ignore[arg-type]  # by name


def cell(
    row: int, name: str, source: str, changes: Mapping[str, str], fault: str, **more: object
) -> Bad:
    """One row with some cells changed; `fault` is `ROW code column` or `FIELD code column`."""
    grade, code, column = fault.split()
    outcome = {"ROW": LEFT_OUT, "FIELD": MARKED}[grade]
    make = lambda: FILES[source]({BAD_RECORD: dict(changes)})  # noqa: E731  # bound to its row
    return Bad(name, row, source, make, outcome, code, column, (BAD_RECORD,), **more)  # type: ignore[arg-type]  # by name


def counted(row: int, name: str, source: str, make: Make, **more: object) -> Bad:
    """A file with nothing wrong that says something else."""
    return Bad(name, row, source, make, COUNTED, **more)  # type: ignore[arg-type]  # by name


BAD_RECORD = 120
CASE_HEADER = (
    "CaseCode", "Age", "AgeGroup", "Sex", "DateSpecimen", "DateResultRelease", "DateRepConf",
    "DateDied", "DateRecover", "RemovalType", "Admitted", "RegionRes", "ProvRes", "CityMunRes",
    "CityMuniPSGC", "HealthStatus", "Quarantined", "DateOnset", "Pregnanttab", "ValidationStatus",
)  # fmt: skip
PLACES = (
    ("NCR", "NCR", "QUEZON CITY", "PH137404000"),
    ("NCR", "NCR", "CITY OF PARAÑAQUE", "PH137604000"),
    ("Region VII: Central Visayas", "CEBU", "CEBU CITY", "PH072217000"),
    ("Region IV-A: CALABARZON", "CAVITE", "CITY OF DASMARIÑAS", "PH042106000"),
    ("Region XI: Davao Region", "DAVAO DEL SUR", "DAVAO CITY", "PH112402000"),
)
NOTE = 'Removal Type is "Recovered",\nbut no Recovered Date is recorded'
NOTE_RECORD = 3  # the row whose note has two lines


def case_rows() -> list[Row]:
    """Return a good line list, as pandas would read it."""
    first = date(2021, 1, 25)
    rows = []
    for n in range(ROWS):
        reported = first + timedelta(days=n // 4)
        region, province, city, code = PLACES[n % len(PLACES)]
        row = dict.fromkeys(CASE_HEADER, "") | {
            "CaseCode": f"C{700001 + n}",
            "Age": f"{18 + n % 60}.0",
            "AgeGroup": "25 to 29",
            "Sex": ("MALE", "FEMALE")[n % 2],
            "DateSpecimen": (reported - timedelta(days=2)).isoformat(),
            "DateRepConf": reported.isoformat(),
            "DateDied": reported.isoformat() if n % 40 == 7 else "",
            "Admitted": "NO",
            "RegionRes": region,
            "ProvRes": province,
            "CityMunRes": city,
            "CityMuniPSGC": code,
            "HealthStatus": "MILD",
            "Quarantined": "NO",
            "DateOnset": (reported - timedelta(days=4)).isoformat(),
        }
        rows.append(row)
    rows[NOTE_RECORD - 1]["ValidationStatus"] = NOTE
    return rows


INSPECTION_PLACES = (
    ("Region VII: Central Visayas", "CEBU", "CEBU CITY", "0730600000"),
    ("NCR", "NCR", "CITY OF PARAÑAQUE", "1381000000"),
    ("Region XI: Davao Region", "DAVAO DEL SUR", "DAVAO CITY", "1130700000"),
)


def inspection_rows() -> list[Row]:
    """Return good inspections of one item each."""
    first = date(2025, 10, 1)
    rows = []
    for n in range(ROWS):
        opened = first + timedelta(days=n // 4)
        region, province, city, code = INSPECTION_PLACES[n % len(INSPECTION_PLACES)]
        rows.append(
            {
                "inspection_id": f"INS-{5001 + n}",
                "establishment_id": f"EST-{8001 + n}",
                "establishment_name": f"Invented Bakery {n}",
                "region": region,
                "province": province,
                "city_municipality": city,
                "psgc": code,
                "psic": ("10711", "47111", "01220")[n % 3],
                "workers_male": f"{12 + n % 7}",
                "workers_female": f"{19 + n % 5}",
                "risk_class": "medium",
                "mode": "LI",
                "trigger": "routine",
                "visit": "first",
                "date_opened": opened.isoformat(),
                "date_closed": (opened + timedelta(days=20)).isoformat(),
                "regional_office": "DOLE RO VII",
                "inspector": "INSP-07-01",
                "item_code": f"OSH-0{1 + n % 9}",
                "item_title": "An item of the checklist",
                "legal_item": "DO 198-18 s.29",
                "applicable": "YES",
                "compliant_initial": ("YES", "NO")[n % 2],
                "compliant_after": "YES",
                "corrected_on": (opened + timedelta(days=9)).isoformat() if n % 2 else "",
                "severity_weight": "0.4",
            }
        )
    return rows


Changes = Mapping[int, Mapping[str, str]]


def written(rows: Sequence[Row], header: Sequence[str] | None = None) -> bytes:
    """Return rows as UTF-8 CSV, under the names of their cells or other ones."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header or rows[0])
    writer.writerows(row.values() for row in rows)
    return text.getvalue().encode()


def changed(rows: list[Row], changes: Changes, more: Sequence[Row]) -> bytes:
    """Return the file of rows with cells of some records changed, and further rows."""
    for record, cells in changes.items():
        unknown = set(cells) - set(rows[record - 1])
        assert not unknown, f"no such columns: {unknown}"
        rows[record - 1] |= cells
    return written([*rows, *more])


def cases(changes: Changes | None = None, *more: Row) -> bytes:
    """Return a line list with some cells changed, and further rows."""
    return changed(case_rows(), changes or {}, more)


def inspections(changes: Changes | None = None, *more: Row) -> bytes:
    """Return a file of inspections with some cells changed, and further rows."""
    return changed(inspection_rows(), changes or {}, more)


FILES: dict[str, Callable[..., bytes]] = {CASES: cases, INSPECTIONS: inspections}
ROW_MAKERS: dict[str, Callable[[], list[Row]]] = {CASES: case_rows, INSPECTIONS: inspection_rows}


def earlier(source: str) -> bytes:
    """Return the issue before: the same without its newest rows."""
    return written(ROW_MAKERS[source]()[: ROWS - 12])


def without(source: str, *columns: str) -> bytes:
    """Return a good file without some columns."""
    rows = ROW_MAKERS[source]()
    return written([{k: v for k, v in row.items() if k not in columns} for row in rows])


def renamed(source: str, names: Mapping[str, str]) -> bytes:
    """Return a good file with other names in its header."""
    rows = ROW_MAKERS[source]()
    return written(rows, [names.get(name, name) for name in rows[0]])


def with_column(source: str, name: str, value: str) -> bytes:
    """Return a good file with one column more."""
    rows = ROW_MAKERS[source]()
    return written([row | {name: value} for row in rows])
