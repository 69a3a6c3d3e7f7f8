"""One account, for those who look after accounts."""

from __future__ import annotations

from typing import Any

from dash import html
from dash.development.base_component import Component

from kms.access.accounts import invitations, people
from kms.access.policy import Answer, ask
from kms.domain.principal import Grant
from kms.reads.people.accounts import PersonView, read_person
from kms.texts import manila_day
from layouts.components.cards import card, empty, heading
from layouts.components.forms.fields import post_form
from layouts.components.forms.roles import (
    ROLE_MEANINGS,
    SCOPE_WORDS,
    grant_fields,
    grant_of,
    grant_words,
)
from layouts.components.tables import table
from layouts.page import Form, Outcome, Page, Said, Visit

PATH = "/admin/users/<account>"
ACTIVE, DISABLED = "active", "disabled"


def title(view: PersonView, visit: Visit) -> str:
    """Name whose account it is."""
    return visit.text.gettext("Account of {name}").format(name=view.person.name)


def layout(view: PersonView, visit: Visit) -> Component:
    """Show what the account may do and how it is used; change it."""
    _ = visit.text.gettext
    left = [card(_("Roles"), _roles(view, visit))]
    if _may(visit, "give-role"):
        given = post_form(visit, "give-role", grant_fields(visit.text), button=_("Give the role"))
        left.append(card(_("Give a role"), given))
    right = [
        card(_("Signing in"), _signing_in(view, visit)),
        card(_("Tokens for programs"), _tokens(view, visit)),
    ]
    back = html.A(_("All accounts"), href=visit.link("/admin/users"))
    return html.Div(
        [
            heading(title(view, visit), eyebrow=html.Span([back, " · ", view.person.full_name])),
            html.Div(
                [html.Div(left, className="stack"), html.Div(right, className="stack")],
                className="half",
            ),
        ]
    )


def _may(visit: Visit, do: str) -> bool:
    return ask(visit.who, f"form:{PATH}:{do}") is Answer.OPEN


def _roles(view: PersonView, visit: Visit) -> list[Any]:
    _ = visit.text.gettext
    if not view.person.grants:
        return [empty(_("The account has no role."))]
    lines = [_role(grant, visit) for grant in view.person.grants]
    after = _("Whoever is signed in with the account must sign in again when a role changes.")
    return [
        html.Ul(lines, className="ls"),
        html.P(after, className="note gap-t") if _may(visit, "take-role") else None,
    ]


def _role(grant: Grant, visit: Visit) -> Component:
    _ = visit.text.gettext
    words = grant_words(visit.text, grant)
    told = html.Div(
        [html.B(words), html.Div(_(ROLE_MEANINGS[grant.role]), className="q s")], className="grow"
    )
    if not _may(visit, "take-role"):
        return html.Li(told)
    taken = post_form(
        visit,
        "take-role",
        (),
        button=_("Take away"),
        hidden={
            "role": grant.role,
            "area": grant.area,
            "section": grant.section,
            "establishment": grant.establishment,
        },
        quiet=True,
        name=_("Take away {name}").format(name=words),
    )
    return html.Li(html.Div([told, taken], className="rr"))


def _signing_in(view: PersonView, visit: Visit) -> list[Any]:
    text, person = visit.text, view.person
    _ = text.gettext
    facts = [
        (_("State"), _state(view, visit)),
        (_("Opened"), text.day(manila_day(view.created_at))),
        (
            _("Last sign-in"),
            text.moment(person.signed_in_at) if person.signed_in_at else _("never"),
        ),
        (_("Open sessions"), text.number(view.open_sessions)),
    ]
    pairs = [part for name, value in facts for part in (html.Dt(name), html.Dd(value))]
    return [html.Dl(pairs, className="pairs"), *_sign_in_forms(view, visit)]


def _state(view: PersonView, visit: Visit) -> str:
    _ = visit.text.gettext
    if view.person.state == DISABLED:
        return _("disabled; nobody can sign in")
    if view.by_provider:
        return _("open; signs in with the office's account")
    if view.person.state == "waiting":
        return _("waits for a new password, by a link that was sent")
    return _("open")


def _sign_in_forms(view: PersonView, visit: Visit) -> list[Component]:
    _ = visit.text.gettext
    if view.person.account == visit.who.account:
        mine = html.A(_("your account"), href=visit.link("/account"))
        return [html.P([_("This is you:"), " ", mine, "."], className="note gap-t")]
    forms: list[Component] = []
    is_disabled = view.person.state == DISABLED
    if view.may_reset and not view.by_provider and _may(visit, "reset"):
        forms.append(
            post_form(visit, "reset", (), button=_("Make a link to a new password"), quiet=True)
        )
    if is_disabled and _may(visit, "enable"):
        forms.append(post_form(visit, "enable", (), button=_("Open the account again")))
    if not is_disabled and _may(visit, "disable"):
        forms.append(post_form(visit, "disable", (), button=_("Disable the account"), quiet=True))
    if not forms:
        return [html.P(_("Only an admin may change this account."), className="note gap-t")]
    ends = _(
        "A change here ends the sessions of the account; a new password and disabling end its "
        "tokens, too."
    )
    return [html.Div(forms, className="rr wrap gap-t"), html.P(ends, className="note gap-t")]


def _tokens(view: PersonView, visit: Visit) -> Component:
    text = visit.text
    _ = text.gettext
    if not view.tokens:
        return empty(_("There is no token."))
    rows = [
        [
            token.label,
            ", ".join(_(SCOPE_WORDS[scope]) for scope in token.scopes if scope in SCOPE_WORDS),
            text.day(manila_day(token.expires_at)),
        ]
        for token in view.tokens
    ]
    listed = table(_("Tokens"), [_("For"), _("Opens"), _("Ends")], rows, class_name="flow")
    return html.Div(listed, className="tw")


def _name(store: Any, form: Form) -> str:
    return read_person(store, form.request).person.name


def _done(words: str) -> Outcome:
    return Outcome(said=Said("done", words))


def _give_role(store: Any, form: Form) -> Outcome:
    grant = grant_of(form)
    people.give_role(store, _name(store, form), grant, origin=form.origin, at=form.at)
    words = form.text.gettext("The account has the role {role} now.")
    return _done(words.format(role=grant_words(form.text, grant)))


def _take_role(store: Any, form: Form) -> Outcome:
    sent = (form.get(name) for name in ("role", "area", "section", "establishment"))
    people.take_role(store, _name(store, form), Grant(*sent), origin=form.origin, at=form.at)
    return _done(form.text.gettext("The role was taken away."))


def _reset(store: Any, form: Form) -> Outcome:
    name = _name(store, form)
    code = invitations.reset_password(store, name, origin=form.origin, at=form.at)
    words = form.text.gettext("Link to a new password for {name}; it works once, for 24 hours")
    return Outcome(
        said=Said("secret", words.format(name=name), f"{form.site}/invitation?code={code}")
    )


def _disable(store: Any, form: Form) -> Outcome:
    people.set_state(store, _name(store, form), DISABLED, origin=form.origin, at=form.at)
    return _done(form.text.gettext("The account is disabled."))


def _enable(store: Any, form: Form) -> Outcome:
    people.set_state(store, _name(store, form), ACTIVE, origin=form.origin, at=form.at)
    return _done(form.text.gettext("The account is open again."))


PAGE = Page(
    path=PATH,
    read=read_person,
    title=title,
    layout=layout,
    section="/admin/users",
    plain=True,
    forms={
        "give-role": _give_role,
        "take-role": _take_role,
        "reset": _reset,
        "disable": _disable,
        "enable": _enable,
    },
)
