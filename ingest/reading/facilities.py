"""Reports of facilities on their beds, one row a facility and day, made into sums by area.

A facility that is silent on a day stands with its last report for up to 14 days, as the
Department of Health does; it counts as carried, not as reporting. Sums are over facilities that
gave both the occupied and the vacant beds of a type, so a rate can be taken of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

import pyarrow as pa

from ingest.batch import Batch
from ingest.opening.header import named_columns, refuse_unlike
from ingest.reading.dates import DateColumn
from ingest.reading.fields import FieldCheck, plain_text, whole_number
from ingest.reading.formats import date_format_of
from ingest.reading.lists import list_rows, part_lists
from ingest.reading.places import find_place, match_places
from ingest.reading.staging import SEPARATOR, Columns
from ingest.reading.table import Table
from kms.domain.intake import Parsed, Span
from kms.domain.places import UNKNOWN
from kms.store.facts import arrow_schema, fact_table

CODE, DAY, CITY_CODE = "hfhudcode", "reportdate", "city_mun_psgc"
PLACE = ("region", "province", "city_mun")
STAMPS = ("updateddate", "addeddate")  # when a report was changed and first sent
CARRIED_DAYS = 14
MOST_BEDS = 5_000  # of one type in one facility; the country's largest have fewer than 2,000
LONGEST_NAME = 200
_MOMENTS = (
    "['%m/%d/%Y %H:%M', '%m/%d/%Y %H:%M:%S', '%Y-%m-%d %H:%M', '%Y-%m-%d %H:%M:%S', "
    "'%Y-%m-%dT%H:%M:%SZ']"
)


@dataclass(frozen=True)
class BedType:
    """A type of beds: the columns that are summed to the occupied and to the vacant ones."""

    name: str
    occupied: tuple[str, ...]
    vacant: tuple[str, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column of the type."""
        return (*self.occupied, *self.vacant)


@dataclass(frozen=True)
class Layout:
    """How a file reports: the column of the facility's name, the places and the bed types."""

    facility_type: str
    name: str
    beds: tuple[BedType, ...]
    earliest: date
    place: tuple[str, ...] = PLACE
    finer_place: tuple[str, ...] = ()  # tells facilities of one name apart, where it is given
    optional_beds: tuple[BedType, ...] = ()  # of files that have their columns
    also: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def beds(name: str, column: str, ending: str = "") -> BedType:
    """Return a type with one column of occupied and one of vacant beds."""
    return BedType(name, (f"{column}_o{ending}",), (f"{column}_v{ending}",))


def parse_reports(batch: Batch, layout: Layout) -> Parsed:
    """Read facility reports into `capacity`; a part may list where facilities are."""
    numbers = (name for kind in layout.beds for name in kind.columns)
    reports, lists = part_lists(batch, having=(CODE, "region"), lacking=(DAY, *numbers))
    layout, columns = _read_layout(reports, layout)
    with batch.engine() as engine:
        table = Table(engine, batch.source_id, batch.release_date, columns)
        table.read_parts(reports)
        table.judge()
        nameless = f"NOT {_HAS_CODE} AND coalesce({layout.name}, '') = ''"
        table.reject("required", layout.name, nameless)
        table.judge_fields()
        if CODE in columns.all_names:
            table.flag("not_a_code", CODE, f"key_text <> '' AND NOT {_HAS_CODE}")
        for kind in layout.beds:
            _flag_incomplete(table, kind)
        match_places(table)
        _settle(table, layout)
        _place_facilities(table, lists)
        _carry(table, layout)
        parsed = table.parsed({"capacity": _facts(table, layout)})
        return replace(parsed, spans=_spans(table))


def _read_layout(batch: Batch, layout: Layout) -> tuple[Layout, Columns]:
    """Return the layout with the bed types of the file, and its columns."""
    part = batch.parts[0]
    wanted = [DAY, CITY_CODE, *(c for kind in layout.optional_beds for c in kind.columns)]
    optional = (CODE, *STAMPS, *layout.finer_place)
    refuse_unlike(batch.source_id, batch.parts, (*wanted, *optional), layout.also)
    names = named_columns(batch.source_id, part, wanted, layout.also)
    there = tuple(kind for kind in layout.optional_beds if set(kind.columns) <= set(names))
    layout = replace(layout, beds=(*layout.beds, *there))
    coded = (CITY_CODE,) if layout.place and CITY_CODE in names else ()
    day_format = date_format_of(batch.source_id, part, DAY, layout.also)
    numbers = [whole_number(name, MOST_BEDS) for kind in layout.beds for name in kind.columns]
    return layout, Columns(
        key=CODE,
        place=(*layout.place, *coded),
        dates=(DateColumn(DAY, day_format, layout.earliest, required=True),),
        keep=layout.finer_place,
        fields=(plain_text(layout.name, LONGEST_NAME), *numbers, *map(_moment, STAMPS)),
        optional=optional,
        also=layout.also,
    )


