"""Weekly diseases: counts and signals by a second route, missing weeks, known outbreaks found."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from itertools import product

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray
from scipy.stats import betabinom

from ingest.demo.diseases.outbreaks import OUTBREAKS
from kms.compute.weekly.notifiable import JUDGED_WEEKS, _entries, _levels, judge
from kms.compute.weekly.reports import WeeklyReports, reports_of
from kms.domain.indicators import (
    CASES_CHANNEL,
    CASES_EXPECTED,
    CASES_WEEKLY,
    FALSE_SHARE,
    SIGNAL,
)
from kms.domain.series import Series
from kms.reference import load_areas
from kms.store.engine import Store
from kms.store.publications import current_issue, latest_values, read_many
from metrics.signals.farrington import farrington_flexible
from metrics.signals.scatter import pooled_alpha
from metrics.states import State
from tests.weekly import NATION, ON, Written, going_on, line_of

SUNDAY = date(2026, 11, 1)
CEBU, CEBU_CITY, BOHOL = "0702200000", "0730600000", "0701200000"  # two places count in Cebu
REGION, DAVAO = "0700000000", "1100000000"
PLACES = (CEBU, CEBU_CITY, BOHOL, "1102400000", "1102300000")
Floats = NDArray[np.float64]
DISEASES = ("dengue", "influenza", "leptospirosis", "measles")


def content_of(told: Floats, disease: str = "dengue") -> pa.Table:
    """Return weekly counts (W, P) of PLACES, the last week that of SUNDAY; NaN: no report."""
    rows = [
        (disease, place, (SUNDAY - timedelta(weeks=len(told) - 1 - w)).isoformat(), int(n))
        for (w, p), n in np.ndenumerate(told)
        for place in [PLACES[p]]
        if np.isfinite(n)
    ]
    names = ("disease", "area", "ref_date", "cases")
    return pa.table(dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)))


def reports(told: Floats) -> WeeklyReports:
    (found,) = reports_of(content_of(told), load_areas(), ON)
    return found


def series_of(told: Floats, indicator: str, area: str) -> Series:
    found = reports(told)
    judged = judge(found, _levels(load_areas(), found.units))
    (entry,) = [e for e in _entries(found, judged) if (e.indicator, e.area) == (indicator, area)]
    assert entry.disease == "dengue"
    return entry.series


def quiet(weeks: int, mean: float = 20.0, seed: int = 5) -> Floats:
    draw = np.random.default_rng(seed)
    return draw.poisson(mean, (weeks, len(PLACES))).astype(float)


def test_zero_is_a_report_and_silence_is_not() -> None:
    told = quiet(30)
    told[-1, :3] = 0.0, np.nan, 0.0
    told[-2, :2] = np.nan
    told[-3, :2] = 0.0
    cases = series_of(told, CASES_WEEKLY, CEBU)
    assert cases.step == 7
    assert cases.end == SUNDAY
    assert cases.value[-1] == 0.0  # one of its two places reported none, the other nothing
    assert np.isnan(cases.value[-2])
    assert cases.value[-3] == 0.0
    assert [State(int(s)).label for s in cases.state[-4:]] == [
        "final", "final", "missing", "provisional",
    ]  # fmt: skip
    assert cases.completeness[-4:].tolist() == [1.0, 1.0, 0.0, 0.5]
    assert series_of(told, CASES_WEEKLY, REGION).completeness[-1] == pytest.approx(2 / 3)
    assert series_of(told, CASES_WEEKLY, NATION).completeness[-2] == pytest.approx(3 / 5)


def test_a_place_is_waited_for_from_its_first_report_until_a_year_after_its_last() -> None:
    told = quiet(120)
    told[:10, 1] = np.nan
    told[40:, 1] = np.nan
    share = reports(told).completeness[:, reports(told).units.index(CEBU)]
    assert set(share[:10]) == {1.0}
    assert set(share[40 : 40 + 52]) == {0.5}
    assert set(share[40 + 52 :]) == {1.0}


def test_a_silent_week_is_no_low_week_to_compare_with() -> None:
    told = np.full((40, len(PLACES)), 20.0)
    told[-9:-5, 1] = np.nan  # four of the seven weeks
    expected = series_of(told, CASES_EXPECTED, CEBU)
    assert expected.value[-1] == pytest.approx(40.0)


def test_a_week_that_few_places_reported_is_not_judged_and_one_short_is_judged_as_it_is() -> None:
    told = quiet(60)
    told[-1, 0] = np.nan
    half = series_of(told, SIGNAL, CEBU)
    assert State(int(half.state[-1])).label == "provisional"
    assert half.value[-1] == 1.0
    told[-1, 1] = 120.0  # more than both together usually have
    assert series_of(told, SIGNAL, CEBU).value[-1] <= FALSE_SHARE
    told[-1, 0] = 20.0
    told[-1, 2:] = np.nan
    country = series_of(told, SIGNAL, NATION)
    assert State(int(country.state[-1])).label == "hidden"
    assert np.isnan(country.value[-1])


def test_expected_and_p_value_by_a_plain_loop() -> None:
    told = quiet(60)
    told[-1, 3] = 60.0
    found = reports(told)
    judged = judge(found, _levels(load_areas(), found.units))
    provinces = [i for i, level in enumerate(_levels(load_areas(), found.units)) if level == 2]
    counts = found.usual[:, provinces]
    own = [found.units[i] for i in provinces].index(PLACES[3])
    others = counts.sum(axis=1) - counts[:, own]
    course = [others[max(0, w - 2) : w + 1].sum() + 30.0 for w in range(60)]
    before = counts[50:57, own].sum()  # weeks 9 to 3 before the last
    exposure = sum(course[50:57]) / course[59]
    unit = found.units.index(PLACES[3])
    assert judged.expected[-1, unit] == pytest.approx(before / exposure)
    all_courses = np.stack(
        [
            [
                (counts.sum(axis=1) - counts[:, a])[max(0, w - 2) : w + 1].sum() + 30.0
                + (2 - min(w, 2)) * (counts.sum(axis=1) - counts[:, a])[0]
                for a in range(counts.shape[1])
            ]
            for w in range(60)
        ]
    )  # fmt: skip
    size = 1.0 / pooled_alpha(counts, all_courses)[56]
    n = 60 + int(before)
    p = betabinom(n, size, size * exposure).sf(59)
    tested = np.isfinite(judged.q[-1, provinces]).sum()
    assert judged.q[-1, unit] == pytest.approx(max(p * tested, 5 * p), rel=1e-6)
    assert judged.bound[-1, unit] < 60


def test_the_country_is_not_judged_before_three_years_are_known() -> None:
    rising = np.round(np.exp(np.linspace(2, 5, 60)))[:, None] * np.ones(len(PLACES))
    assert np.isnan(series_of(rising, SIGNAL, NATION).value).all()
    # What rises everywhere alike is a season, and no signal of any place.
    for area in (DAVAO, CEBU, REGION):
        assert np.nanmin(series_of(rising, SIGNAL, area).value) > FALSE_SHARE


def test_with_three_years_a_week_is_compared_with_the_same_season() -> None:
    weeks = np.arange(200)
    mean = 40 * np.exp(0.8 * np.cos(2 * np.pi * weeks / 52))[:, None] * np.ones(len(PLACES))
    told = np.random.default_rng(3).poisson(mean).astype(float)
    expected = series_of(told, CASES_EXPECTED, BOHOL)
    fit = farrington_flexible(told[:, 2], last=JUDGED_WEEKS, level=0.01)
    np.testing.assert_allclose(expected.value, fit.expected)
    np.testing.assert_allclose(expected.high, fit.bound)
    assert np.nanmin(series_of(told, SIGNAL, NATION).value) > FALSE_SHARE
    channel = series_of(told, CASES_CHANNEL, BOHOL)
    week = 199 - 5  # shown: a week of the last year, 12th before the end or so
    past = [told[week - 52 * year + shift, 2] for year, shift in product((1, 2, 3), (-1, 0, 1))]
    place = len(channel) - 6
    assert channel.value[place] == pytest.approx(np.quantile(past, 0.5))
    assert channel.low[place] == pytest.approx(np.quantile(past, 0.25))
    assert channel.high[place] == pytest.approx(np.quantile(past, 0.75))


def test_no_channel_where_years_are_too_few() -> None:
    with pytest.raises(ValueError, match="not enough values"):
        series_of(quiet(150), CASES_CHANNEL, BOHOL)


# The whole way, on the demonstration's file of one release.


def test_counts_are_those_that_were_written(written_weekly: tuple[Store, Written]) -> None:
    (weekly, written), areas = written_weekly, load_areas()
    exact: dict[tuple[str, str, str], int] = defaultdict(int)
    for (d, p, w), cases in np.ndenumerate(written.reported):
        if cases >= 0:
            place, week = written.places[p], written.sundays[w].isoformat()
            for area in {place, *areas.ancestors(place, ON)}:
                exact[DISEASES[d], area, week] += int(cases)
    with weekly.read() as connection:
        issue = current_issue(connection)
        for disease in DISEASES:
            areas_shown = [NATION, REGION, CEBU, "1300000000", "1401100000"]
            series = read_many(connection, issue.id, CASES_WEEKLY, areas_shown, disease=disease)
            assert set(series) == set(areas_shown)
            for area, found in series.items():
                told = {
                    day.isoformat(): n
                    for day, n in zip(found.dates(), found.value, strict=True)
                    if np.isfinite(n)
                }
                wanted = {w: n for (d, a, w), n in exact.items() if (d, a) == (disease, area)}
                assert told == wanted
    assert set(issue.facts["weekly"]) == set(DISEASES)
    assert issue.facts["weekly"]["dengue"]["compared_with"] == "last_weeks"


def test_known_outbreaks_are_found_and_few_others(weekly: Store) -> None:
    with weekly.read() as connection:
        issue = current_issue(connection)
        rows = latest_values(connection, issue.id, DISEASES, indicator=SIGNAL)
        units = {row["area"] for row in rows}
        series = {
            disease: read_many(connection, issue.id, SIGNAL, units, disease=disease)
            for disease in DISEASES
        }
    found = set()
    false, judged = 0, 0
    for disease, by_area in series.items():
        for area, signals in by_area.items():
            outbreaks = [o for o in OUTBREAKS if o.disease == disease and area in line_of(o)]
            for day, q in zip(signals.dates(), signals.value, strict=True):
                judged += bool(np.isfinite(q))
                if not q <= FALSE_SHARE:
                    continue
                meant = [
                    o for o in outbreaks
                    if o.first_week <= day < o.first_week + timedelta(weeks=o.weeks)
                ]  # fmt: skip
                found |= {(o.disease, o.area) for o in meant}
                false += not meant
    assert judged > 10_000
    wanted = {(o.disease, o.area) for o in going_on()}
    # Cebu City's dengue doubles in the city, which is a third of the province it counts in.
    assert wanted - found <= {("dengue", CEBU_CITY)}
    # Of 10,500 weeks of areas; without the course of the others there would be several hundred.
    assert false <= 20
