"""Files put in by hand: the sources to choose from, what waits, what a load would make of it."""

from __future__ import annotations

from dataclasses import dataclass

from kms.access import audit
from kms.access.audit import Event, Origin
from kms.domain.desk.uploads import Choice, FaultTally, Preview, Upload
from kms.domain.fault_codes import FAULTS
from kms.domain.intake import Alarm, Fault, Intake
from kms.errors import KmsError, NoDataError
from kms.reads.people.own import frame_if_any
from kms.reads.request import Request
from kms.reads.views import Frame
from kms.store.engine import Store

PREVIEW_EVENT = "upload.preview"


@dataclass(frozen=True, slots=True)
class UploadView:
    """What a steward may put in; `closed` says why nothing can be."""

    frame: Frame | None
    choices: tuple[Choice, ...]
    waiting: tuple[Upload, ...]
    closed: str
    largest_mb: int


@dataclass(frozen=True, slots=True)
class PreviewView:
    """What a load would make of one upload."""

    frame: Frame | None
    preview: Preview
    closed: str


def read_uploads(store: Store, _request: Request, *, intake: Intake | None = None) -> UploadView:
    """Return the sources, and the uploads that wait for a word."""
    with store.read() as connection:
        frame = frame_if_any(connection)
    if intake is None:
        return UploadView(frame, (), (), "this server takes nothing in", 0)
    uploads, closed = intake.uploads, intake.uploads.closed()
    try:
        choices = uploads.choices()
    except KmsError as error:  # a kept mapping may have been broken by hand
        choices, closed = (), closed or str(error)
    return UploadView(frame, choices, uploads.waiting(), closed, uploads.largest >> 20)


def read_preview(store: Store, request: Request, *, intake: Intake | None = None) -> PreviewView:
    """Return what a load would make of an upload; the look is logged first."""
    if intake is None:
        raise NoDataError("this server takes nothing in")
    found = intake.uploads.preview(request.upload)
    rows = sum(issue.rows_read for issue in found.issues)
    told = Event(PREVIEW_EVENT, found.upload.source_id, f"sha256 {found.upload.sha256}", rows)
    audit.record(store, Origin(request.who, request.address), told)
    with store.read() as connection:
        return PreviewView(frame_if_any(connection), found, intake.uploads.closed())


def meaning(what: Fault | FaultTally | Alarm | str) -> str:
    """Return what a fault's code means; blank for one that was never described."""
    code = what if isinstance(what, str) else what.code
    return FAULTS[code].meaning if code in FAULTS else ""
