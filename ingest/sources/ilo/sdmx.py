"""Statistics of ILOSTAT and Eurostat as SDMX-CSV: one row for each observation.

Three shapes: SDMX-CSV 1.0 (`DATAFLOW`, dimensions, `TIME_PERIOD`, `OBS_VALUE`, attributes; Eurostat
adds `LAST UPDATE`), 2.0 (`STRUCTURE`, `STRUCTURE_ID`), and 2.0 with names (`STRUCTURE_NAME`), where
after the first three every column is followed by one with its label, sometimes of the same name.
Data sets differ in their dimensions, so each file is first written in one layout, row by row.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from os import SEEK_END
from pathlib import Path

from ingest.batch import Batch
from ingest.opening.header import MOST_COLUMNS
from ingest.reading.countries import country_of_alpha2, country_of_alpha3
from ingest.reading.facts import fact_rows
from ingest.reading.fields import FieldCheck, plain_text
from ingest.reading.places import match_places
from ingest.reading.staging import Columns
from ingest.reading.table import Table
from ingest.source import Source
from ingest.tripwires.limits import SLOW
from kms.domain.intake import Parsed
from kms.domain.places import NOT_FOUND
from kms.errors import ContractError
from kms.reference import load_sectors

# Columns by what they say, in lower case; every other column before the observation is a
# dimension of the breakdown.
ROLES = {
    "dataset": ("dataflow", "structure_id"),
    "area": ("ref_area", "geo"),
    "sector": ("eco", "nace_r2"),
    "sex": ("sex",),
    "unit": ("unit", "unit_measure"),
    "period": ("time_period",),
    "multiplier": ("unit_mult",),
    "value": ("obs_value",),
    "obs_status": ("obs_status", "obs_flag"),
    "flag": ("conf_status",),
}
NEEDED = ("dataset", "area", "period", "value")
LEFT = ("structure", "structure_name", "action", "last update", "series_key")
SEXES = {"T": "", "SEX_T": "", "F": "female", "SEX_F": "female", "M": "male",
         "SEX_M": "male", "UNK": "unknown", "SEX_O": "other"}  # fmt: skip
LABELLED, FIRST_PAIR = "structure_name", 3
LAYOUT = (
    "DATAFLOW", "REF_AREA", "ECO", "SEX", "BREAKDOWN", "UNIT_MEASURE", "TIME_PERIOD", "UNIT_MULT",
    "OBS_VALUE", "OBS_STATUS",
)  # fmt: skip
_PERIOD = r"\d{4}(-?[SQMW]\d{1,2}|-\d{2}(-\d{2})?)?"
_POWER = "try_cast({text} AS DOUBLE)"
LEAST_POWER, MOST_POWER = -6, 15  # of ten, from millionths to the most of the code list
# As if the power stood behind the number: 0.1 times ten is then 1, and nothing beside it.
_VALUE = (
    "CASE WHEN coalesce(UNIT_MULT, 0) = 0 THEN try_cast({text} AS DOUBLE) ELSE "
    "coalesce(try_cast(concat({text}, 'e', UNIT_MULT) AS DOUBLE), "
    "try_cast({text} AS DOUBLE) * pow(10, UNIT_MULT)) END"
)

COLUMNS = Columns(
    place=("REF_AREA",),
    fields=(
        plain_text("DATAFLOW", 60, required=True),
        plain_text("ECO", 20),
        plain_text("SEX", 10),
        plain_text("BREAKDOWN", 200),
        plain_text("UNIT_MEASURE", 60),
        FieldCheck(
            "TIME_PERIOD",
            "{text}",
            ((f"NOT regexp_full_match({{text}}, '{_PERIOD}')", "date_unreadable"),),
            required=True,
        ),
        FieldCheck(
            "UNIT_MULT",
            f"try_cast({_POWER} AS INTEGER)",
            (
                (f"NOT coalesce(isfinite({_POWER}), false)", "number_unreadable"),
                (f"{_POWER} <> trunc({_POWER})", "number_not_whole"),
                (f"{_POWER} NOT BETWEEN {LEAST_POWER} AND {MOST_POWER}", "number_out_of_range"),
            ),
        ),
        FieldCheck(
            "OBS_VALUE",
            _VALUE,
            (
                (
                    f"NOT coalesce(isfinite({_VALUE}), false) OR contains({{text}}, '_')",
                    "number_unreadable",
                ),
            ),
        ),
        plain_text("OBS_STATUS", 20),
    ),
)
KEYS = ("DATAFLOW", "area", "ECO", "SEX", "BREAKDOWN", "UNIT_MEASURE", "TIME_PERIOD")


def parse(batch: Batch) -> Parsed:
    """Read the data sets of one issue into statistics."""
    rewritten = [_in_one_layout(batch, number, part) for number, part in enumerate(batch.parts)]
    try:
        return _parse(replace(batch, parts=tuple(rewritten)))
    finally:
        for copy in rewritten:
            copy.unlink()
            copy.parent.rmdir()


def _parse(batch: Batch) -> Parsed:
    with batch.engine() as engine:
        table = Table(engine, batch.source_id, batch.release_date, COLUMNS)
        table.read_parts(batch)
        table.judge()
        # A key that cannot be stored must not stand for "all", nor a value for a thousandth of it.
        names = [field.name for field in COLUMNS.fields]
        table.judge_fields(essential=[n for n in names if n not in ("OBS_VALUE", "OBS_STATUS")])
        match_places(table, find_country)
        table.reject("required", "REF_AREA", "place = ''")
        table.settle(KEYS, ("OBS_VALUE", "OBS_STATUS"))
        keys = ", ".join(
            f"coalesce({column}, '') AS {name}"
            for column, name in (
                ("DATAFLOW", "dataset"), ("area", "area"), ("ECO", "sector"), ("SEX", "sex"),
                ("BREAKDOWN", "breakdown"), ("UNIT_MEASURE", "unit"), ("TIME_PERIOD", "period"),
            )
        )  # fmt: skip
        query = f"SELECT {keys}, OBS_VALUE AS value, OBS_STATUS AS obs_status FROM accepted"
        return table.parsed({"statistic": fact_rows(engine, "statistic", query)})


def find_country(texts: tuple[str, ...]) -> tuple[str, str | None]:
    """Return the area of a code: a country's, or an aggregate's under its publisher's code."""
    code = texts[0]
    found = country_of_alpha2(code) if len(code) == 2 else country_of_alpha3(code)
    if found:
        return found, None
    if re.fullmatch(r"(EU|EA|EEA|EFTA)\d*(_\d{4})?(_\w+)?", code):
        return f"eurostat:{code}"[:40], None
    if re.fullmatch(r"X\d{2}", code):  # ILOSTAT's groups of countries
        return f"ilo:{code}", None
    return "nonplace:unknown" if not code else f"sdmx:{code}"[:40], NOT_FOUND


