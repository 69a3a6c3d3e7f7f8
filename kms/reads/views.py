"""What pages, briefs and the API show: frozen, disclosed, ready to print, free of queries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from kms.domain.lists.pages import ListPage
from kms.reads.history.rows import Revisions
from kms.reads.notifiable.rows import SignalRow, TestedRow, WeeksView

REFUSED_OR_UNREACHABLE = ("refused", "unreachable")


@dataclass(frozen=True, slots=True)
class Reading:
    """One figure with its range, state and date; `value` is None unless the state shows one.

    States: final, provisional, hidden, too_few, stale, suppressed, missing, withheld.
    """

    value: float | None
    low: float | None
    high: float | None
    state: str
    ref_date: date | None
    completeness: float | None = None

    @property
    def is_positive(self) -> bool:
        """Tell whether the whole range lies above 0; a low end of 0 has been rounded down to it."""
        return self.low is not None and self.high is not None and self.low >= 0 < self.high


@dataclass(frozen=True, slots=True)
class Frame:
    """What every page says about the figures on it."""

    publication_id: str
    as_of: datetime  # UTC; the cut of the data that were known
    published_at: datetime  # UTC; when we computed it
    is_latest: bool  # False: an earlier day is being looked at
    clock: datetime  # UTC "now" of this store; the demonstration has a clock of its own
    synthetic: bool
    disease: str
    disease_name: str
    basis: str  # onset or report: the time axis of R
    onset_known_share: float | None  # of the cases reported in the last 8 weeks
    cases_to: date | None  # last report date in the data
    estimates_to: date | None  # last day of the country's newest window of R
    stale_days: int | None  # age of the data when too old to speak of today; None: in date
    late_sources: tuple[str, ...]  # titles of sources past their due date
    editions: tuple[date, ...]  # as-of dates (Manila) that can be looked at, oldest first
    held_sources: tuple[str, ...] = ()  # titles of sources whose newer issue waits for a steward


@dataclass(frozen=True, slots=True)
class AreaRow:
    """One line of the ranked table: how fast an area's epidemic moves."""

    code: str
    name: str
    label: str  # region's roman number or acronym; empty below regions
    population: int | None
    direction: (
        str  # growing, rising (few cases, but growing), uncertain, shrinking, too_few, missing
    )
    r: Reading
    p_above_1: float | None  # a `kms.access.bands.Banded` where only its band may be told
    sparkline: tuple[float | None, ...]  # R, one value a day, oldest first, 56 days
    growth: Reading  # per day
    doubling_days: float | None  # positive doubling, negative halving; None: not told from flat
    adar_per_100k: Reading
    two_week_growth: Reading
    compliance_initial: Reading  # share of items met at the first visit
    inspections: int | None  # inspections behind it, disclosed
    data_age_days: int | None  # the day looked at less the last report date of the area
    change: str = ""  # direction a week earlier, empty if the same or unknown


@dataclass(frozen=True, slots=True)
class BoardView:
    """The first screen: which areas are growing, how sure, how fresh."""

    frame: Frame
    rows: tuple[AreaRow, ...]  # ordered by urgency
    nation: AreaRow
    compared_with: date | None  # the earlier edition behind `AreaRow.change`
    nonplace_cases: int | None  # cases of the last 14 days without a place, disclosed


@dataclass(frozen=True, slots=True)
class AreasView:
    """Every area that has figures: regions, provinces and cities."""

    frame: Frame
    rows: tuple[AreaRow, ...]  # ordered by urgency
    regions: tuple[AreaRow, ...]  # those of them that are regions
    nation: AreaRow
    region_of: Mapping[str, str]  # by code; a region is its own
    r: Mapping[str, SeriesView]  # of the regions
    weeks: WeeksOfAreas  # of the regions


@dataclass(frozen=True, slots=True)
class SeriesView:
    """A daily series with its ranges; entries are None where nothing may be shown."""

    dates: tuple[date, ...]
    value: tuple[float | None, ...]
    low: tuple[float | None, ...]
    high: tuple[float | None, ...]
    low50: tuple[float | None, ...]
    high50: tuple[float | None, ...]
    state: tuple[str, ...]


NOTHING = SeriesView((), (), (), (), (), (), ())


