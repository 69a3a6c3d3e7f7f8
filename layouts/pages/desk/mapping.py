"""One mapping: a form for the usual case, the text of its file for every other."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from dash import html
from dash.development.base_component import Component

from kms.access import by_hand
from kms.errors import AccessError
from kms.reads.people.mappings import NEW, MappingView, read_mapping
from layouts.components.cards import card, heading
from layouts.components.forms.fields import Field, choice, post_form
from layouts.components.forms.mapping import mapping_form
from layouts.components.forms.notices import problem, sentence
from layouts.components.tables import table
from layouts.page import Form, Outcome, Page, Said, Visit

PATH = "/data/mappings"
LONGEST = 30_000
_KEY = re.compile(r"key '(?:facts \d+: )?([^']*)'")


def title(view: MappingView, visit: Visit) -> str:
    """Say which mapping, or that it is new."""
    _ = visit.text.gettext
    if view.mapping_id == NEW:
        return _("Make a mapping of a table")
    return _("Mapping {name}").format(name=view.mapping_id)


def layout(view: MappingView, visit: Visit) -> Component:
    """Show the columns of the file, the form, the text."""
    _ = visit.text.gettext
    note = _(
        "A new version counts for files taken in from now on; the version before stays beside "
        "it. Where the meaning of a column changed, a mapping of another name is safer."
    )
    if view.mapping_id == NEW:
        note = _(
            "Say what the table is and what its columns mean. It is checked before it is kept, "
            "by the rules by which files are read."
        )
    if view.shipped:
        note = _("This mapping comes with the product; make one of another name instead.")
    parts = [_columns(view, visit), _form(view, visit), _text(view, visit)]
    return html.Div(
        [
            heading(
                title(view, visit),
                eyebrow=html.A(_("Mappings"), href=visit.link(PATH)),
            ),
            html.P(note, className="note"),
            html.Div([part for part in parts if part is not None], className="stack gap-t"),
        ]
    )


def _columns(view: MappingView, visit: Visit) -> Component | None:
    _ = visit.text.gettext
    if view.unread:
        return card(_("The file"), html.P(sentence(view.unread), lang="en"))
    if not view.columns:
        return None
    rows = [
        [
            column.name,
            _("about persons; not shown") if column.personal else " · ".join(column.samples),
        ]
        for column in view.columns
    ]
    heads = [_("Column"), _("Some values")]
    listed = table(_("Columns of the file"), heads, rows, class_name="flow acts")
    sub = _("shown while the upload lies here; the look is written to the audit log")
    return card(_("The file"), html.Div(listed, className="tw cut"), sub=sub)


def _form(view: MappingView, visit: Visit) -> Component | None:
    _ = visit.text.gettext
    if view.shipped:
        return None
    values, wrong = _typed(view, visit, "form")
    shown = replace(view, table=values.get("table", view.table) or view.table)
    if shown.table not in view.tables:
        options = [("", _("choose one")), *((name, name) for name in view.tables)]
        pick = choice(visit, "table", _("Table it fills"), options, button=_("Go on"))
        return card(_("What the rows tell"), pick)
    if not view.fits_form:
        words = _("This mapping says more than the form can; change its text.")
        return card(_("As a form"), html.P(words, className="s"))
    written = mapping_form(shown, visit, values, wrong, button=_("Check and keep"))
    return card(_("As a form"), written, sub=shown.table)


def _text(view: MappingView, visit: Visit) -> Component:
    _ = visit.text.gettext
    values, _wrong = _typed(view, visit, "text")
    text = values.get("toml", view.text)
    if view.shipped:
        shown = html.Pre(text, className="told", style={"whiteSpace": "pre-wrap"})
        return card(_("As text"), shown)
    field = Field(
        "toml", _("The mapping file"), kind="textarea", value=text, most=LONGEST,
        hint=_("TOML; the sources page of the manual lists every key."),
    )  # fmt: skip
    form = post_form(visit, "text", (field,), button=_("Check and keep the text"), broad=True)
    return card(_("As text"), form, sub=_("for those who know the format"))


def _typed(
    view: MappingView, visit: Visit, form: str
) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """Return what stands in a form: what was just sent, else what is kept."""
    said = visit.said
    if said is not None and said.typed.get("sent") == form:
        return said.typed, said.beside
    if form == "text":
        return {}, {}
    drafted = {"personal": "; ".join(c.name for c in view.columns if c.personal)}
    usual = {"rows": "counts", "scheme": "psgc", **drafted}
    return view.values or usual, {}


def _save_form(store: Any, form: Form) -> Outcome:
    text = by_hand.taking(form.intake).mappings.composed(form.values)
    return _save(store, form, text, "form")


def _save_text(store: Any, form: Form) -> Outcome:
    return _save(store, form, form.get("toml").replace("\r\n", "\n"), "text")


def _save(store: Any, form: Form, text: str, sent: str) -> Outcome:
    asked = form.request
    renews = "" if asked.mapping == NEW else asked.mapping
    try:
        name = by_hand.save_mapping(
            store,
            form.intake,
            text,
            renews=renews,
            upload_id=asked.upload,
            origin=form.origin,
            at=form.at,
        )
    except AccessError as error:
        found = _KEY.search(str(error))
        words = problem(form.text, error).words
        beside = {_field_of(found[1]): words} if found else {}
        typed = {**form.values, "sent": sent}
        return Outcome(said=Said("problem", words, typed=typed, beside=beside))
    if asked.upload:
        return Outcome(go=f"/data/upload/{asked.upload}?lang={form.text.language}")
    said = form.text.gettext("The mapping {name} is kept.").format(name=name)
    return Outcome(said=Said("done", said), at=PATH)


def _field_of(key: str) -> str:
    """Return the field a key of the file is typed into."""
    if key.startswith("area."):
        name = key.split(".")[1]
        return "scheme" if name == "scheme" else f"area_{name}"
    return key.partition(".")[0]


PAGE = Page(
    path=f"{PATH}/<mapping>",
    read=read_mapping,
    title=title,
    layout=layout,
    section="/data/upload",
    query=("upload", "table"),
    plain=True,
    asks_intake=True,
    forms={"form": _save_form, "text": _save_text},
)