def sector_of(code: str) -> str:
    """Return the letter of one section, '' for all, else the code under its classification."""
    own = re.sub(r"^ECO_(ISIC4_)?", "", code.upper())
    if own in ("", "TOTAL") or own.endswith("_TOTAL"):
        return ""
    if len(own) == 1 and own in load_sectors().sectors:
        return own
    return f"isic:{own}" if code.upper().startswith("ECO_") else f"nace:{own}"


@dataclass(frozen=True)
class _Layout:
    """Where a file has its parts: the columns with codes, by role, and the dimensions left."""

    codes: tuple[int, ...]
    roles: dict[str, int]
    dimensions: tuple[tuple[str, int], ...]

    def written(self, row: Sequence[str]) -> list[str]:
        """Return one row in our layout."""
        cell = {role: row[place].strip() for role, place in self.roles.items()}
        breakdown = "|".join(f"{n}={row[place].strip()}" for n, place in self.dimensions)
        marks = [cell.get(name, "") for name in ("obs_status", "flag")]
        return [
            cell["dataset"],
            cell["area"],
            sector_of(cell.get("sector", "")),
            SEXES.get(cell.get("sex", "").upper(), cell.get("sex", "").lower()),
            breakdown,
            cell.get("unit", ""),
            cell["period"],
            cell.get("multiplier", ""),
            "" if cell["value"] in (":", "NaN") else cell["value"],
            ",".join(mark for mark in marks if mark),
        ]


