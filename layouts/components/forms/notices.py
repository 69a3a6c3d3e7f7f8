"""What a form came to, in the reader's language: a problem, done, or something told once."""

from __future__ import annotations

import re

from dash import html
from dash.development.base_component import Component

from kms.errors import AccessError, ThrottledError
from kms.texts import Texts
from layouts.page import Said, Visit

N_ = str  # marks a text for the catalogues
PROBLEMS = {
    "credentials": N_("The user name or the password is wrong."),
    "link": N_("This link has been used, has run out, or never was. Ask for another one."),
    "name": N_("The user name needs 2 to 128 of: letters a to z, digits and . _ @ + -"),
    "taken": N_("There is a user of this name already. Choose another name."),
    "short": N_("The password has fewer than 12 characters. Choose a longer one."),
    "long": N_("The password has more than 1,024 characters. Choose a shorter one."),
    "easy": N_(
        "The password is easily guessed: few different characters, or a common word or the user "
        "name with little else. Choose another."
    ),
    "differ": N_("The two new passwords differ. Write the same one twice."),
    "reason": N_("Say in ten letters or more why you need exact figures; it is kept."),
    "last_admin": N_(
        "This would leave no admin who can sign in. Give the role to another account first."
    ),
    "same": N_("The new password is the present one. Choose another."),
    "changed": N_("The account has just been changed. Sign in again."),
    "provider": N_(
        "This account signs in through the identity provider, which renews its password."
    ),
    "above": N_("Only an admin may reset the password of this account. Ask one."),
}


def problem(text: Texts, error: AccessError) -> Said:
    """Return what went wrong in the reader's words; English where there is no message of ours."""
    if isinstance(error, ThrottledError):
        words = text.ngettext(
            "Too many attempts. Try again in {n} second.",
            "Too many attempts. Try again in {n} seconds.",
            error.seconds,
        ).format(n=error.seconds)
        return Said("problem", words)
    known = PROBLEMS.get(error.code)
    return Said("problem", text.gettext(known) if known else sentence(str(error)))


def sentence(words: str) -> str:
    """Write a message as a sentence: commands print it without a capital or a full stop.

    A name that stands first, of a source or a vintage, stays as it is.
    """
    plain = re.match(r"[a-z]+[ ,]", words)
    return f"{words[:1].upper() if plain else words[:1]}{words[1:].rstrip('.')}."


def notice(visit: Visit) -> Component | None:
    """Show it above the page; read out at once by a screen reader."""
    said = visit.said
    if said is None:
        return None
    if said.kind == "secret":
        return html.Div(
            [
                html.B(said.words),
                html.Code(said.secret, className="told", tabIndex="0"),
                html.Span(
                    visit.text.gettext("It is shown only this once. Copy it now."), className="q"
                ),
            ],
            className="said secret",
            role="status",
        )
    role = "alert" if said.kind == "problem" else "status"
    return html.Div(html.B(said.words), className=f"said {said.kind}", role=role)
