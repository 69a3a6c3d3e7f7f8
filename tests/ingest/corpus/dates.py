"""Dates: the wrong order, no day of the calendar, the wrong century, the wrong side of midnight."""

from __future__ import annotations

from tests.ingest.corpus.bad import (
    CASES,
    INSPECTIONS,
    Bad,
    case_rows,
    cases,
    cell,
    inspections,
    refused,
    same,
    written,
)

APRIL = "DOH COVID Data Drop_ 20200429 - 04 Case Information.csv"


def report(row: int, name: str, value: str, code: str) -> Bad:
    """A case with a wrong report date: it cannot count."""
    return cell(row, name, CASES, {"DateRepConf": value}, f"ROW {code} DateRepConf")


def onset(row: int, name: str, value: str, code: str) -> Bad:
    """A case with a wrong onset: it counts by its report."""
    return cell(row, name, CASES, {"DateOnset": value}, f"FIELD {code} DateOnset")


def opened(row: int, name: str, value: str, code: str) -> Bad:
    """An inspection with a wrong day."""
    return cell(row, name, INSPECTIONS, {"date_opened": value}, f"ROW {code} date_opened")


def rewritten(column: str, form: str) -> bytes:
    """Return a line list with all days of a column in another form."""
    rows = case_rows()
    for row in rows:
        if row[column]:
            year, month, day = row[column].split("-")
            row[column] = form.format(y=year, m=month, d=day)
    return written(rows)


def april(days: list[str]) -> bytes:
    """Return a line list of April 2020, whose dates have the month first."""
    names = ("CaseCode", "Age", "Sex", "DateRepConf", "DateDied", "DateRecover", "RegionRes",
             "ProvCityRes")  # fmt: skip
    return written(
        [
            dict(
                zip(names, (f"C{n}", "30", "MALE", day, "", "", "NCR", "Quezon City"), strict=True)
            )
            for n, day in enumerate(days)
        ]
    )


ORDER = (
    refused(34, "day before month throughout", CASES,
            lambda: rewritten("DateRepConf", "{d}/{m}/{y}"), "too_many_rejects"),
    refused(34, "ISO days with day and month exchanged", CASES,
            lambda: rewritten("DateOnset", "{y}-{d}-{m}"), "date_format"),
    refused(34, "a list of April 2020 with the day first", CASES,
            lambda: april([f"{day}/03/2020" for day in range(10, 30)]), "date_format", file=APRIL),
    refused(35, "both orders in one list", CASES,
            lambda: april(["04/01/2020"] * 50 + ["13/04/2020"] * 5), "date_format", file=APRIL),
    refused(35, "both orders in one column of inspections", INSPECTIONS,
            lambda: inspections({n: {"date_closed": "2025-25-11"} for n in (4, 5, 6)}),
            "date_format"),
    onset(35, "one day the other way round", "2021-25-01", "date_swapped"),
)  # fmt: skip
CALENDAR = (
    report(36, "the thirtieth of February", "2021-02-30", "date_unreadable"),
    report(36, "the thirteenth month, forty-fifth day", "2021-13-45", "date_unreadable"),
    onset(36, "an onset on the thirtieth of February", "2021-02-30", "date_unreadable"),
    opened(36, "an inspection on no day", "2025-11-31", "date_unreadable"),
    report(37, "a spreadsheet's number of a day", "44265", "date_unreadable"),
    onset(37, "a spreadsheet's number of a moment", "44265.5", "date_unreadable"),
    opened(37, "a spreadsheet's number of an inspection", "45963", "date_unreadable"),
    report(38, "a year of two digits", "21-02-20", "date_unreadable"),
    onset(38, "a year of two digits behind", "02-20-21", "date_unreadable"),
    Bad("a year of two digits in April 2020", 38, CASES,
        lambda: april(["04/01/2020"] * 199 + ["4/13/20"]), "left out", "date_out_of_range",
        "DateRepConf", (200,), file=APRIL),
    opened(38, "an inspection of a year of two digits", "25-11-04", "date_unreadable"),
    report(39, "the year 26", "0026-02-01", "date_out_of_range"),
    report(39, "the year 2262", "2262-04-12", "date_future"),
    onset(39, "the year 9999", "9999-12-31", "date_future"),
    opened(39, "an inspection in the year 1", "0001-01-01", "date_out_of_range"),
    report(40, "reported after the issue", "2021-03-17", "date_future"),
    onset(40, "an onset after the report", "2021-03-01", "after_daterepconf"),
    opened(40, "an inspection after the issue", "2026-01-27", "date_future"),
    cell(40, "corrected after the issue", INSPECTIONS, {"corrected_on": "2026-02-01"},
         "FIELD date_future corrected_on"),
    report(41, "before the first case of all", "2019-12-31", "date_out_of_range"),
    onset(41, "an onset before the first case of all", "2019-11-11", "date_out_of_range"),
    onset(41, "an onset more than a year before", "2020-01-20", "long_before"),
    opened(41, "an inspection before the records", "2009-12-31", "date_out_of_range"),
)  # fmt: skip
MOMENTS = (
    same(42, "an instant in UTC, the next day in Manila", CASES,
         lambda: cases({1: {"DateRepConf": "2021-01-24T23:30:00Z"}})),
    same(42, "an instant in UTC, the same day in Manila", CASES,
         lambda: cases({1: {"DateRepConf": "2021-01-25T15:59:59.999Z"}})),
    same(42, "an instant of Manila", INSPECTIONS,
         lambda: inspections({1: {"date_opened": "2025-10-01T00:10:00+08:00"}})),
    same(42, "an instant in UTC with figures for it", INSPECTIONS,
         lambda: inspections({1: {"date_opened": "2025-09-30T16:00:00+00:00"}})),
    report(42, "a time of nowhere", "2021-02-20T23:30:00", "date_unreadable"),
    report(42, "a time of nowhere behind a blank", "2021-02-20 23:30:00", "date_unreadable"),
    report(42, "a time of another country", "2021-02-20T23:30:00-05:00", "date_unreadable"),
    onset(42, "a time with something else behind it", "2021-01-20T23:30:00 at nightZ",
          "date_unreadable"),
)  # fmt: skip
AFTER = (
    cell(43, "died before falling ill", CASES,
         {"DateOnset": "2021-02-20", "DateDied": "2021-02-19", "DateSpecimen": ""},
         "FIELD date_before_other DateDied"),
    cell(43, "closed before it was opened", INSPECTIONS, {"date_closed": "2025-09-01"},
         "FIELD before_date_opened date_closed"),
    cell(43, "corrected before it was opened", INSPECTIONS, {"corrected_on": "2025-09-01"},
         "FIELD before_date_opened corrected_on"),
)  # fmt: skip
FILES_OF_DATES = (*ORDER, *CALENDAR, *MOMENTS, *AFTER)
