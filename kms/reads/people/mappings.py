"""Mappings of tables: those there are, and one being made or changed, beside its file's columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from kms.access import audit
from kms.access.audit import Event, Origin
from kms.domain.desk.mappings import FileColumn, KeptMapping, TablePart
from kms.domain.intake import Intake
from kms.errors import KmsError, NoDataError
from kms.reads.people.own import frame_if_any
from kms.reads.request import Request
from kms.reads.views import Frame
from kms.store.engine import Store

NEW = "new"
COLUMNS_VIEW = "upload.columns"


@dataclass(frozen=True, slots=True)
class MappingsView:
    """Every mapping there is; `broken` says why they cannot be read."""

    frame: Frame | None
    mappings: tuple[KeptMapping, ...]
    broken: str = ""


@dataclass(frozen=True, slots=True)
class MappingView:
    """One mapping as a form, where it fits one, and as the text of its file."""

    frame: Frame | None
    mapping_id: str  # NEW: not kept yet
    title: str
    shipped: bool
    table: str  # the fact table chosen; blank: none yet
    tables: Mapping[str, tuple[TablePart, ...]]
    fits_form: bool
    values: Mapping[str, str] = field(default_factory=dict)
    text: str = ""
    columns: tuple[FileColumn, ...] = ()  # of the uploaded file it is made for
    unread: str = ""  # why those cannot be read
    upload: str = ""
    earlier: tuple[str, ...] = ()


def read_mappings(store: Store, _request: Request, *, intake: Intake | None = None) -> MappingsView:
    """Return every mapping there is."""
    with store.read() as connection:
        frame = frame_if_any(connection)
    if intake is None:
        return MappingsView(frame, ())
    try:
        return MappingsView(frame, intake.mappings.kept())
    except KmsError as error:  # a file may have been changed by hand
        return MappingsView(frame, (), str(error))


def read_mapping(store: Store, request: Request, *, intake: Intake | None = None) -> MappingView:
    """Return one mapping; the look at values of an uploaded file is logged first."""
    if intake is None:
        raise NoDataError("this server takes nothing in")
    desk, name = intake.mappings, request.mapping
    tables = desk.tables()
    known = next((one for one in desk.kept() if one.mapping_id == name), None)
    if known is None and name != NEW:
        raise NoDataError(f"there is no mapping '{name[:40]}'; the page lists those there are")
    values = desk.values(name) if known else {}
    columns, unread = _columns(store, request, intake)
    with store.read() as connection:
        frame = frame_if_any(connection)
    return MappingView(
        frame=frame,
        mapping_id=name,
        title=known.title if known else "",
        shipped=bool(known and known.shipped),
        table=(values or {}).get("table", "") if known else _known_table(request.table, tables),
        tables=tables,
        fits_form=values is not None,
        values=values or {},
        text=desk.text(name) if known else "",
        columns=columns,
        unread=unread,
        upload=request.upload,
        earlier=known.earlier if known else (),
    )


def _known_table(asked: str, tables: Mapping[str, tuple[TablePart, ...]]) -> str:
    return asked if asked in tables else ""


def _columns(store: Store, request: Request, intake: Intake) -> tuple[tuple[FileColumn, ...], str]:
    if not request.upload:
        return (), ""
    try:
        source_id = intake.uploads.upload(request.upload).source_id
        told = Event(COLUMNS_VIEW, source_id, f"upload {request.upload}")
        audit.record(store, Origin(request.who, request.address), told)
        return intake.mappings.columns(request.upload), ""
    except KmsError as error:
        return (), str(error)
