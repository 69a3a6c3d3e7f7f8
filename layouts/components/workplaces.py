"""The ranked table of sectors: safety items not met, before and after correction."""

from __future__ import annotations

from collections.abc import Sequence

from dash import html
from dash.development.base_component import Component

from kms.reads.views import SectorRow
from kms.texts import Texts
from kms.wording import complement, visits
from layouts.charts import sparks
from layouts.components import marks
from layouts.components.cards import Child, drawing, page_link, two
from layouts.components.tables import Column, body_row, wide_table
from layouts.page import Visit

COUNTRY = "0000000000"


def sector_table(
    rows: Sequence[SectorRow],
    visit: Visit,
    area: str,
    *,
    overall: SectorRow | None = None,
    with_worst_item: bool = False,
) -> Component:
    """Write one line a sector; `overall` stands above them all."""
    text = visit.text
    _ = text.gettext
    upper = sparks.upper_end([complement(row.compliance_initial) for row in rows])
    columns = [
        Column(_("Sector"), width="32%"),
        Column([_("Safety items not met"), html.Br(), f"0–{text.percent(upper)}"], width="160px"),
        Column(_("First visit"), "num"),
        Column(_("After correction"), "num", label=_("After")),
        *([Column(_("Item failed most often, in the country"), "item")] if with_worst_item else []),
        Column(_("Brief"), "brief"),
    ]
    lines = []
    rated = [row for row in rows if row.compliance_initial.value is not None]
    for row in (*((overall,) if overall else ()), *rated):
        cells = _figures(row, visit, area, upper=upper, whole=row is overall)
        if with_worst_item:
            cells.append(html.Span(worst_item(row, text), className="t2"))
        cells.append("" if row is overall else _brief(row, visit, area))
        lines.append(body_row(columns, cells, "nation" if row is overall else ""))
    lines += _unrated(rows, visit, area, width=len(columns))
    return wide_table(
        _("Sectors, ordered by the lower end of the share not met"),
        columns,
        lines,
        class_name="wide flow sectors",
    )


def _unrated(rows: Sequence[SectorRow], visit: Visit, area: str, *, width: int) -> list[Component]:
    """Write one line for each reason why sectors have no figure, with their briefs."""
    text, by_state = visit.text, dict[str, list[SectorRow]]()
    for row in rows:
        if row.compliance_initial.value is None:
            by_state.setdefault(row.compliance_initial.state, []).append(row)
    return [
        html.Tr(
            html.Td(
                [
                    marks.state(text, state),
                    *(
                        html.Span([_brief(row, visit, area, text.gettext(row.title)), end])
                        for row, end in zip(
                            members, [", "] * (len(members) - 1) + [""], strict=True
                        )
                    ),
                ],
                colSpan=width,
            ),
            className="rest",
        )
        for state, members in by_state.items()
    ]


def _figures(row: SectorRow, visit: Visit, area: str, *, upper: float, whole: bool) -> list[Child]:
    text = visit.text
    first, after = complement(row.compliance_initial), complement(row.compliance_after)
    name: Child = html.B(text.gettext("All sectors"))
    if not whole:
        place = "" if area == COUNTRY else area
        shown = visit.link("/sectors", area=place, sector=row.code)
        name = page_link(text.gettext(row.title), shown, className="a")
    code = "" if whole else f"PSIC {row.code}"
    about = " · ".join(part for part in (code, visits(text, row.inspections)) if part)
    plot = sparks.interval_dot(first, after, upper=upper) if first.value is not None else ""
    return [
        two(name, about),
        drawing(plot) if plot else "",
        marks.share(text, first),
        marks.share(text, after),
    ]


def worst_item(row: SectorRow, text: Texts) -> str:
    """Name the item most often not met, with its share."""
    if not row.top_items or row.top_items[0].not_met.value is None:
        return ""
    item = row.top_items[0]
    return f"{text.gettext(item.title)} ({text.percent(item.not_met.value or 0)})"


def _brief(row: SectorRow, visit: Visit, area: str, words: str = "PDF") -> Component:
    name = ", ".join((visit.text.gettext("Brief"), visit.text.gettext(row.title), "PDF"))
    return html.A(words, href=brief_address(area, row, visit), **{"aria-label": name})


def brief_address(area: str, row: SectorRow, visit: Visit, language: str = "") -> str:
    """Return a sector brief's stable address."""
    wanted = language or visit.text.language
    query = "" if wanted == "en" else f"?lang={wanted}"
    return f"/briefs/{area or COUNTRY}/{row.code}/latest.pdf{query}"
