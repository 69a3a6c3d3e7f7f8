"""What a steward puts in by hand, written to the audit log: source, hash, rows, never a value."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from kms.access.audit import Event, Origin, record
from kms.domain.desk.entries import Entered
from kms.domain.desk.uploads import Upload
from kms.domain.intake import Intake, IntakeReport
from kms.errors import AccessError, KmsError
from kms.store.engine import Store

ADD_EVENT = "entry.add"
CORRECT_EVENT = "entry.correct"

Files = Iterable[tuple[str, Iterator[bytes]]]


def receive(
    store: Store,
    intake: Intake | None,
    source_id: str,
    files: Files,
    *,
    published_at: datetime | None,
    at: datetime,
    origin: Origin,
) -> Upload:
    """Keep uploaded files apart until they are looked at; raise `AccessError` when refused."""
    try:
        upload = taking(intake).uploads.receive(source_id, files, published_at=published_at, at=at)
    except KmsError as error:
        raise AccessError(str(error)) from error
    record(store, origin, Event("upload.receive", source_id, _about(upload)))
    return upload


def take(
    store: Store, intake: Intake | None, upload_id: str, sha256: str, *, origin: Origin
) -> list[IntakeReport]:
    """Take in what was looked at; raise `AccessError` saying why it cannot be."""
    try:
        upload, reports = taking(intake).uploads.take(upload_id, sha256)
    except KmsError as error:
        raise AccessError(str(error)) from error
    told = ", ".join(f"{report.vintage} {report.status}" for report in reports)
    rows = sum(report.rows_read for report in reports)
    record(store, origin, Event("upload.take", upload.source_id, f"{_about(upload)}: {told}", rows))
    return reports


def discard(store: Store, intake: Intake | None, upload_id: str, *, origin: Origin) -> None:
    """Throw an upload away."""
    try:
        upload = taking(intake).uploads.discard(upload_id)
    except KmsError as error:
        raise AccessError(str(error)) from error
    record(store, origin, Event("upload.discard", upload.source_id, _about(upload)))


def enter(
    store: Store,
    intake: Intake | None,
    kind: str,
    values: Mapping[str, str],
    *,
    origin: Origin,
    at: datetime,
) -> Entered:
    """Take in a row somebody typed, unless something is wrong with it."""
    try:
        entries = taking(intake).entries
        source_id = entries.form(kind).source_id
        found = entries.enter(kind, values, at=at)
    except KmsError as error:
        raise AccessError(str(error)) from error
    if found.report is not None:
        name = CORRECT_EVENT if found.corrected else ADD_EVENT
        told = Event(name, source_id, found.report.vintage, found.report.rows_read)
        record(store, origin, told)
    return found


def save_mapping(
    store: Store,
    intake: Intake | None,
    text: str,
    *,
    renews: str,
    upload_id: str,
    origin: Origin,
    at: datetime,
) -> str:
    """Keep a mapping and return its id; raise `AccessError` naming the key that is wrong."""
    try:
        name = taking(intake).mappings.save(text, renews=renews, upload_id=upload_id, at=at)
    except KmsError as error:
        raise AccessError(str(error)) from error
    told = Event("mapping.change", name) if renews else Event("mapping.make", name)
    record(store, origin, told)
    return name


def taking(intake: Intake | None) -> Intake:
    """Return how files get in; raise `AccessError` on a server that takes none."""
    if intake is None:
        raise AccessError("this server takes nothing in; use `kms ingest` on the machine")
    return intake


def _about(upload: Upload) -> str:
    return f"sha256 {upload.sha256}"
