"""Mappings made on a page: read, checked by the rules of the command, kept with their versions."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import TextIO

from ingest.batch import room_for_load
from ingest.desk.mapping_form import composed, table_parts, values_of
from ingest.desk.uploads import UploadDesk
from ingest.opening.header import looks_personal, read_header
from ingest.opening.parts import Format, open_parts
from ingest.opening.personal import LONGEST_FIELD
from ingest.sources.tidy.files import SHIPPED, mappings_in, renew_mapping
from ingest.sources.tidy.mapping import TidyMapping
from ingest.sources.tidy.mapping_file import mapping_text, parse_mapping
from kms.config import Settings
from kms.domain.desk.mappings import FileColumn, KeptMapping, TablePart
from kms.errors import ContractError, NoDataError

SAMPLES, LOOKED_AT, LONGEST_SAMPLE = 5, 200, 40
ANY = Format(encodings=("cp1252",))


@dataclass(frozen=True)
class MappingDesk:
    """What `kms.domain.desk.mappings.Mappings` asks, on one store."""

    settings: Settings
    uploads: UploadDesk

    def kept(self) -> tuple[KeptMapping, ...]:
        """Return every mapping there is, those that come with the product last."""
        own = [_told(one, shipped=False) for one in self._own()]
        ours = [_told(one, shipped=True) for one in mappings_in(SHIPPED)]
        versions = self.settings.mappings / "earlier"
        return (
            *(
                KeptMapping(
                    one.mapping_id,
                    one.title,
                    one.table,
                    one.shipped,
                    tuple(
                        sorted(
                            (p.stem for p in versions.glob(f"{one.mapping_id}-*.toml")),
                            reverse=True,
                        )
                    ),
                )
                for one in own
            ),
            *ours,
        )

    def tables(self) -> Mapping[str, tuple[TablePart, ...]]:
        """Return the fact tables a mapping can fill, with their parts."""
        return table_parts()

    def columns(self, upload_id: str) -> tuple[FileColumn, ...]:
        """Return the columns of an upload's first file, with a few of their values."""
        part = self.uploads.first_part(upload_id)
        csv.field_size_limit(LONGEST_FIELD)
        with room_for_load(self.settings.home / "tmp") as room:
            plain = open_parts("tidy_csv", [part], ANY, room).readable[0]
            names = read_header("tidy_csv", plain)
            with plain.open(encoding="utf-8-sig", newline="") as file:
                rows = _first_rows(file)
        return tuple(
            FileColumn(
                name,
                () if looks_personal(name) else _samples(place, rows),
                looks_personal(name),
            )
            for place, name in enumerate(names)
        )

    def text(self, mapping_id: str) -> str:
        """Return a kept mapping as the text of its file."""
        return mapping_text(self._named(mapping_id))

    def values(self, mapping_id: str) -> Mapping[str, str] | None:
        """Return a kept mapping as the form has it; None when it says more than the form can."""
        mapping = self._named(mapping_id)
        found = values_of(mapping)
        if found is None or parse_mapping(composed(found), mapping_id) != mapping:
            return None
        return found

    def composed(self, values: Mapping[str, str]) -> str:
        """Return what was typed into the form as the text of a file; not checked yet."""
        return composed(values)

    def save(self, text: str, *, renews: str, upload_id: str, at: datetime) -> str:
        """Check a mapping and keep it, and give it the upload; returns its id."""
        source = renew_mapping(text, self.settings.mappings, renews=renews, at=at)
        if upload_id:
            self.uploads.assign(upload_id, source)
        return source.source_id.partition(".")[2]

    def _own(self) -> tuple[TidyMapping, ...]:
        return mappings_in(self.settings.mappings) if self.settings.mappings.is_dir() else ()

    def _named(self, mapping_id: str) -> TidyMapping:
        for one in (*self._own(), *mappings_in(SHIPPED)):
            if one.id == mapping_id:
                return one
        raise NoDataError(
            f"there is no mapping '{mapping_id[:40]}'; the page lists those there are"
        )


def _first_rows(file: TextIO) -> list[list[str]]:
    try:
        return list(islice(csv.reader(file), 1, LOOKED_AT))
    except csv.Error as error:
        raise ContractError(
            f"the file has a cell of more than {LONGEST_FIELD:,} letters, or a quote that is never "
            "closed; save it again as plain CSV",
            "bad_quotes",
        ) from error


def _told(mapping: TidyMapping, *, shipped: bool) -> KeptMapping:
    return KeptMapping(mapping.id, mapping.title, mapping.facts[0].table, shipped)


def _samples(place: int, rows: list[list[str]]) -> tuple[str, ...]:
    found = dict.fromkeys(row[place][:LONGEST_SAMPLE] for row in rows if len(row) > place)
    return tuple(islice((value for value in found if value.strip()), SAMPLES))
