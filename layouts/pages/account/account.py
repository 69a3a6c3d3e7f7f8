"""One's own account: roles, password, sessions, tokens for programs."""

from __future__ import annotations

from typing import Any

from dash import html
from dash.development.base_component import Component

from kms.access.accounts import people, sessions, tokens
from kms.access.accounts.sign_in import Attempt, check_again
from kms.access.policy import BRIEFS, EXACT, FIGURES, SEES_EXACT
from kms.domain.principal import COMMITTEE, Grant
from kms.reads.people.own import AccountView, TokenRow, read_account
from kms.texts import manila_day
from layouts.components.cards import card, empty, heading
from layouts.components.forms.fields import Field, post_form
from layouts.components.forms.roles import ROLE_MEANINGS, SCOPE_WORDS, grant_words
from layouts.components.tables import table
from layouts.page import Form, Outcome, Page, Said, Visit
from layouts.pages.account.invitation import chosen_password, new_password

LIFE_DAYS = ("7", "30", "90", "365")


def title(view: AccountView, visit: Visit) -> str:
    """Name whose account it is."""
    return visit.text.gettext("Account of {name}").format(name=view.name)


def layout(view: AccountView, visit: Visit) -> Component:
    """Show what the account may do, then what its owner can change."""
    _ = visit.text.gettext
    left = [card(_("Signed in"), _signed_in(view, visit), sub=view.full_name)]
    if not view.must_change:
        left.append(card(_("Tokens for programs"), _tokens(view, visit)))
    right = [card(_("Password"), _password(visit))] if view.has_password else []
    stacks = [html.Div(cards, className="stack") for cards in (left, right) if cards]
    return html.Div(
        [heading(title(view, visit)), html.Div(stacks, className="half" if right else "gap-t")]
    )


def _signed_in(view: AccountView, visit: Visit) -> list[Any]:
    text = visit.text
    _ = text.gettext
    roles = [
        html.Li([_role(grant, visit), html.Span(_(ROLE_MEANINGS[grant.role]))])
        for grant in view.grants
    ]
    others = text.ngettext(
        "{n} other browser is signed in with this account.",
        "{n} other browsers are signed in with this account.",
        view.other_sessions,
    ).format(n=view.other_sessions)
    return [
        html.P(_("Change the password below; nothing else is open until then."), className="note")
        if view.must_change
        else None,
        html.Ul(roles, className="ls") if roles else empty(_("The account has no role.")),
        html.Div(
            [
                post_form(visit, "sign-out", (), button=_("Sign out"), quiet=True),
                post_form(visit, "end-sessions", (), button=_("Sign out everywhere"), quiet=True),
            ],
            className="rr gap-t",
        ),
        html.P(others, className="note") if view.other_sessions else None,
    ]


def _role(grant: Grant, visit: Visit) -> Component:
    """Name a role; a committee's leads to its establishment."""
    words = grant_words(visit.text, grant)
    if grant.role != COMMITTEE or visit.who.must_change:
        return html.B(words)
    return html.A(html.B(words), href=visit.link(f"/establishments/{grant.establishment}"))


def _password(visit: Visit) -> Component:
    _ = visit.text.gettext
    current = Field(
        "current",
        _("Present password"),
        hint=_("A change signs you out elsewhere and ends your tokens."),
        kind="password",
        autocomplete="current-password",
        most=1024,
    )
    return post_form(
        visit, "password", [current, *new_password(visit)], button=_("Change the password")
    )


def _tokens(view: AccountView, visit: Visit) -> list[Any]:
    text = visit.text
    _ = text.gettext
    scopes = [FIGURES, BRIEFS]
    if visit.who.holds(SEES_EXACT):
        scopes.insert(1, EXACT)
    asked = [
        Field("label", _("What it is for"), most=80),
        *(Field(f"scope:{scope}", _(SCOPE_WORDS[scope]), "checkbox", "yes") for scope in scopes),
        Field(
            "days",
            _("Ends after"),
            options=tuple(
                (days, text.ngettext("{n} day", "{n} days", int(days)).format(n=days))
                for days in LIFE_DAYS
            ),
            value="90",
        ),
    ]
    listed: Any = empty(_("There is no token."))
    if view.tokens:
        listed = table(
            _("Tokens"),
            [_("For"), _("Opens"), _("Ends"), ""],
            [_token_row(token, visit) for token in view.tokens],
        )
    return [
        html.P(
            _("A program sends it as “Authorization: Bearer …” to the interface."),
            className="note",
        ),
        html.Div(listed, className="tw"),
        html.Details(
            [
                html.Summary(_("Make a token")),
                post_form(visit, "make-token", asked, button=_("Make a token")),
            ],
            className="gap-t",
        ),
    ]


def _token_row(token: TokenRow, visit: Visit) -> list[Any]:
    text = visit.text
    _ = text.gettext
    return [
        token.label,
        ", ".join(_(SCOPE_WORDS[scope]) for scope in token.scopes),
        text.day(manila_day(token.expires_at)),
        post_form(
            visit,
            "revoke-token",
            (),
            button=_("Revoke"),
            hidden={"token": token.token_id},
            quiet=True,
            name=_("Revoke {name}").format(name=token.label),
        ),
    ]


def _sign_out(store: Any, form: Form) -> Outcome:
    sessions.close_all(store, form.request.who, everywhere=False, origin=form.origin, at=form.at)
    return Outcome(go="/", ended=True)


def _end_sessions(store: Any, form: Form) -> Outcome:
    sessions.close_all(store, form.request.who, everywhere=True, origin=form.origin, at=form.at)
    return Outcome(go="/sign-in", ended=True)


def _change_password(store: Any, form: Form) -> Outcome:
    who = form.request.who
    attempt = Attempt(who.name, form.get("current"), form.address)
    check_again(store, attempt, secret=form.secret, at=form.at, who=who)
    people.change_password(
        store, who.account, chosen_password(form), origin=form.origin, at=form.at
    )
    session = sessions.open_session(store, who.account, address=form.address, at=form.at)
    return Outcome(go="/account", session_id=session)


def _make_token(store: Any, form: Form) -> Outcome:
    scopes = [scope for scope in SCOPE_WORDS if form.get(f"scope:{scope}")]
    days = form.get("days")
    token = tokens.make_token(
        store,
        form.request.who,
        label=form.get("label"),
        scopes=scopes,
        days=int(days) if days in LIFE_DAYS else 0,
        origin=form.origin,
        at=form.at,
    )
    return Outcome(said=Said("secret", form.text.gettext("The new token"), token))


def _revoke(store: Any, form: Form) -> Outcome:
    tokens.revoke(
        store, form.request.who.account, form.get("token"), origin=form.origin, at=form.at
    )
    return Outcome(said=Said("done", form.text.gettext("The token opens nothing any more.")))


PAGE = Page(
    path="/account",
    read=read_account,
    title=title,
    layout=layout,
    plain=True,
    forms={
        "sign-out": _sign_out,
        "end-sessions": _end_sessions,
        "password": _change_password,
        "make-token": _make_token,
        "revoke-token": _revoke,
    },
)
