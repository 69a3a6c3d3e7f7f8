"""Issues beside the one before: held until a steward looks."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date

from ingest.tripwires.limits import Limits
from tests.ingest.corpus.bad import (
    CASES,
    HELD,
    INSPECTIONS,
    ROWS,
    Bad,
    Row,
    case_rows,
    counted,
    earlier,
    inspection_rows,
    written,
)

SOME_A_DAY = Limits(fewest_a_day=3)  # the invented list has four cases a day
DAVAO, CEBU = "Region XI: Davao Region", "Region VII: Central Visayas"


def told(change: Callable[[int, Row], Row]) -> bytes:
    """Return the good line list with every row changed."""
    return written([change(number, row) for number, row in enumerate(case_rows())])


def only(keep: Callable[[Row], bool], more: Iterable[Row] = ()) -> bytes:
    """Return some rows of the good line list, and further ones."""
    return written([*(row for row in case_rows() if keep(row)), *more])


def other_sex(number: int, row: Row) -> Row:
    return row | {"Sex": {"MALE": "FEMALE", "FEMALE": "MALE"}[row["Sex"]]}


def older(number: int, row: Row) -> Row:
    return row | {"Age": f"{float(row['Age']) + 7}"}


def one_older(number: int, row: Row) -> Row:
    return row | {"Age": f"{float(row['Age']) + 1}"}


def next_code(number: int, row: Row) -> Row:
    return row | {"CaseCode": f"C{700002 + number}"}


def moved(number: int, row: Row) -> Row:
    """Davao is in Cebu now."""
    if row["RegionRes"] != DAVAO:
        return row
    return row | {"RegionRes": CEBU, "ProvRes": "CEBU", "CityMunRes": "CEBU CITY",
                  "CityMuniPSGC": ""}  # fmt: skip


def surge() -> list[Row]:
    """Return a day with very many cases."""
    return [case_rows()[-1] | {"CaseCode": f"C9{n:05}", "DateRepConf": "2021-03-14"}
            for n in range(150)]  # fmt: skip


def held(row: int, name: str, make: Callable[[], bytes], code: str, **more: object) -> Bad:
    """A line list that waits for a steward."""
    return Bad(name, row, CASES, make, HELD, code, **more)  # type: ignore[arg-type]  # by name


FILES_OF_ISSUES = (
    held(46, "every person of the other sex", lambda: told(other_sex), "sex_changed"),
    held(46, "every person seven years older", lambda: told(older), "age_changed"),
    held(46, "every code given to the next person", lambda: told(next_code),
         "age_changed sex_changed"),
    counted(46, "every person a year older", CASES, lambda: told(one_older)),
    held(47, "ten days of cases gone", lambda: only(lambda row: row["DateRepConf"] > "2021-02-03"),
         "total_shrank", read=ROWS - 40),
    held(48, "more than half of the rows gone",
         lambda: only(lambda row: row["DateRepConf"] > "2021-02-25"), "total_shrank",
         read=ROWS - 128),
    held(48, "a day with many times the usual cases", lambda: only(lambda row: True, surge()),
         "spike", read=ROWS + 150),
    Bad("more than half of the inspections gone", 48, INSPECTIONS,
        lambda: written(inspection_rows()[:80]), HELD, "total_shrank", read=80),
    held(49, "the issue before under a new date", lambda: earlier(CASES), "frozen_copy",
         read=ROWS - 12),
    Bad("the inspections before under a new date", 49, INSPECTIONS, lambda: earlier(INSPECTIONS),
        HELD, "frozen_copy", read=ROWS - 12),
    held(50, "an issue whose newest day lies long before it", lambda: only(lambda row: True),
         "stale_file", file="DOH COVID Data Drop_ 20210501 - 04 Case Information.csv"),
    held(51, "a day gone among the newest",
         lambda: only(lambda row: row["DateRepConf"] != str(date(2021, 3, 5))), "gap",
         limits=SOME_A_DAY, read=ROWS - 4),
    held(51, "a region gone", lambda: only(lambda row: row["RegionRes"] != DAVAO),
         "area_vanished total_shrank", read=ROWS - 40),
    held(51, "a region counted in another", lambda: told(moved), "area_vanished"),
)  # fmt: skip
