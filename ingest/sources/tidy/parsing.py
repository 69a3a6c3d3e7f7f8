"""Reading one issue of a mapped file into facts."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import date

import pyarrow as pa

from ingest.batch import Batch
from ingest.opening.header import named_columns, require_columns
from ingest.reading.fields import bad_text
from ingest.reading.linelist import LineList
from ingest.reading.places import Finder, find_place, itself, match_places, unit_on
from ingest.reading.table import Table
from ingest.sources.tidy.columns import columns_of, given_names, of_kind, safe_name, texts
from ingest.sources.tidy.mapping import (
    CONSTANT,
    PERSONS,
    PLACES,
    PSGC,
    Fact,
    TidyMapping,
    Use,
    kind_of,
    longest,
    words,
)
from kms.domain.intake import Parsed
from kms.errors import ContractError
from kms.store.facts import arrow_schema, fact_table

LONGEST_AREA = 40
_UNPLACED = ("place_unknown", "place_ambiguous")


def parse_mapped(mapping: TidyMapping, batch: Batch) -> Parsed:
    """Read one issue as a mapping says."""
    names = {safe_name(title): title for title in given_names(mapping)}
    for part in batch.parts:
        given = named_columns(batch.source_id, part, list(names.values()), {})
        require_columns(batch.source_id, part, given, list(names.values()))
    persons = mapping.rows == PERSONS
    with batch.engine() as engine:
        table = (LineList if persons else Table)(
            engine, batch.source_id, mapping.latest or batch.release_date, columns_of(mapping)
        )
        table.read_parts(batch)
        _one_issue(table, mapping)
        table.judge()
        table.judge_fields(essential=[field.name for field in table.columns.fields])
        for fact, name, use in mapping.uses():
            _judge_word(table, mapping, fact, (name, use))
        psgc = mapping.place.scheme == PSGC
        match_places(table, _finder(mapping), unit_on(batch.release_date) if psgc else itself)
        if isinstance(table, LineList):
            table.settle_persons()
        else:
            _settle(table, mapping)
        counted = " OR ".join(f"({_condition(mapping, fact)})" for fact in mapping.facts)
        table.flag("not_counted", "", f"NOT ({counted})")
        parsed = table.parsed(_facts(table, mapping))
    return replace(
        parsed,
        fault_counts={
            (grade, code, names.get(column, column)): rows
            for (grade, code, column), rows in parsed.fault_counts.items()
        },
        faults=tuple(
            fault._replace(field=names.get(fault.field, fault.field)) for fault in parsed.faults
        ),
    )


def _one_issue(table: Table, mapping: TidyMapping) -> None:
    """Refuse several issues in one: each would have to be read by itself."""
    if not mapping.issue_column:
        return
    column = safe_name(mapping.issue_column)
    ((days,),) = table.engine.execute(f"SELECT count(DISTINCT {column}) FROM stage").fetchall()
    if days > 1:
        raise ContractError(
            f"{table.source_id}: {table.parts[0]} holds {days} issues by its column "
            f"'{mapping.issue_column}'; take it in with `kms ingest`, which parts them",
            "bad_parts",
        )


def _judge_word(table: Table, mapping: TidyMapping, fact: Fact, part: tuple[str, Use]) -> None:
    """Leave out the rows whose text cannot be a part of a fact they should count in."""
    name, use = part
    if use.constant is not None or kind_of(fact.table, name) is not str:
        return
    column, word = safe_name(use.column), _word(name, use)
    counts = _condition(mapping, fact)
    if "" not in _spellings(name, use):
        table.reject("required", column, f"{column} IS NULL AND {counts}")
    if word == column:
        odd = bad_text(column, longest(fact.table, name))
        table.reject("bad_text", column, f"{odd} AND {counts}")
    else:
        unknown = f"{column} IS NOT NULL AND ({word}) IS NULL"
        table.reject("value_unknown", column, f"{unknown} AND {counts}")


def _spellings(name: str, use: Use) -> dict[str, str]:
    return dict(use.values) or {word: word for word in words(name) or ()}


def _word(name: str, use: Use) -> str:
    """Return a text of a key as SQL: our word for theirs, whatever its case."""
    column, spellings = safe_name(use.column), _spellings(name, use)
    if not spellings:
        return column
    whens = [
        f"WHEN upper({column}) = upper({_literal(theirs)}) THEN {_literal(ours)}"
        if theirs
        else f"WHEN {column} IS NULL THEN {_literal(ours)}"
        for theirs, ours in spellings.items()
    ]
    return f"CASE {' '.join(whens)} END"


def _condition(mapping: TidyMapping, fact: Fact) -> str:
    """Return which rows say something in a fact table, as SQL that is never NULL."""
    conditions = []
    for column, values in mapping.conditions(fact):
        listed = ", ".join(f"upper({_literal(value)})" for value in values)
        conditions.append(f"upper(coalesce({safe_name(column)}, '')) IN ({listed})")
    for name, use in fact.uses.items():
        if use.constant is None and kind_of(fact.table, name) is date:
            conditions.append(f"{safe_name(use.column)} IS NOT NULL")
    return " AND ".join(conditions) or "true"


def _finder(mapping: TidyMapping) -> Finder:
    place = mapping.place
    if place.scheme == CONSTANT:
        return lambda _texts: (place.code, None)
    if place.scheme == PSGC:
        order = [key for key in PLACES if key in place.columns]

        def find(given: tuple[str, ...]) -> tuple[str, str | None]:
            named = {
                key: place.values.get(text, text) for key, text in zip(order, given, strict=True)
            }
            return find_place(tuple(named.get(key, "") for key in PLACES))

        return find
    return lambda given: (_local_area(mapping.id, place.values.get(given[0], given[0])), None)


def _local_area(mapping_id: str, text: str) -> str:
    """Return the code of an area of the file's own; what is too long is cut and told apart."""
    if not text:
        return "nonplace:unknown"
    code = f"local:{mapping_id}:{text}"
    if len(code) <= LONGEST_AREA and text.isprintable():
        return code
    mark = hashlib.sha256(text.encode()).hexdigest()[:6]
    plain = "".join(letter for letter in code if letter.isprintable())
    return f"{plain[: LONGEST_AREA - len(mark) - 1]}~{mark}"


