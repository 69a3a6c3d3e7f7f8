"""OSHA enforcement data: inspections, violations, related activities, programmes, injuries.

Published by table (osha_inspection, osha_violation, …), large ones in numbered pieces; the files
of one issue are told apart by their headers. Dates are yyyymmdd. Rows that were loaded again at
another time stand there with each `load_dt`, under line numbers that changed from load to load.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

import duckdb
import pyarrow as pa

from ingest.batch import Batch
from ingest.opening.header import refuse_unlike
from ingest.opening.parts import Format
from ingest.reading.facts import fact_rows
from ingest.reading.places import match_places
from ingest.reading.table import Table
from ingest.source import Source
from ingest.sources.osha.layouts import MOST_EMPLOYEES, READ, by_kind
from ingest.tripwires.limits import SLOW
from kms.domain.intake import Fault, Parsed
from kms.domain.places import NOT_FOUND
from kms.errors import ContractError
from kms.reference import load_sectors

FACTS = ("inspection", "inspection_item", "inspection_link", "injury_report")
NAICS_SECTORS = (
    "11", "21", "22", "23", "31", "32", "33", "42", "44", "45", "48", "49", "51", "52", "53", "54",
    "55", "56", "61", "62", "71", "72", "81", "92",
)  # fmt: skip
TRIGGERS = {
    "A": "accident", "B": "complaint", "C": "referral", "D": "monitoring", "E": "variance",
    "F": "follow_up", "G": "unprogrammed_related", "H": "planned", "I": "programmed_related",
    "J": "unprogrammed_other", "K": "programmed_other", "L": "other", "M": "fatality",
}  # fmt: skip
SCOPES = {"A": "complete", "B": "partial", "C": "records", "D": "none"}
RELATIONS = {"C": "complaint", "I": "inspection", "R": "referral", "A": "accident"}
STATES = frozenset((
    "AK", "AL", "AR", "AS", "AZ", "CA", "CO", "CT", "DC", "DE", "FL", "FM", "GA", "GU", "HI",
    "IA", "ID", "IL", "IN", "KS", "KY", "LA", "MA", "MD", "ME", "MH", "MI", "MN", "MO", "MP",
    "MS", "MT", "NC", "ND", "NE", "NH", "NJ", "NM", "NV", "NY", "OH", "OK", "OR", "PA", "PR",
    "PW", "RI", "SC", "SD", "TN", "TX", "UT", "VA", "VI", "VT", "WA", "WI", "WV", "WY",
))  # fmt: skip


def parse(batch: Batch) -> Parsed:
    """Read the files of one issue, each kind by itself."""
    kinds = by_kind(batch)
    if not kinds:
        raise ContractError(
            f"{batch.source_id}: {batch.parts[0].name} holds only code tables or texts; give it "
            "together with the inspections, violations or injuries of the same day",
            "bad_parts",
        )
    return _combined([_read(kind, parts) for kind, parts in kinds.items()])


def _read(kind: str, batch: Batch) -> Parsed:
    refuse_unlike(batch.source_id, batch.parts, READ[kind].optional)
    with batch.engine() as engine:
        table = Table(engine, batch.source_id, batch.release_date, READ[kind])
        table.read_parts(batch)
        table.judge()
        table.judge_fields(essential=[f.name for f in READ[kind].fields if f.required])
        match_places(table, find_state)
        queries = _READERS[kind](table)
        return table.parsed({name: fact_rows(engine, name, queries[name]) for name in queries})


def find_state(texts: tuple[str, ...]) -> tuple[str, str | None]:
    """Return the area of a postal abbreviation, the country's where there is none."""
    state = texts[0].upper()
    if state in STATES:
        return f"us:{state}", None
    return "iso:USA", NOT_FOUND if state else None


