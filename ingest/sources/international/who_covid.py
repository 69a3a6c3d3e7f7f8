"""WHO COVID-19 global data: new and cumulative cases and deaths by country.

Daily until 2023, then weekly, with the same eight columns: `Date_reported` (first or last day of
the week), `Country_code` (two letters), `Country`, `WHO_region`, `New_cases`, `Cumulative_cases`,
`New_deaths`, `Cumulative_deaths`. A file is weekly when all its dates are whole weeks apart.
"""

from __future__ import annotations

from datetime import date

from ingest.batch import Batch
from ingest.reading.countries import country_of_alpha2, country_of_name
from ingest.reading.dates import ISO, DateColumn
from ingest.reading.facts import fact_rows
from ingest.reading.fields import whole_number
from ingest.reading.places import match_places
from ingest.reading.staging import Columns
from ingest.reading.table import Table
from ingest.source import Source
from ingest.sources.international.curves import MOST_PERSONS, counts, local_area, totals
from ingest.tripwires.limits import Limits
from kms.domain.intake import Parsed
from kms.domain.places import NOT_FOUND, UNKNOWN

DAY = "Date_reported"
NEW = {"report": "New_cases", "death": "New_deaths"}
CUMULATIVE = {"cases": "Cumulative_cases", "deaths": "Cumulative_deaths"}
NUMBERS = (*NEW.values(), *CUMULATIVE.values())
# No country: the file's line for ships, and islands WHO lists apart from the Netherlands' code.
KNOWN_OTHERS = frozenset({"OTHER", "XA", "XB", "XC", "INTERNATIONAL COMMERCIAL VESSEL"})
COLUMNS = Columns(
    place=("Country_code", "Country"),
    dates=(DateColumn(DAY, ISO, date(2019, 12, 1), required=True),),
    fields=tuple(whole_number(name, MOST_PERSONS) for name in NUMBERS),
)
_PLACELESS = f"SELECT place FROM gazetteer WHERE area = '{UNKNOWN}'"


def parse(batch: Batch) -> Parsed:
    """Read one issue into counts and totals by country and day or week."""
    with batch.engine() as engine:
        table = Table(engine, batch.source_id, batch.release_date, COLUMNS)
        table.read_parts(batch)
        table.judge()
        table.judge_fields()
        match_places(table, find_country)
        table.reject("required", "Country", f"place IN ({_PLACELESS})")
        table.settle(("area", DAY), NUMBERS)
        grain = _grain(table)
        return table.parsed(
            {
                "case_count": fact_rows(engine, "case_count", counts(DAY, grain, NEW)),
                "case_total": fact_rows(engine, "case_total", totals(DAY, CUMULATIVE)),
            }
        )


def find_country(texts: tuple[str, ...]) -> tuple[str, str | None]:
    """Return the area of a two-letter code, else of a name; others keep WHO's."""
    code, name = (*texts, "", "")[:2]
    found = country_of_alpha2(code) or country_of_name(name)
    if found:
        return found, None
    own = code or name
    if not own:
        return UNKNOWN, None
    return local_area("who", own), None if own.upper() in KNOWN_OTHERS else NOT_FOUND


def _grain(table: Table) -> str:
    """Tell daily from weekly files: the dates of weekly ones are whole weeks apart."""
    days, other_weekdays = table.engine.execute(
        f"SELECT count(DISTINCT {DAY}), count(*) FILTER ((day - first) % 7 <> 0) FROM "
        f"(SELECT {DAY}, {DAY} AS day, min({DAY}) OVER () AS first FROM accepted)"
    ).fetchall()[0]
    return "week" if days > 1 and not other_weekdays else "day"


SOURCE = Source(
    source_id="who_covid_daily",
    title="WHO COVID-19 by country",
    publisher="World Health Organization",
    licence="CC BY-NC-SA 3.0 IGO (unverified)",
    rhythm="daily until 2023, then weekly or monthly",
    limits=Limits(stale_days=62),  # a month's weeks, published a month later
    every_days=30,
    grace_days=15,
    used_for="kept for comparison with other countries",
    name_ends_with=(r"WHO-COVID-19-global(-daily)?-data([_-]\d{8})?\.csv(\.gz)?$",),
    parse=parse,
    rows_are_persons=False,
)