def _moment(name: str) -> FieldCheck:
    value = f"try_strptime({{text}}, {_MOMENTS})"
    return FieldCheck(name, value, ((f"{value} IS NULL", "date_unreadable"),))


def _flag_incomplete(table: Table, kind: BedType) -> None:
    """Mark a blank number beside a given one: the type counts in neither sum then."""
    for name in kind.columns:
        given = " OR ".join(f"{other} IS NOT NULL" for other in kind.columns if other != name)
        table.flag(
            "beds_incomplete", name, f"{name} IS NULL AND {name}_fault IS NULL AND ({given})"
        )


def _settle(table: Table, layout: Layout) -> None:
    """Make `report`: one a facility and day, the newest of several.

    A report that says more than nothing comes before a blank one. Where times do not tell which
    of two different ones is newer, nobody knows which is right: none counts.
    """
    numbers = [name for kind in layout.beds for name in kind.columns]
    said = ", ".join(f"{name} := {name}" for name in numbers)
    table.engine.execute(
        f"CREATE TABLE reported AS SELECT stage.rowid AS row, {_facility(layout)} AS facility, "
        f"area, {DAY} AS day, coalesce({', '.join(STAMPS)}) AS stamp, "
        f"struct_pack({said}) AS said, coalesce({', '.join(numbers)}) IS NOT NULL AS filled "
        "FROM stage JOIN gazetteer USING (place) WHERE NOT rejected"
    )
    table.engine.execute(_CONFLICTING)
    rows = "SELECT row FROM reported JOIN conflicting USING (facility, day)"
    table.reject("key_conflict", layout.name, f"rowid IN ({rows})")
    table.engine.execute(_COPIES)
    other = "SELECT row FROM copies WHERE says_other"
    table.flag("report_superseded", layout.name, f"rowid IN ({other})")
    table.engine.execute(
        "CREATE VIEW report AS SELECT * FROM reported ANTI JOIN conflicting USING (facility, day) "
        "WHERE row NOT IN (SELECT row FROM copies)"
    )


def _facility(layout: Layout) -> str:
    """Return the SQL of what names a facility: its code, else its name and place."""
    finest = len(layout.place)
    place = f"array_to_string(string_split(place, chr({ord(SEPARATOR)}))[1:{finest}], ' | ')"
    words = ", ".join(("''", layout.name, *((place,) if finest else ()), *layout.finer_place))
    name = f"upper(strip_accents(concat_ws(' | ', {words})))"
    return (
        f"CASE WHEN {_HAS_CODE} THEN upper(key_text) "
        f"ELSE regexp_replace({name}, '[^A-Z0-9]+', ' ', 'g') END"
    )


def _place_facilities(table: Table, lists: Sequence[Path]) -> None:
    """Make `facility` (facility, area, first_day): where its newest report says it is.

    One whose reports do not say it is where a list says it is.
    """
    table.engine.register("listed_", _listed(table.source_id, lists))
    table.engine.execute(
        "CREATE TABLE facility AS WITH known AS (SELECT facility, min(day) AS first_day, "
        f"arg_max(area, day) FILTER (area <> '{UNKNOWN}') AS area FROM report GROUP BY facility) "
        f"SELECT facility, coalesce(known.area, listed_.area, '{UNKNOWN}') AS area, first_day "
        "FROM known LEFT JOIN listed_ USING (facility)"
    )
    table.engine.unregister("listed_")
    if lists:
        unplaced = f"SELECT facility FROM facility WHERE area = '{UNKNOWN}'"
        table.flag(
            "place_unknown",
            CODE,
            f"rowid IN (SELECT row FROM reported WHERE facility IN ({unplaced}))",
        )


def _listed(source_id: str, lists: Sequence[Path]) -> pa.Table:
    found = dict(_rows_of_lists(source_id, lists))
    return pa.table(
        {
            "facility": pa.array(found.keys(), pa.string()),
            "area": pa.array(found.values(), pa.string()),
        }
    )


def _rows_of_lists(source_id: str, lists: Sequence[Path]) -> Iterator[tuple[str, str]]:
    for part in lists:
        for code, *place in list_rows(source_id, part, (CODE, *PLACE), {}):
            yield code.upper(), find_place(tuple(place))[0]


