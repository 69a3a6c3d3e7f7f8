"""The ranked table of areas: grouped by direction, each figure with its range, cards on phones."""

from __future__ import annotations

from collections.abc import Sequence

from dash import html
from dash.development.base_component import Component

from kms.domain.indicators import RANGE_LEVEL
from kms.reads.rows import ORDER
from kms.reads.views import AreaRow
from kms.texts import Texts
from kms.wording import complement, direction_word, doubling, place_name
from layouts.charts import sparks
from layouts.components import marks
from layouts.components.cards import drawing, page_link, two
from layouts.components.tables import Column, body_row, group_row, wide_table
from layouts.page import Visit

OLD_DAYS = 14  # older than two weeks is marked


def columns(text: Texts) -> list[Column]:
    """Return the ranked table's columns."""
    _ = text.gettext
    spread = _("R and {level} range, 8 weeks").format(level=text.percent(RANGE_LEVEL))
    return [
        Column(_("Area"), width="19%"),
        Column([_("Chance of growing"), html.Br(), spread], "c-r", "24%"),
        Column([_("Speed"), html.Br(), _("and growth a day")], "c-g", "17%"),
        Column(
            [_("Attack rate"), html.Br(), _("a day per 100,000")], "num", "11%", _("Attack rate")
        ),
        Column([_("Two weeks"), html.Br(), _("against two before")], "num", "11%", _("Two weeks")),
        Column([_("Safety items"), html.Br(), _("not met")], "num", "10%", _("Items not met")),
        Column([_("Data"), html.Br(), _("age")], "num c-age", "8%"),
    ]


def ranking(
    caption: str,
    rows: Sequence[AreaRow],
    visit: Visit,
    *,
    top: AreaRow | None = None,
    anchor: str = "",
) -> Component:
    """Write the table; `top` stands above the groups, `anchor` prefixes the groups' ids."""
    text = visit.text
    heads = columns(text)
    lines = [_line(top, heads, visit, class_name="nation")] if top else []
    for direction in ORDER:
        members = [row for row in rows if row.direction == direction]
        if members:
            lines.append(_group(direction, len(members), len(heads), text, anchor=anchor))
            lines += [_line(row, heads, visit) for row in members]
    return wide_table(caption, heads, lines, class_name="rank")


def _group(direction: str, count: int, width: int, text: Texts, *, anchor: str) -> Component:
    words = text.ngettext("{n} area", "{n} areas", count).format(n=count)
    ident = {"id": f"{anchor}-{direction}"} if anchor else {}
    return group_row(
        html.Span([marks.direction(text, direction), html.Span(words, className="q")], **ident),
        width,
    )


def _line(row: AreaRow, heads: list[Column], visit: Visit, class_name: str = "") -> Component:
    text = visit.text
    cells = [
        name_cell(row, visit),
        trend_cell(row, text),
        speed(row, text),
        marks.rate(text, row.adar_per_100k),
        marks.signed_share(text, row.two_week_growth),
        marks.share(text, complement(row.compliance_initial)),
        data_age(row, text),
    ]
    return body_row(heads, cells, f"ar {class_name}".strip())


def name_cell(row: AreaRow, visit: Visit) -> Component:
    """Name an area, with its code, its people, and a mark if its direction changed."""
    text = visit.text
    people = text.compact(row.population) if row.population else ""
    name: list[Component | str] = [
        page_link(place_name(text, row.name), visit.link(f"/areas/{row.code}"), className="a")
    ]
    if row.change:
        was = text.gettext("was {direction}").format(
            direction=direction_word(text, row.change).lower()
        )
        name.append(" ")
        name.append(
            html.Span(
                [text.gettext("new"), html.Span(f", {was}", className="vh")],
                className="new",
                title=was,
            )
        )
    day = row.r.ref_date
    dated = (
        text.gettext("R to {day}").format(day=text.short_day(day)) if row.r.value and day else ""
    )
    return two(name, " · ".join(part for part in (row.label, people, dated) if part))


def trend_cell(row: AreaRow, text: Texts) -> Component:
    """Show R's course over its chance and range."""
    line = drawing(sparks.sparkline(row.sparkline, provisional=row.r.state == "provisional"))
    shown = marks.growing(text, row)
    if row.r.value is None:
        return html.Div(shown, className="rr")
    return html.Div([line, shown], className="rr")


def speed(row: AreaRow, text: Texts) -> Component:
    """Show the doubling time over growth a day."""
    if row.growth.value is None:
        return marks.state(text, row.growth.state)
    words = doubling(text, row.doubling_days)
    sign = "+" if row.growth.value > 0 else ""
    per_day = text.gettext("{share} a day").format(share=sign + text.percent(row.growth.value, 1))
    return html.Div(
        [
            html.B(words) if row.doubling_days else html.Span(words),
            html.Span(per_day, className="q"),
        ],
        className="two",
    )


def data_age(row: AreaRow, text: Texts) -> Component:
    """Show how many days old an area's last report is."""
    if row.data_age_days is None:
        return marks.state(text, "missing")
    days = text.gettext("{n} d").format(n=row.data_age_days)
    if row.data_age_days > OLD_DAYS:
        return html.Span(days, className="fr stale")
    return html.Span(days, className="q s")