def _layout(source_id: str, part: Path, header: Sequence[str]) -> _Layout:
    names = [name.strip().lower() for name in header]
    if len(names) > MOST_COLUMNS:
        raise ContractError(
            f"{source_id}: {part.name} has {len(names)} columns, more than {MOST_COLUMNS}",
            "too_many_columns",
        )
    step = 2 if LABELLED in names[:FIRST_PAIR] else 1
    codes = (*range(FIRST_PAIR), *range(FIRST_PAIR, len(names), step))
    codes = tuple(place for place in codes if place < len(names))
    places: dict[str, int] = {}
    for place in codes:
        if not names[place] or names[place] in places:
            raise ContractError(
                f"{source_id}: column '{names[place]}' stands twice in the header of {part.name}, "
                "or has no name; the publisher must say which is meant",
                "dup_column",
            )
        places[names[place]] = place
    roles = {
        role: next((places[name] for name in known if name in places), -1)
        for role, known in ROLES.items()
    }
    missing = [role for role in NEEDED if roles[role] < 0]
    if missing:
        raise ContractError(
            f"{source_id}: column '{ROLES[missing[0]][0].upper()}' is missing in {part.name} "
            f"({len(names)} columns are there); is it SDMX-CSV? Fetch it again in that format",
            "wrong_source" if len(missing) > len(NEEDED) / 2 else "missing_column",
        )
    roles = {role: place for role, place in roles.items() if place >= 0}
    # Attributes stand behind the observation; they say how, not what, was counted.
    dimensions = tuple(
        (name, place)
        for name, place in places.items()
        if place < roles["value"] and place not in roles.values() and name not in LEFT
    )
    return _Layout(codes, roles, dimensions)


def _in_one_layout(batch: Batch, number: int, part: Path) -> Path:
    """Write a file in our layout; a row of the wrong width stays one, a cut-off file cut off."""
    folder = batch.scratch / f"sdmx-{number}-{part.stem}"
    folder.mkdir(parents=True)
    copy = folder / part.name
    try:
        with (
            part.open(encoding="utf-8-sig", newline="") as given,
            copy.open("w", encoding="utf-8", newline="") as target,
        ):
            writer = csv.writer(target, lineterminator="\n")
            rows = csv.reader(given, strict=True)
            header = next(rows, [])
            layout = _layout(batch.source_id, part, header)
            writer.writerow(LAYOUT)
            for row in rows:
                if len(row) == len(header):
                    writer.writerow(layout.written(row))
                elif row:
                    writer.writerow(["?"] * (1 if len(row) < len(header) else len(LAYOUT) + 1))
    except csv.Error as error:
        raise ContractError(
            f"{batch.source_id}: {part.name} is no well-formed CSV file ({error}); save it again "
            "as CSV. Nothing was taken in",
            "bad_quotes",
        ) from error
    if not _ends_a_line(part):
        with copy.open("rb+") as file:
            file.truncate(copy.stat().st_size - 1)
    return copy


def _ends_a_line(part: Path) -> bool:
    with part.open("rb") as file:
        file.seek(-1, SEEK_END)
        return file.read() in (b"\n", b"\r")


SOURCE = Source(
    source_id="ilostat_sdmx",
    title="ILOSTAT and Eurostat statistics of work",
    publisher="International Labour Organization; Eurostat",
    licence="Eurostat and ILOSTAT: CC BY 4.0 (of ILOSTAT unverified)",
    rhythm="yearly",
    limits=SLOW,
    every_days=365,
    grace_days=90,
    used_for="kept for comparison with other countries",
    name_ends_with=(r"(eurostat|ilostat)_\w+_\d{8}\.csv(\.gz)?$",),
    parse=parse,
    rows_are_persons=False,
    parser_version=2,  # values are multiplied as UNIT_MULT says
)
