from __future__ import annotations

from dataclasses import replace

import pytest

from kms import wording
from kms.reads.views import Reading
from kms.texts import texts
from tests.layouts.view_factory import (
    area_view,
    board_view,
    data_view,
    frame,
    reading,
    rows,
    sector_row,
    sector_rows,
)

EN = texts("en")


@pytest.mark.parametrize(
    ("probability", "words", "written"),
    [
        (1.0, "very likely growing", ">99%"),
        (0.95, "very likely growing", "95%"),
        (0.94, "likely growing", "94%"),
        (0.80, "likely growing", "80%"),
        (0.79, "uncertain", "79%"),
        (0.21, "uncertain", "21%"),
        (0.20, "likely shrinking", "20%"),
        (0.051, "likely shrinking", "5%"),
        (0.05, "very likely shrinking", "5%"),
        (0.0, "very likely shrinking", "<1%"),
    ],
)
def test_a_chance_has_one_verbal_scale_and_is_never_certain(
    probability: float, words: str, written: str
) -> None:
    assert wording.trend(EN, probability) == words
    assert wording.chance(EN, probability) == written


def test_a_doubling_time_is_told_only_where_it_is_known() -> None:
    assert wording.doubling(EN, 20.6) == "doubling in 21 days"
    assert wording.doubling(EN, -1.2) == "halving in 1 day"
    assert wording.doubling(EN, None) == "no clear change"


def test_the_headline_counts_and_grades() -> None:
    some = rows()
    assert wording.board_headline(EN, some) == (
        "7 of 18 regions are likely growing, 3 very likely; 6 are shrinking"
    )
    sure = tuple(row for row in some if row.label in {"VII", "XI", "CAR"})
    assert (
        wording.board_headline(EN, sure) == "2 of 3 regions are very likely growing; 1 is shrinking"
    )
    calm = tuple(row for row in some if row.direction == "uncertain")
    assert wording.board_headline(EN, calm) == (
        "None of 3 regions is likely growing; none is shrinking"
    )


def test_the_headline_says_when_nothing_can_be_told() -> None:
    few = tuple(row for row in rows() if row.direction in {"too_few", "missing"})
    for unknown in (few, ()):
        assert wording.board_headline(EN, unknown) == (
            "No region has enough cases to tell growing from shrinking"
        )
        assert wording.board_why(EN, unknown) == (
            "Cases are too few in every region, or none were received."
        )


def test_why_names_the_nearest_where_none_grows() -> None:
    calm = tuple(row for row in rows() if row.direction == "uncertain")
    assert wording.board_why(EN, calm) == "Nearest to growing: Zamboanga Peninsula, chance 71%."


def test_how_fresh_names_the_oldest_and_the_late() -> None:
    view = board_view()
    assert wording.board_fresh(EN, view.rows, view.frame) == (
        "Cases to 14 Nov 2026, 2 days before. BARMM: 17 days old. "
        "2 sources are late: BARMM case file, DOLE inspections."
    )
    nothing = frame(cases_to=None, late_sources=())
    assert wording.board_fresh(EN, (), nothing) == (
        "No cases were received. All sources are in date."
    )


def test_an_area_is_told_in_one_sentence() -> None:
    row = area_view().row
    assert wording.area_lead(EN, row) == (
        "Cases are very likely growing (chance of growing 99%): R 1.19, range 1.05–1.33; "
        "doubling in 20 days."
    )
    unsure = replace(row, p_above_1=0.5, doubling_days=None)
    assert "uncertain whether cases grow (chance 50%)" in wording.area_lead(EN, unsure)
    assert "too few cases" in wording.area_lead(EN, replace(row, p_above_1=None))
    assert "No cases were received" in wording.area_lead(EN, replace(row, direction="missing"))


def test_not_met_mirrors_met_and_keeps_the_order_of_its_range() -> None:
    flipped = wording.complement(Reading(0.7, 0.6, 0.9, "final", None))
    assert (flipped.value, flipped.low, flipped.high) == pytest.approx((0.3, 0.1, 0.4))
    assert wording.complement(reading(None)).value is None


def test_sectors_and_sources_have_their_findings() -> None:
    assert wording.sectors_headline(EN, sector_rows()) == (
        "Agriculture, forestry and fishing fails most: 45% of safety items not met"
    )
    assert "No sector" in wording.sectors_headline(EN, (sector_row("A", "Farms", None),))
    assert wording.correction_sentence(EN, sector_row("C", "Plants", 0.78)) == (
        "22% of safety items not met at the first visit (15–29), 9% after correction."
    )
    assert wording.data_headline(EN, data_view()) == "1 of 3 sources is in date"
    assert wording.data_headline(EN, data_view(sources=())) == "No source has been received yet"


def test_filipino_says_the_same() -> None:
    text = texts("fil")
    assert wording.board_headline(text, rows()) == (
        "7 sa 18 rehiyon ang malamang na dumarami, 3 ang napakalamang; 6 ang kumakaunti"
    )
