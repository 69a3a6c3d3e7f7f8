"""What a load would make of uploaded files: rows, faults, tripwires, changes; then the word."""

from __future__ import annotations

from typing import Any

from dash import html
from dash.development.base_component import Component

from kms.access import by_hand
from kms.domain.desk.uploads import HELD, NEW, TIDY, IssuePreview, Upload
from kms.domain.intake import IntakeReport
from kms.reads.people.uploads import PreviewView, meaning, read_preview
from kms.texts import Texts
from layouts.components.cards import card, empty, heading, stat, stats, two
from layouts.components.forms.alarms import alarms_table
from layouts.components.forms.fields import post_form
from layouts.components.forms.notices import sentence
from layouts.components.tables import Column, body_row, table, wide_table
from layouts.page import Form, Outcome, Page, Said, Visit
from layouts.pages.admin.faults import grade_word

UPLOAD = "/data/upload"


def title(view: PreviewView, visit: Visit) -> str:
    """Say what would become of the files."""
    _ = visit.text.gettext
    if view.preview.upload.source_id == TIDY:
        return _("This table needs a mapping")
    if view.preview.refusal:
        return _("These files would be refused")
    states = {issue.status for issue in view.preview.issues}
    if HELD in states:
        return _("A tripwire would hold this issue")
    return _("These files can be taken in") if NEW in states else _("This issue is known already")


def layout(view: PreviewView, visit: Visit) -> Component:
    """Show the files, what each issue would be, then the two buttons."""
    _ = visit.text.gettext
    back = html.A(_("Upload another"), href=visit.link(UPLOAD))
    upload = view.preview.upload
    issues = [part for issue in view.preview.issues for part in _issue(issue, visit)]
    return html.Div(
        [
            heading(
                title(view, visit),
                eyebrow=html.Span([back, " · ", html.Span(upload.title, lang="en")]),
            ),
            html.P(
                _("Nothing has been taken in yet. Figures and pages are as they were."),
                className="note",
            ),
            html.Div(
                [
                    html.Div(
                        [_refusal(view, visit)] if view.preview.refusal else issues,
                        className="stack",
                    ),
                    html.Div(
                        [_decide(view, visit), _files(upload, visit)],
                        className="stack",
                    ),
                ],
                className="beside gap-t",
            ),
        ]
    )


def _refusal(view: PreviewView, visit: Visit) -> Component:
    found = view.preview
    if found.upload.source_id == TIDY:
        return _mapping(found.upload, visit)
    why = [html.P(sentence(found.refusal), lang="en")]
    if meant := meaning(found.code):
        why.append(html.P([html.Code(found.code), " ", meant], className="q s", lang="en"))
    mapping = found.upload.source_id.removeprefix(f"{TIDY}.")
    if mapping != found.upload.source_id:
        where = visit.link(f"/data/mappings/{mapping}", upload=found.upload.upload_id)
        why.append(html.P(html.A(visit.text.gettext("Look at the mapping"), href=where)))
    another = html.A(visit.text.gettext("Upload another"), href=visit.link(UPLOAD), className="ctl")
    return card(visit.text.gettext("Why"), [*why, html.P(another, className="gap-t")])


def _mapping(upload: Upload, visit: Visit) -> Component:
    _ = visit.text.gettext
    words = _(
        "Nothing says yet what its columns mean. Make a mapping; the file then comes back here. "
        "Where there is one already, upload the file as a file of that source."
    )
    made = visit.link("/data/mappings/new", upload=upload.upload_id)
    link = html.A(_("Make a mapping"), href=made, className="ctl")
    return card(_("Why"), [html.P(words), html.P(link, className="gap-t")])


def _issue(issue: IssuePreview, visit: Visit) -> list[Component]:
    text = visit.text
    _ = text.gettext
    flagged = sum(fault.rows for fault in issue.faults if fault.grade == "FIELD")
    figures = [
        stat(_("Rows read"), text.number(issue.rows_read)),
        stat(_("Accepted"), text.number(issue.rows_accepted)),
        stat(
            _("Left out"),
            text.number(issue.rows_rejected),
            small=text.ngettext(
                "{n} duplicate besides", "{n} duplicates besides", issue.rows_duplicate
            ).format(n=text.number(issue.rows_duplicate))
            if issue.rows_duplicate
            else None,
        ),
        stat(_("Fields marked"), text.number(flagged)),
    ]
    return [
        html.H2(
            _("Published {moment}").format(moment=text.moment(issue.published_at)),
            className="vh",
        ),
        stats(figures),
        *([_alarms(issue, text)] if issue.alarms else []),
        _changes(issue, text),
        *([_faults(issue, text)] if issue.faults else []),
        *([_places(issue, text)] if issue.places else []),
    ]


def _alarms(issue: IssuePreview, text: Texts) -> Component:
    _ = text.gettext
    listed = alarms_table(text, [(alarm, meaning(alarm)) for alarm in issue.alarms])
    return card(_("It would wait for a release"), html.Div(listed, className="tw"))


