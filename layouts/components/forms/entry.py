"""A form for one thing with several items or persons: fields above, a row for each below."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape

from kms.domain.desk.entries import DAY, NUMBER, PLACE, SECTOR, WORD, EntryField, name_of
from kms.reads.people.entries import EntryView
from layouts.components.forms.entry_words import (
    CHOOSE,
    COUNTRY_HINT,
    EVERY_INDUSTRY,
    HINTS,
    fault_of,
    label_of,
    word_of,
)
from layouts.components.forms.fields import Field, control, labelled
from layouts.page import Visit
from layouts.svg import Markup

PLACES = "entry-places"
KINDS = {DAY: "date"}


@dataclass(frozen=True, slots=True)
class Typed:
    """What stands in the fields, and what is wrong with which."""

    values: Mapping[str, str]
    wrong: Mapping[str, str]


def entry_form(view: EntryView, visit: Visit, typed: Typed, *, button: str) -> Markup:
    """Write the whole form; it works without scripts."""
    form = view.form
    shown = "".join(
        labelled(_field(field, view, visit, typed), f"enter-{field.name}") for field in form.fields
    )
    listed = "".join(f'<option value="{escape(place)}"></option>' for place in view.places)
    kept = "".join(
        f'<input type="hidden" name="{name}" value="{escape(value)}">'
        for name, value in (("do", "enter"), ("form_token", visit.form_token))
    )
    return Markup(
        f'<form method="post" action="{escape(visit.link(visit.path))}" class="post">{kept}'
        f'<div class="fields">{shown}</div><datalist id="{PLACES}">{listed}</datalist>'
        f"{_grid(view, visit, typed) if form.each else ''}"
        f'<button class="ctl pri" type="submit">{escape(button)}</button></form>',
        className="ask broad",
    )


def _field(field: EntryField, view: EntryView, visit: Visit, typed: Typed) -> Field:
    _ = visit.text.gettext
    hint = HINTS.get(field.name, "")
    groups: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = ()
    options: tuple[tuple[str, str], ...] = ()
    if field.kind == SECTOR:
        options = (("", _(CHOOSE) if field.required else _(EVERY_INDUSTRY)),)
        groups = view.sectors
    elif field.kind == WORD:
        options = (("", _(CHOOSE)), *((w, word_of(visit.text, w)) for w in field.words))
    elif field.kind == PLACE and not field.required:
        hint = COUNTRY_HINT
    return Field(
        field.name,
        label_of(visit.text, field.name),
        kind=KINDS.get(field.kind, "text"),
        value=typed.values.get(field.name, ""),
        hint=_(hint) if hint else "",
        options=options,
        groups=groups,
        required=field.required,
        most=field.most,
        wrong=typed.wrong.get(field.name, ""),
        suggested=PLACES if field.kind == PLACE else "",
    )


def _grid(view: EntryView, visit: Visit, typed: Typed) -> str:
    """Write a row for each item or person."""
    form, text = view.form, visit.text
    _ = text.gettext
    persons = not view.titles
    caption = _("Persons hurt or ill") if persons else _("Items of the checklist")
    note = (
        _("One line for each person; none for a dangerous occurrence. Names are not asked.")
        if persons
        else _("Leave an item blank that was not looked at; it then counts as not reported.")
    )
    heads = "".join(f'<th scope="col">{escape(label_of(text, f.name))}</th>' for f in form.each)
    what = _("Person") if persons else _("Item")
    rows = "".join(_row(of, view, visit, typed) for of in form.of)
    wrong = typed.wrong.get("item_code", "")
    if wrong == fault_of(text, "required"):
        wrong = _("Say of at least one item whether it was met.")
    told = f'<p class="bad">{escape(wrong)}</p>' if wrong else ""
    return (
        f'<h2>{escape(caption)}</h2><p class="q s">{escape(note)}</p>{told}'
        f'<div class="tw"><table class="tb flow typed"><caption class="vh">{escape(caption)}'
        f'</caption><thead><tr><th scope="col">{escape(what)}</th>{heads}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


def _row(of: str, view: EntryView, visit: Visit, typed: Typed) -> str:
    title = view.titles.get(of, "")
    named = f"<b>{escape(of)}</b>" + (
        f'<div class="q s" lang="en">{escape(title)}</div>' if title else ""
    )
    cells = "".join(
        f'<td data-label="{escape(label_of(visit.text, field.name))}">'
        f"{_cell(field, of, view, visit=visit, typed=typed)}</td>"
        for field in view.form.each
    )
    return f'<tr><th scope="row" class="rh">{named}</th>{cells}</tr>'


def _cell(field: EntryField, of: str, view: EntryView, *, visit: Visit, typed: Typed) -> str:
    text, name = visit.text, name_of(field.name, of)
    options = tuple((word, word_of(text, word)) for word in field.words)
    wrong = typed.wrong.get(name, "")
    usual = view.weights.get(of, "") if field.name == "severity_weight" else ""
    written = control(
        Field(
            name,
            "",
            kind=KINDS.get(field.kind, "text"),
            value=typed.values.get(name, ""),
            options=(("", "–"), *options) if options else (),
            required=False,
            most=12 if field.kind == NUMBER else field.most,
            wrong=wrong,
            aria=f"{label_of(text, field.name)}, {of}",
            usual=usual,
        ),
        f"enter-{name}",
    )
    told = f'<span class="bad" id="enter-{name}-bad">{escape(wrong)}</span>' if wrong else ""
    return written + told
