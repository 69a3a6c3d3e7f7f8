"""The privacy notice: what is kept of whom, who sees it, for how long, and whom to ask."""

from __future__ import annotations

from typing import Any

from dash import html
from dash.development.base_component import Component

from kms.domain.indicators import LEAST_ESTABLISHMENTS
from kms.reads.people.privacy import PrivacyView, read_privacy
from layouts.components.cards import card, heading
from layouts.page import Page, Visit


def title(_view: PrivacyView, visit: Visit) -> str:
    """Say the most important thing."""
    return visit.text.gettext("Figures here are about places and sectors, never about a person")


def layout(view: PrivacyView, visit: Visit) -> Component:
    """Say who answers for the data first, then what, for whom and how long."""
    _ = visit.text.gettext
    law = _(
        "Under the Data Privacy Act of 2012 (RA 10173). Data are kept for the work the law gives "
        "to the Department of Health (RA 11332, notifiable diseases) and the Department of Labor "
        "and Employment (RA 11058, safety and health at work)."
    )
    left = [
        card(_("Who answers for the data"), _contact(view, visit)),
        card(_("Your rights"), _listed(_rights(visit))),
        card(_("Cookies"), _listed(_cookies(view, visit))),
    ]
    right = [
        card(_("What is kept"), _listed(_kept(visit))),
        card(_("Who sees what"), _listed(_shared(view, visit))),
        card(_("How long it stays"), _stays(view, visit)),
    ]
    return html.Div(
        [
            heading(title(view, visit), eyebrow=_("Privacy notice")),
            html.P(law, className="leads"),
            html.Div(
                [html.Div(left, className="stack"), html.Div(right, className="stack")],
                className="half",
            ),
        ]
    )


def _contact(view: PrivacyView, visit: Visit) -> Component:
    _ = visit.text.gettext
    unset = html.Span(_("not set by the operator yet"), className="q")
    mail: Any = html.A(view.email, href=f"mailto:{view.email}") if view.email else unset
    facts = [
        (_("Office"), view.office or unset),
        (_("E-mail"), mail),
        (_("Data protection officer"), view.officer or unset),
    ]
    pairs = [part for name, value in facts for part in (html.Dt(name), html.Dd(value))]
    return html.Dl(pairs, className="pairs")


def _rights(visit: Visit) -> list[str]:
    _ = visit.text.gettext
    return [
        _(
            "You may ask what is kept about you, have it corrected, object to its use, have it "
            "blocked or erased where no law requires it, take it with you, and claim damages."
        ),
        _("Write to the office above; it answers or says who holds the record."),
        _(
            "This site holds no record of single cases that could be looked up by name: for your "
            "health record ask the health office that reported it."
        ),
        _("You may complain to the National Privacy Commission at any time."),
    ]


def _cookies(view: PrivacyView, visit: Visit) -> list[str]:
    text = visit.text
    _ = text.gettext
    return [
        _(
            "Signed in: one cookie with a random number, which ends after {minutes} minutes "
            "without use, {hours} hours at most, or when you sign out."
        ).format(minutes=view.idle_minutes, hours=view.session_hours),
        _(
            "On pages with a form: one cookie with a random number, which proves that the form "
            "came from this site; it is gone when the browser is closed."
        ),
        _("Nobody is tracked, and nothing is loaded from other sites."),
    ]


def _kept(visit: Visit) -> list[str]:
    _ = visit.text.gettext
    return [
        _(
            "Cases: the Department of Health's files hold a line for each case, with age, sex, "
            "residence and dates, and no name. The figures are made from counts by area and day; "
            "the lines stay in the file as it came, which these pages show to nobody."
        ),
        _(
            "Inspections: the establishment's code, area and sector, how many women and men work "
            "there, and which safety items were met. Its name stays in the file; inspectors are "
            "pseudonyms."
        ),
        _(
            "Accounts: user name, name, roles, a hash of the password, times of signing in, and a "
            "log of what was done with the network address it came from."
        ),
    ]


def _shared(view: PrivacyView, visit: Visit) -> list[str]:
    _ = visit.text.gettext
    said = []
    if view.threshold:
        said.append(
            _(
                "Public counts of 1 to {most} persons are not shown, nor figures that rest on them."
            ).format(most=view.threshold)
        )
    if view.base > 1:
        said.append(
            _("Other public counts are rounded to multiples of {base}, totals too.").format(
                base=view.base
            )
        )
    return [
        *said,
        _(
            "Inspection results are public by sector and area only, from {least} establishments "
            "on. Those of one establishment are seen by its own safety committee, inspectors of "
            "its area and those who look after the data."
        ).format(least=LEAST_ESTABLISHMENTS),
        _(
            "Exact counts are seen by people whose work needs them, in their own areas. Taking "
            "them out needs a reason, and every look at rows and every export is logged."
        ),
        _("Nothing is sold, and no personal data are given to others by this site."),
    ]


def _stays(view: PrivacyView, visit: Visit) -> Component:
    text = visit.text
    _ = text.gettext

    def days(n: int) -> str:
        return text.ngettext("{n} day", "{n} days", n).format(n=n)

    facts = [
        (
            _("Files as they came"),
            days(view.snapshot_days) if view.snapshot_days else _("no end set yet"),
        ),
        (_("Places of faulty rows, refused files"), days(view.fault_days)),
        (
            _("Earlier publications"),
            _("{days}; month ends stay").format(days=days(view.publication_days)),
        ),
        (_("Used links, ended tokens"), days(view.link_days)),
        (_("Counts of wrong passwords"), days(view.attempt_days)),
        (_("Accounts, audit log"), _("as long as the agency's records schedule says")),
    ]
    pairs = [part for name, value in facts for part in (html.Dt(name), html.Dd(value))]
    return html.Dl(pairs, className="pairs")


def _listed(sentences: list[str]) -> Component:
    return html.Ul([html.Li(sentence) for sentence in sentences], className="ls")


PAGE = Page(path="/privacy", read=read_privacy, title=title, layout=layout, plain=True)
