"""Lists that come beside a report: parts of a vintage that say where facilities are."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ingest.batch import Batch
from ingest.opening.header import header_key, named_columns, read_header, require_columns
from kms.domain.place_names import plain_upper
from kms.errors import ContractError


def part_lists(
    batch: Batch, having: Sequence[str], lacking: Sequence[str]
) -> tuple[Batch, tuple[Path, ...]]:
    """Part a vintage into its reports and its lists, which have some columns and lack others."""
    wanted, unwanted = ({header_key(name) for name in names} for names in (having, lacking))
    lists = []
    for part in batch.parts:
        names = {header_key(name) for name in read_header(batch.source_id, part)}
        if wanted <= names and not unwanted & names:
            lists.append(part)
    reports = tuple(part for part in batch.parts if part not in lists)
    if not reports:
        raise ContractError(
            f"{batch.source_id}: {lists[0].name} only says where facilities are; give it together "
            "with the report of the same day",
            "bad_parts",
        )
    return replace(batch, parts=reports), tuple(lists)


def list_rows(
    source_id: str, part: Path, columns: Sequence[str], also: Mapping[str, Sequence[str]]
) -> Iterator[tuple[str, ...]]:
    """Give the cells of some columns, row by row; short rows are passed over."""
    names = named_columns(source_id, part, columns, also)
    require_columns(source_id, part, names, columns)
    places = [names.index(name) for name in columns]
    try:
        with part.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.reader(file, strict=True)
            next(rows, None)
            for row in rows:
                if len(row) > max(places):
                    yield tuple(row[place].strip() for place in places)
    except csv.Error as error:
        raise ContractError(
            f"{source_id}: {part.name} is no well-formed CSV file ({error}); save it again as "
            "CSV. Nothing was taken in",
            "bad_quotes",
        ) from error


def name_key(name: str) -> str:
    """Return a facility's name without case, accents and signs: "St. Luke's" is "St Lukes"."""
    return re.sub(r"[^A-Z0-9]+", " ", re.sub("['\u2019]", "", plain_upper(name))).strip()


def short_name_key(name: str) -> str:
    """Return the key of a name without the abbreviation in brackets at its end."""
    return name_key(re.sub(r"\([^()]*\)\s*$", "", name))
