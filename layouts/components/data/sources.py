"""The sources of the data page: problems first, those never received in one short list."""

from __future__ import annotations

from datetime import date

from dash import html
from dash.development.base_component import Component

from kms.reads.views import REFUSED_OR_UNREACHABLE, DataView, SourceRow
from kms.texts import Texts
from kms.wording import source_state
from layouts.components import marks
from layouts.components.cards import Child, card, empty, page_link, two
from layouts.components.tables import Column, body_row, group_row, wide_table
from layouts.page import Visit
from layouts.svg import icon


def sources_card(view: DataView, visit: Visit) -> Component:
    """List the sources, problems first; those never received in one short list."""
    text = visit.text
    _ = text.gettext
    if not view.sources:
        return card(_("Sources"), empty(_("No source is registered.")))
    columns = [
        Column(_("Source"), width="22%"),
        Column(_("Expected"), "num", "8%"),
        Column(_("Received"), "num", "10%"),
        Column(_("State"), width="13%"),
        Column(_("Last looked"), width="13%"),
        Column(_("Rows"), "num", "8%"),
        Column(_("Rejected"), "num", "7%"),
        Column(_("Flags"), "num", "5%"),
        Column(_("Used for")),
    ]
    # One asked for is shown whole, whether it was ever received or not.
    came = [r for r in view.sources if r.state != "never" or r.is_problem or visit.request.source]
    groups = (
        (_("To look at"), [r for r in came if r.is_problem]),
        (_("In date"), [r for r in came if r.state == "in_date" and not r.is_problem]),
        (_("Never received"), [r for r in came if r.state == "never" and not r.is_problem]),
    )
    rows: list[Component] = []
    for name, members in groups:
        if members:
            rows.append(group_row([html.Span([name, " ", html.B(len(members))])], len(columns)))
            rows += [line for row in members for line in _source(row, columns, visit)]
    shown = wide_table(
        _("Sources, problems first"), columns, rows, class_name="wide flow trio srcs"
    )
    return card(
        _("Sources"),
        [shown if rows else None, _never([r for r in view.sources if r not in came], visit)],
        sub=_("problems first"),
        actions=page_link(_("All sources"), visit.here(source="", next=""))
        if visit.request.source
        else None,
        flush=True,
    )


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


def _source(row: SourceRow, columns: list[Column], visit: Visit) -> list[Component]:
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
