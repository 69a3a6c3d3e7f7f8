"""Computing: which axis R goes by, what counts as met, and reproducible bytes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import numpy as np
import pytest

from kms.compute.cases.inputs import ONSET_UNKNOWN, CaseInputs
from kms.compute.cases.transmission import onset_known_share, onsets_still_coming, transmission
from kms.compute.publish import _compute
from kms.config import Settings
from kms.domain.areas import COUNTRY
from kms.domain.indicators import ALL_SECTORS
from kms.domain.series import encode
from kms.reference import load_areas, load_diseases
from kms.store.engine import Store
from kms.store.facts import fact_table
from kms.store.states import state_at
from tests.compute.cases.simulated import simulated
from tests.published import NATION, RELEASED, make_published_store

DAYS = 120


def inputs(blank: np.ndarray[tuple[int], np.dtype[np.float64]]) -> CaseInputs:
    """Return a country with 100 cases a day and a share of blank onsets by report day."""
    reported = np.full((DAYS, 1), 100.0)
    unknown = np.round(reported * blank[:, None])
    triangle = np.zeros((84, 29, 1))
    triangle[:, 3] = 80.0
    none = np.zeros(DAYS)
    return CaseInputs(
        start=date(2026, 1, 1),
        cases_to=date(2026, 4, 30),
        areas=(COUNTRY,),
        parents=("",),
        counts={"report": reported, "onset": reported - unknown, ONSET_UNKNOWN: unknown},
        abroad={"report": none, "onset": none},
        placeless=none,
        triangles=triangle,
    )


def test_r_goes_by_onset_where_enough_onsets_are_known() -> None:
    steady = inputs(np.full(DAYS, 0.4))
    assert onset_known_share(steady) == pytest.approx(0.6)
    found = transmission(steady, load_areas(), load_diseases()["covid19"])
    assert found.basis == "onset"


def test_r_goes_by_report_date_where_few_onsets_are_known() -> None:
    found = transmission(inputs(np.full(DAYS, 0.7)), load_areas(), load_diseases()["covid19"])
    assert found.basis == "report"


def test_onsets_that_come_after_the_report_send_r_to_the_report_axis() -> None:
    filling = np.full(DAYS, 0.1)
    filling[-14:] = [0.3] * 7 + [0.6] * 7
    assert onsets_still_coming(inputs(filling))
    assert not onsets_still_coming(inputs(np.full(DAYS, 0.1)))
    found = transmission(inputs(filling), load_areas(), load_diseases()["covid19"])
    assert found.basis == "report"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    opened = make_published_store(Settings(home=tmp_path_factory.mktemp("home")))
    yield opened
    opened.close()


def test_items_still_open_count_as_not_met(store: Store) -> None:
    with store.read() as connection:
        items = state_at(
            connection, fact_table("inspection_item"), "dole_inspections", RELEASED
        ).to_pandas()
    after = items["compliant_after"].astype("boolean")
    expected = after.fillna(items["compliant_initial"].astype("boolean")).mean()
    entries, _facts = _compute(store, RELEASED)
    (found,) = [
        e
        for e in entries
        if (e.indicator, e.area, e.sector) == ("compliance_after", NATION, ALL_SECTORS)
    ]
    assert found.series.value[0] == pytest.approx(expected, abs=0.005)  # printed in steps


def test_the_same_data_give_the_same_bytes(store: Store) -> None:
    first, _ = _compute(store, RELEASED)
    again, _ = _compute(store, RELEASED)
    assert [encode(e.series) for e in first] == [encode(e.series) for e in again]


@pytest.mark.parametrize("seed", [1, 2])
def test_the_range_of_r_leaves_one_out_exactly_where_the_chance_says_so(seed: int) -> None:
    found = transmission(simulated(seed).inputs, load_areas(), load_diseases()["covid19"]).entries
    by_name = {(e.indicator, e.area): e.series for e in found}
    rated = grown = fallen = 0
    for (indicator, area), r in by_name.items():
        if indicator != "r_t":
            continue
        chance = by_name["p_r_above_1", area].value
        told = np.isfinite(r.low) & np.isfinite(chance)
        rated += int(told.sum())
        above, below = r.low[told] > 1, r.high[told] < 1
        assert np.array_equal(above, chance[told] > 0.975)
        assert np.array_equal(below, chance[told] < 0.025)
        grown, fallen = grown + int(above.sum()), fallen + int(below.sum())
    assert rated > 100
    assert grown + fallen > 0
