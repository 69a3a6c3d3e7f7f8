"""Rows a person types in: judged by the source's own rules, kept as a source of their own.

Every entry is a new issue: the rows of the issue before, and the new ones in place of any of the
same key.
"""

from __future__ import annotations

import csv
import fcntl
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from ingest.batch import Batch, room_for_load
from ingest.desk.entered import entered_sources
from ingest.desk.entry_forms import forms
from ingest.desk.entry_rows import (
    Row,
    faults_in_form,
    header,
    missing,
    rows_of,
    suggested_places,
    values_of,
)
from ingest.load import load_vintage
from ingest.opening.parts import open_parts
from ingest.reading.staging import ENDS
from ingest.snapshot import restore_parts
from ingest.source import Source
from kms.config import Settings, now
from kms.domain.desk.entries import ENTERED, Entered, EntryFault, EntryForm
from kms.domain.intake import Fault, IntakeReport
from kms.errors import DataError, NoDataError
from kms.store.engine import Store
from kms.store.open import refuse_synthetic
from kms.store.vintages import newest

FILE = "entered.csv"
AFTER = timedelta(microseconds=1)
END_OF_TIME = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class EntryDesk:
    """What `kms.domain.desk.entries.Entries` asks, on one store."""

    store: Store
    settings: Settings

    def form(self, kind: str) -> EntryForm:
        """Return what is asked."""
        found = forms()
        if kind not in found:
            raise NoDataError(f"there is no form '{kind[:40]}'; choose {', '.join(found)}")
        return found[kind]

    def places(self, kind: str) -> tuple[str, ...]:
        """Return the places to choose from."""
        return tuple(suggested_places(self.form(kind)))

    def closed(self) -> str:
        """Say why nothing can be entered here at all; blank when it can."""
        try:
            with self.store.read() as connection:
                refuse_synthetic(connection)
        except DataError as error:
            return str(error)
        return ""

    def keys(self, kind: str) -> tuple[str, ...]:
        """Return the keys of what has been typed in, newest last."""
        form = self.form(kind)
        return tuple(dict.fromkeys(row[form.key] for row in self._kept(form)))

    def values(self, kind: str, key: str) -> Mapping[str, str]:
        """Return what was typed in under a key, as the form has it."""
        form = self.form(kind)
        rows = [row for row in self._kept(form) if row[form.key] == key]
        if not rows:
            raise NoDataError(f"nothing was entered under '{key[:60]}'; the page lists what was")
        return values_of(form, rows)

    def enter(self, kind: str, values: Mapping[str, str], *, at: datetime) -> Entered:
        """Check what was typed, and take it in when nothing is wrong."""
        form = self.form(kind)
        if why := self.closed():
            raise DataError(why)
        key = _as_read(values.get(form.key, ""))
        rows = rows_of(form, {**values, form.key: key})
        wrong = tuple(missing(form, values))
        source = entered_sources()[f"{form.source_id}{ENTERED}"]
        if not rows:
            wrong += (EntryFault("item_code", "required"),)
        else:
            judged = faults_in_form(form, rows, self._judged(source, form, rows, at))
            wrong = tuple(dict.fromkeys((*wrong, *judged)))
        if wrong:
            return Entered(key, wrong)
        with self._alone():
            kept = self._kept(form)
            others = [row for row in kept if _alike(row[form.key]) != _alike(key)]
            report = self._taken_in(source, form, [*others, *rows])
        return Entered(key, report=report, corrected=len(others) < len(kept))

    def _judged(
        self, source: Source, form: EntryForm, rows: Sequence[Row], at: datetime
    ) -> tuple[Fault, ...]:
        """Read rows as the source reads a file, and return what is wrong with any field."""
        scratch = self.settings.home / "tmp"
        with room_for_load(scratch) as room:
            opened = open_parts(source.source_id, [_file(room, form, rows)], source.form, room)
            return source.read(Batch(source.source_id, opened.readable, at, scratch)).faults

    def _taken_in(self, source: Source, form: EntryForm, rows: Sequence[Row]) -> IntakeReport:
        """Make the next issue; its instant is taken here, where nobody else makes one."""
        last, at = self._newest(source.source_id), now()
        if last is not None and last["published_at"] >= at:
            at = last["published_at"] + AFTER
        with room_for_load(self.settings.home / "tmp") as room:
            return load_vintage(
                self.store,
                self.settings,
                source,
                [_file(room, form, rows)],
                instant=at,
                fetched_at=at,
            )

    def _kept(self, form: EntryForm) -> list[dict[str, str]]:
        """Return the rows of the newest issue, from its snapshot."""
        row = self._newest(f"{form.source_id}{ENTERED}")
        if row is None:
            return []
        folder = self.settings.snapshots / row["snapshot_path"]
        if not folder.is_dir():
            raise DataError(
                f"the rows entered before are not under {self.settings.snapshots}; restore the "
                "snapshots before more is entered, else they would be lost"
            )
        with room_for_load(self.settings.home / "tmp") as room:
            part = restore_parts(folder, room)[0]
            with part.open(encoding="utf-8", newline="") as file:
                return list(csv.DictReader(file))

    def _newest(self, source_id: str) -> Mapping[str, Any] | None:
        with self.store.read() as connection:
            return newest(connection, source_id, END_OF_TIME)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Let one entry be made at a time, whichever process makes it."""
        scratch = self.settings.home / "tmp"
        scratch.mkdir(parents=True, exist_ok=True)
        with (scratch / "entries.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _alike(key: str) -> str:
    """Return what keys of one thing have in common: offices write case numbers in either case."""
    return _as_read(key).upper()


def _as_read(key: str) -> str:
    """Return a key as a source reads it, so that what it takes for one thing is one here."""
    return unicodedata.normalize("NFC", key.strip(ENDS))


def _file(room: Path, form: EntryForm, rows: Sequence[Row]) -> Path:
    path = room / FILE
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, header(form), restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return path
