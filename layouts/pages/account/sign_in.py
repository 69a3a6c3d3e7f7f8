"""Signing in."""

from __future__ import annotations

from typing import Any

from dash import html
from dash.development.base_component import Component

from kms.access.accounts import sessions
from kms.access.accounts.sign_in import Attempt, sign_in
from kms.reads.people.own import SignInView, read_sign_in
from layouts.components.cards import card, heading
from layouts.components.forms.fields import Field, post_form
from layouts.page import Form, Outcome, Page, Visit


def title(_view: SignInView, visit: Visit) -> str:
    """Name the page."""
    return visit.text.gettext("Sign in")


def layout(_view: SignInView, visit: Visit) -> Component:
    """Ask for name and password; offer the identity provider where there is one."""
    _ = visit.text.gettext
    body: list[Any] = [
        post_form(
            visit,
            "sign-in",
            [
                Field("name", _("User name"), autocomplete="username", most=128),
                Field(
                    "password",
                    _("Password"),
                    kind="password",
                    autocomplete="current-password",
                    most=1024,
                ),
            ],
            button=_("Sign in"),
        )
    ]
    if visit.identity_provider:
        body += [
            html.Div(_("or"), className="or"),
            html.A(
                _("Sign in with your office's account"),
                href=visit.link("/sign-in/office", next=visit.request.next),
                className="ctl",
            ),
        ]
    body.append(
        html.P(
            _(
                "The decision board, briefs and library are open without an account. You are "
                "signed out after a time without use. Forgotten your password? A data steward "
                "can send you a link."
            ),
            className="note",
        )
    )
    return html.Div(
        [
            heading(title(_view, visit)),
            html.Div(card(_("With your account"), body), className="narrow"),
        ]
    )


def _sign_in(store: Any, form: Form) -> Outcome:
    attempt = Attempt(form.get("name"), form.get("password"), form.address)
    known = sign_in(store, attempt, secret=form.secret, at=form.at)
    session = sessions.open_session(
        store, known.account, address=form.address, at=form.at, epoch=known.epoch
    )
    sessions.leave(store, form.request.who)
    go = "/account" if known.must_change else form.request.next or "/"
    return Outcome(go=go, session_id=session)


PAGE = Page(
    path="/sign-in",
    read=read_sign_in,
    title=title,
    layout=layout,
    query=("next",),
    plain=True,
    forms={"sign-in": _sign_in},
)
