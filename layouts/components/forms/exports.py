"""Exact figures as a file, for those who may see them: asked with a reason, which is kept."""

from __future__ import annotations

from typing import Any

from dash import html
from dash.development.base_component import Component

from kms.access import audit
from kms.access.audit import Event
from kms.access.policy import sees_exact
from kms.api.documents import series_csv
from kms.errors import AccessError
from kms.reads.series import SeriesQuery, read_series_view
from layouts.components.cards import card
from layouts.components.forms.fields import Field, post_form
from layouts.page import File, Form, Outcome, Visit

N_ = str  # marks a text for the catalogues
EXPORTED = {
    "cases_report": N_("Cases by report day"),
    "cases_onset": N_("Cases by onset day"),
    "r_t": N_("Reproduction number"),
    "growth_rate_per_day": N_("Growth rate"),
    "adar_per_100k": N_("Attack rate"),
}
SHORTEST_REASON = 10


def exact_export(visit: Visit, area: str) -> Component | None:
    """Offer a series of an area as it is; nothing for those who may not see it so."""
    if not sees_exact(visit.who, area):
        return None
    _ = visit.text.gettext
    fields = [
        Field(
            "indicator",
            _("Figures"),
            options=tuple((name, _(words)) for name, words in EXPORTED.items()),
        ),
        Field("why", _("Why exact figures are needed"), hint=_("Kept in the audit log."), most=200),
    ]
    return card(
        _("Exact figures"),
        [
            html.P(
                _(
                    "This page shows you exact counts. A file of them leaves this system: say why, "
                    "and keep it where only those who need it can read it."
                ),
                className="note",
            ),
            post_form(visit, "export", fields, button=_("Download exact CSV")),
        ],
        class_name="gap-t",
    )


def export_series(store: Any, form: Form) -> Outcome:
    """Give the file, after the log has been told."""
    asked, why, indicator = form.request, form.get("why").strip(), form.get("indicator")
    if len(why) < SHORTEST_REASON:
        raise AccessError(
            f"the reason has fewer than {SHORTEST_REASON} characters; say why exact figures are "
            "needed",
            "reason",
        )
    if indicator not in EXPORTED:
        raise AccessError("these figures cannot be exported; choose from the list")
    query = SeriesQuery(indicator, area=asked.area, as_of=asked.as_of)
    view = read_series_view(store, query, rule=None, who=asked.who, exact=True)
    told = Event(
        "export",
        f"series {indicator} {asked.area}",
        why,
        rows=len(view.points),
        publication=view.frame.publication_id,
        filters=repr(query),
    )
    audit.record(store, form.origin, told)
    kind = "-synthetic" if view.frame.synthetic else ""
    name = f"ligtas-EXACT-{indicator}-{asked.area}-{view.frame.publication_id}{kind}.csv"
    return Outcome(file=File(name, series_csv(view)))
