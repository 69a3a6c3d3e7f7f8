"""The library's page and one entry: filtered, with what is past its review date first."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from kms.config import MANILA
from kms.errors import NoDataError
from kms.library.entries import KINDS, Entry, load_entries
from kms.reads.frame import read_frame
from kms.reads.request import Request
from kms.reads.views import EntryView, LibraryView
from kms.reference import load_sectors
from kms.store.engine import Store
from kms.store.open import clock


def read_library(store: Store, request: Request) -> LibraryView:
    """Return the entries of a kind and a sector (default: all), overdue ones first."""
    with store.read() as connection:
        frame = read_frame(connection, request)
    today = frame.clock.astimezone(MANILA).date()
    every = list(load_entries().values())
    shown = [entry for entry in every if _wanted(entry, request)]
    return LibraryView(
        frame=frame,
        entries=tuple(entry_view(entry, today) for entry in sorted(shown, key=_order(today))),
        kinds=tuple((kind, _count(every, kind=kind)) for kind in KINDS),
        sectors=tuple(
            (section.code, section.short_title, _count(every, sector=section.code))
            for section in load_sectors().sections
        ),
        kind=request.kind,
        sector=request.sector,
        total=len(every),
    )


def read_entry(store: Store, request: Request) -> EntryView:
    """Return one entry; raise `NoDataError` when there is none of that name."""
    entry = load_entries().get(request.entry)
    if entry is None:
        raise NoDataError(
            f"there is no library entry '{request.entry[:40]}'; choose one of the library's list"
        )
    with store.read() as connection:
        return entry_view(entry, clock(connection).astimezone(MANILA).date())


def entry_view(entry: Entry, today: date) -> EntryView:
    """Return an entry as pages show it on a day."""
    return EntryView(
        entry_id=entry.id,
        title=entry.title,
        kind=entry.kind,
        status=entry.status,
        owner=entry.owner,
        review_due=entry.review_due,
        summary=entry.summary,
        body_html=entry.body_html,
        sectors=entry.sectors,
        hazards=entry.hazards,
        control_level=entry.control_level,
        certainty=entry.certainty,
        strength=entry.strength,
        language=entry.languages[0],
        sources=entry.sources,
        overdue=entry.review_due < today,
    )


def _wanted(entry: Entry, request: Request) -> bool:
    of_kind = not request.kind or entry.kind == request.kind
    return of_kind and (not request.sector or entry.is_for(request.sector))


def _order(today: date) -> Callable[[Entry], tuple[bool, int, str]]:
    return lambda entry: (entry.review_due >= today, KINDS.index(entry.kind), entry.id)


def _count(entries: list[Entry], *, kind: str = "", sector: str = "") -> int:
    chosen = Request(kind=kind, sector=sector)
    return sum(_wanted(entry, chosen) for entry in entries)
