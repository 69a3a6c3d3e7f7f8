"""The audit log: who did what, newest first."""

from __future__ import annotations

from typing import Any

from dash import html
from dash.development.base_component import Component

from kms.reads.people.log import LogRow, LogView, read_log
from kms.texts import Texts, manila_day
from layouts.components.cards import card, empty, heading, two
from layouts.components.forms.fields import Field, filter_form
from layouts.components.forms.roles import ROLE_WORDS, role_word
from layouts.components.tables import Column, body_row, wide_table
from layouts.page import Page, Visit

N_ = str  # marks a text for the catalogues
EVENT_WORDS = {
    "sign_in": N_("signed in"),
    "sign_in.refused": N_("signing in refused"),
    "sign_out": N_("signed out"),
    "session.end": N_("session ended by an admin"),
    "password.change": N_("password changed"),
    "password.reset": N_("link to a new password made"),
    "invitation.create": N_("invitation made"),
    "invitation.withdraw": N_("invitation withdrawn"),
    "access.refused": N_("refused what the role does not open"),
    "account.create": N_("account opened"),
    "account.active": N_("account opened again"),
    "account.disabled": N_("account disabled"),
    "account.unlock": N_("account unlocked"),
    "role.grant": N_("role given"),
    "role.revoke": N_("role taken away"),
    "token.create": N_("token made"),
    "token.revoke": N_("token revoked"),
    "export": N_("exact figures exported"),
    "rows.view": N_("inspections of an establishment seen"),
    "quarantine.view": N_("places of faulty rows seen"),
    "publication.rollback": N_("publication taken back"),
    "vintage.withdraw": N_("vintage withdrawn"),
    "vintage.release": N_("vintage released"),
    "vintage.correct": N_("vintage corrected"),
    "rejects.download": N_("rejected rows downloaded"),
    "upload.receive": N_("files uploaded"),
    "upload.preview": N_("upload looked at"),
    "upload.take": N_("upload taken in"),
    "upload.discard": N_("upload thrown away"),
    "upload.columns": N_("columns of an upload looked at"),
    "mapping.make": N_("mapping made"),
    "mapping.change": N_("mapping changed"),
    "entry.add": N_("row entered by hand"),
    "entry.correct": N_("row entered by hand corrected"),
    "waiver.give": N_("waiver given"),
    "waiver.end": N_("waiver taken back"),
    "retention.apply": N_("old data removed"),
}
WAYS = {
    "session": N_("by the pages"),
    "token": N_("by a token"),
    "command": N_("by the command line"),
    "link": N_("by a link"),
}


def title(_view: LogView, visit: Visit) -> str:
    """Name the page."""
    return visit.text.gettext("Audit log")


def layout(view: LogView, visit: Visit) -> Component:
    """Show a page of the log and what can be asked of it."""
    _ = visit.text.gettext
    columns = [
        Column(_("Time"), width="13%"),
        Column(_("What")),
        Column(_("Who"), width="14%"),
        Column(_("About"), width="20%"),
        Column(_("Rows"), "num"),
        Column(_("Publication")),
        Column(_("Address"), "nw"),
        Column(_("Detail"), width="16%"),
    ]
    rows = [body_row(columns, _cells(row, visit)) for row in view.rows]
    listed: Any = empty(_("Nothing was logged that fits."))
    if rows:
        listed = card(
            _("What was done"),
            wide_table(_("What was done"), columns, rows, class_name="wide flow acts log"),
            sub=_("newest first, times of Manila"),
            flush=True,
        )
    checked = _(
        "Each row holds the hash of the one before. That none was changed or cut off is checked "
        "by {command}, not by this page."
    )
    before, after = checked.split("{command}")
    return html.Div(
        [
            heading(title(view, visit), eyebrow=_("Administration")),
            html.P([before, html.Code("kms verify audit"), after], className="note"),
            html.Div(_filters(view, visit), className="gap-t"),
            html.Div(listed, className="gap-t"),
            _pages(view, visit),
        ]
    )


def event_words(text: Texts, event: str) -> str:
    """Return an event in words; its name where it has none."""
    known = EVENT_WORDS.get(event)
    return text.gettext(known) if known else event


def _filters(view: LogView, visit: Visit) -> Component:
    text = visit.text
    _ = text.gettext
    events = sorted((event_words(text, event), event) for event in EVENT_WORDS)
    if view.event and view.event not in EVENT_WORDS:
        events.append((view.event, view.event))
    fields = [
        Field(
            "event",
            _("What"),
            value=view.event,
            options=(("", _("Everything")), *((event, words) for words, event in events)),
        ),
        Field("actor", _("User name"), value=view.actor, required=False, most=128),
    ]
    return filter_form(visit, fields, button=_("Show"))


def _cells(row: LogRow, visit: Visit) -> list[Any]:
    text = visit.text
    _ = text.gettext
    roles = [role_word(text, role) if role in ROLE_WORDS else role for role in row.roles]
    way = _(WAYS[row.via]) if row.via in WAYS else row.via
    who: Any = html.Span(_("nobody signed in"), className="q")
    if row.actor:
        who = html.A(row.actor, href=visit.link("/admin/audit", actor=row.actor), className="a")
    return [
        two(text.day(manila_day(row.at)), f"{text.clock(row.at)} · {row.seq}"),
        event_words(text, row.event),
        html.Div(
            [
                html.Span(who),
                html.Span(", ".join([*roles, *([way] if way else [])]), className="q"),
            ],
            className="two",
        ),
        html.Span(row.object, className="cut"),
        text.number(row.rows) if row.rows is not None else "",
        row.publication,
        row.address,
        html.Span(row.detail, className="cut", lang="en") if row.detail else "",
    ]


def _pages(view: LogView, visit: Visit) -> Component | None:
    _ = visit.text.gettext
    links = []
    if visit.request.before:
        links.append(html.A(_("Newest"), href=visit.here(before=""), className="ctl"))
    if view.older is not None:
        links.append(html.A(_("Older"), href=visit.here(before=str(view.older)), className="ctl"))
    return html.Nav(links, className="rr gap-t", **{"aria-label": _("Pages")}) if links else None


PAGE = Page(
    path="/admin/audit",
    read=read_log,
    title=title,
    layout=layout,
    nav=lambda text: text.gettext("Audit log"),
    order=3,
    group=2,
    query=("before", "event", "actor"),
    plain=True,
)
