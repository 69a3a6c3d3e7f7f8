"""A link that opens an account, or renews a password."""

from __future__ import annotations

from typing import Any

from dash import html
from dash.development.base_component import Component

from kms.access.accounts import invitations, sessions
from kms.errors import AccessError
from kms.reads.people.own import InvitationView, read_invitation
from layouts.components.cards import card, empty, heading
from layouts.components.forms.fields import Field, post_form
from layouts.components.forms.notices import PROBLEMS
from layouts.components.forms.roles import grant_words
from layouts.page import Form, Outcome, Page, Visit


def title(view: InvitationView, visit: Visit) -> str:
    """Say what the link is for."""
    _ = visit.text.gettext
    if not view.found:
        return _("This link opens nothing")
    return _("Choose a new password") if view.name else _("Open your account")


def layout(view: InvitationView, visit: Visit) -> Component:
    """Ask for what is needed."""
    _ = visit.text.gettext
    if not view.found:
        return html.Div([heading(title(view, visit)), empty(_(PROBLEMS["link"]))])
    fields = new_password(visit)
    if not view.name:
        fields = [
            Field(
                "name",
                _("User name"),
                hint=_("Letters a to z, digits and . _ @ + -"),
                autocomplete="username",
                most=128,
            ),
            Field("full_name", _("Your name"), autocomplete="name", required=False),
            *fields,
        ]
    told = (
        _("For the account {name}.").format(name=view.name)
        if view.grant is None
        else _("You are invited as: {role}.").format(role=grant_words(visit.text, view.grant))
    )
    return html.Div(
        [
            heading(title(view, visit)),
            html.Div(
                card(
                    told,
                    post_form(visit, "accept", fields, button=_("Save and sign in")),
                ),
                className="narrow",
            ),
        ]
    )


def new_password(visit: Visit) -> list[Field]:
    """Return the two fields of a new password."""
    _ = visit.text.gettext
    return [
        Field(
            "password",
            _("New password"),
            kind="password",
            autocomplete="new-password",
            hint=_("12 characters or more. A few words that belong together only for you do well."),
            most=1024,
        ),
        Field(
            "again", _("The same again"), kind="password", autocomplete="new-password", most=1024
        ),
    ]


def chosen_password(form: Form) -> str:
    """Return the new password of a form; raise `AccessError` when the two fields differ."""
    if form.get("password") != form.get("again"):
        raise AccessError("the two new passwords differ; write the same one twice", "differ")
    return form.get("password")


def _accept(store: Any, form: Form) -> Outcome:
    account = invitations.accept(
        store,
        form.request.code,
        name=form.get("name"),
        full_name=form.get("full_name"),
        password=chosen_password(form),
        address=form.address,
        at=form.at,
    )
    session = sessions.open_session(store, account, address=form.address, at=form.at)
    sessions.leave(store, form.request.who)
    return Outcome(go="/account", session_id=session)


PAGE = Page(
    path="/invitation",
    read=read_invitation,
    title=title,
    layout=layout,
    query=("code",),
    plain=True,
    forms={"accept": _accept},
)
