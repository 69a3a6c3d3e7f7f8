"""Everybody with an account; an admin invites further people."""

from __future__ import annotations

from typing import Any

from dash import html
from dash.development.base_component import Component

from kms.access.accounts import invitations
from kms.access.policy import Answer, ask
from kms.reads.people.accounts import PersonRow, UsersView, read_users
from kms.texts import Texts, manila_day
from layouts.components.cards import card, heading, two
from layouts.components.forms.fields import post_form
from layouts.components.forms.roles import grant_fields, grant_of, grant_words
from layouts.components.tables import Column, body_row, table, wide_table
from layouts.page import Form, Outcome, Page, Said, Visit

INVITE = "form:/admin/users:invite"


def title(view: UsersView, visit: Visit) -> str:
    """Say how many there are."""
    n = len(view.people)
    return visit.text.ngettext("{n} account", "{n} accounts", n).format(n=n)


def layout(view: UsersView, visit: Visit) -> Component:
    """List the accounts; invite."""
    _ = visit.text.gettext
    columns = [
        Column(_("User name"), width="28%"),
        Column(_("Roles")),
        Column(_("State"), width="14%"),
        Column(_("Last sign-in"), width="24%"),
    ]
    rows = [body_row(columns, _cells(person, visit)) for person in view.people]
    listed = card(
        _("Accounts"),
        wide_table(_("Accounts"), columns, rows, class_name="flow acts"),
        sub=_("by name"),
        flush=True,
    )
    parts = [listed]
    if ask(visit.who, INVITE) is Answer.OPEN:
        parts.append(html.Div([_invite(visit), *_waiting(view, visit)], className="stack"))
    return html.Div(
        [
            heading(title(view, visit), eyebrow=_("Administration")),
            html.Div(parts, className="beside gap-t" if len(parts) > 1 else "gap-t"),
        ]
    )


def person_state(text: Texts, person: PersonRow) -> str:
    """Say whether somebody can sign in."""
    words = {
        "active": text.gettext("open"),
        "waiting": text.gettext("waits for a password"),
        "disabled": text.gettext("disabled"),
    }
    return words[person.state]


def _cells(person: PersonRow, visit: Visit) -> list[Any]:
    text = visit.text
    _ = text.gettext
    link = html.A(person.name, href=visit.link(f"/admin/users/{person.account}"), className="a")
    full = person.full_name if person.full_name != person.name else ""
    roles = [html.Div(grant_words(text, grant)) for grant in person.grants]
    return [
        two(link, full) if full else link,
        roles or html.Span(_("no role"), className="q"),
        html.Span(person_state(text, person), className="q" if person.state != "active" else ""),
        text.moment(person.signed_in_at)
        if person.signed_in_at
        else html.Span(_("never"), className="q"),
    ]


def _invite(visit: Visit) -> Component:
    _ = visit.text.gettext
    return card(
        _("Invite somebody"),
        [
            html.P(
                _(
                    "You get a link to pass on. Whoever opens it first chooses a name and a "
                    "password; it works once, for seven days."
                ),
                className="note",
            ),
            post_form(visit, "invite", grant_fields(visit.text), button=_("Make the link")),
        ],
    )


def _waiting(view: UsersView, visit: Visit) -> list[Component]:
    """List links nobody has used, each with a way to end it."""
    if not view.invitations:
        return []
    text = visit.text
    _ = text.gettext
    rows = [
        [
            grant_words(text, link.grant),
            link.by,
            text.day(manila_day(link.expires_at)),
            post_form(
                visit,
                "withdraw",
                (),
                button=_("Withdraw"),
                hidden={"link": link.name},
                quiet=True,
                name=_("Withdraw the invitation {name}").format(name=link.name),
            ),
        ]
        for link in view.invitations
    ]
    heads = [_("Role"), _("Made by"), _("Ends"), _("Withdraw")]
    shown = table(_("Open invitations"), heads, rows, class_name="flow acts")
    return [card(_("Open invitations"), shown, flush=True)]


def _withdraw(store: Any, form: Form) -> Outcome:
    invitations.withdraw(store, form.get("link"), origin=form.origin, at=form.at)
    return Outcome(said=Said("done", form.text.gettext("The link opens nothing any more.")))


def _make_invitation(store: Any, form: Form) -> Outcome:
    grant = grant_of(form)
    code = invitations.invite(store, grant, origin=form.origin, at=form.at)
    words = form.text.gettext("Link for a new account: {role}").format(
        role=grant_words(form.text, grant)
    )
    return Outcome(said=Said("secret", words, f"{form.site}/invitation?code={code}"))


PAGE = Page(
    path="/admin/users",
    read=read_users,
    title=title,
    layout=layout,
    nav=lambda text: text.gettext("Users"),
    order=1,
    group=2,
    plain=True,
    forms={"invite": _make_invitation, "withdraw": _withdraw},
)
