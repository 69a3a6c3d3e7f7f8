"""Putting files in by hand: choose a source and files; a look at them comes before anything."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

from dash import html
from dash.development.base_component import Component

from kms.access import by_hand
from kms.config import MANILA
from kms.domain.desk.uploads import Upload
from kms.errors import AccessError
from kms.reads.people.uploads import UploadView, read_uploads
from layouts.components.cards import card, empty, heading
from layouts.components.forms.fields import Field, post_form
from layouts.components.forms.notices import sentence
from layouts.page import Form, Outcome, Page, Visit

PATH = "/data/upload"
EARLIEST_YEAR, LATEST_YEAR = 1970, 9999  # of an issue; before them a digit is missing
USUAL_HOUR = time(16, 0)  # when an issue given by its day alone counts as published


def title(_view: UploadView, visit: Visit) -> str:
    """Say what the page is for."""
    return visit.text.gettext("Upload a file of a source")


def layout(view: UploadView, visit: Visit) -> Component:
    """Show the form, then what waits."""
    _ = visit.text.gettext
    note = _(
        "The file is read as a load would read it, and you see what would become of it. Nothing "
        "is taken in before you say so. What you do here is written to the audit log."
    )
    return html.Div(
        [
            heading(title(view, visit), eyebrow=_("Administration")),
            html.P(note, className="note"),
            html.Div(
                [
                    html.Div([_form(view, visit)], className="stack"),
                    html.Div([_waiting(view, visit), _elsewhere(visit)], className="stack"),
                ],
                className="half gap-t",
            ),
        ]
    )


def _form(view: UploadView, visit: Visit) -> Component:
    _ = visit.text.gettext
    if view.closed:
        return empty(
            _("No file can be taken in here."), "", html.P(sentence(view.closed), lang="en")
        )
    fields = (
        Field(
            "source",
            _("Source"),
            options=(
                ("", _("choose one")),
                *((c.source_id, f"{c.title} ({c.source_id})") for c in view.choices),
            ),
        ),
        Field(
            "day",
            _("Published on"),
            kind="date",
            required=False,
            hint=_("Blank: the day in the file's name, else now. Manila time."),
        ),
        Field(
            "hour", _("At"), kind="time", required=False, hint=_("Blank: 16:00, the usual hour.")
        ),
        Field(
            "file",
            _("File, or the parts of one issue"),
            kind="file",
            hint=_("Together at most {n} MB.").format(n=visit.text.number(view.largest_mb)),
        ),
    )
    return card(
        _("File"), post_form(visit, "upload", fields, button=_("Upload and look"), files=True)
    )


def _waiting(view: UploadView, visit: Visit) -> Component:
    _ = visit.text.gettext
    if not view.waiting:
        return card(_("Waiting"), empty(_("No upload waits.")))
    listed = [_one(upload, visit) for upload in view.waiting]
    return card(
        _("Waiting"),
        html.Ul(listed, className="ls"),
        sub=_("removed after a day"),
    )


def _one(upload: Upload, visit: Visit) -> Component:
    text = visit.text
    link = html.A(
        text.listing([part.name for part in upload.parts], 2),
        href=visit.link(f"{PATH}/{upload.upload_id}"),
    )
    told = html.Span(
        [html.Span(upload.title, lang="en"), " · ", text.moment(upload.received_at)],
        className="q s",
    )
    return html.Li([link, html.Div(told)])


def _elsewhere(visit: Visit) -> Component:
    _ = visit.text.gettext
    larger = _(
        "Larger files go in on the machine itself, with the command kms ingest or through the "
        "inbox folder. Files may be packed with gzip or zip."
    )
    links = [
        html.Li(html.A(words, href=visit.link(address)))
        for address, words in (
            ("/data/enter/inspection", _("Enter one inspection")),
            ("/data/enter/accident", _("Enter one accident or illness report")),
            ("/data/enter/measure", _("Enter one restriction in force")),
            ("/data/mappings", _("Mappings of tables")),
            ("/data/held", _("Held issues")),
            ("/data/faults", _("Faulty rows")),
        )
    ]
    return card(_("Other ways"), [html.P(larger, className="s"), html.Ul(links, className="ls")])


def _upload(store: Any, form: Form) -> Outcome:
    upload = by_hand.receive(
        store,
        form.intake,
        form.get("source"),
        form.files,
        published_at=instant(form.get("day"), form.get("hour")),
        at=form.at,
        origin=form.origin,
    )
    return Outcome(go=f"{PATH}/{upload.upload_id}?lang={form.text.language}")


def instant(day: str, hour: str) -> datetime | None:
    """Read a day and an hour in Manila; None without a day. Raises `AccessError`."""
    if not day and not hour:
        return None
    try:
        at = time.fromisoformat(hour) if hour else USUAL_HOUR
        found = datetime.combine(date.fromisoformat(day), at, MANILA)
        meant = at.tzinfo is None and EARLIEST_YEAR <= found.year < LATEST_YEAR
    except ValueError:
        meant = False
    if not meant:
        raise AccessError(
            f"published on is '{day[:20]} {hour[:20]}'; write it as 2026-11-16 and 16:00"
        )
    return found


PAGE = Page(
    path=PATH,
    read=read_uploads,
    title=title,
    layout=layout,
    nav=lambda text: text.gettext("Upload"),
    order=6,
    group=2,
    plain=True,
    asks_intake=True,
    receives="upload",
    forms={"upload": _upload},
)
