from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from kms import findings, wording
from kms.compute.cases import transmission
from kms.domain.indicators import RANGE_LEVEL, SAFETY_RANGE_LEVEL
from kms.reads.views import Reading
from kms.texts import texts
from tests.layouts.view_factory import (
    area_view,
    board_view,
    data_view,
    frame,
    reading,
    rising_row,
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
    assert findings.board_headline(EN, some) == (
        "7 of 18 regions are likely growing, 3 very likely; 6 are likely shrinking"
    )
    sure = tuple(row for row in some if row.label in {"VII", "XI", "CAR"})
    assert (
        findings.board_headline(EN, sure)
        == "2 of 3 regions are very likely growing; 1 is very likely shrinking"
    )
    calm = tuple(row for row in some if row.direction == "uncertain")
    assert findings.board_headline(EN, calm) == (
        "None of 3 regions is likely growing; none is likely shrinking"
    )


def test_the_headline_says_when_nothing_can_be_told() -> None:
    few = tuple(row for row in rows() if row.direction in {"too_few", "missing"})
    for unknown in (few, ()):
        assert findings.board_headline(EN, unknown) == (
            "No region has enough cases to tell growing from shrinking"
        )
        assert findings.board_why(EN, unknown) == (
            "Cases are too few in every region, or none were received."
        )


def test_why_names_the_nearest_where_none_grows() -> None:
    calm = tuple(row for row in rows() if row.direction == "uncertain")
    assert findings.board_why(EN, calm) == "Nearest to growing: Zamboanga Peninsula, chance 71%."


def test_how_fresh_names_the_oldest_and_the_late() -> None:
    view = board_view()
    assert findings.board_fresh(EN, view.rows, view.frame) == (
        "Cases to 14 Nov 2026, 2 days before. BARMM: 17 days old. "
        "2 sources are late: BARMM case file, DOLE inspections."
    )
    nothing = frame(cases_to=None, late_sources=())
    assert findings.board_fresh(EN, (), nothing) == (
        "No cases were received. All sources are in date."
    )


def test_an_area_is_told_in_one_sentence() -> None:
    row = area_view().row
    assert findings.area_lead(EN, row) == (
        "Cases are very likely growing (chance of growing 99%): R 1.19, range 1.05–1.33; "
        "doubling in 20 days."
    )
    unsure = replace(row, p_above_1=0.5, doubling_days=None)
    assert "uncertain whether cases grow (chance 50%)" in findings.area_lead(EN, unsure)
    assert "too few cases" in findings.area_lead(EN, replace(row, p_above_1=None))
    assert "No cases were received" in findings.area_lead(EN, replace(row, direction="missing"))


def test_not_met_mirrors_met_and_keeps_the_order_of_its_range() -> None:
    flipped = wording.complement(Reading(0.7, 0.6, 0.9, "final", None))
    assert (flipped.value, flipped.low, flipped.high) == pytest.approx((0.3, 0.1, 0.4))
    assert wording.complement(reading(None)).value is None


def test_sectors_and_sources_have_their_findings() -> None:
    assert findings.sectors_headline(EN, sector_rows()) == (
        "Safety items fail most often in Agriculture, forestry and fishing: 45% (38–52) not met"
    )
    assert "No sector" in findings.sectors_headline(EN, (sector_row("A", "Farms", None),))
    assert findings.correction_sentence(EN, sector_row("C", "Plants", 0.78)) == (
        "22% of safety items not met at the first visit (15–29), 9% after correction."
    )
    assert findings.data_headline(EN, data_view()) == "1 of 2 sources is in date"
    assert findings.data_headline(EN, data_view(sources=())) == "No source has been received yet"


def test_filipino_says_the_same() -> None:
    text = texts("fil")
    assert findings.board_headline(text, rows()) == (
        "7 sa 18 rehiyon ang malamang na dumarami, 3 ang napakalamang; 6 ang malamang na kumakaunti"
    )


def test_a_headline_says_very_likely_only_of_some() -> None:
    some = tuple(row for row in rows() if row.label in {"NCR", "I", "XII", "CAR"})
    unsure = tuple(replace(row, p_above_1=0.85) if row.p_above_1 else row for row in some[:1])
    assert findings.board_headline(EN, unsure) == (
        "1 of 1 regions is likely growing; none is likely shrinking"
    )
    down = tuple(row for row in rows() if row.label in {"I", "CAR"})
    assert findings.board_headline(EN, down).endswith("; 2 are likely shrinking")


def test_data_of_today_are_not_days_before() -> None:
    today = frame(cases_to=date(2026, 11, 16))
    assert findings.cases_to(EN, today) == "Cases to 16 Nov 2026."


def test_a_sector_with_few_inspections_does_not_lead_by_chance() -> None:
    few = replace(
        sector_row("T", "Households", 0.3), compliance_initial=Reading(0.3, 0.1, 0.6, "final", None)
    )
    many = replace(
        sector_row("F", "Building", 0.4), compliance_initial=Reading(0.4, 0.38, 0.42, "final", None)
    )
    assert findings.fails_most((few, many)) is many
    assert findings.fails_most((sector_row("A", "Farms", None),)) is None


@pytest.mark.parametrize(
    ("value", "low", "high", "written", "around"),
    [
        (1.339, 1.266, 1.415, "1.3", "1.2–1.5"),
        (0.108, 0.083, 0.138, "0.11", "0.08–0.14"),
        (0.98, 0.8, 1.2, "1.0", "0.8–1.2"),
        (0.003, 0.001, 0.006, "<0.01", "0.00–0.01"),
        (0.003, 0.001, 0.004, "<0.01", "below 0.01"),
        (0.0, 0.0, 0.0008, "0", "below 0.01"),
    ],
)
def test_a_small_rate_is_never_written_as_nothing(
    value: float, low: float, high: float, written: str, around: str
) -> None:
    rate = Reading(value, low, high, "final", None)
    assert (wording.rate(EN, rate), wording.rate_span(EN, rate)) == (written, around)


def test_ranges_are_named_by_the_levels_that_made_them() -> None:
    assert RANGE_LEVEL == 0.95
    assert wording.range_name(EN, SAFETY_RANGE_LEVEL) == "90% range"
    assert wording.ranges_sentence(EN) == (
        "A range holds the true value 95 times in 100 where the model is right; "
        "for safety items, 90 times. Its ends are rounded outwards: 1.00–1.60 lies above 1."
    )


def test_report_dates_are_said_to_lag() -> None:
    lead = "R counts cases by report date, about a week behind; "
    for unknown in (None, 0.0):
        late = frame(basis="report", onset_known_share=unknown)
        assert findings.basis_sentence(EN, late) == lead + "the files give no onset dates."
    few = findings.basis_sentence(EN, frame(basis="report", onset_known_share=0.12))
    assert few == lead + "onset is known for 12% of recent cases."
    hardly = findings.basis_sentence(EN, frame(basis="report", onset_known_share=0.001))
    assert hardly == lead + "onset is known for <1% of recent cases."
    filling = findings.basis_sentence(EN, frame(basis="report", onset_known_share=0.55))
    assert filling == (
        lead + "onset is known for 55% of recent cases; onset dates of recent cases are still "
        "being filled in, so R goes by report date."
    )
    assert findings.ONSET_ENOUGH == transmission.LEAST_ONSET_SHARE


def test_a_small_outbreak_is_told_without_r() -> None:
    row = rising_row()
    some = (*(r for r in rows() if r.label in {"VII", "CAR"}), row)
    assert findings.board_headline(EN, some).endswith(
        "; 1 is very likely shrinking; 1 is rising from few cases"
    )
    assert findings.board_why(EN, (row,)) == ("MIMAROPA: rising, few cases, doubling in 6 days.")
    assert findings.area_lead(EN, row) == (
        "Cases are too few for R, but they are rising: +12.0% a day, range 2.0–22.0; "
        "doubling in 6 days."
    )
    flat = replace(row, growth=reading(0.05, 0.1), two_week_growth=reading(1.5, 0.5))
    assert "+150% in two weeks against two before, range 100–200" in findings.area_lead(EN, flat)
    assert wording.direction_word(EN, "rising") == "Rising, few cases"


def test_old_figures_say_nothing_about_today() -> None:
    old = frame(stale_days=300)
    assert findings.headline(EN, rows(), old) == (
        "These figures are 300 days old and say nothing about today"
    )
    assert findings.dated(EN, "Cases grow.", old) == "As of 6 Nov 2026: Cases grow."
    assert findings.dated(EN, "Cases grow.", frame()) == "Cases grow."
    assert findings.days_covered(EN, frame()) == (
        "R: 7 or 14 days to 6 Nov; cases and attack rate to 14 Nov"
    )


@pytest.mark.parametrize(
    ("low", "high", "decimals", "written"),
    [
        (1.0001, 1.2, 2, "1.00–1.20"),
        (0.9999, 1.2, 2, "0.99–1.20"),
        (0.8, 0.9999, 2, "0.80–1.00"),
        (0.8, 1.0001, 2, "0.80–1.01"),
        (0.35 * 100, 0.57 * 100, 0, "35–57"),
        (-0.0004, 0.0004, 3, "−0.001 to 0.001"),
        (0.0, 0.4, 0, "0–1"),
    ],
)
def test_a_range_is_written_with_all_that_is_in_it(
    low: float, high: float, decimals: int, written: str
) -> None:
    assert EN.between(low, high, decimals) == written