def _inspections(table: Table) -> dict[str, str]:
    listed = ", ".join(f"'{sector}'" for sector in NAICS_SECTORS)
    known = f"(length(naics_code) = 6 AND left(naics_code, 2) IN ({listed}))"
    table.flag("sector_unknown", "naics_code", f"NOT {known} AND trim(naics_code, '0') <> ''")
    values = [f.name for f in READ["inspection"].fields if f.name != "activity_nr"]
    table.settle(("activity_nr",), ("place", "open_date", "close_case_date", *values))
    sizes = " ".join(
        f"WHEN nr_in_estab BETWEEN {size.employees_min} AND {size.employees_max or MOST_EMPLOYEES} "
        f"THEN '{size.code}'"
        for size in load_sectors().size_classes.values()
    )
    return {
        "inspection": "SELECT activity_nr AS inspection_id, host_est_key AS establishment_id, "
        f"area, CASE WHEN {known} THEN 'naics:' || left(naics_code, 2) END AS sector, "
        f"CASE {sizes} END AS size_class, {_worded('insp_scope', SCOPES)} AS mode, "
        f"{_worded('insp_type', TRIGGERS)} AS trigger, "
        "CASE WHEN insp_type = 'F' THEN 'follow_up' END AS visit, "
        "CAST(open_date AS VARCHAR) AS opened_on, CAST(close_case_date AS VARCHAR) AS closed_on, "
        "reporting_id AS regional_office FROM accepted"
    }


def _violations(table: Table) -> dict[str, str]:
    """A citation is an item that was not met; one OSHA deleted no longer applies."""
    table.settle(("activity_nr", "citation_id"), ("abate_complete", "delete_flag"))
    return {
        "inspection_item": "SELECT activity_nr AS inspection_id, citation_id AS item_code, "
        "delete_flag IS NULL AS applicable, "
        "CASE WHEN delete_flag IS NULL THEN false END AS compliant_initial, "
        "CASE WHEN delete_flag IS NULL THEN abate_complete IN ('X', 'Q', 'I') END "
        "AS compliant_after FROM accepted"
    }


def _related(table: Table) -> dict[str, str]:
    table.settle(("activity_nr", "rel_type", "rel_act_nr"), ())
    return _links(f"{_worded('rel_type', RELATIONS)}", "rel_act_nr")


def _programmes(table: Table) -> dict[str, str]:
    table.settle(("activity_nr", "prog_type", "prog_value"), ())
    return _links("'program_' || prog_type", "prog_value")


def _links(relation: str, related: str) -> dict[str, str]:
    return {
        "inspection_link": f"SELECT activity_nr AS inspection_id, {relation} AS relation, "
        f"{related} AS related_id FROM accepted"
    }


def _injuries(table: Table) -> dict[str, str]:
    """Count persons by report, from the newest load of each accident.

    The line number tells persons of one load apart. In another load of the same inspection it
    may be another person's; in another inspection of the same accident it is the same person's.
    """
    engine = table.engine
    engine.execute(
        "CREATE TABLE newest AS SELECT row, row_number() OVER (PARTITION BY summary_nr, "
        "injury_line_nr ORDER BY row) AS n, count(DISTINCT struct_pack(s := sex, "
        "d := degree_of_inj)) OVER (PARTITION BY summary_nr, injury_line_nr) AS stories "
        "FROM (SELECT rowid AS row, *, left(load_dt, 10) = max(left(load_dt, 10)) "
        "OVER (PARTITION BY summary_nr, rel_insp_nr) AS current FROM stage WHERE NOT rejected) "
        "WHERE current"
    )
    conflicting = "rowid IN (SELECT row FROM newest WHERE stories > 1)"
    table.reject("key_conflict", "injury_line_nr", conflicting)
    engine.execute(
        "CREATE TABLE copies AS SELECT rowid AS row FROM stage WHERE NOT rejected "
        "AND rowid NOT IN (SELECT row FROM newest WHERE n = 1)"
    )
    engine.execute(
        "CREATE VIEW persons AS SELECT * FROM stage WHERE NOT rejected "
        "AND rowid NOT IN (SELECT row FROM copies)"
    )
    # A report of which a person is left out, or is of unknown sex or degree, has no such count.
    whole = "summary_nr NOT IN (SELECT summary_nr FROM stage WHERE rejected AND summary_nr <> '')"
    by_sex, by_degree = (
        f"count({name}) = count(*) AND {whole}" for name in ("sex", "degree_of_inj")
    )
    return {
        "injury_report": "SELECT summary_nr AS report_id, "
        f"CASE WHEN {by_sex} THEN count(*) FILTER (sex = 'M') END AS persons_male, "
        f"CASE WHEN {by_sex} THEN count(*) FILTER (sex = 'F') END AS persons_female, "
        f"CASE WHEN {by_degree} THEN count(*) FILTER (degree_of_inj = '1') END AS fatal "
        "FROM persons GROUP BY summary_nr",
        "inspection_link": "SELECT DISTINCT rel_insp_nr AS inspection_id, "
        "'injury_report' AS relation, summary_nr AS related_id FROM stage WHERE NOT rejected",
    }


