"""All areas: each region and what lies in it, to be found by name, place or how it develops."""

from __future__ import annotations

from collections.abc import Callable

from dash import html
from dash.development.base_component import Component

from kms.domain.indicators import INNER_RANGE_LEVEL, RANGE_LEVEL
from kms.domain.lists.names import name_order
from kms.findings import headline
from kms.reads.board import read_areas
from kms.reads.rows import ORDER
from kms.reads.views import NOTHING, AreaRow, AreasView, SeriesView
from kms.texts import Texts
from kms.wording import basis_words, complement, direction_word, place_name, range_name, span
from layouts.charts.multiples import Days, Ends, common_days, common_ends, small_fan
from layouts.charts.outlines import region_shapes
from layouts.components import marks
from layouts.components.cards import Child, card, csv_link, empty, heading, page_link, two
from layouts.components.figures import key
from layouts.components.listing.arrange import NUMBER, Facet, ListColumn, Listing, arranged
from layouts.components.listing.table import listed
from layouts.components.maps import weeks_map
from layouts.components.ranking import data_age, speed
from layouts.page import Page, Visit
from layouts.svg import Svg, icon

MOST = 15  # a phone shows each as a card


def title(_view: AreasView, visit: Visit) -> str:
    """Name the page."""
    text = visit.text
    return text.gettext("Areas")


def layout(view: AreasView, visit: Visit) -> Component:
    """List the areas, most urgent first, with the map of the regions beside them."""
    text = visit.text
    _ = text.gettext
    return html.Div(
        [
            heading(_("Choose an area"), eyebrow=headline(text, view.regions, view.frame)),
            html.Div(
                [
                    areas_card(view, visit),
                    card(
                        _("Week by week"),
                        weeks_map(view.regions, view.weeks, region_shapes(), visit),
                        class_name="where",
                    ),
                ],
                className="cols",
            ),
            courses_card(view, visit) if view.regions else None,
        ]
    )


def areas_card(view: AreasView, visit: Visit) -> Component:
    """List the areas; the country leads to its own page."""
    _ = visit.text.gettext
    if not view.rows:
        return card(_("Areas"), empty(_("No region has figures yet.")))
    listing = areas_listing(view, visit)
    nation = page_link(place_name(visit.text, view.nation.name), visit.link("/areas/0000000000"))
    return card(
        _("Areas"),
        listed(listing, arranged(listing, view.rows, dict(visit.kept)), visit),
        sub=_("regions, and the provinces and cities in them"),
        actions=[nation, csv_link(_("R of every area"), visit.newest("r_t"))],
        class_name="tabcard",
    )


def areas_listing(view: AreasView, visit: Visit) -> Listing[AreaRow]:
    """Say what the list of areas is made of; what is sorted by is what is shown."""
    text = visit.text
    _ = text.gettext
    names = {row.code: place_name(text, row.name) for row in (*view.rows, *view.regions)}
    here = {row.direction for row in view.rows}
    regions = sorted(view.regions, key=lambda row: name_order(names[row.code]))

    def cells(row: AreaRow) -> list[Child]:
        link = page_link(names[row.code], visit.link(f"/areas/{row.code}"), className="a")
        region = view.region_of[row.code]
        day = row.r.ref_date if row.r.value is not None else None
        dated = text.gettext("R to {day}").format(day=text.short_day(day)) if day else ""
        where = row.label if region == row.code else names[region]
        name = two(link, " · ".join(part for part in (where, dated) if part))
        return [name, *figures(row, text)]

    return Listing(
        "areas",
        _("Areas with their newest figures"),
        (
            ListColumn("name", _("Area"), lambda row: names[row.code], width="17%"),
            *figure_columns(text),
        ),
        usual=_("most urgent first"),
        cells=cells,
        facets=(
            Facet(
                "direction",
                _("Direction"),
                _("Every direction"),
                tuple((one, direction_word(text, one)) for one in ORDER if one in here),
                lambda row: row.direction,
            ),
            Facet(
                "region",
                _("Region"),
                _("Every region"),
                tuple((row.code, names[row.code]) for row in regions),
                lambda row: view.region_of[row.code],
            ),
        ),
        words=lambda row: f"{names[row.code]} {row.label}",
        find_label=_("Name"),
        most=MOST,
        class_name="rank all",
        row_class="ar",
    )