@dataclass(frozen=True, slots=True)
class WeeksOfAreas:
    """Figures of many areas at the ends of weeks; None where none may or can be told.

    `values[indicator][area]` has an entry a day, `states` the word for each that is None; a
    chance may be a `kms.access.bands.Banded`.
    """

    days: tuple[date, ...] = ()  # Saturdays, oldest first
    values: dict[str, dict[str, tuple[float | None, ...]]] = field(default_factory=dict)
    states: dict[str, dict[str, tuple[str, ...]]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CasesView:
    """Daily counts after disclosure control; None is suppressed, 0 is none reported."""

    dates: tuple[date, ...]
    cases: tuple[int | None, ...]
    mean7: tuple[float | None, ...]
    provisional_from: date | None  # first day still expected to rise by a tenth or more
    basis: str
    by_week: bool = False  # the mean is that of the calendar week a day lies in


@dataclass(frozen=True, slots=True)
class SectorRow:
    """Compliance of one PSIC section in an area."""

    code: str
    title: str
    inspections: int | None  # disclosed
    establishments: int | None  # disclosed
    compliance_initial: Reading
    compliance_after: Reading
    top_items: tuple[ItemRow, ...] = ()


@dataclass(frozen=True, slots=True)
class ItemRow:
    """A checklist item and how often it was not met at the first visit."""

    code: str
    title: str
    legal_item: str
    not_met: Reading
    applicable: int | None  # inspections in which it applied, disclosed


@dataclass(frozen=True, slots=True)
class SignalsView:
    """Which weekly diseases are unusual where, what was tested, and one course."""

    frame: Frame
    rows: tuple[SignalRow, ...]  # surest first
    tested: tuple[TestedRow, ...]
    disease: str  # of the course; empty where no weeks were reported
    disease_name: str
    area: str
    area_name: str
    course: WeeksView
    areas: tuple[tuple[str, str, str], ...]  # (code, name, level) to choose from, in the tree


@dataclass(frozen=True, slots=True)
class ContactsView:
    """Where people were infected, as far as investigations tell, and how many of the ill died."""

    traced: Reading  # completeness: closed investigations of the window
    bounds: tuple[float, float] | None  # if all pending turned out unknown, or known
    final: Reading  # as it will be once every case is 14 days old
    clusters: Reading  # at workplaces
    sections: tuple[tuple[str, Reading], ...]  # (title, clusters), most first
    fatality: Reading  # completeness: cases whose outcome would be known
    investigated_to: date | None  # None: no investigations
    cut_days: int | None  # youngest days left out of the share
    learned: bool = False  # the cut, from past issues
    overwhelmed: bool = False  # more cases than can be asked one by one


@dataclass(frozen=True, slots=True)
class AreaView:
    """One area: transmission, cases, workplaces, the areas inside it."""

    frame: Frame
    row: AreaRow
    level: str
    parents: tuple[tuple[str, str], ...]  # (code, name) from the country down
    r: SeriesView
    growth: SeriesView
    cases: CasesView
    children: tuple[AreaRow, ...]
    sectors: tuple[SectorRow, ...]
    beds: tuple[tuple[str, Reading], ...] = ()  # indicators of `BEDS`; completeness: who reported
    positivity: Reading = Reading(None, None, None, "missing", None)
    fewer_tests: bool = False  # cases may fall only because fewer are tested
    nowcast: SeriesView = NOTHING  # cases by onset once all reports are in
    forecast: SeriesView = NOTHING  # cases by report date, two weeks ahead
    changing_delay: bool = False  # nowcast and provisional R lean to one side
    signals: tuple[SignalRow, ...] = ()  # of weekly diseases, here
    contacts: ContactsView | None = None
    revisions: Revisions | None = None  # of R on a day six weeks back
    weeks: WeeksOfAreas = WeeksOfAreas()  # of the areas inside


@dataclass(frozen=True, slots=True)
class SectorsView:
    """Compliance by PSIC section, for an area, with a section × region table."""

    frame: Frame
    area: str
    area_name: str
    rows: tuple[SectorRow, ...]  # surely worst first: by the lower end of "not met"; unrated last
    overall: SectorRow
    regions: tuple[tuple[str, str], ...]  # (code, label) of the columns
    cells: dict[tuple[str, str], Reading] = field(default_factory=dict)  # (section, region)
    period_from: date | None = None
    period_to: date | None = None
    region_names: dict[str, str] = field(default_factory=dict)  # by code


@dataclass(frozen=True, slots=True)
class EntryView:
    """One knowledge entry; `body_html` is sanitised."""

    entry_id: str
    title: str
    kind: str
    status: str
    owner: str
    review_due: date | None
    summary: str
    body_html: str
    sectors: tuple[str, ...]
    hazards: tuple[str, ...]
    control_level: str
    certainty: str  # GRADE, for evidence
    strength: str
    language: str
    sources: tuple[tuple[str, str], ...]  # (text, address or empty)
    overdue: bool


@dataclass(frozen=True, slots=True)
class LibraryView:
    """Knowledge entries, filtered; `kinds` and `sectors` list what can be chosen, with counts."""

    frame: Frame
    entries: tuple[EntryView, ...]
    kinds: tuple[tuple[str, int], ...]
    sectors: tuple[tuple[str, str, int], ...]  # (code, title, entries)
    kind: str
    sector: str
    total: int


@dataclass(frozen=True, slots=True)
class SourceRow:
    """One source: is it in date, what came last, what was left out."""

    source_id: str
    title: str
    publisher: str
    licence: str
    rhythm: str
    expected: date | None
    received: date | None
    late_days: int | None
    state: str  # in_date, late, never
    rows_read: int | None
    rows_accepted: int | None
    rows_rejected: int | None
    rows_duplicate: int | None
    used_for: str
    rows_flagged: int | None = None  # fields blanked or marked; None: suppressed, or no issue
    record_lag_days: int | None = None  # for which the issue was out and not known here
    raised: tuple[str, ...] = ()  # what tripwires say of issues that are held, in words
    waived: tuple[str, ...] = ()  # tripwires that pass, in words
    checked_at: datetime | None = None  # when a run last looked for it
    check: str = ""  # unchanged, accepted, held, refused, unreachable; blank: not looked
    check_reason: str = ""  # of the last two; for stewards alone

    @property
    def is_problem(self) -> bool:
        """Tell whether somebody should look at it."""
        return self.state == "late" or bool(self.raised) or self.check in REFUSED_OR_UNREACHABLE


@dataclass(frozen=True, slots=True)
class VintageRow:
    """One issue of a source as we took it in; a number of rows is None where suppressed."""

    vintage_id: str
    source_id: str
    published_at: datetime
    recorded_at: datetime
    rows_read: int | None
    rows_accepted: int | None
    rows_rejected: int | None
    rows_duplicate: int | None
    rows_changed: int | None
    state: str  # accepted, held, withdrawn
    snapshot: str  # first 12 characters of the sha256
    alarms: tuple[str, ...] = ()  # what tripwires said of it, in words
    added: int = 0  # figures; none of the three is told where rows are persons
    changed: int = 0
    withdrawn: int = 0


@dataclass(frozen=True, slots=True)
class FaultRow:
    """Rows rejected or fields blanked for one reason in the last vintage of a source."""

    source_id: str
    code: str
    grade: str  # ROW or FIELD
    meaning: str
    rows: int | None  # None: suppressed
    action: str


@dataclass(frozen=True, slots=True)
class RunRow:
    """One refresh."""

    run_id: str
    kind: str
    started_at: datetime
    ended_at: datetime | None
    state: str
    publication_id: str
    detail: str


Limits = tuple[float | None, float | None]


@dataclass(frozen=True, slots=True)
class HeldRow:
    """How often later data fell inside the published ranges of one group.

    `ages` are days from the day to publication, `sizes` mean daily cases: from, below; None for
    all. Shares are None while there are too few comparisons.
    """

    indicator: str
    said: float
    ages: Limits | None
    sizes: Limits | None
    compared: int
    waiting: int
    inside: float | None
    low: float | None
    high: float | None
    below: float | None
    above: float | None


@dataclass(frozen=True, slots=True)
class DataView:
    """Freshness, vintages, rejects and flags."""

    frame: Frame
    sources: tuple[SourceRow, ...]
    vintages: ListPage[VintageRow]
    faults: tuple[FaultRow, ...]
    runs: tuple[RunRow, ...]
    inspects: bool = False  # whoever looks may see where faulty rows stand
    held: tuple[HeldRow, ...] | None = None  # None: not computed for this publication
    held_exactly: bool = False  # else numbers of comparisons are rounded
