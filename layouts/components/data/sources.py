"""The sources of the data page: problems first, those never received in one short list."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from functools import partial
from itertools import groupby

from dash import html
from dash.development.base_component import Component

from kms.reads.views import REFUSED_OR_UNREACHABLE, DataView, SourceRow
from kms.texts import Texts
from kms.wording import source_state
from layouts.components import marks
from layouts.components.cards import Child, card, empty, page_link, two
from layouts.components.listing.arrange import (
    DAY,
    NUMBER,
    Facet,
    ListColumn,
    Listing,
    arranged,
    asked_of,
)
from layouts.components.listing.table import listed
from layouts.components.tables import Column, body_row, group_row
from layouts.page import Visit
from layouts.svg import icon

PREFIX = "sources-"
SOURCE_PARAMETERS = tuple(f"{PREFIX}{key}" for key in ("find", "state", "sort", "page"))


def sources_card(view: DataView, visit: Visit) -> Component:
    """List the sources, problems first; unasked, those never received in one short list."""
    _ = visit.text.gettext
    if not view.sources:
        return card(_("Sources"), empty(_("No source is registered.")))
    listing, given = sources_listing(view, visit), dict(visit.kept)
    asked = asked_of(listing, given)
    whole = asked.is_narrowed or asked.order is not None or visit.request.source
    came = [row for row in view.sources if whole or group_of(row) != "never"]
    part = arranged(listing, came, given)
    never = [row for row in view.sources if row not in came]
    grouped = asked.order is None
    return card(
        _("Sources"),
        [
            listed(listing, part, visit, lines=partial(_lines, visit, grouped=grouped)),
            _never(never, visit),
        ],
        sub=_("problems first"),
        actions=page_link(_("All sources"), visit.link("/data")) if visit.request.source else None,
    )


def group_of(row: SourceRow) -> str:
    """Tell under which head a source stands: problem, in_date or never."""
    return "problem" if row.is_problem else "never" if row.state == "never" else "in_date"


def group_words(text: Texts) -> dict[str, str]:
    """Return the heads of the groups, most urgent first."""
    return {
        "problem": text.gettext("To look at"),
        "in_date": text.gettext("In date"),
        "never": text.gettext("Never received"),
    }


def sources_listing(view: DataView, visit: Visit) -> Listing[SourceRow]:
    """Say what the list of sources is made of; a suppressed number has no place in an order."""
    text = visit.text
    _ = text.gettext
    words = group_words(text)
    here = {group_of(row) for row in view.sources}

    def day(
        key: str, head: str, value: Callable[[SourceRow], date | None]
    ) -> ListColumn[SourceRow]:
        return ListColumn(key, head, value, DAY, class_name="num", width="9%")

    def rows(
        key: str, head: str, value: Callable[[SourceRow], int | None]
    ) -> ListColumn[SourceRow]:
        return ListColumn(key, head, value, NUMBER, class_name="num", width="7%")

    return Listing(
        "sources",
        _("Sources, problems first"),
        (
            ListColumn("title", _("Source"), lambda row: row.title, width="22%"),
            day("expected", _("Expected"), lambda row: row.expected),
            day("received", _("Received"), lambda row: row.received),
            ListColumn("state", _("State"), lambda row: source_state(text, row), width="13%"),
            ListColumn("looked", _("Last looked"), lambda row: row.checked_at, DAY, width="13%"),
            rows("rows", _("Rows"), lambda row: row.rows_read),
            rows("rejected", _("Rejected"), lambda row: row.rows_rejected),
            rows("flags", _("Flags"), lambda row: row.rows_flagged if row.received else None),
            ListColumn("used", _("Used for")),
        ),
        usual=_("problems first"),
        facets=(
            Facet(
                "state",
                _("State"),
                _("Every state"),
                tuple((group, words[group]) for group in words if group in here),
                group_of,
            ),
        ),
        words=lambda row: f"{row.title} {row.publisher} {row.used_for}",
        find_label=_("Name or publisher"),
        prefix=PREFIX,
        class_name="wide flow trio srcs",
    )


def _lines(
    visit: Visit, columns: Sequence[Column], rows: Sequence[SourceRow], *, grouped: bool
) -> list[Component]:
    """Write the sources; in the usual order under the heads of their groups."""
    lines: list[Component] = []
    words = group_words(visit.text)
    if not grouped:
        return [line for row in rows for line in _source(row, columns, visit)]
    for group, found in groupby(rows, key=group_of):
        members = list(found)
        head = html.Span([words[group], " ", html.B(len(members))])
        lines.append(group_row([head], len(columns)))
        lines += [line for row in members for line in _source(row, columns, visit)]
    return lines


def _never(rows: list[SourceRow], visit: Visit) -> Component | None:
    """Name the sources of which nothing ever came."""
    if not rows:
        return None
    text = visit.text
    links = [
        html.Li(page_link(row.title, visit.here(source=row.source_id), className="a", lang="en"))
        for row in sorted(rows, key=lambda row: row.title)
    ]
    heads = text.ngettext("{n} source never received", "{n} sources never received", len(rows))
    return html.Details(
        [
            html.Summary(heads.format(n=text.number(len(rows)))),
            html.Ul(links, className="grid-a"),
        ],
        className="never",
    )


def _source(row: SourceRow, columns: Sequence[Column], visit: Visit) -> list[Component]:
    """Write a source, and under it why the last look came to nothing."""
    text = visit.text
    came = row.received is not None
    name = page_link(row.title, visit.here(source=row.source_id), className="a", lang="en")
    whose = f"{row.publisher} · {row.rhythm}"
    if visit.request.source:
        whose = f"{whose} · {row.licence}"
    line = body_row(
        columns,
        [
            two(name, html.Span(whose, lang="en")),
            _day(row.expected, row, text) if row.expected else "",
            _received(row, text) if row.received else "",
            _state(row, text),
            _looked(row, text),
            _rows(row, text) if came else "",
            _rejected(row, text) if came else "",
            count(text, row.rows_flagged) if came else "",
            html.Span(row.used_for, className="t2 s", lang="en"),
        ],
    )
    if not row.check_reason:
        return [line]
    reason = html.Td(row.check_reason, colSpan=len(columns), className="why", lang="en")
    return [line, html.Tr(reason)]


def _day(day: date, row: SourceRow, text: Texts) -> str:
    """Write a day; its year too where the next issue is due in another."""
    years = {each.year for each in (row.expected, row.received) if each}
    return text.day(day) if len(years) > 1 else text.short_day(day)


def _received(row: SourceRow, text: Texts) -> Child:
    """Write when the newest issue was published, and how long it was out before we had it."""
    day = html.B(_day(row.received, row, text)) if row.received else ""
    if not row.record_lag_days:
        return day
    lag = text.ngettext("{n} day later here", "{n} days later here", row.record_lag_days)
    return two(day, lag.format(n=text.number(row.record_lag_days)))


def _state(row: SourceRow, text: Texts) -> Component:
    """Write whether a source is in date, and what its tripwires say."""
    words = source_state(text, row)
    if row.state == "in_date":
        mark: Component = html.Span([icon("met"), words], className="st ok")
    else:
        mark = marks.state(text, "missing" if row.state == "never" else "stale", word=words)
    raised = [
        html.Div([text.gettext("Held:"), " ", html.Span(words, lang="en")], className="s")
        for words in row.raised
    ]
    waived = [
        html.Div([text.gettext("Passes:"), " ", html.Span(words, lang="en")], className="q s")
        for words in row.waived
    ]
    return html.Div([mark, *raised, *waived])


def _looked(row: SourceRow, text: Texts) -> Child:
    """Write when a run last looked for a source, and what came of it."""
    if row.checked_at is None:
        return ""
    word = check_word(text, row.check)
    failed = row.check in REFUSED_OR_UNREACHABLE
    said = marks.state(text, "stale", word=word) if failed else word
    return two(said, text.moment(row.checked_at), "wrap")


def check_word(text: Texts, check: str) -> str:
    """Say what a look at a source came to."""
    words = {
        "unchanged": text.gettext("nothing new"),
        "accepted": text.gettext("accepted"),
        "held": text.gettext("held for a steward"),
        "refused": text.gettext("refused"),
        "unreachable": text.gettext("not reached"),
    }
    return words.get(check, check)


def _rows(row: SourceRow, text: Texts) -> Child:
    """Write the rows read, and of them those accepted and the copies."""
    _ = text.gettext
    read = count(text, row.rows_read)
    if row.rows_accepted is None or row.rows_accepted == row.rows_read:
        return read
    parts = [_("{n} accepted").format(n=text.number(row.rows_accepted))]
    if row.rows_duplicate:
        copies = text.ngettext("{n} copy", "{n} copies", row.rows_duplicate)
        parts.append(copies.format(n=text.number(row.rows_duplicate)))
    return html.Div([read, *(html.Div(part, className="q s") for part in parts)])


def _rejected(row: SourceRow, text: Texts) -> Child:
    rejected = count(text, row.rows_rejected)
    if not row.rows_read or not row.rows_rejected:
        return rejected
    return two(rejected, text.percent(row.rows_rejected / row.rows_read, 2))


def count(text: Texts, rows: int | None) -> Child:
    """Write a number of rows; where rows are persons a small one is suppressed."""
    return marks.state(text, "suppressed") if rows is None else text.number(rows)


def source_title(view: DataView, source_id: str) -> str:
    """Return what a source is called; its name in the store where it is not known."""
    return next((row.title for row in view.sources if row.source_id == source_id), source_id)
