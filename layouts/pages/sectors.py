"""Sectors: where safety items are not met, before and after correction, by section and region."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from kms.domain.indicators import SAFETY_RANGE_LEVEL
from kms.findings import correction_sentence, fails_most, sectors_headline
from kms.reads.sectors import read_sectors
from kms.reads.views import Reading, SectorRow, SectorsView
from kms.wording import complement, percent_span, place_name, range_name
from layouts.components import marks
from layouts.components.cards import card, csv_link, download, empty, heading
from layouts.components.figures import key
from layouts.components.forms.fields import choice
from layouts.components.heat import heat_key, heat_table
from layouts.components.tables import table
from layouts.components.workplaces import brief_address, sector_table
from layouts.page import Page, Visit

STEPS = (0.20, 0.30, 0.40, 0.50, 0.60)  # of items not met: where the heat table's steps begin


def title(view: SectorsView, visit: Visit) -> str:
    """Name the sector where most is surely not met."""
    text = visit.text
    return sectors_headline(text, view.rows)


def layout(view: SectorsView, visit: Visit) -> Component:
    """Answer, the ranked sectors with one sector's items beside, then sector by region."""
    shown = chosen(view, visit.request.sector)
    return html.Div(
        [
            answer(view, visit),
            html.Div(
                [
                    ranked_card(view, visit),
                    html.Div(
                        [items_card(shown, visit), brief_card(shown, view, visit)] if shown else [],
                        className="stack",
                    ),
                ],
                className="duo sect",
            ),
            heat_card(view, visit),
        ]
    )


def chosen(view: SectorsView, code: str) -> SectorRow | None:
    """Return the asked sector, or the one that the headline names."""
    by_code = {row.code: row for row in view.rows}
    return by_code.get(code) or fails_most(view.rows)


def answer(view: SectorsView, visit: Visit) -> Component:
    """Write the finding, what it rests on, and the choice of area and sector."""
    text = visit.text
    _ = text.gettext
    parts = [correction_sentence(text, view.overall)]
    if view.period_from and view.period_to:
        parts.append(
            _("Inspections from {start} to {end}.").format(
                start=text.day(view.period_from), end=text.day(view.period_to)
            )
        )
    areas = [
        ("", _("Philippines")),
        *((code, region_option(view, code, label)) for code, label in view.regions),
    ]
    sectors = [("", _("the one named above")), *((row.code, _(row.title)) for row in view.rows)]
    return html.Div(
        [
            heading(
                sectors_headline(text, view.rows),
                eyebrow=_("Sectors") + ", " + place_name(text, view.area_name),
            ),
            html.P(" ".join(parts), className="leads"),
            html.Div(
                [
                    choice(visit, "area", _("Area"), areas, button=_("Show")),
                    choice(visit, "sector", _("Sector in detail"), sectors, button=_("Show")),
                ],
                className="choices",
            ),
        ]
    )


def region_option(view: SectorsView, code: str, label: str) -> str:
    """Name a region in the list to choose from, with its number or acronym."""
    name = view.region_names.get(code, label)
    return name if name == label else f"{name} ({label})"


def ranked_card(view: SectorsView, visit: Visit) -> Component:
    """Rank the sectors by items not met."""
    text = visit.text
    _ = text.gettext
    if not view.rows:
        return card(_("Sectors"), empty(_("No inspections were received.")))
    ranked = sector_table(view.rows, visit, view.area, overall=view.overall)
    legend = html.Div(
        [key("dot", _("first visit")), key("ring", _("after correction"))], className="legend"
    )
    return card(
        _("Sectors by safety items not met"),
        [ranked, legend],
        sub=_("share, {range}, ordered by its lower end").format(
            range=range_name(text, SAFETY_RANGE_LEVEL)
        ),
        actions=csv_link(_("shares met in every area"), visit.newest("compliance_initial")),
        foot=(
            _("Fewer inspections, wider range: by its lower end, a few visits do not lead."),
            _("After correction: items still open count as not met."),
        ),
        flush=True,
        class_name="ranked",
    )


def items_card(row: SectorRow, visit: Visit) -> Component:
    """List what inspectors found most often in one sector, in the whole country."""
    text = visit.text
    _ = text.gettext
    sub = _("{sector}, in the country").format(sector=_(row.title))
    if not row.top_items:
        return card(_("What inspectors found"), empty(_("No items can be shown.")), sub=sub)
    rows = [
        (
            _(item.title),
            html.B(text.percent(item.not_met.value))
            if item.not_met.value is not None
            else marks.state(text, item.not_met.state),
            percent_span(text, item.not_met),
            html.Span(item.legal_item, className="t2 s"),
        )
        for item in row.top_items
    ]
    level = range_name(text, SAFETY_RANGE_LEVEL)
    names = (_("Item not met at first visit"), _("Share"), level, _("Legal item"))
    return card(
        _("What inspectors found"),
        table(sub, names, rows, class_name="flow"),
        sub=sub,
        flush=True,
        class_name="items",
    )


def brief_card(row: SectorRow, view: SectorsView, visit: Visit) -> Component:
    """Offer the sector's brief."""
    text = visit.text
    _ = text.gettext
    return card(
        _("For the committee"),
        [
            html.P(correction_sentence(text, row), className="note pad"),
            html.Div(
                [
                    download(
                        _("Sector brief, PDF"),
                        brief_address(view.area, row, visit, "en"),
                        "ctl pri",
                    ),
                    html.A(
                        "Filipino",
                        href=brief_address(view.area, row, visit, "fil"),
                        className="ctl",
                        lang="fil",
                    ),
                ],
                className="chips",
            ),
        ],
        sub=f"{_(row.title)}, {place_name(text, view.area_name)}",
    )


def heat_card(view: SectorsView, visit: Visit) -> Component:
    """Show every section in every region, darker where more is not met."""
    text = visit.text
    _ = text.gettext
    if not view.cells:
        return card(
            _("Sector by region"), empty(_("No inspections were received.")), class_name="gap-t"
        )
    heat = heat_table(
        _("Safety items not met in percent, by sector and region"),
        [(label, view.region_names.get(code, label)) for code, label in view.regions],
        [
            (_(row.title), [_not_met(view, row.code, code) for code, _label in view.regions])
            for row in view.rows
        ],
        limits=STEPS,
        text=text,
    )
    return card(
        _("Sector by region"),
        [heat, heat_key(text, STEPS, _("more not met, percent"))],
        sub=_("safety items not met at the first visit, percent"),
        class_name="gap-t",
    )


def _not_met(view: SectorsView, sector: str, region: str) -> Reading | None:
    met = view.cells.get((sector, region))
    return complement(met) if met is not None else None


PAGE = Page(
    path="/sectors",
    read=read_sectors,
    discloses=True,
    title=title,
    layout=layout,
    nav=lambda text: text.gettext("Sectors"),
    order=4,
    query=("area", "sector"),
    place=lambda view: view.area_name,
)