def _carry(table: Table, layout: Layout) -> None:
    """Make `calendar`, `registered` (by area and day) and `daily`, the sums of standing reports.

    A file with one report a facility tells only of its newest day: on the days before, those
    that reported again later are missing.
    """
    table.engine.execute(
        "CREATE TABLE calendar AS SELECT CAST(unnest(generate_series("
        "if(most = 1, last, first), last, INTERVAL 1 DAY)) AS DATE) AS day FROM "
        "(SELECT min(day) AS first, max(day) AS last FROM report), "
        "(SELECT max(days) AS most FROM (SELECT count(*) AS days FROM report GROUP BY facility))"
    )
    table.engine.execute(
        "CREATE TABLE registered AS SELECT area, calendar.day, count(*) AS registered "
        "FROM facility JOIN calendar ON calendar.day >= first_day GROUP BY ALL"
    )
    sums, parts = [], []
    for kind in layout.beds:
        occupied = " + ".join(f"said.{name}" for name in kind.occupied)
        total = " + ".join(f"said.{name}" for name in kind.columns)
        given = f"{kind.name}_total IS NOT NULL"
        parts += [f"{occupied} AS {kind.name}_occupied", f"{total} AS {kind.name}_total"]
        sums += [
            f"sum({kind.name}_occupied) FILTER ({given}) AS {kind.name}_occupied",
            f"sum({kind.name}_total) AS {kind.name}_total",
            f"count(*) FILTER ({given} AND age = 0) AS {kind.name}_reporting",
            f"count(*) FILTER ({given} AND age > 0) AS {kind.name}_carried",
        ]
    table.engine.execute(
        f"CREATE TABLE daily AS WITH lasting AS ({_LASTING}), standing AS (SELECT area, "
        f"calendar.day, calendar.day - lasting.day AS age, {', '.join(parts)} FROM lasting "
        "JOIN facility USING (facility) JOIN calendar ON calendar.day BETWEEN lasting.day AND "
        f"until) SELECT area, day, {', '.join(sums)} FROM standing GROUP BY area, day"
    )


def _facts(table: Table, layout: Layout) -> pa.Table:
    """Return a row for each type, area and day since the file first tells of the type."""
    rows = " UNION ALL ".join(
        f"SELECT '{layout.facility_type}' AS facility_type, '{kind.name}' AS bed_type, area, "
        f"CAST(day AS VARCHAR) AS ref_date, CAST({kind.name}_occupied AS BIGINT) AS occupied, "
        f"CAST({kind.name}_total AS BIGINT) AS total, "
        f"coalesce({kind.name}_reporting, 0) AS facilities_reporting, "
        f"coalesce({kind.name}_carried, 0) AS facilities_carried, "
        "registered AS facilities_registered FROM registered LEFT JOIN daily USING (area, day) "
        f"WHERE day >= (SELECT min(day) FROM daily WHERE {kind.name}_total IS NOT NULL)"
        for kind in layout.beds
    )
    schema = arrow_schema(fact_table("capacity"))
    return table.engine.sql(rows).to_arrow_table().select(schema.names).cast(schema)


def _spans(table: Table) -> dict[str, Span]:
    """Tell the days of which the file speaks."""
    days = "SELECT CAST(min(day) AS VARCHAR), CAST(max(day) AS VARCHAR) FROM calendar"
    first, last = table.engine.execute(days).fetchall()[0]
    return {"capacity": Span("ref_date", first, last)} if first else {}


_HAS_CODE = "regexp_matches(key_text, '[0-9]')"
_CONFLICTING = (
    "CREATE TABLE conflicting AS SELECT facility, day FROM (SELECT *, "
    "max(stamp) OVER (PARTITION BY facility, day) AS newest FROM reported "
    "WHERE filled) GROUP BY facility, day HAVING count(DISTINCT said) > 1 "
    "AND (bool_or(stamp IS NULL) OR count(DISTINCT said) FILTER (stamp = newest) > 1)"
)
_COPIES = (
    "CREATE TABLE copies AS SELECT row, said IS DISTINCT FROM counted AS says_other FROM "
    "(SELECT row, said, row_number() OVER newest_first AS n, first_value(said) OVER newest_first "
    "AS counted FROM reported ANTI JOIN conflicting USING (facility, day) WINDOW newest_first AS "
    "(PARTITION BY facility, day ORDER BY filled DESC, stamp DESC NULLS LAST, row)) WHERE n > 1"
)
_LASTING = (
    "SELECT facility, day, said, least(day + "
    f"{CARRIED_DAYS}, lead(day) OVER (PARTITION BY facility ORDER BY day) - 1) AS until "
    "FROM report WHERE filled"
)
