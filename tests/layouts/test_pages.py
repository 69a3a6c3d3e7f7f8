from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from importlib import resources
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from kms.access.disclosure import DisclosureRule
from kms.config import ROOT
from kms.errors import NoDataError
from kms.reads.notifiable.rows import WeeksView
from kms.reads.views import AreaRow, CasesView, Reading, SeriesView
from kms.store.engine import Store
from layouts.routing import discover
from layouts.server import create_dash
from tests.layouts import view_factory
from tests.layouts.conftest import VIEWS, pages_with, server_of
from tests.layouts.view_factory import (
    area_view,
    areas_view,
    board_view,
    cases_view,
    data_view,
    frame,
    library_view,
    part,
    reading,
    sector_row,
    sectors_view,
    signals_view,
)

ADDRESSES = (
    "/",
    "/areas",
    "/areas/0700000000",
    "/sectors",
    "/sectors?sector=C",
    "/library",
    "/library?kind=guideline",
    "/library/GL-0112",
    "/data",
    "/signals",
    "/signals?disease=dengue&area=0700000000",
)
EMPTY_SERIES = SeriesView((), (), (), (), (), (), ())


class Outline(HTMLParser):
    """Headings, ids and links of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append(tag)
        if given.get("id"):
            self.ids.append(str(given["id"]))
        if tag == "a" and given.get("href"):
            self.links.append(str(given["href"]))


def served(page: str) -> str:
    """What a reader without JavaScript gets."""
    return page.partition('<div id="ssr">')[2].partition('<div id="react-entry-point">')[0]


def words(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", served(page)))


def all_states(row: AreaRow, state: str) -> AreaRow:
    none = Reading(None, None, None, state, None)
    return replace(
        row,
        direction="too_few",
        r=none,
        p_above_1=None,
        growth=none,
        doubling_days=None,
        adar_per_100k=none,
        two_week_growth=none,
        compliance_initial=none,
        inspections=None,
        sparkline=(None,) * 56,
        data_age_days=None,
        population=None,
    )


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_page_can_be_read_without_javascript(client: FlaskClient, address: str) -> None:
    response = client.get(address)
    assert response.status_code == 200
    outline = Outline()
    outline.feed(served(response.text))
    assert outline.tags.count("h1") == 1
    assert outline.tags.count("main") == 1
    assert len(outline.ids) == len(set(outline.ids))
    assert "Synthetic demonstration data." in response.text
    assert "2026-11-16-a41c" in response.text


def test_the_board_answers_which_why_how_sure_how_fresh(client: FlaskClient) -> None:
    shown = words(client.get("/").text)
    assert "7 of 18 regions are likely growing, 3 very likely; 6 are likely shrinking" in shown
    assert "Davao Region: R 1.31 (1.17–1.45), doubling in 13 days" in shown
    assert "At least 80% sure of each growing region" in shown
    assert "onset is known for 82% of recent cases" in shown
    assert "Cases to 14 Nov 2026, 2 days before" in shown
    assert "2 sources are late: BARMM case file, DOLE inspections" in shown
    assert "4,120 cases of the last 14 days have no place" in shown


def test_the_board_ranks_every_region_and_draws_the_map(client: FlaskClient) -> None:
    page = served(client.get("/").text)
    outline = Outline()
    outline.feed(page)
    assert page.count('class="ar') == 19
    assert page.index("Davao Region</a>") < page.index("Zamboanga Peninsula</a>")
    assert page.index("Zamboanga Peninsula</a>") < page.index("MIMAROPA</a>")
    assert {"/areas/1100000000", "/areas/0700000000"} <= set(outline.links)
    assert "board-growing" in outline.ids


def test_the_area_shows_its_figures_as_tables_too(client: FlaskClient) -> None:
    page = client.get("/areas/0700000000").text
    shown = words(page)
    assert "Cases are very likely growing (chance of growing 99%): R 1.19, range 1.05–1.33" in shown
    assert served(page).count("<figure") == 3
    assert served(page).count("Show as table") == 3
    assert "Agriculture, forestry and fishing" in shown
    assert "Cebu" in shown


def test_every_internal_link_keeps_the_day_and_the_language(client: FlaskClient) -> None:
    outline = Outline()
    outline.feed(served(client.get("/?as_of=2026-11-02&lang=fil").text))
    inside = [link for link in outline.links if link.startswith(("/areas", "/sectors", "/data"))]
    assert inside
    for link in inside:
        assert "as_of=2026-11-02" in link
        assert "lang=fil" in link
    returns = [link for link in outline.links if link.startswith("/?") and "as_of" not in link]
    assert returns == ["/?lang=fil"]


def test_filipino_is_said_and_marked(client: FlaskClient) -> None:
    page = client.get("/?lang=fil").text
    assert '<html lang="fil">' in page
    assert "7 sa 18 rehiyon ang malamang na dumarami" in page


def test_an_unknown_language_falls_back(client: FlaskClient) -> None:
    assert '<html lang="en">' in client.get("/?lang=xx").text


def test_an_unknown_address_is_404_with_our_page(client: FlaskClient) -> None:
    for address in ("/nothing/here", "/areas/0700000000/more", "/areas/a%20b"):
        response = client.get(address)
        assert response.status_code == 404
        assert "There is no page at this address" in response.text


def test_an_unknown_area_is_404_and_says_what_to_do(client: FlaskClient) -> None:
    response = client.get("/areas/9999999999")
    assert response.status_code == 404
    assert "area '9999999999' is not known; see /areas" in words(response.text)


@pytest.mark.parametrize("day", ["yesterday", "2026-13-01", "20261101", "<b>x</b>"])
def test_a_day_that_cannot_be_read_is_400(client: FlaskClient, day: str) -> None:
    response = client.get("/", query_string={"as_of": day})
    assert response.status_code == 400
    assert "year-month-day" in response.text
    assert "<b>x</b>" not in served(response.text)


def test_unknown_parameters_are_ignored(client: FlaskClient) -> None:
    assert client.get("/?utm_source=mail&area=x&as_of=").status_code == 200


def test_a_fault_of_ours_is_recorded_and_shown(caplog: pytest.LogCaptureFixture) -> None:
    def broken(**_: Any) -> Any:
        raise RuntimeError("a fault")

    client = server_of(pages_with(VIEWS | {"/data": broken})).test_client()
    response = client.get("/data")
    assert response.status_code == 500
    assert "This page could not be made" in response.text
    assert "a fault" not in response.text
    assert "a fault" in caplog.text


@pytest.mark.parametrize(
    "state", ["too_few", "suppressed", "stale", "missing", "withheld", "hidden"]
)
def test_pages_render_where_nothing_may_be_shown(state: str) -> None:
    none = Reading(None, None, None, state, None)
    rows = tuple(all_states(row, state) for row in board_view().rows)
    sector = replace(sector_row("A", "Farms", None), compliance_initial=none, compliance_after=none)
    unknown = replace(
        EMPTY_SERIES,
        dates=area_view().r.dates[:2],
        value=(None,) * 2,
        low=(None,) * 2,
        high=(None,) * 2,
        low50=(None,) * 2,
        high50=(None,) * 2,
        state=(state,) * 2,
    )
    views: dict[str, Any] = {
        "/": lambda frame: board_view(frame=frame, rows=rows, nation=rows[0], nonplace_cases=None),
        "/areas": lambda frame: areas_view(frame=frame, rows=rows, regions=rows),
        "/areas/<area>": lambda frame: area_view(
            frame=frame,
            row=rows[0],
            r=unknown,
            growth=unknown,
            children=rows[:2],
            sectors=(sector,),
            cases=CasesView(unknown.dates, (None, 0), (None, None), None, "report"),
        ),
        "/sectors": lambda frame: sectors_view(
            frame=frame,
            rows=(sector,),
            overall=sector,
            cells={("A", code): none for code, _ in sectors_view().regions},
        ),
    }
    client = server_of(pages_with(VIEWS | views)).test_client()
    for address in ADDRESSES[:4]:
        response = client.get(address)
        assert response.status_code == 200, address
        assert "None" not in re.sub(r"None of \d+", "", words(response.text))
        assert "nan" not in words(response.text).split()


def test_pages_render_without_any_rows() -> None:
    views: dict[str, Any] = {
        "/": lambda frame: board_view(frame=frame, rows=(), compared_with=None),
        "/areas": lambda frame: areas_view(frame=frame, rows=(), regions=()),
        "/areas/<area>": lambda frame: area_view(
            frame=frame,
            r=EMPTY_SERIES,
            growth=EMPTY_SERIES,
            children=(),
            sectors=(),
            cases=CasesView((), (), (), None, "onset"),
        ),
        "/sectors": lambda frame: sectors_view(
            frame=frame, rows=(), cells={}, overall=sector_row("", "", None), period_from=None
        ),
        "/library": lambda frame: library_view(frame=frame, entries=()),
        "/library/<entry>": lambda frame: library_view(frame=frame, entries=()),
        "/data": lambda frame: data_view(
            frame=frame, sources=(), vintages=part(()), faults=(), runs=()
        ),
        "/signals": lambda frame: signals_view(
            frame=frame, rows=(), tested=(), disease="", course=WeeksView()
        ),
    }
    client = server_of(pages_with(views)).test_client()
    for address in ADDRESSES:
        assert client.get(address).status_code == 200, address


def test_hostile_names_stay_text() -> None:
    hostile = "<img src=x onerror=alert(1)>"
    rows = tuple(replace(row, name=hostile, label='"><i-x>') for row in board_view().rows)
    views = VIEWS | {"/": lambda frame: board_view(frame=frame, rows=rows)}
    page = served(server_of(pages_with(views)).test_client().get("/").text)
    assert "<img" not in page
    assert "<i-x>" not in page


def test_a_stale_figure_keeps_its_value_and_says_so() -> None:
    rows = tuple(
        replace(row, adar_per_100k=reading(3.3, 0.2, "stale")) for row in board_view().rows
    )
    views = VIEWS | {"/": lambda frame: board_view(frame=frame, rows=rows)}
    page = served(server_of(pages_with(views)).test_client().get("/").text)
    assert page.count("3.3</b>") == 18
    assert page.count('st stale"><') >= 18


@pytest.mark.parametrize("address", ADDRESSES)
def test_dash_is_given_the_same_page(client: FlaskClient, address: str) -> None:
    pathname, _, search = address.partition("?")
    body = {
        "output": "shell-page.children",
        "outputs": {"id": "shell-page", "property": "children"},
        "inputs": [
            {"id": "shell-address", "property": "pathname", "value": pathname},
            {"id": "shell-address", "property": "search", "value": f"?{search}" if search else ""},
        ],
        "changedPropIds": ["shell-address.pathname"],
    }
    response = client.post("/_dash-update-component", json=body)
    assert response.status_code == 200
    given = json.dumps(response.get_json()["response"]["shell-page"]["children"])
    title = re.search(r"<title>(.*?)</title>", client.get(address).text)
    assert title
    assert json.dumps(title[1].replace("&amp;", "&"))[1:-1] in given
    assert given.count("<h1") == 1


def test_the_index_loads_nothing_from_elsewhere(client: FlaskClient) -> None:
    page = client.get("/").text
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert not [address for address in loaded if address.startswith(("http", "//"))]


def test_plotly_is_our_bundle_of_the_same_version(client: FlaskClient) -> None:
    with client.get("/_dash-component-suites/plotly/package_data/plotly.min.js") as response:
        served_head = response.get_data(as_text=True)[:120]
    full = resources.files("plotly").joinpath("package_data/plotly.min.js").read_text("utf-8")[:120]
    version = re.compile(r"v(\d+\.\d+\.\d+)")
    assert "(scatter and bar)" in served_head
    assert version.findall(served_head) == version.findall(full)
    recipe = json.loads((ROOT / "layouts/vendor/bundle/package.json").read_text("utf-8"))
    assert [recipe["dependencies"]["plotly.js"]] == version.findall(full)
    locked = (ROOT / "layouts/vendor/bundle/package-lock.json").read_text("utf-8")
    packages = json.loads(locked)["packages"]
    assert [packages["node_modules/plotly.js"]["version"]] == version.findall(full)
    assert "://" not in locked


def test_no_two_pages_have_one_address_and_all_are_found() -> None:
    assert {page.path for page in discover() if not page.plain} == set(VIEWS)


def test_every_label_says_report_date_where_r_counts_by_it() -> None:
    by_report = frame(basis="report")
    views = VIEWS | {
        "/": lambda frame: board_view(frame=by_report),
        "/areas/<area>": lambda frame: area_view(
            frame=by_report, cases=replace(cases_view(), basis="report")
        ),
    }
    client = server_of(pages_with(views)).test_client()
    for address, labels in (("/", 2), ("/areas/0700000000", 4)):
        shown = words(client.get(address).text)
        assert shown.count("by report date, about a week behind") == labels
        assert "by onset date" not in shown


def test_a_small_outbreak_has_its_tile_group_and_mark() -> None:
    small = view_factory.rising_row()
    rows = tuple(small if row.code == small.code else row for row in board_view().rows)
    views = VIEWS | {
        "/": lambda frame: board_view(frame=frame, rows=rows),
        "/areas/<area>": lambda frame: area_view(frame=frame, row=small, children=(small,)),
    }
    client = server_of(pages_with(views)).test_client()
    page = served(client.get("/").text)
    assert page.count('class="tile ') == 5
    assert 'href="#board-rising"' in page
    assert page.index('id="board-growing"') < page.index('id="board-rising"')
    assert page.index('id="board-rising"') < page.index('id="board-uncertain"')
    assert "1 is rising from few cases" in words(client.get("/").text)
    assert "Too few cases to rising, few cases" in words(client.get("/").text)
    area = words(client.get("/areas/1700000000").text)
    assert "Cases are too few for R, but they are rising: +12.0% a day" in area
    assert served(server_of(pages_with(VIEWS)).test_client().get("/").text).count("tile t-") == 4


def test_figures_too_old_say_so_on_every_page() -> None:
    made = {
        path: lambda frame, view=view: view(frame=replace(frame, stale_days=300))
        for path, view in VIEWS.items()
    }
    client = server_of(pages_with(made)).test_client()
    said = "These figures are 300 days old and say nothing about today"
    for address in ADDRESSES:
        page = client.get(address).text
        assert served(page).count('class="asof old"') == 1, address
        assert said in words(page), address
    board = client.get("/").text
    assert re.search(f"<h1[^>]*>{said}</h1>", board)
    assert "As of 6 Nov 2026: 7 of 18 regions are likely growing" in words(board)


def test_the_board_says_which_days_its_figures_are_for(client: FlaskClient) -> None:
    shown = words(client.get("/").text)
    assert "R to 4 Nov" in shown
    assert (
        "R: 7 or 14 days to 6 Nov, where cases are few to 4 Nov; cases and attack rate to 14 Nov"
        in shown
    )


def test_items_still_open_are_said_to_count_as_not_met(client: FlaskClient) -> None:
    for address in ("/sectors", "/areas/0700000000"):
        assert words(client.get(address).text).count("items still open count as not met") == 1


def test_a_stricter_disclosure_rule_hides_more(published: Store) -> None:
    assert {page.path for page in discover() if page.discloses} == {
        "/",
        "/areas",
        "/areas/<area>",
        "/data",
        "/sectors",
        "/signals",
    }

    def hidden(rule: DisclosureRule | None) -> int:
        server = Flask("tests")
        create_dash(server, published, rule=rule)
        client = server.test_client()
        shown = [words(client.get(path).text) for path in ("/", "/areas/1300000000")]
        return sum(page.count("suppressed") for page in shown)

    assert hidden(DisclosureRule(threshold=50)) > hidden(None)


def test_safety_items_say_90_and_transmission_95(client: FlaskClient) -> None:
    area, sectors = words(client.get("/areas/0700000000").text), words(client.get("/sectors").text)
    board = words(client.get("/").text)
    assert "ranges are 95%, for safety items 90%" in board
    assert "not met at the first visit, 90% range" in area
    assert "95% range" in area
    assert sectors.count("90% range") == 2
    assert "95%" not in sectors


def test_shares_that_hold_for_the_country_say_so(client: FlaskClient) -> None:
    assert "Item failed most often, in the country" in words(client.get("/areas/0700000000").text)
    assert "Manufacturing, in the country" in words(
        client.get("/sectors?area=0700000000&sector=C").text
    )


def test_the_header_names_the_area_of_the_page(client: FlaskClient) -> None:
    def scope(address: str) -> str:
        page = served(client.get(address).text)
        return page.partition('class="scope desk"><b>')[2].partition("</b>")[0]

    assert scope("/areas/0700000000") == "Central Visayas"
    assert scope("/sectors") == "Philippines"
    assert scope("/") == "Philippines"
    assert scope("/?lang=fil") == "Pilipinas"


def test_charts_and_tables_lead_to_their_csv_of_the_same_day(client: FlaskClient) -> None:
    outline = Outline()
    outline.feed(served(client.get("/areas/0700000000?as_of=2026-11-02").text))
    files = [link for link in outline.links if link.startswith("/api/v1/series")]
    assert files == [
        f"/api/v1/series?indicator={name}&area=0700000000&as_of=2026-11-02&format=csv"
        for name in ("r_t", "growth_rate_per_day", "cases_onset")
    ]
    assert "/api/v1/latest?indicator=r_t&amp;format=csv" in client.get("/").text


def test_a_day_that_has_not_come_is_400(client: FlaskClient) -> None:
    response = client.get("/?as_of=2026-11-17")
    assert response.status_code == 400
    assert "Today is 16 Nov 2026 here" in words(response.text)
    assert client.get("/?as_of=2026-11-16").status_code == 200


def test_an_empty_store_says_so_on_every_page() -> None:
    def nothing(**_: Any) -> Any:
        raise NoDataError("nothing has been published yet; run `kms refresh`, or `kms demo`")

    client = server_of(pages_with(dict.fromkeys(VIEWS, nothing))).test_client()
    for address in (*ADDRESSES, "/?as_of=2026-11-02"):
        response = client.get(address)
        assert response.status_code == 200, address
        assert "No figures have been published yet" in response.text
        assert "run `kms refresh`" in words(response.text)


def test_what_is_not_there_keeps_the_days_to_choose_from(client: FlaskClient) -> None:
    page = client.get("/areas/9999999999").text
    assert "Synthetic demonstration data." in page
    assert '<option value="2026-11-09">' in page


def test_sectors_without_figures_stand_in_one_line_with_their_briefs() -> None:
    none = Reading(None, None, None, "too_few", None)
    bare = [
        replace(sector_row(code, title, None), compliance_initial=none)
        for code, title in (("B", "Mining"), ("L", "Real estate"))
    ]
    view = sectors_view()
    views = VIEWS | {"/sectors": lambda frame: sectors_view(rows=(*view.rows[:2], *bare))}
    page = served(server_of(pages_with(views)).test_client().get("/sectors").text)
    assert page.count('class="rest"') == 1
    assert 'href="/briefs/0000000000/B/latest.pdf"' in page


def test_regions_are_chosen_by_name() -> None:
    named = {code: name for code, name, *_rest in view_factory.REGIONS}
    views = VIEWS | {"/sectors": lambda frame: sectors_view(region_names=named)}
    page = server_of(pages_with(views)).test_client().get("/sectors").text
    assert '<option value="0700000000">Central Visayas (VII)</option>' in page
    assert '<option value="1900000000">BARMM</option>' in page
