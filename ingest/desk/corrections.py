"""Corrected rows put in the place of rejected ones: a new vintage at the old one's instant."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from ingest.batch import room_for_load
from ingest.desk.rejects import (
    SEAL,
    WHERE,
    RejectedRow,
    Rejects,
    records,
    reject_file,
    rejects_of,
    unmasked,
)
from ingest.load import Reading, alarms_of, reading
from ingest.snapshot import take_snapshot
from ingest.source import source_named
from ingest.tripwires.cache import persons_file, settle
from kms.config import Settings, now
from kms.domain.desk.corrections import MOST_BYTES, Correction, RejectFile
from kms.domain.intake import ROW, Arrival, IntakeReport
from kms.errors import ContractError
from kms.store.engine import Store
from kms.store.record import claim_home, tell_vintage
from kms.store.states import ACCEPTED
from kms.store.vintages import alarms, replace_vintage, vintage_named

Corrected = Mapping[tuple[str, int], tuple[str, ...]]  # part and record -> its cells

LONGEST_NUMBER = 12  # digits; no file has more records


def correct(
    store: Store,
    settings: Settings,
    name: str,
    content: bytes,
    *,
    why: str,
    at: datetime,
    keep: bool = True,
) -> Correction:
    """Put a vintage with corrected rows in the place of another; without `keep` only look.

    Raises `ContractError` for rows that are not those that were rejected, for a result a load
    would refuse or hold, and for a vintage that is not in use.
    """
    with store.read() as connection:
        row = vintage_named(connection, name)
    if row["state"] != ACCEPTED:
        raise ContractError(
            f"the vintage '{name}' is {row['state']}; rows are corrected in one that is in use"
        )
    source = source_named(row["source_id"], settings)
    with (
        rejects_of(settings, source, row) as (found, batch),
        room_for_load(settings.home / "tmp") as room,
    ):
        changed = read_corrections(content, found)
        parts = write_parts(found, batch.parts, changed, room)
        with reading(settings, source, parts, instant=row["published_at"], fetched_at=at) as read:
            _refuse_strange(store, settings, read, row=row, at=at)
            if not keep:
                return _told(found, changed, read)
            claim_home(store, settings)
            arrival = _kept(settings, read, row, at)
        report = replace_vintage(store, name, arrival, why)
        for told in (name, report.vintage):
            tell_vintage(store, settings, told)
        return _told(found, changed, read, report)


@dataclass(frozen=True)
class CorrectionDesk:
    """Rejected rows and their correction: `kms.domain.desk.corrections.Corrections`."""

    store: Store
    settings: Settings

    def rejects(self, name: str) -> RejectFile:
        """Return the rejected rows of a vintage as they stand in its snapshot."""
        return reject_file(self.store, self.settings, name)

    def correct(
        self, name: str, content: Iterable[bytes], why: str, *, keep: bool = True
    ) -> Correction:
        """Put a vintage with corrected rows in the place of the one they were rejected from."""
        whole = b""
        for piece in content:
            whole += piece
            if len(whole) > MOST_BYTES:
                raise ContractError(
                    f"{name}: the corrected file has more than {MOST_BYTES >> 20} MB; correct the "
                    "publisher's file itself and take it in anew"
                )
        return correct(self.store, self.settings, name, whole, why=why, at=now(), keep=keep)


def _told(
    found: Rejects, changed: Corrected, read: Reading, report: IntakeReport | None = None
) -> Correction:
    parsed = read.parsed
    return Correction(
        replaces=found.vintage,
        vintage=report.vintage if report else "",
        rows_corrected=len(changed),
        rows_read=parsed.rows_read,
        rows_accepted=parsed.rows_accepted,
        rows_rejected=parsed.rows_rejected,
        rows_duplicate=parsed.rows_duplicate,
        rejected_before=len(found.rows),
        rejects=parsed.counts(ROW),
        rows_changed=report.rows_changed if report else None,
    )


def _refuse_strange(
    store: Store, settings: Settings, read: Reading, *, row: Mapping[str, Any], at: datetime
) -> None:
    """Refuse what a load would hold, unless a steward has released just that before."""
    with store.read() as connection:
        released = {(a.code, a.subject) for a in alarms(connection, row["id"])}
    raised = alarms_of(store, settings, read, at)
    strange = [str(alarm) for alarm in raised if (alarm.code, alarm.subject) not in released]
    if strange:
        raise ContractError(
            f"{row['name']}: with these rows the issue would be held ({'; '.join(strange)}); look "
            "at them again, or let the tripwire pass first with `kms waive`"
        )


def _kept(settings: Settings, read: Reading, row: Mapping[str, Any], at: datetime) -> Arrival:
    """Keep the corrected parts as any other; the manifest says which snapshot they correct."""
    source = read.source
    snapshot = take_snapshot(
        settings.snapshots,
        source.source_id,
        read.opened.kept,
        originals=read.copies,
        published_at=row["published_at"],
        recorded_at=at,
        parser_version=source.parser_version,
        corrects=row["snapshot_sha256"],
    )
    if read.batch.persons_to is not None:
        kept = persons_file(settings.compared, source.source_id, snapshot.sha256)
        settle(read.batch.persons_to, kept)
    return Arrival(
        source_id=source.source_id,
        published_at=row["published_at"],
        recorded_at=at,
        snapshot_sha256=snapshot.sha256,
        snapshot_path=str(snapshot.folder.relative_to(settings.snapshots)),
        parser_version=source.parser_version,
        parsed=read.parsed,
    )


def read_corrections(content: bytes, found: Rejects) -> Corrected:
    """Return the rows a person changed; refuse a file that is not the one they were given."""
    name = found.vintage
    rows = _rows(name, content)
    _check_header(found, rows[0] if rows else [])
    rejected = {(row.part, row.record): row for row in found.rows}
    changed: dict[tuple[str, int], tuple[str, ...]] = {}
    seen: set[tuple[str, int]] = set()
    for number, cells in enumerate(rows[1:], 2):
        if not any(cells):
            continue
        place = f"{name}: row {number} of the corrected file"
        if len(cells) != len(found.heads):
            raise ContractError(
                f"{place} has {len(cells)} cells and not {len(found.heads)}; save it as CSV with "
                "every column"
            )
        row = _meant(place, cells, rejected, found)
        key = (row.part, row.record)
        if key in seen:
            raise ContractError(f"{place} speaks of a record a second time; leave one of the two")
        seen.add(key)
        given = cells[len(WHERE) : -1]
        if given != found.spread(row):
            changed[key] = _own_cells(place, row, given, found)
    if not changed:
        raise ContractError(
            f"{name}: no row of the corrected file differs from the snapshot; correct a cell first"
        )
    return changed


def _rows(name: str, content: bytes) -> list[list[str]]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ContractError(
            f"{name}: the corrected file is not UTF-8 at byte {error.start}; save it as "
            "'CSV UTF-8', never as a workbook",
            "bad_encoding",
        ) from error
    if "\0" in text:
        raise ContractError(
            f"{name}: the corrected file holds a NUL byte at letter {text.index(chr(0))}; save it "
            "again as CSV UTF-8",
            "nul_byte",
        )
    try:
        read = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as error:
        raise ContractError(
            f"{name}: the corrected file is no well-formed CSV; save it again as CSV UTF-8",
            "bad_quotes",
        ) from error
    return [[unmasked(cell) for cell in cells] for cells in read]


def _check_header(found: Rejects, given: Sequence[str]) -> None:
    expected = found.heads
    if list(given) == expected:
        return
    missing = [head for head in expected if head not in given]
    added = [head for head in given if head not in expected]
    problem = "its columns stand in another order"
    if len(given) == 1 and ";" in given[0]:
        problem = "its cells are parted by semicolons; save it with commas"
    elif missing:
        problem = f"column '{missing[0]}' is missing"
    elif added:
        problem = f"column {given.index(added[0]) + 1} was not in it"
    raise ContractError(
        f"{found.vintage}: this is not the file of its rejected rows: {problem}. Download it again "
        "and change cells only"
    )


def _meant(
    place: str,
    cells: Sequence[str],
    rejected: Mapping[tuple[str, int], RejectedRow],
    found: Rejects,
) -> RejectedRow:
    part, record = cells[0], cells[1]
    plain = record.isascii() and record.isdecimal() and len(record) <= LONGEST_NUMBER
    key = (part, int(record)) if plain else ("", 0)
    row = rejected.get(key)
    if row is None:
        raise ContractError(
            f"{place} names a record that was not rejected; only rejected rows can be corrected "
            f"(_part and _record stay as they were downloaded)"
        )
    if cells[-1] != row.seal(found.snapshot):
        raise ContractError(
            f"{place} is not of this vintage, or its columns {WHERE[0]}, {WHERE[1]} or {SEAL} "
            "were changed; download the rejected rows again"
        )
    return row


def _own_cells(
    place: str, row: RejectedRow, given: Sequence[str], found: Rejects
) -> tuple[str, ...]:
    """Return the cells of a corrected row in the order of its part."""
    own = found.places(row.part)
    cells = dict(zip(found.columns, given, strict=False))
    beyond = list(given[len(found.columns) :])
    strange = [column[0] for column in found.columns if column not in own and cells[column]]
    if strange:
        raise ContractError(
            f"{place} has a value in column '{strange[0]}', which {row.part} does not have; "
            "empty it"
        )
    if any(beyond):
        raise ContractError(
            f"{place} still has cells beyond the last column of {row.part}; move them to where "
            "they belong and empty the columns _more_1 and further"
        )
    return tuple(cells[column] for column in own)


def write_parts(
    found: Rejects, parts: Sequence[Path], changed: Corrected, room: Path
) -> list[Path]:
    """Write the parts anew where rows were corrected; every other row keeps its very letters."""
    touched = {part for part, _record in changed}
    result = []
    for part in parts:
        if part.name not in touched:
            result.append(part)
            continue
        target = room / part.name
        number = -1
        with target.open("w", encoding="utf-8", newline="") as file:
            for cells, raw in records(found.vintage, part):
                number += bool(cells)
                new = changed.get((part.name, number)) if cells else None
                file.write(raw if new is None else _line(new) + _end_of(raw))
        result.append(target)
    return result


def _line(cells: Sequence[str]) -> str:
    return ",".join(_quoted(cell) for cell in cells)


def _quoted(cell: str) -> str:
    plain = cell and cell == cell.strip() and not any(sign in cell for sign in ',"\r\n')
    return cell if plain else '"' + cell.replace('"', '""') + '"'


def _end_of(raw: str) -> str:
    return raw[len(raw.rstrip("\r\n")) :]
