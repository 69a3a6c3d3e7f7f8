"""The cards of contacts: what is known, pending, left out; and what they say without data."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask.testing import FlaskClient

from kms.reads.views import ContactsView, Reading
from tests.layouts.conftest import VIEWS, pages_with, server_of
from tests.layouts.view_factory import area_view, contacts_view

ADDRESS = "/areas/0700000000"


def told(contacts: ContactsView | None, language: str = "en") -> str:
    views: dict[str, Any] = {
        "/areas/<area>": lambda frame: area_view(frame=frame, contacts=contacts)
    }
    client: FlaskClient = server_of(pages_with(VIEWS | views)).test_client()
    return client.get(f"{ADDRESS}?lang={language}").text


def test_the_card_tells_share_range_pending_cut_and_clusters() -> None:
    text = told(contacts_view())
    for part in (
        "Where people were infected", "<b>40%</b>", "range 33–47, to 31 Oct", "<b>38%</b>",
        "the share lies at 36–46% whatever they find", "The newest 9 days are left out",
        "Manufacturing 5", "in 14 days to 15 Nov", "<b>0.8%</b>", "range 0.4–1.4, to 7 Nov",
        "unverified",
    ):  # fmt: skip
        assert part in text, part
    assert "More cases than can be asked" not in text


def test_the_card_is_translated() -> None:
    text = told(contacts_view(), "fil")
    assert "Saan nahawa ang mga tao" in text
    assert "Where people were infected" not in text


def test_without_investigations_it_says_so_and_shows_no_figure() -> None:
    nothing = Reading(None, None, None, "missing", None)
    for contacts in (None, contacts_view(investigated_to=None, fatality=nothing)):
        text = told(contacts)
        assert "No case investigations have come in." in text
        assert "Not known how many of the reported cases die." in text
        assert "Source known" not in text


def test_few_pending_are_not_called_none_and_many_cases_warn() -> None:
    traced = replace(contacts_view().traced, completeness=1.0)
    text = told(contacts_view(traced=traced, bounds=(0.4, 0.4), overwhelmed=True, learned=False))
    assert "<b>&lt;10%</b>" in text
    assert "whatever they find" not in text
    assert "More cases than can be asked one by one" in text
    assert "how fast investigations close is not known yet" in text


def test_what_may_not_be_shown_has_a_word() -> None:
    hidden = Reading(None, None, None, "suppressed", None)
    text = told(
        contacts_view(traced=hidden, final=hidden, bounds=None, clusters=hidden, fatality=hidden)
    )
    card = text.split("Where people were infected")[1].split("What this rests on")[0]
    assert card.count("suppressed") == 5
    assert "%" not in card.split("Deaths still to come")[0]