def _accidents(table: Table) -> dict[str, str]:
    table.settle(("summary_nr",), ("event_date",))
    return {
        "injury_report": "SELECT summary_nr AS report_id, "
        "CAST(event_date AS VARCHAR) AS occurred_on FROM accepted"
    }


_READERS: dict[str, Callable[[Table], dict[str, str]]] = {
    "inspection": _inspections,
    "violation": _violations,
    "related_activity": _related,
    "strategic_codes": _programmes,
    "accident_injury": _injuries,
    "accident": _accidents,
}


def _worded(column: str, words: dict[str, str]) -> str:
    return f"CASE {column} " + " ".join(f"WHEN '{c}' THEN '{w}'" for c, w in words.items()) + " END"


def _combined(read: Sequence[Parsed]) -> Parsed:
    """Return one account of files of several kinds, and their facts table by table."""
    counts: Counter[tuple[str, str, str]] = Counter()
    faults: list[Fault] = []
    for parsed in read:
        counts.update(parsed.fault_counts)
        faults += parsed.faults
    return Parsed(
        rows_read=sum(parsed.rows_read for parsed in read),
        rows_duplicate=sum(parsed.rows_duplicate for parsed in read),
        rows_rejected=sum(parsed.rows_rejected for parsed in read),
        fault_counts=dict(counts),
        facts={name: _joined(name, read) for name in FACTS},
        faults=tuple(faults),
    )


def _joined(name: str, read: Iterable[Parsed]) -> pa.Table:
    """Put together what several kinds of files say: accidents say when, injuries to whom."""
    found = [parsed.facts[name] for parsed in read if name in parsed.facts]
    with duckdb.connect() as engine:
        if not found:
            key = "inspection_id" if name != "injury_report" else "report_id"
            empty = ", ".join(f"'' AS {column}" for column in _KEYS.get(name, (key,)))
            return fact_rows(engine, name, f"SELECT * FROM (SELECT {empty}) WHERE false")
        both = pa.concat_tables(found)
        if name != "injury_report":
            return both
        engine.register("reports", both)
        return fact_rows(
            engine,
            name,
            "SELECT report_id, any_value(occurred_on) AS occurred_on, any_value(persons_male) AS "
            "persons_male, any_value(persons_female) AS persons_female, any_value(fatal) AS fatal "
            "FROM reports GROUP BY report_id",
        )


_KEYS = {
    "inspection_item": ("inspection_id", "item_code"),
    "inspection_link": ("inspection_id", "relation", "related_id"),
}

SOURCE = Source(
    source_id="osha_enforcement",
    title="OSHA inspections and accidents",
    publisher="Occupational Safety and Health Administration, United States",
    licence="Public domain (work of the United States government)",
    rhythm="daily, taken in when needed",
    limits=SLOW,
    every_days=365,
    grace_days=90,
    used_for="kept for comparison and for trials of the inspection figures",
    name_ends_with=(
        r"osha_(inspection|violation|accident|related|strategic|optional)\w*\.csv(\.gz)?$",
    ),
    parse=parse,
    rows_are_persons=True,
    form=Format(encodings=("cp1252",), personal=("age", "abstract_text")),
)
