"""Taking columns about persons out of a file before anything of it is kept."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from ingest.opening.header import header_key, read_header
from kms.errors import ContractError

LONGEST_FIELD = 1 << 20


def without_columns(source_id: str, path: Path, personal: Sequence[str], room: Path) -> Path:
    """Return a copy of a CSV file without the columns named, or the file if it has none of them.

    A row of the wrong width is kept empty, as wide as it is: nobody can tell which of its
    fields speak of a person.
    """
    names = read_header(source_id, path)
    unwanted = {header_key(name) for name in personal}
    kept = [i for i, name in enumerate(names) if header_key(name) not in unwanted]
    if len(kept) == len(names):
        return path
    copy = room / path.name
    csv.field_size_limit(LONGEST_FIELD)
    try:
        with (
            path.open(encoding="utf-8-sig", newline="") as given,
            copy.open("w", encoding="utf-8", newline="") as target,
        ):
            writer = csv.writer(target, lineterminator="\n")
            for row in csv.reader(given, strict=True):
                fits = len(row) == len(names)
                blank = [""] * (len(row) + (len(row) == len(kept)))
                writer.writerow([row[i] for i in kept] if fits else blank)
    except csv.Error as error:
        raise ContractError(
            f"{source_id}: {path.name} is no well-formed CSV file ({error}); save it again as "
            "CSV. Nothing was taken in",
            "bad_quotes",
        ) from error
    return copy
