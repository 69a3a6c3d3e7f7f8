"""The audit log: who did what, newest first."""

from __future__ import annotations

from typing import Any

from dash import html
from dash.development.base_component import Component

from kms.reads.people.log import TIME, LogRow, LogView, read_log
from kms.texts import Texts, manila_day
from layouts.components.cards import card, empty, heading, two
from layouts.components.forms.roles import ROLE_WORDS, role_word
from layouts.components.listing.arrange import DAY, Facet, ListColumn, Listing
from layouts.components.listing.table import listed
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
    listing = log_listing(view, visit)
    shown: Any = listed(listing, view.listed, visit)
    if not view.listed.total:
        shown = empty(_("Nothing has been logged yet."))
    checked = _(
        "Each row holds the hash of the one before. That none was changed or cut off is checked "
        "by {command}, not by this page."
    )
    before, after = checked.split("{command}")
    return html.Div(
        [
            heading(title(view, visit), eyebrow=_("Administration")),
            html.P([before, html.Code("kms verify audit"), after], className="note"),
            card(_("What was done"), shown, sub=_("times of Manila"), class_name="gap-t"),
        ]
    )


def event_words(text: Texts, event: str) -> str:
    """Return an event in words; its name where it has none."""
    known = EVENT_WORDS.get(event)
    return text.gettext(known) if known else event


def log_listing(view: LogView, visit: Visit) -> Listing[LogRow]:
    """Say what the log's list is made of; the store narrows and cuts it."""
    text = visit.text
    _ = text.gettext
    events = sorted((event_words(text, event), event) for event in EVENT_WORDS)
    if view.event and view.event not in EVENT_WORDS:
        events.append((view.event, view.event))
    return Listing(
        "log",
        _("What was done"),
        (
            ListColumn(TIME, _("Time"), kind=DAY, in_store=True, width="13%"),
            ListColumn("event", _("What")),
            ListColumn("actor", _("Who"), width="14%"),
            ListColumn("object", _("About"), width="20%"),
            ListColumn("rows", _("Rows"), class_name="num"),
            ListColumn("publication", _("Publication")),
            ListColumn("address", _("Address"), class_name="nw"),
            ListColumn("detail", _("Detail"), width="16%"),
        ),
        usual=_("newest first"),
        cells=lambda row: _cells(row, visit),
        facets=(
            Facet(
                "event",
                _("What"),
                _("Everything"),
                tuple((event, words) for words, event in events),
            ),
        ),
        find_label=_("User name"),
        find_key="actor",
        class_name="wide flow acts log",
    )


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


PAGE = Page(
    path="/admin/audit",
    read=read_log,
    title=title,
    layout=layout,
    nav=lambda text: text.gettext("Audit log"),
    order=3,
    group=2,
    query=("event", "actor", "sort", "page"),
    plain=True,
)
