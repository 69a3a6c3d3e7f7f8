"""Issues that a tripwire held: release or withdraw them, or let the tripwire pass for a time."""

from __future__ import annotations

from typing import Any

from dash import html
from dash.development.base_component import Component

from kms.access import stewardship
from kms.reads.people.held import GivenWaiver, HeldIssue, HeldView, read_held
from kms.texts import manila_day
from layouts.components.cards import card, empty, heading
from layouts.components.forms.alarms import alarms_table
from layouts.components.forms.fields import Field, post_form
from layouts.page import Form, Outcome, Page, Said, Visit

PATH = "/data/held"


def title(view: HeldView, visit: Visit) -> str:
    """Say how many issues wait."""
    n = len(view.issues)
    if not n:
        return visit.text.gettext("No issue is held")
    return visit.text.ngettext("{n} issue is held", "{n} issues are held", n).format(n=n)


def layout(view: HeldView, visit: Visit) -> Component:
    """Show each issue with what was strange about it, then what passes."""
    _ = visit.text.gettext
    note = _(
        "A held issue is kept, and nothing of it is known: figures are those of the issue before. "
        "Look at the file and ask the publisher first. What you do here is written to the audit "
        "log with its reason."
    )
    issues = [_issue(issue, visit) for issue in view.issues]
    right = [card(_("Tripwires that pass"), _waivers(view, visit))]
    if view.sources:
        told = _(
            "A tripwire is a check of a whole issue, such as whether a total shrank. What it "
            "finds holds the issue. Let one pass only where what it finds is known to be right."
        )
        form = [html.P(told, className="note"), _waive_form(view, visit)]
        right.append(card(_("Let a tripwire pass"), form))
    return html.Div(
        [
            heading(title(view, visit), eyebrow=_("Administration")),
            html.P(note, className="note"),
            html.Div(
                [
                    html.Div(issues or [empty(_("No issue waits."))], className="stack"),
                    html.Div(right, className="stack"),
                ],
                className="half gap-t",
            ),
        ]
    )


def _issue(issue: HeldIssue, visit: Visit) -> Component:
    text = visit.text
    _ = text.gettext
    facts = [
        (_("Source"), html.Span(issue.source, lang="en")),
        (_("Published"), text.day(manila_day(issue.published_at))),
        (_("Came"), text.moment(issue.recorded_at)),
        (_("Rows"), text.number(issue.rows_read)),
    ]
    pairs = [part for name, value in facts for part in (html.Dt(name), html.Dd(value))]
    listed = alarms_table(text, [(alarm, alarm.meaning) for alarm in issue.alarms])
    faulty = html.A(_("Faulty rows"), href=visit.link("/data/faults", vintage=issue.name))
    why = (Field("why", _("Reason"), most=400),)
    named = {"vintage": issue.name}
    return card(
        html.Code(issue.name),
        [
            html.Dl(pairs, className="pairs"),
            html.Div(listed, className="tw gap-t"),
            html.P(faulty, className="ls gap-t"),
            html.Div(
                post_form(
                    visit,
                    "release",
                    why,
                    button=_("Release it"),
                    hidden=named,
                    name=_("Release {name}").format(name=issue.name),
                ),
                className="gap-t",
            ),
            html.Div(
                post_form(
                    visit,
                    "withdraw",
                    why,
                    button=_("Withdraw it"),
                    hidden=named,
                    quiet=True,
                    name=_("Withdraw {name}").format(name=issue.name),
                ),
                className="gap-t",
            ),
        ],
    )


def _waivers(view: HeldView, visit: Visit) -> list[Any]:
    if not view.waivers:
        return [empty(visit.text.gettext("Every tripwire holds."))]
    return [html.Ul([_waiver(waiver, visit) for waiver in view.waivers], className="ls")]


def _waiver(waiver: GivenWaiver, visit: Visit) -> Component:
    text = visit.text
    _ = text.gettext
    about = f" ({waiver.subject})" if waiver.subject else ""
    told = html.Div(
        [
            html.B(f"{waiver.source_id}: {waiver.code}{about}", lang="en"),
            html.Div(
                _("until {day}, by {who}: {why}").format(
                    day=text.day(waiver.until), who=waiver.who, why=waiver.why
                ),
                className="q s",
            ),
        ],
        className="grow",
    )
    ended = post_form(
        visit,
        "unwaive",
        (),
        button=_("Take back"),
        hidden={"waiver": str(waiver.number)},
        quiet=True,
        name=_("Take back {name}").format(name=f"{waiver.source_id} {waiver.code}"),
    )
    return html.Li(html.Div([told, ended], className="rr"))


def _waive_form(view: HeldView, visit: Visit) -> Component:
    _ = visit.text.gettext
    fields = (
        Field("source", _("Source"), options=view.sources),
        Field("code", _("Tripwire"), options=view.tripwires),
        Field(
            "subject",
            _("Only about"),
            hint=_("an area's code or a day; blank: whatever it is about"),
            required=False,
            most=120,
        ),
        Field("until", _("Until"), kind="date", value=view.today.isoformat()),
        Field("why", _("Reason"), most=400),
    )
    return post_form(visit, "waive", fields, button=_("Let it pass"))


def _done(words: str) -> Outcome:
    return Outcome(said=Said("done", words))


def _release(store: Any, form: Form) -> Outcome:
    stewardship.release(
        store, form.intake, form.get("vintage"), why=form.get("why"), origin=form.origin
    )
    return _done(form.text.gettext("The issue is released; the next refresh shows it."))


def _withdraw(store: Any, form: Form) -> Outcome:
    stewardship.withdraw(
        store, form.intake, form.get("vintage"), why=form.get("why"), origin=form.origin
    )
    return _done(form.text.gettext("The issue is withdrawn."))


def _waive(store: Any, form: Form) -> Outcome:
    stewardship.waive(
        store,
        form.get("source"),
        form.get("code"),
        subject=form.get("subject"),
        why=form.get("why"),
        until=form.get("until"),
        origin=form.origin,
        at=form.at,
    )
    return _done(form.text.gettext("The tripwire passes until then."))


def _unwaive(store: Any, form: Form) -> Outcome:
    stewardship.unwaive(store, form.get("waiver"), origin=form.origin, at=form.at)
    return _done(form.text.gettext("The tripwire holds again."))


PAGE = Page(
    path=PATH,
    read=read_held,
    title=title,
    layout=layout,
    nav=lambda text: text.gettext("Held issues"),
    order=5,
    group=2,
    plain=True,
    forms={
        "release": _release,
        "withdraw": _withdraw,
        "waive": _waive,
        "unwaive": _unwaive,
    },
)
