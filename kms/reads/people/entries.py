"""The form for one row typed in: what is asked, what was typed in before, what is legal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from kms.domain.desk.entries import EntryForm
from kms.domain.intake import Intake
from kms.errors import NoDataError
from kms.reads.people.own import frame_if_any
from kms.reads.request import Request
from kms.reads.views import Frame
from kms.reference import load_inspection_items, load_sectors
from kms.store.engine import Store

LAST = 20


@dataclass(frozen=True, slots=True)
class EntryView:
    """What a steward types into; `sectors` are (section, its divisions), each (code, title)."""

    frame: Frame | None
    form: EntryForm
    closed: str
    places: tuple[str, ...]
    sectors: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]
    titles: Mapping[str, str]  # of the items asked for, by code
    weights: Mapping[str, str]  # their usual weights
    keys: tuple[str, ...]  # of what was typed in last, newest first
    count: int  # of all that was typed in
    values: Mapping[str, str] = field(default_factory=dict)  # of the one to be corrected


def read_entry(store: Store, request: Request, *, intake: Intake | None = None) -> EntryView:
    """Return a form; with ?key= filled with what was typed in under it."""
    if intake is None:
        raise NoDataError("this server takes nothing in")
    entries = intake.entries
    form = entries.form(request.kind)
    known = load_sectors()
    items = load_inspection_items()
    keys = entries.keys(request.kind)
    values = entries.values(request.kind, request.key) if request.key else {}
    with store.read() as connection:
        frame = frame_if_any(connection)
    return EntryView(
        frame=frame,
        form=form,
        closed=entries.closed(),
        places=entries.places(request.kind),
        sectors=tuple(
            (
                f"{section.code} · {section.short_title}",
                (
                    (section.code, f"{section.code} · {section.short_title}"),
                    *(
                        (d.code, f"{d.code} · {d.short_title}")
                        for d in known.divisions(section.code)
                    ),
                ),
            )
            for section in known.sections
        ),
        titles={code: items[code].title for code in form.of if code in items},
        weights={code: f"{items[code].severity_weight:g}" for code in form.of if code in items},
        keys=keys[::-1][:LAST],
        count=len(keys),
        values=values,
    )