def _settle(table: Table, mapping: TidyMapping) -> None:
    """Make `accepted`: one row for each place, day and text the file tells apart.

    Places nobody knows are told apart by what the file calls them: they count together.
    """
    table.engine.execute(
        "ALTER TABLE stage ADD COLUMN apart VARCHAR; UPDATE stage SET apart = CASE WHEN flag IN "
        f"{_UNPLACED} OR area LIKE 'nonplace:%' THEN stage.place ELSE '' END "
        "FROM gazetteer WHERE stage.place = gazetteer.place"
    )
    keys = [safe_name(name) for name in (*of_kind(mapping, date), *texts(mapping))]
    values = [safe_name(name) for name in of_kind(mapping, int, float)]
    table.settle([*keys, "area", "apart"], values)


def _facts(table: Table, mapping: TidyMapping) -> dict[str, pa.Table]:
    """Add the rows up, by table and key."""
    found = {}
    for name in dict.fromkeys(fact.table for fact in mapping.facts):
        schema = arrow_schema(fact_table(name))
        rows = " UNION ALL ".join(_rows(mapping, f) for f in mapping.facts if f.table == name)
        numbers = next(f.numbers for f in mapping.facts if f.table == name)
        keys = [column for column in schema.names if column not in numbers]
        # What is unknown in part is unknown as a whole.
        sums = [
            f"CASE WHEN count({number}) = count(*) THEN "
            f"CAST(sum({number}) AS {_sql_type(name, number)}) END AS {number}"
            for number in numbers
        ]
        query = f"SELECT {', '.join([*keys, *sums])} FROM ({rows}) GROUP BY {', '.join(keys)}"
        found[name] = table.engine.sql(query).to_arrow_table().select(schema.names).cast(schema)
    return found


def _rows(mapping: TidyMapping, fact: Fact) -> str:
    """Return the selection of what each accepted row says in a fact table."""
    area = "unit" if fact.table == "reporting_triangle" else "area"
    columns = [f"{area} AS area"]
    columns += [f"{_part(fact, name)} AS {name}" for name in fact.parts]
    for name in fact.numbers:
        use = fact.uses.get(name)
        number = safe_name(use.column) if use else "NULL"
        columns.append(f"{1 if mapping.rows == PERSONS else number} AS {name}")
    return f"SELECT {', '.join(columns)} FROM accepted WHERE {_condition(mapping, fact)}"


def _part(fact: Fact, name: str) -> str:
    use = fact.uses[name]
    if use.constant is not None:
        return _literal(use.constant)
    if kind_of(fact.table, name) is date:
        return f"CAST({safe_name(use.column)} AS VARCHAR)"
    return _word(name, use)


def _sql_type(table: str, name: str) -> str:
    return "DOUBLE" if kind_of(table, name) is float else "BIGINT"


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
