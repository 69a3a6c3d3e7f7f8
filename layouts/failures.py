"""Pages that say why there is nothing to show: what is missing, what follows, one action."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from dash import html
from dash.development.base_component import Component

from layouts.components.cards import heading
from layouts.page import Visit


@dataclass(frozen=True, slots=True)
class Failure:
    """A page's title and content in place of figures."""

    title: str
    content: Component


def unknown_address(visit: Visit) -> Failure:
    """Nothing has this address."""
    _ = visit.text.gettext
    return _failure(
        visit,
        _("There is no page at this address"),
        _("The address {path} may be mistyped, or the page may have moved.").format(
            path=visit.path[:120]
        ),
    )


def bad_day(visit: Visit, given: str) -> Failure:
    """The day in ?as_of= cannot be read."""
    _ = visit.text.gettext
    return _failure(
        visit,
        _("The day in the address cannot be read"),
        _("as_of is “{given}”. Write it as year-month-day, for example 2026-11-16.").format(
            given=given
        ),
    )


def day_ahead(visit: Visit, today: date) -> Failure:
    """The day in ?as_of= has not come."""
    text = visit.text
    _ = text.gettext
    return _failure(
        visit,
        _("The day in the address has not come yet"),
        _("Today is {day} here. Choose that day or an earlier one.").format(day=text.day(today)),
    )


def nothing_there(visit: Visit, detail: str) -> Failure:
    """The area, entry or day is not known."""
    _ = visit.text.gettext
    return _failure(
        visit,
        _("Nothing is known under this code or day"),
        _("The code may be mistyped, or nothing was published for it on that day."),
        detail,
    )


def nothing_yet(visit: Visit, detail: str) -> Failure:
    """No publication exists."""
    _ = visit.text.gettext
    return _failure(
        visit,
        _("No figures have been published yet"),
        _("Nothing can be told about any area until data are loaded and a refresh is done."),
        detail,
    )


def sign_in_first(visit: Visit) -> Failure:
    """Nobody is signed in, and this is for people with an account."""
    _ = visit.text.gettext
    return _failure(
        visit, _("Sign in to see this"), _("This address is open to people with an account.")
    )


def not_open(visit: Visit) -> Failure:
    """The roles of the account do not include this."""
    _ = visit.text.gettext
    return _failure(
        visit,
        _("This is not open to you"),
        _("Your account does not include this page. If you need it for your work, ask an admin."),
    )


def password_first(visit: Visit) -> Failure:
    """The password was set by somebody else, and nothing else is open before it is changed."""
    _ = visit.text.gettext
    return _failure(
        visit,
        _("Choose a password of your own first"),
        _("Somebody else set the one you have. The rest opens as soon as you have chosen another."),
        link=(_("Choose a new password"), "/account"),
    )


def broken(visit: Visit) -> Failure:
    """A fault of ours; the log has the rest."""
    _ = visit.text.gettext
    return _failure(
        visit,
        _("This page could not be made"),
        _("The fault is ours and was recorded. The other pages are not affected."),
    )


def _failure(
    visit: Visit,
    title: str,
    meaning: str,
    detail: str = "",
    *,
    link: tuple[str, str] | None = None,
) -> Failure:
    words, path = link or (visit.text.gettext("Go to the board"), "/")
    return Failure(
        title,
        html.Div(
            [
                heading(title),
                html.Div(
                    [
                        html.P(meaning),
                        html.P(detail, className="s q", lang="en") if detail else None,
                        html.P(
                            html.A(
                                words,
                                href=Visit(
                                    type(visit.request)(), visit.text, "/", visit.default_language
                                ).link(path),
                                **({} if link else {"data-page": ""}),
                            )
                        ),
                    ],
                    className="empty gap-t",
                ),
            ]
        ),
    )
