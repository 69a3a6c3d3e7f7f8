"""Lists: every row once, in order, absent last; and what a reader sees of them."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass, replace
from datetime import date
from html import unescape
from itertools import pairwise

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from kms.access.bands import Banded
from kms.domain.lists.names import name_order
from kms.reads.request import Request
from kms.reads.views import AreaRow, Reading
from kms.texts import texts
from layouts.components.listing.arrange import (
    DAY,
    NUMBER,
    Facet,
    ListColumn,
    Listing,
    arranged,
    asked_of,
)
from layouts.page import Visit
from layouts.pages.areas import areas_listing
from tests.layouts.conftest import VIEWS, pages_with, server_of
from tests.layouts.test_pages import served, words
from tests.layouts.view_factory import areas_view, data_view


@dataclass(frozen=True)
class Thing:
    number: int
    name: str
    value: float | None
    day: date | None
    kind: str


THINGS = st.lists(
    st.builds(
        Thing,
        st.just(0),
        st.sampled_from(["Nueva", "Ñoño", "Oton", "álava", "Basey", ""]),
        st.one_of(st.none(), st.just(math.nan), st.floats(-5, 5)),
        st.one_of(st.none(), st.dates(date(2026, 1, 1), date(2026, 1, 9))),
        st.sampled_from(["a", "b"]),
    ),
    max_size=30,
).map(lambda rows: [replace(row, number=place) for place, row in enumerate(rows)])
LISTING: Listing[Thing] = Listing(
    "things",
    "Things",
    (
        ListColumn("name", "Name", lambda row: row.name),
        ListColumn("value", "Value", lambda row: row.value, NUMBER),
        ListColumn("day", "Day", lambda row: row.day, DAY),
        ListColumn("kind", "Kind"),
    ),
    usual="as they came",
    facets=(Facet("kind", "Kind", "Every", (("a", "A"), ("b", "B")), lambda row: row.kind),),
    words=lambda row: row.name,
    find_label="Name",
    most=7,
)
ORDERS = st.sampled_from(["", "name", "-name", "value", "-value", "day", "-day", "kind", "no"])


def all_pages(rows: list[Thing], **asked: str) -> list[Thing]:
    first = arranged(LISTING, rows, asked)
    pages = [arranged(LISTING, rows, {**asked, "page": str(n + 1)}) for n in range(first.pages)]
    return [row for page in pages for row in page.rows]


def absent(row: Thing, key: str) -> bool:
    value = getattr(row, key)
    return value is None or value == "" or (isinstance(value, float) and math.isnan(value))


@given(THINGS, ORDERS)
def test_every_row_stands_once_on_all_pages_together(rows: list[Thing], order: str) -> None:
    shown = all_pages(rows, sort=order)
    assert sorted(row.number for row in shown) == [row.number for row in rows]
    if order in ("", "kind", "no"):
        assert shown == rows


@given(THINGS, st.sampled_from(["name", "value", "day"]), st.booleans())
def test_rows_are_in_order_and_what_is_absent_is_last_both_ways(
    rows: list[Thing], key: str, down: bool
) -> None:
    shown = all_pages(rows, sort=f"-{key}" if down else key)
    known = [row for row in shown if not absent(row, key)]
    assert shown[: len(known)] == known
    assert [r.number for r in shown[len(known) :]] == sorted(r.number for r in shown[len(known) :])
    for before, after in pairwise(known):
        one, other = (getattr(row, key) for row in (before, after))
        if key == "name":
            one, other = name_order(one), name_order(other)
        assert (one >= other) if down else (one <= other)
        assert one != other or before.number < after.number


@given(THINGS, st.sampled_from(["no", "noño", "ALAVA", "zz"]), st.sampled_from(["", "a", "x"]))
def test_what_is_found_is_counted_and_fits(rows: list[Thing], find: str, kind: str) -> None:
    part = arranged(LISTING, rows, {"find": find, "kind": kind})
    shown = all_pages(rows, find=find, kind=kind)
    assert (part.found, part.total) == (len(shown), len(rows))
    plain = {"no": "Ñoño", "noño": "Ñoño", "ALAVA": "álava", "zz": None}[find]
    wanted = [row for row in rows if row.name == plain and (kind != "a" or row.kind == "a")]
    assert shown == wanted


def area_orders(rows: tuple[AreaRow, ...]) -> dict[str, list[str]]:
    """Return the codes of areas in every order the list has."""
    view = areas_view(rows=rows, region_of={row.code: row.code for row in rows})
    visit = Visit(Request(), texts("en"), "/areas")
    listing = replace(areas_listing(view, visit), most=1000)
    keys = [column.key for column in listing.columns if column.is_sortable]
    return {
        way + key: [row.code for row in arranged(listing, rows, {"sort": way + key}).rows]
        for key in keys
        for way in ("", "-")
    }


@pytest.mark.parametrize("state", ["suppressed", "withheld", "too_few", "missing", "hidden"])
def test_a_figure_that_is_not_told_stands_last_whatever_it_is(state: str) -> None:
    none = Reading(None, None, None, state, None)
    rows = list(areas_view().regions)
    hidden = replace(
        rows[0], r=none, growth=none, adar_per_100k=none, two_week_growth=none,
        compliance_initial=none, data_age_days=None,
    )  # fmt: skip
    told = tuple(row for row in rows[1:] if row.r.value is not None)
    orders = area_orders((hidden, *told))
    assert hidden.p_above_1 is not None  # the chance goes with R: neither is shown
    for order, codes in orders.items():
        if order.strip("-") != "name":
            assert codes[-1] == hidden.code, order


def test_of_a_band_only_the_band_is_sorted_by() -> None:
    rows = areas_view().regions[:4]
    banded = tuple(replace(row, p_above_1=Banded(0.8)) for row in rows)
    orders = area_orders(banded)
    assert orders["chance"] == orders["-chance"] == [row.code for row in banded]


def test_numbers_of_rows_that_are_suppressed_stand_last_on_the_data_page() -> None:
    sources = data_view().sources
    hidden = replace(sources[0], source_id="a", title="Aaa", state="in_date", rows_read=None)
    made = data_view(sources=(hidden, *sources[1:2], replace(sources[1], title="Bbb")))
    views = VIEWS | {"/data": lambda frame: made}
    client = server_of(pages_with(views)).test_client()
    for way in ("", "-"):
        page = served(client.get(f"/data?sources-sort={way}rows").text)
        shown = page[page.index('id="sources-list"') : page.index('id="vintages-list"')]
        assert shown.index(">Bbb<") < shown.index(">Aaa<")
        assert shown.index("DOH case information") < shown.index(">Aaa<")


LISTS = ("/areas", "/library", "/data")
WRONG = (
    "sort=nonsense", "sort=-", "sort=name%20desc", "page=-1", "page=x", "page=1e9",
    "direction=nonsense", "region=%3Cimg%3E", "sources-sort=used", "faults-sort=x",
    "sort=direction",
    "sources-state=%22%3E", "faults-source=none",
)  # fmt: skip


@pytest.mark.parametrize("address", LISTS)
@pytest.mark.parametrize("query", WRONG)
def test_what_an_address_cannot_mean_is_the_usual_list(
    client: FlaskClient, address: str, query: str
) -> None:
    answer = client.get(f"{address}?{query}")
    assert answer.status_code == 200
    assert rows_of(answer.text) == rows_of(client.get(address).text)
    assert "<img" not in served(answer.text)


def rows_of(page: str) -> list[str]:
    """Return the words of every row and entry of a page."""
    found = re.findall(r"<(?:tr|article).*?</(?:tr|article)>", served(page), re.DOTALL)
    return [re.sub(r"<[^>]+>", " ", row) for row in found]


def names(page: str) -> list[str]:
    """Return the areas of the list, in their order."""
    body = served(page).split("<tbody>")[1].split("</tbody>")[0]
    return [unescape(name) for name in re.findall(r'class="a"[^>]*>([^<]+)</a>', body)]


def test_areas_are_sorted_by_a_head_and_back(client: FlaskClient) -> None:
    usual = client.get("/areas").text
    assert "aria-sort" not in served(usual)
    link = re.search(r'href="(/areas\?sort=name#areas-sort-name)" id="areas-sort-name"', usual)
    assert link
    up = client.get("/areas?sort=name").text
    assert names(up) == sorted(names(up), key=name_order)
    assert re.search(r'<th aria-sort="ascending"[^>]*scope="col"><a', served(up))
    assert 'href="/areas?sort=-name#areas-sort-name"' in up
    down = client.get("/areas?sort=-name").text
    assert names(down)[0].startswith("Z")
    assert 'aria-sort="descending"' in down
    assert 'href="/areas#areas-list">Usual order: most urgent first</a>' in down
    assert names(usual)[0] == "Davao Region"


def test_areas_are_found_narrowed_and_paged(client: FlaskClient) -> None:
    found = client.get("/areas?find=penablanca").text
    assert "18 of 54" in words(found)
    assert all("Peñablanca" in name for name in names(found))
    assert 'value="penablanca"' in found
    assert 'href="/areas#areas-list">Clear the filter</a>' in found
    both = client.get("/areas?find=PEÑABLANCA&region=0700000000&lang=fil").text
    assert names(both) == ["Peñablanca of Central Visayas"]
    assert "1 sa 54" in words(both)
    assert '<input type="hidden" name="lang" value="fil">' in both
    nothing = client.get("/areas", query_string={"find": "<script>x</script>" + "z" * 300})
    assert nothing.status_code == 200
    assert "Nothing fits the filter." in nothing.text
    assert "<script>x" not in served(nothing.text)
    pages = [names(client.get(f"/areas?page={page}").text) for page in (1, 2, 3, 4)]
    assert [len(page) for page in pages] == [15, 15, 15, 9]
    assert len({name for page in pages for name in page}) == 54
    assert names(client.get("/areas?page=999999999999").text) == pages[3]
    second = words(client.get("/areas?sort=-rate&page=2").text)
    assert "Page 2 of 4" in second
    assert (
        'href="/areas?sort=-rate&amp;page=4#areas-list">Last page</a>'
        in client.get("/areas?sort=-rate&page=2").text
    )


def test_a_filter_stays_with_the_day_and_the_other_lists(client: FlaskClient) -> None:
    page = client.get("/data?as_of=2026-11-02&sources-sort=-rows&source=x&faults-find=date").text
    form = re.search(r'<form method="get" action="/data#faults-list".*?</form>', page, re.DOTALL)
    assert form
    hidden = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]+)"', form[0]))
    assert hidden == {"source": "x", "sources-sort": "-rows", "as_of": "2026-11-02"}


def test_the_library_is_found_by_words_inside_a_type(client: FlaskClient) -> None:
    page = client.get("/library?kind=guideline&find=ventilation&sort=-title").text
    assert "Clear the filter" in page
    assert '<option value="-title" selected>' in page
    assert '<input type="hidden" name="kind" value="guideline">' in page


def test_few_rows_are_not_narrowed() -> None:
    given = areas_view()
    few = areas_view(rows=given.rows[:12])
    client = server_of(pages_with(VIEWS | {"/areas": lambda frame: few})).test_client()
    assert 'id="areas-find"' not in client.get("/areas").text
    assert 'id="areas-find"' in client.get("/areas?find=davao").text


def test_dash_is_given_the_same_list(client: FlaskClient) -> None:
    body = {
        "output": "shell-page.children",
        "outputs": {"id": "shell-page", "property": "children"},
        "inputs": [
            {"id": "shell-address", "property": "pathname", "value": "/areas"},
            {"id": "shell-address", "property": "search", "value": "?sort=-name"},
        ],
        "changedPropIds": ["shell-address.search"],
    }
    given = json.dumps(client.post("/_dash-update-component", json=body).get_json())
    assert 'aria-sort=\\\\"descending' in given or 'aria-sort=\\"descending' in given


def test_only_columns_of_the_list_are_read() -> None:
    asked = asked_of(LISTING, {"sort": "-kind", "find": "  a   b ", "page": "3", "kind": "z"})
    assert (asked.order, asked.find, asked.page, asked.chosen) == (None, "a b", 3, {})
    assert asked.is_narrowed
