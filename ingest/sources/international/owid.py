"""Our World in Data, COVID-19: one row for each country or aggregate and day.

`owid-covid-data.csv` since 2020, some sixty columns by 2024; the compact file since August 2024
says `country` and `code` instead of `location` and `iso_code`. Columns used came one by one
(tests and hospitals in 2020, vaccinations from December), so all but the first are optional.
"""

from __future__ import annotations

from datetime import date

from ingest.batch import Batch
from ingest.reading.countries import country_of_alpha3, country_of_name
from ingest.reading.dates import ISO, DateColumn
from ingest.reading.facts import fact_rows
from ingest.reading.fields import whole_number
from ingest.reading.places import match_places
from ingest.reading.staging import Columns
from ingest.reading.table import Table
from ingest.source import Source
from ingest.sources.international.curves import (
    DISEASE,
    MOST_PERSONS,
    counts,
    local_area,
    totals,
)
from ingest.tripwires.limits import SLOW
from kms.domain.intake import Parsed
from kms.domain.places import NOT_FOUND, UNKNOWN

NEW = {"report": "new_cases", "death": "new_deaths"}
CUMULATIVE = {"cases": "total_cases", "deaths": "total_deaths"}
DOSES = {
    "any": "people_vaccinated",
    "full": "people_fully_vaccinated",
    "booster": "total_boosters",
}
OCCUPIED = {"": "hosp_patients", "icu": "icu_patients"}
ADMITTED = {"hospital": "weekly_hosp_admissions", "icu": "weekly_icu_admissions"}
ALWAYS = ("new_cases", "total_cases", "new_deaths", "total_deaths")
LATER = ("new_tests", *DOSES.values(), *OCCUPIED.values(), *ADMITTED.values())
PREFIX = "OWID_"
COLUMNS = Columns(
    place=("iso_code", "location"),
    dates=(DateColumn("date", ISO, date(2019, 12, 1), required=True),),
    fields=tuple(whole_number(name, MOST_PERSONS) for name in (*ALWAYS, *LATER)),
    optional=LATER,
    also={"iso_code": ("code",), "location": ("country",)},
)
_PLACELESS = f"SELECT place FROM gazetteer WHERE area = '{UNKNOWN}'"


def parse(batch: Batch) -> Parsed:
    """Read one issue into counts, totals, tests, vaccinations, hospital patients, admissions."""
    with batch.engine() as engine:
        table = Table(engine, batch.source_id, batch.release_date, COLUMNS)
        table.read_parts(batch)
        table.judge()
        table.judge_fields()
        match_places(table, find_area)
        table.reject("required", "location", f"place IN ({_PLACELESS})")
        table.settle(("area", "date"), (*ALWAYS, *LATER))
        queries = {
            "case_count": counts("date", "day", NEW),
            "case_total": totals("date", CUMULATIVE),
            "testing": _select("new_tests", "'{disease}' AS disease", "samples_tested"),
            "vaccination": _union(DOSES, "'{disease}' AS disease, '{name}' AS dose", "persons"),
            "capacity": _union(
                OCCUPIED, "'hospital' AS facility_type, '{name}' AS bed_type", "occupied"
            ),
            "admission": _union(
                ADMITTED,
                "'{disease}' AS disease, '{name}' AS unit, 'week' AS grain",
                "persons",
            ),
        }
        return table.parsed({name: fact_rows(engine, name, q) for name, q in queries.items()})


def find_area(texts: tuple[str, ...]) -> tuple[str, str | None]:
    """Return the area of a three-letter code, an aggregate under OWID's own, else by name."""
    code, name = (*texts, "", "")[:2]
    if code.upper().startswith(PREFIX):
        own = code.upper().removeprefix(PREFIX)
        return country_of_alpha3(own) if own == "KOS" else local_area("owid", own), None
    found = country_of_alpha3(code) or country_of_name(name)
    if found:
        return found, None
    return (local_area("owid", code or name), NOT_FOUND) if code or name else (UNKNOWN, None)


def _select(column: str, keys: str, value: str, name: str = "") -> str:
    return (
        f"SELECT {keys.format(disease=DISEASE, name=name)}, area, CAST(date AS VARCHAR) AS "
        f"ref_date, {column} AS {value} FROM accepted WHERE {column} IS NOT NULL"
    )


def _union(columns: dict[str, str], keys: str, value: str) -> str:
    return " UNION ALL ".join(_select(c, keys, value, name) for name, c in columns.items())


SOURCE = Source(
    source_id="owid",
    title="Our World in Data, COVID-19",
    publisher="Our World in Data",
    licence="CC BY 4.0 (unverified); parts by other publishers under their own terms",
    rhythm="daily until August 2024",
    limits=SLOW,
    every_days=365,
    grace_days=90,
    used_for="kept for comparison with other countries",
    name_ends_with=(r"owid[-_]covid([-_](data|compact))?([-_]\d{8})?\.csv(\.gz)?$",),
    parse=parse,
    rows_are_persons=False,
)
