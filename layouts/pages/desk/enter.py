"""One inspection, accident report or restriction typed in; the same key again corrects it."""

from __future__ import annotations

from typing import Any

from dash import html
from dash.development.base_component import Component

from kms.access import by_hand
from kms.domain.desk.entries import name_of
from kms.reads.people.entries import EntryView, read_entry
from layouts.components.cards import card, empty, heading
from layouts.components.forms.entry import Typed, entry_form
from layouts.components.forms.entry_words import fault_of
from layouts.components.forms.notices import sentence
from layouts.page import Form, Outcome, Page, Said, Visit

UPLOAD = "/data/upload"
N_ = str  # marks a text for the catalogues
TITLES = {
    "inspection": N_("Enter one inspection"),
    "accident": N_("Enter one accident or illness report"),
    "measure": N_("Enter one restriction in force"),
}


def title(view: EntryView, visit: Visit) -> str:
    """Say what is entered."""
    return visit.text.gettext(TITLES[view.form.kind])


def layout(view: EntryView, visit: Visit) -> Component:
    """Show the form, filled with what was typed or is to be corrected, and what was entered."""
    _ = visit.text.gettext
    others = [
        part
        for kind, words in TITLES.items()
        if kind != view.form.kind
        for part in (" · ", html.A(_(words), href=visit.link(f"/data/enter/{kind}")))
    ]
    eyebrow = [html.A(_("Upload"), href=visit.link(UPLOAD)), *others]
    note = _(
        "It is judged by the rules of the source and kept beside it, as a source of its own. "
        "Where the official file brings the same number, that counts and this one does not."
    )
    return html.Div(
        [
            heading(title(view, visit), eyebrow=html.Span(eyebrow)),
            html.P(note, className="note"),
            html.Div([_form(view, visit), _known(view, visit)], className="stack gap-t"),
        ]
    )


def _form(view: EntryView, visit: Visit) -> Component:
    _ = visit.text.gettext
    if view.closed:
        why = html.P(sentence(view.closed), lang="en")
        return empty(_("Nothing can be entered here."), "", why)
    said = visit.said
    failed = said is not None and said.kind == "problem"
    values = said.typed if said is not None and failed else view.values
    typed = Typed(values, said.beside if said is not None else {})
    return card(_("What is known"), entry_form(view, visit, typed, button=_("Check and take in")))


def _known(view: EntryView, visit: Visit) -> Component:
    text = visit.text
    _ = text.gettext
    if not view.keys:
        return card(_("Entered before"), empty(_("Nothing has been entered.")))
    links = [html.Li(html.A(key, href=visit.link(visit.path, key=key))) for key in view.keys]
    sub = text.ngettext("{n} entry in all", "{n} entries in all", view.count)
    return card(
        _("Entered before"),
        html.Ul(links, className="ls"),
        sub=f"{sub.format(n=text.number(view.count))}; {_('choose one to correct it')}",
    )


def _enter(store: Any, form: Form) -> Outcome:
    text = form.text
    found = by_hand.enter(
        store, form.intake, form.request.kind, form.values, origin=form.origin, at=form.at
    )
    if found.faults:
        beside = {name_of(f.field, f.of): fault_of(text, f.code) for f in found.faults}
        words = text.ngettext(
            "{n} field must be mended. Nothing was taken in.",
            "{n} fields must be mended. Nothing was taken in.",
            len(beside),
        ).format(n=len(beside))
        return Outcome(said=Said("problem", words, typed=form.values, beside=beside))
    if found.corrected:
        words = text.gettext("{key} is corrected; the next refresh shows it.")
    else:
        words = text.gettext("{key} is taken in; the next refresh shows it.")
    return Outcome(
        said=Said("done", words.format(key=found.key)), at=f"/data/enter/{form.request.kind}"
    )


PAGE = Page(
    path="/data/enter/<kind>",
    read=read_entry,
    title=title,
    layout=layout,
    section=UPLOAD,
    query=("key",),
    plain=True,
    asks_intake=True,
    forms={"enter": _enter},
)