def _changes(issue: IssuePreview, text: Texts) -> Component:
    _ = text.gettext
    against = _("Published {moment}").format(moment=text.moment(issue.published_at))
    if not issue.compared:
        unknown = _(
            "It follows on an issue of this upload that is not in the store yet: what it changes, "
            "and whether it must wait for a release, is seen when it is taken in."
        )
        return card(_("What it would change"), empty(unknown), sub=against)
    if issue.before_at is not None:
        before = _("compared with the issue of {moment}")
        against = f"{against}, {before.format(moment=text.moment(issue.before_at))}"
    else:
        against = f"{against}, {_('the first issue of this source')}"
    if issue.status not in (NEW, HELD) or not issue.changes:
        return card(_("What it would change"), empty(_nothing(issue, text)), sub=against)
    rows = [
        [html.Code(name), text.number(c.added), text.number(c.changed), text.number(c.withdrawn)]
        for name, c in sorted(issue.changes.items())
    ]
    names = [_("Table"), _("Added"), _("Changed"), _("Withdrawn")]
    listed = table(_("Facts"), names, rows, numbers=True, class_name="flow acts")
    return card(_("What it would change"), html.Div(listed, className="tw"), sub=against)


def _nothing(issue: IssuePreview, text: Texts) -> str:
    _ = text.gettext
    if issue.status == HELD:
        return _("Nothing more: it waits for a release already, or says what is known.")
    if issue.status == NEW:
        return _("It says what the issue before it says; no figure would change.")
    return _("An issue that says the same is in the store; nothing would change.")


def _faults(issue: IssuePreview, text: Texts) -> Component:
    _ = text.gettext
    columns = [
        Column(_("Fault"), width="24%"),
        Column(_("Field"), width="20%"),
        Column(_("Meaning")),
        Column(_("Rows"), "num", "10%"),
    ]
    rows = [
        body_row(
            columns,
            [
                two(html.Span(fault.code, lang="en"), grade_word(text, fault.grade)),
                html.Span(fault.field, lang="en"),
                html.Span(meaning(fault), lang="en"),
                html.B(text.number(fault.rows)),
            ],
        )
        for fault in issue.faults
    ]
    listed = wide_table(_("Faults by kind"), columns, rows, class_name="flow acts")
    return card(_("By fault"), listed, flush=True)


def _places(issue: IssuePreview, text: Texts) -> Component:
    _ = text.gettext
    columns = [
        Column(_("File"), width="30%"),
        Column(_("Row"), "num", "12%"),
        Column(_("Line"), "num", "12%"),
        Column(_("Field"), width="20%"),
        Column(_("Fault")),
    ]
    rows = [
        body_row(
            columns,
            [
                place.part,
                text.number(place.record),
                text.number(place.line) if place.line is not None else "–",
                html.Span(place.field, lang="en"),
                two(html.Span(place.code, lang="en"), grade_word(text, place.grade)),
            ],
        )
        for place in issue.places
    ]
    listed = wide_table(_("Where they stand"), columns, rows, class_name="flow acts")
    sub = _("the first {n}; row 1 is the first after its header").format(n=len(rows))
    return card(_("Where they stand"), listed, sub=sub, flush=True)


def _decide(view: PreviewView, visit: Visit) -> Component:
    _ = visit.text.gettext
    found = view.preview
    forms: list[Any] = []
    if view.closed:
        forms.append(html.P(sentence(view.closed), lang="en"))
    elif not found.refusal:
        hidden = {"sha256": found.upload.sha256}
        forms.append(post_form(visit, "take", (), button=_("Take it in"), hidden=hidden))
    forms.append(
        html.Div(
            post_form(visit, "discard", (), button=_("Throw it away"), quiet=True),
            className="gap-t",
        )
    )
    return card(_("Your word"), forms)


def _files(upload: Upload, visit: Visit) -> Component:
    text = visit.text
    _ = text.gettext
    listed = [
        html.Li([html.B(part.name), html.Div(_size(text, part.size), className="q s")])
        for part in upload.parts
    ]
    hash_ = html.P([_("Hash of all"), " ", html.Code(upload.sha256[:16])], className="q s cut")
    return card(_("Files"), [html.Ul(listed, className="ls"), hash_])


def _size(text: Texts, size: int) -> str:
    if size < 1 << 20:
        return f"{text.number(max(size / 1024, 0.1), 1)} kB"
    return f"{text.number(size / (1 << 20), 1)} MB"


def _take(store: Any, form: Form) -> Outcome:
    upload_id = form.request.upload
    reports = by_hand.take(store, form.intake, upload_id, form.get("sha256"), origin=form.origin)
    return Outcome(said=Said("done", _told(reports, form.text)), at=UPLOAD)


def _told(reports: list[IntakeReport], text: Texts) -> str:
    """Say what became of each issue."""
    _ = text.gettext
    words = {
        "accepted": _("{name} is taken in: {accepted} of {read} rows; the next refresh shows it."),
        "unchanged": _("{name} was known already; nothing changed."),
        "held": _("{name} is held by a tripwire; see held issues."),
    }
    return " ".join(
        words[report.status].format(
            name=report.vintage,
            accepted=text.number(report.rows_accepted),
            read=text.number(report.rows_read),
        )
        for report in reports
    )


def _discard(store: Any, form: Form) -> Outcome:
    by_hand.discard(store, form.intake, form.request.upload, origin=form.origin)
    return Outcome(said=Said("done", form.text.gettext("The upload is thrown away.")), at=UPLOAD)


PAGE = Page(
    path=f"{UPLOAD}/<upload>",
    read=read_preview,
    title=title,
    layout=layout,
    section=UPLOAD,
    plain=True,
    asks_intake=True,
    forms={"take": _take, "discard": _discard},
)
