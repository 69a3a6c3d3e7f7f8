"""Who is signed in, and ending it."""

from __future__ import annotations

from typing import Any

from dash import html
from dash.development.base_component import Component

from kms.access.accounts import sessions
from kms.reads.people.accounts import SessionRow, SessionsView, read_sessions
from layouts.components.cards import card, empty, heading
from layouts.components.forms.fields import post_form
from layouts.components.tables import Column, body_row, wide_table
from layouts.page import Form, Outcome, Page, Said, Visit


def title(view: SessionsView, visit: Visit) -> str:
    """Say how many there are."""
    n = len(view.sessions)
    return visit.text.ngettext("{n} open session", "{n} open sessions", n).format(n=n)


def layout(view: SessionsView, visit: Visit) -> Component:
    """List the sessions, most recently used first."""
    _ = visit.text.gettext
    columns = [
        Column(_("User name")),
        Column(_("Signed in"), width="22%"),
        Column(_("Last used"), width="22%"),
        Column(_("Address"), width="20%"),
        Column(html.Span(_("End it"), className="vh"), width="20%"),
    ]
    rows = [body_row(columns, _cells(row, visit)) for row in view.sessions]
    listed = wide_table(_("Open sessions"), columns, rows, class_name="flow acts")
    return html.Div(
        [
            heading(title(view, visit), eyebrow=_("Administration")),
            html.Div(
                card(_("Open sessions"), listed, sub=_("last used first"), flush=True)
                if rows
                else empty(_("Nobody is signed in.")),
                className="gap-t",
            ),
        ]
    )


def _cells(row: SessionRow, visit: Visit) -> list[Any]:
    text = visit.text
    _ = text.gettext
    end: Any = html.Span(_("this browser"), className="q")
    if not row.own:
        end = post_form(
            visit,
            "end",
            (),
            button=_("End the session"),
            hidden={"session": row.session},
            quiet=True,
            name=_("End the session of {name}").format(name=row.name),
        )
    return [
        html.A(row.name, href=visit.link(f"/admin/users/{row.account}"), className="a"),
        text.moment(row.since),
        text.moment(row.seen_at),
        row.address,
        end,
    ]


def _end(store: Any, form: Form) -> Outcome:
    sessions.end_one(store, form.get("session"), origin=form.origin, at=form.at)
    return Outcome(said=Said("done", form.text.gettext("The session has ended.")))


PAGE = Page(
    path="/admin/sessions",
    read=read_sessions,
    title=title,
    layout=layout,
    nav=lambda text: text.gettext("Sessions"),
    order=2,
    group=2,
    plain=True,
    forms={"end": _end},
)