def figure_columns(text: Texts) -> tuple[ListColumn[AreaRow], ...]:
    """Return the columns of figures; each is sorted by what its cell shows."""
    _ = text.gettext

    def column(
        key: str,
        head: str,
        value: Callable[[AreaRow], float | None],
        *,
        class_name: str = "num",
        width: str = "11%",
        under: str = "",
    ) -> ListColumn[AreaRow]:
        return ListColumn(key, head, value, NUMBER, class_name=class_name, width=width, under=under)

    return (
        ListColumn("direction", _("Direction"), class_name="c-d", width="14%"),  # the usual order
        column(
            "chance",
            _("Chance of growing"),
            _chance,
            class_name="c-r",
            width="16%",
            under=_("R and range"),
        ),
        column("speed", _("Speed"), lambda row: row.growth.value, class_name="c-g", width="13%"),
        column(
            "rate",
            _("Attack rate"),
            lambda row: row.adar_per_100k.value,
            under=_("a day per 100,000"),
        ),
        column(
            "weeks",
            _("Two weeks"),
            lambda row: row.two_week_growth.value,
            under=_("against two before"),
        ),
        column("items", _("Items not met"), lambda row: complement(row.compliance_initial).value),
        column(
            "age", _("Data age"), lambda row: row.data_age_days, class_name="num c-age", width="8%"
        ),
    )


def _chance(row: AreaRow) -> float | None:
    return None if row.r.value is None else row.p_above_1


def figures(row: AreaRow, text: Texts) -> list[Child]:
    """Write an area's figures, as the board does."""
    return [
        marks.direction(text, row.direction),
        marks.growing(text, row),
        speed(row, text),
        marks.rate(text, row.adar_per_100k),
        marks.signed_share(text, row.two_week_growth),
        marks.share(text, complement(row.compliance_initial)),
        data_age(row, text),
    ]


def courses_card(view: AreasView, visit: Visit) -> Component:
    """Draw R of every region by name, on common axes."""
    text = visit.text
    _ = text.gettext
    ends = common_ends(list(view.r.values()), centre=1.0, most=1.0)
    days = common_days(view.r.values())
    rows = sorted(view.regions, key=lambda row: row.name)
    legend = (
        key("95", range_name(text, RANGE_LEVEL)),
        key("50", range_name(text, INNER_RANGE_LEVEL)),
        html.Span(
            _("from {low} to {high}; dotted: 1").format(
                low=text.number(ends[0], 1), high=text.number(ends[1], 1)
            )
        ),
        html.Span(" – ".join(text.day(day) for day in days)) if days else None,
    )
    return card(
        _("Regions side by side"),
        [
            html.Ul(
                [_small(row, view.r.get(row.code, NOTHING), (ends, days), visit) for row in rows],
                className="sms",
            ),
            html.Div([entry for entry in legend if entry], className="legend"),
        ],
        sub=_("R {basis}, all on one scale").format(basis=basis_words(text, view.frame.basis)),
        foot=(
            _("The line ends where reports are still arriving."),
            _("Where few cases allow a figure a week only, lines join Saturdays."),
        ),
        class_name="gap-t",
    )


def _small(
    row: AreaRow, drawn: SeriesView, axes: tuple[Ends, Days | None], visit: Visit
) -> Component:
    text = visit.text
    word = direction_word(text, row.direction)
    link = page_link(place_name(text, row.name), visit.link(f"/areas/{row.code}"), className="a")
    return html.Li(
        [
            html.H3(
                [
                    html.Span(icon(row.direction), className=f"dw dir-{row.direction}", title=word),
                    link,
                ]
            ),
            Svg(small_fan(drawn, *axes), className="dr"),
            html.P([word, _told(row, text)]),
        ]
    )


def _told(row: AreaRow, text: Texts) -> str:
    if row.r.value is None:
        return ""
    return f". R {text.number(row.r.value, 2)} ({span(text, row.r)})"


PAGE = Page(
    path="/areas",
    read=read_areas,
    discloses=True,
    title=title,
    layout=layout,
    nav=lambda text: text.gettext("Areas"),
    order=2,
    lists=("find", "direction", "region", "sort", "page"),
)
