"""The sector brief of an area: the same rows as its pages, what to do, what the law asks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta

from kms.access.disclosure import Disclosure, DisclosureRule
from kms.config import MANILA
from kms.domain.areas import COUNTRY, Areas
from kms.domain.indicators import ALL_SECTORS, INSPECTION_PERIOD_DAYS
from kms.domain.principal import PUBLIC
from kms.errors import DataError, NoDataError
from kms.library.duties import Duty, duties_on
from kms.library.entries import CONTROL_LEVELS, Entry, load_entries
from kms.reads.frame import read_frame, resolve_issue
from kms.reads.request import Request
from kms.reads.rows import Newest, area_rows, newest_values
from kms.reads.sectors import read_sectors, sector_rows
from kms.reads.shown import ShownFigures
from kms.reads.views import AreaRow, Frame, ItemRow, SectorRow
from kms.reference import load_areas, load_sectors
from kms.store.engine import Store

TOP_ITEMS = 5
LEAST_ACTIONS, MOST_ACTIONS, MOST_PER_LEVEL = 5, 7, 2
GONE = ("superseded", "withdrawn")


@dataclass(frozen=True, slots=True)
class ActionRow:
    """One thing to do, from a library entry."""

    entry_id: str
    control_level: str
    words: str
    who: str  # owner, manager, safety_officer
    cost: int  # 0 none to 3 high
    status: str
    certainty: str  # GRADE of the evidence it rests on; empty: none is linked


@dataclass(frozen=True, slots=True)
class BriefView:
    """What a sector brief says."""

    frame: Frame
    area: AreaRow
    sector: str  # PSIC section, or ALL
    sector_title: str
    places: tuple[tuple[str, SectorRow], ...]  # the area (or the region it lies in), the country
    items: tuple[ItemRow, ...]  # most often not met in the country
    actions: tuple[ActionRow, ...]  # most effective first
    duties: tuple[Duty, ...]
    period_from: date | None
    period_to: date | None


def read_brief(store: Store, request: Request, rule: DisclosureRule | None = None) -> BriefView:
    """Return the brief of a sector in an area; raise `NoDataError` when there is no such thing.

    Briefs hang on walls: they are disclosed as for the public, whoever asks for one.
    """
    sections = {section.code for section in load_sectors().sections}
    if request.sector not in {*sections, ALL_SECTORS}:
        raise NoDataError(
            f"there is no sector '{request.sector[:10]}'; give a PSIC section, A to U, or ALL"
        )
    areas, code = load_areas(), request.area or COUNTRY
    if code not in areas:
        raise NoDataError(
            f"there is no area '{code[:10]}'; give the 10-digit PSGC code of a region or province"
        )
    unit, disclosure = areas.get(code), Disclosure(rule or DisclosureRule(), PUBLIC)
    with store.read() as connection:
        issue = resolve_issue(connection, request)
        frame = read_frame(connection, request, issue)
        newest = newest_values(connection, issue, disclosure)
        (row,) = area_rows(ShownFigures(connection, issue, disclosure), newest, areas, [unit])
    if row.direction == "missing" and ("cases_report", code, "") not in newest.values:
        raise NoDataError(f"no figures are made for {unit.name}; choose a region or province")
    on = issue.as_of.astimezone(MANILA).date()
    rated = _rated_area(areas, code, on)
    places = {
        areas.get(place).short_name: _sector_row(store, newest, request, place)
        for place in (rated, COUNTRY)
    }
    there = places[areas.get(COUNTRY).short_name]
    last = issue.facts.get("inspections_to")
    until = date.fromisoformat(last) if last else None
    return BriefView(
        frame=frame,
        area=row,
        sector=request.sector,
        sector_title=there.title,
        places=tuple(places.items()),
        items=there.top_items[:TOP_ITEMS],
        actions=_actions(request, there.top_items),
        duties=duties_on(on),
        period_from=until - timedelta(days=INSPECTION_PERIOD_DAYS - 1) if until else None,
        period_to=until,
    )


def _rated_area(areas: Areas, code: str, on: date) -> str:
    """Return the area whose inspections are rated: a province's are, in its region."""
    return code if areas.get(code).level in ("country", "region") else areas.region_of(code, on)


def _sector_row(store: Store, newest: Newest, request: Request, place: str) -> SectorRow:
    if request.sector != ALL_SECTORS:
        return next(row for row in sector_rows(newest, place) if row.code == request.sector)
    asked = replace(request, area=place, who=PUBLIC)
    view = read_sectors(store, asked, newest.disclosure.rule)
    if view.frame.publication_id != newest.issue.id:
        raise DataError("a new publication came while the brief was read; ask for it again")
    return view.overall


def _actions(request: Request, items: Iterable[ItemRow]) -> tuple[ActionRow, ...]:
    """Rank the library's actions: by level of control, then by what inspectors find most."""
    found = {item.code: item.not_met.value or 0.0 for item in items}
    entries = load_entries()

    def urgency(entry: Entry) -> tuple[int, float, int, str]:
        worst = max((found.get(code, 0.0) for code in entry.items), default=0.0)
        level = CONTROL_LEVELS.index(entry.control_level)
        return (level, -worst, len(entry.sectors) or len(CONTROL_LEVELS) * 10, entry.id)

    fitting = [
        entry
        for entry in entries.values()
        if entry.action is not None
        and entry.status not in GONE
        and (request.sector == ALL_SECTORS or entry.is_for(request.sector))
    ]
    return tuple(
        _action_row(entry, request.language) for entry in _chosen(sorted(fitting, key=urgency))
    )


def _chosen(ranked: list[Entry]) -> list[Entry]:
    """Take few of each level, so that each is there; more where that leaves too few."""
    firsts: list[Entry] = []
    others: list[Entry] = []
    for entry in ranked:
        same = sum(first.control_level == entry.control_level for first in firsts)
        (firsts if same < MOST_PER_LEVEL else others).append(entry)
    kept = _shortened(firsts)
    kept += others[: max(0, LEAST_ACTIONS - len(kept))]
    return sorted(kept, key=ranked.index)


def _shortened(chosen: list[Entry]) -> list[Entry]:
    """Drop second choices, least effective levels first, until few enough are left."""
    kept = list(chosen)
    for entry in reversed(chosen):
        if len(kept) <= MOST_ACTIONS:
            break
        if sum(other.control_level == entry.control_level for other in kept) > 1:
            kept.remove(entry)
    return kept


def _action_row(entry: Entry, language: str) -> ActionRow:
    if entry.action is None:
        raise ValueError(f"entry {entry.id} has no action; it cannot stand in a brief")
    graded = [load_entries()[code].certainty for code in entry.evidence]
    return ActionRow(
        entry_id=entry.id,
        control_level=entry.control_level,
        words=entry.action.words.get(language, entry.action.words["en"]),
        who=entry.action.who,
        cost=entry.action.cost,
        status=entry.status,
        certainty=graded[0] if graded else "",
    )
