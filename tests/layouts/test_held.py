"""How often ranges held, as the data page tells it."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from flask.testing import FlaskClient

from kms.compute.self_audit import FACT
from kms.domain.principal import PUBLIC, Grant, Principal
from kms.reads.data import about, read_data
from kms.reads.request import Request
from kms.reads.views import HeldRow
from kms.store.engine import Store
from kms.store.publications import current_issue
from kms.texts import texts
from layouts.components.data.held import held_card
from layouts.render import to_html
from tests.layouts.conftest import VIEWS, pages_with, server_of
from tests.layouts.test_pages import served
from tests.layouts.view_factory import data_view, frame, held_rows

ANALYST = Principal(account="a1", grants=(Grant("analyst"),))


def shown(held: tuple[HeldRow, ...] | None, language: str = "en", *, exactly: bool = False) -> str:
    """Return the words of the card."""
    view = data_view(held=held, held_exactly=exactly)
    page = to_html(held_card(view, texts(language)))
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page)).replace(" ,", ",")


def one(indicator: str, said: float, inside: float, low: float, high: float) -> HeldRow:
    return HeldRow(indicator, said, None, None, 400, 20, inside, low, high, 0.01, 0.02)


def test_all_that_is_known_of_a_range_is_told() -> None:
    page = shown(held_rows())
    assert "95% range 91% 89%–92%, less often than said 2% 1% 8,200 2,100" in page
    assert "50% range 50% 48%–51%, as said 2% 1% 8,200 2,100" in page
    assert "95% range 0 to 2 days after the day 97%" in page
    assert "95% range 7 to 13 days after the day 96% 94%–97% 2% 1% 2,575 1,538" in page
    assert "95% range under 1 a day" in page
    assert "95% range 10 to under 100 a day" in page
    assert "95% range 100 a day or more" in page
    assert page.index("95% range 99%") < page.index("50% range 98%")


def test_where_too_little_has_been_compared_no_share_stands() -> None:
    page = shown(held_rows())
    forecast = page[page.index("Forecast of cases") :]
    assert forecast.startswith(
        "Forecast of cases, against the count of the day 95% range too few 0 1,400 "
    )
    assert "95% range 8 to 14 days ahead too few 0 700" in page
    assert "95% range 1 to 7 days ahead too few 0 700" in page
    assert "under 30 comparisons" in page


@pytest.mark.parametrize(
    ("row", "word"),
    [
        (one("nowcast_cases", 0.95, 0.90, 0.86, 0.949), "less often than said"),
        (one("nowcast_cases", 0.5, 0.70, 0.51, 0.80), "more often than said"),
        (one("forecast_cases", 0.5, 0.45, 0.40, 0.50), ", as said"),
    ],
)
def test_whether_a_range_is_honest_is_said_by_its_own_range(row: HeldRow, word: str) -> None:
    others = {"less often than said", "more often than said", ", as said"} - {word}
    page = shown((row,))
    assert word in page
    assert not any(other in page for other in others)
    assert "An honest range" in page
    assert "Nobody ever learns R" not in page


def test_of_r_it_is_never_said_that_a_range_was_honest() -> None:
    page = shown((one("r_t", 0.5, 0.99, 0.97, 1.0),))
    assert "than said" not in page
    assert "as said" not in page
    assert "not that R was right" in page
    assert "An honest range" not in page


def test_it_says_so_where_nothing_was_computed_or_published() -> None:
    assert "Not computed for this publication." in shown(None)
    assert "No range has been published" in shown(())
    assert "Hindi kinuwenta" in shown(None, "fil")


def test_only_all_is_written_as_all_and_only_none_as_none() -> None:
    row = HeldRow("r_t", 0.5, None, None, 12611, 9, 0.9981, 0.9961, 0.99998, 0.00002, 0.0019)
    assert "99.8% 99.6%–99.9% 0.2% 0.1%" in shown((row,))
    every = HeldRow("r_t", 0.95, None, None, 12611, 9, 1.0, 0.5278, 1.0, 0.0, 0.0)
    assert "100% 53%–100% 0% 0%" in shown((every,))


def test_without_a_run_the_page_says_where_its_figures_come_from() -> None:
    pages = []
    for synthetic in (True, False):
        view = data_view(runs=(), frame=frame(synthetic=synthetic))
        pages_of = pages_with(VIEWS | {"/data": lambda frame, view=view: view})
        pages.append(served(server_of(pages_of).test_client().get("/data").text))
    assert all("No refresh has run here yet." in page for page in pages)
    assert "2026-11-16-a41c was made when the demonstration data were taken in" in pages[0]
    assert "2026-11-16-a41c was made by a replay, or the list of refreshes is new" in pages[1]


@pytest.mark.parametrize(
    ("count", "told"),
    [(0, 0), (1, 10), (9, 10), (14, 10), (96, 100), (149, 150), (154, 150), (12611, 13000)],
)
def test_numbers_for_the_public_have_two_digits(count: int, told: int) -> None:
    assert about(count) == told


def test_the_page_tells_what_the_publication_found(published: Store) -> None:
    with published.read() as connection:
        found = current_issue(connection).facts[FACT]
    exact = read_data(published, Request(who=ANALYST))
    public = read_data(published, Request(who=PUBLIC))
    assert exact.held is not None
    assert public.held is not None
    assert (exact.held_exactly, public.held_exactly) == (True, False)
    assert len(exact.held) == len(found)
    first = exact.held[0]
    assert (first.indicator, first.compared) == ("r_t", 0)  # it is the only publication
    assert [first.waiting, first.inside] == [found[0][5], None]
    assert {row.sizes for row in exact.held if row.sizes} >= {(1.0, 10.0), (10.0, 100.0)}
    assert {row.sizes for row in public.held if row.sizes} <= {(10.0, 100.0), (100.0, None)}
    assert any(row.sizes for row in public.held)  # where many small areas do not hide the large
    rounded = [
        replace(row, compared=about(row.compared), waiting=about(row.waiting))
        for row in exact.held
        if row.sizes not in ((0.0, 1.0), (1.0, 10.0))
    ]
    assert list(public.held) == rounded
    assert "rounded" in shown(public.held)
    assert "rounded" not in shown(exact.held, exactly=True)


@pytest.mark.parametrize(("language", "words"), [("en", "Did our ranges hold?"), ("fil", "Tumama")])
def test_the_data_page_shows_it_in_both_languages(
    client: FlaskClient, language: str, words: str
) -> None:
    assert words in shown(held_rows(), language)
    page = served(client.get(f"/data?lang={language}").text)
    assert f"<h2>{words}" in page
    if language == "fil":
        english = ("range", "Compared", "Waiting", "days", "Nobody", "Forecast")
        assert not [word for word in english if word in shown(held_rows(), language)]
