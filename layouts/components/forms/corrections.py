"""Rejected rows on their page: the file to correct, and the corrected file."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from dash import html
from dash.development.base_component import Component

from kms.access import stewardship
from kms.domain.desk.corrections import MOST_BYTES, Correction
from kms.errors import AccessError
from kms.reads.people.faults import FaultsView, FaultyVintage
from kms.texts import Texts
from layouts.components.cards import card
from layouts.components.forms.fields import Field, post_form
from layouts.components.forms.notices import problem
from layouts.page import File, Form, Outcome, Said, Visit

ACCEPTED = "accepted"


def correction_cards(view: FaultsView, visit: Visit) -> list[Component]:
    """Offer the rejected rows of a vintage, and take them corrected where it is in use."""
    _ = visit.text.gettext
    vintage = view.vintage
    if vintage is None or not vintage.rows_rejected:
        return []
    offered = card(_("1. Download"), _offer(vintage, visit))
    if vintage.state != ACCEPTED:
        return [offered]
    taken = card(_("2. Send the corrected file"), _take(visit))
    return [html.Div([offered, taken], className="half")]


def _offer(vintage: FaultyVintage, visit: Visit) -> list[Any]:
    text = visit.text
    _ = text.gettext
    n = vintage.rows_rejected
    return [
        html.P(
            _(
                "The rows as the publisher sent them, also of persons. Keep the file where only "
                "you can read it. The download is written to the audit log."
            ),
            className="note",
        ),
        html.P(
            _(
                "Change cells only, in any spreadsheet, and save as CSV UTF-8. A single quote "
                "before a cell keeps spreadsheets from rewriting it; it is taken off again."
            ),
            className="note gap-t",
        ),
        html.Div(
            post_form(
                visit,
                "download",
                (),
                button=text.ngettext(
                    "Download {n} rejected row", "Download {n} rejected rows", n
                ).format(n=text.number(n)),
                quiet=True,
            ),
            className="gap-t",
        ),
    ]


def _take(visit: Visit) -> list[Any]:
    _ = visit.text.gettext
    fields = (
        Field(
            "why",
            _("Reason"),
            value=visit.said.typed.get("why", "") if visit.said else "",
            hint=_("how the right values are known; it is kept"),
            most=400,
            required=False,
        ),
        Field("check", _("Only tell what would come of it"), kind="checkbox", value="yes"),
        Field("file", _("Corrected file"), kind="file"),
    )
    return [
        html.P(
            _(
                "An issue with the corrected rows takes the place of this one, which is "
                "withdrawn. Rows you did not change stay as they were."
            ),
            className="note",
        ),
        html.Div(
            post_form(visit, "correct", fields, button=_("Send"), files=True), className="gap-t"
        ),
    ]


def download(store: Any, form: Form) -> Outcome:
    """Give the rejected rows as a file."""
    found = stewardship.rejects(store, form.intake, form.request.vintage, origin=form.origin)
    return Outcome(file=File(found.name, found.content))


def correct(store: Any, form: Form) -> Outcome:
    """Take the corrected file, or only tell what would come of it."""
    typed = {"why": form.get("why")}
    try:
        made = stewardship.correct(
            store,
            form.intake,
            form.request.vintage,
            _one_file(form),
            why=form.get("why"),
            keep=not form.get("check"),
            origin=form.origin,
        )
    except AccessError as error:
        return Outcome(said=replace(problem(form.text, error), typed=typed))
    kept = typed if form.get("check") else {}
    return Outcome(said=Said("done", _told(form.text, made), typed=kept))


def _one_file(form: Form) -> list[bytes]:
    """Return the one file that was sent, in pieces."""
    _ = form.text.gettext
    found: list[list[bytes]] = []
    for _name, pieces in form.files:
        found.append([])
        size = 0
        for piece in pieces:
            size += len(piece)
            if size > MOST_BYTES:
                raise AccessError(_("The files are too large to upload."))
            found[-1].append(piece)
    if len(found) != 1:
        raise AccessError(_("Choose one file: the corrected one."))
    return found[0]


def _told(text: Texts, made: Correction) -> str:
    counts = text.ngettext(
        "{n} row corrected; {left} of {total} are still left out, {before} were before.",
        "{n} rows corrected; {left} of {total} are still left out, {before} were before.",
        made.rows_corrected,
    ).format(
        n=text.number(made.rows_corrected),
        left=text.number(made.rows_rejected),
        total=text.number(made.rows_read),
        before=text.number(made.rejected_before),
    )
    if not made.vintage:
        return f"{counts} {text.gettext('Nothing was changed yet.')}"
    follows = text.gettext(
        "The issue in use is now {name}; figures follow with the next refresh."
    ).format(name=made.vintage)
    return f"{counts} {follows}"
