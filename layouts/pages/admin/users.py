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
from layouts.components.forms.roles import grant_fields, grant_of, grant_words, role_word
from layouts.components.listing.arrange import DAY, Facet, ListColumn, Listing, arranged
from layouts.components.listing.table import listed
from layouts.components.tables import table
from layouts.page import Form, Outcome, Page, Said, Visit

INVITE = "form:/admin/users:invite"


def title(view: UsersView, visit: Visit) -> str:
    """Say how many there are."""
    n = len(view.people)
    return visit.text.ngettext("{n} account", "{n} accounts", n).format(n=n)


def layout(view: UsersView, visit: Visit) -> Component:
    """List the accounts; invite."""
    _ = visit.text.gettext
    listing = people_listing(view, visit)
    shown = listed(listing, arranged(listing, view.people, dict(visit.kept)), visit)
    parts = [card(_("Accounts"), shown)]
    if ask(visit.who, INVITE) is Answer.OPEN:
        parts.append(html.Div([_invite(visit), *_waiting(view, visit)], className="stack"))
    return html.Div(
        [
            heading(title(view, visit), eyebrow=_("Administration")),
            html.Div(parts, className="beside gap-t" if len(parts) > 1 else "gap-t"),
        ]
    )


def people_listing(view: UsersView, visit: Visit) -> Listing[PersonRow]:
    """Say what the list of accounts is made of."""
    text = visit.text
    _ = text.gettext
    states = dict.fromkeys(person.state for person in view.people)
    roles = dict.fromkeys(grant.role for person in view.people for grant in person.grants)
    return Listing(
        "people",
        _("Accounts"),
        (
            ListColumn("name", _("User name"), lambda row: row.name, width="28%"),
            ListColumn("roles", _("Roles")),
            ListColumn("state", _("State"), lambda row: person_state(text, row.state), width="16%"),
            ListColumn("seen", _("Last sign-in"), lambda row: row.signed_in_at, DAY, width="24%"),
        ),
        usual=_("by name"),
        cells=lambda row: _cells(row, visit),
        facets=(
            Facet(
                "state",
                _("State"),
                _("Every state"),
                tuple((state, person_state(text, state)) for state in states),
                lambda row: row.state,
            ),
            Facet(
                "role",
                _("Role"),
                _("Every role"),
                tuple((role, role_word(text, role)) for role in roles),
                lambda row: {grant.role for grant in row.grants},
            ),
        ),
        words=lambda row: f"{row.name} {row.full_name}",
        find_label=_("Name"),
        class_name="flow acts",
    )


def person_state(text: Texts, state: str) -> str:
    """Say whether somebody can sign in."""
    words = {
        "active": text.gettext("open"),
        "waiting": text.gettext("waits for a password"),
        "disabled": text.gettext("disabled"),
    }
    return words[state]


def _cells(person: PersonRow, visit: Visit) -> list[Any]:
    text = visit.text
    _ = text.gettext
    link = html.A(person.name, href=visit.link(f"/admin/users/{person.account}"), className="a")
    full = person.full_name if person.full_name != person.name else ""
    roles = [html.Div(grant_words(text, grant)) for grant in person.grants]
    state = person_state(text, person.state)
    return [
        two(link, full) if full else link,
        roles or html.Span(_("no role"), className="q"),
        html.Span(state, className="q" if person.state != "active" else ""),
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
    lists=("find", "state", "role", "sort", "page"),
    plain=True,
    forms={"invite": _make_invitation, "withdraw": _withdraw},
)
